"""Who is who in the sandbox: every key is derived at run time from one phrase, so none is ever written down.

Anybody may read the phrase: the keys open nothing but a sandbox, whose ledger is a network of its own.
"""

import base64
import hashlib

from stellar_sdk import Keypair, StrKey

NETWORK_PASSPHRASE = "Billpay Sandbox Network ; 2026"  # noqa: S105  a network's public name
ASSET_CODE = "cNGN"
PAYERS = 400
"""How many customers' wallets exist from the first ledger on, numbered from 1."""

_PHRASE = "billpay sandbox: keys that open nothing"


def _seed(name: str) -> bytes:
    return hashlib.sha256(f"{_PHRASE} / {name}".encode()).digest()


def vtpass_api_key() -> str:
    """Answer the key that every call to the shop carries."""
    return _seed("vtpass api key").hex()


def vtpass_public_key() -> str:
    """Answer the key of the shop's GET calls."""
    return f"PK_{_seed('vtpass public key').hex()}"


def vtpass_secret_key() -> str:
    """Answer the key of the shop's POST calls."""
    return f"SK_{_seed('vtpass secret key').hex()}"


def flutterwave_secret_key() -> str:
    """Answer the bearer key of Flutterwave's account there, in the form of a test key."""
    return f"FLWSECK_TEST-{_seed('flutterwave secret key').hex()}-X"


def paystack_secret_key() -> str:
    """Answer the bearer key of Paystack's account there, which signs its webhooks as well."""
    return f"sk_test_{_seed('paystack secret key').hex()}"


def sealing_key() -> str:
    """Answer the key that seals tokens in a store for play, as the settings want it."""
    return base64.b64encode(_seed("sealing key")).decode()


def root() -> Keypair:
    """Answer who holds all XLM at the beginning; as on every Stellar network, its seed is the network's own hash."""
    return Keypair.from_raw_ed25519_seed(hashlib.sha256(NETWORK_PASSPHRASE.encode()).digest())


def issuer() -> Keypair:
    """Answer who issues the sandbox's cNGN."""
    return Keypair.from_raw_ed25519_seed(_seed("issuer"))


def treasury() -> Keypair:
    """Answer the service's own wallet."""
    return Keypair.from_raw_ed25519_seed(_seed("treasury"))


def payer(number: int = 1) -> Keypair:
    """Answer a customer's wallet; those from 1 to `PAYERS` have cNGN from the beginning."""
    return Keypair.from_raw_ed25519_seed(_seed(f"payer {number}"))


def wallet(number: int = 1) -> str:
    """Answer a contract's wallet, which can send no text and sign no transaction (`C...`)."""
    return StrKey.encode_contract(_seed(f"wallet {number}"))


def relayer(number: int = 1) -> Keypair:
    """Answer who submits for a contract's wallet, and whom it obeys."""
    return Keypair.from_raw_ed25519_seed(_seed(f"relayer {number}"))


def market() -> str:
    """Answer where a payment by a path changes one asset into another (`L...`)."""
    return StrKey.encode_liquidity_pool(_seed("market"))


def environment(base_url: str) -> dict[str, str]:
    """Name everything a worker needs to live in the sandbox served at this address."""
    base_url = base_url.rstrip("/")
    return {
        "FLUTTERWAVE_BASE_URL": f"{base_url}/flutterwave/v3",
        "FLUTTERWAVE_API_KEY": flutterwave_secret_key(),
        "PAYSTACK_BASE_URL": f"{base_url}/paystack",
        "PAYSTACK_API_KEY": paystack_secret_key(),
        "VTPASS_BASE_URL": f"{base_url}/vtpass/api",
        "VTPASS_API_KEY": vtpass_api_key(),
        "VTPASS_PUBLIC_KEY": vtpass_public_key(),
        "VTPASS_SECRET_KEY": vtpass_secret_key(),
        "HORIZON_URL": f"{base_url}/horizon",
        "STELLAR_RPC_URL": f"{base_url}/rpc",
        "STELLAR_NETWORK_PASSPHRASE": NETWORK_PASSPHRASE,
        "CNGN_ASSET_CODE": ASSET_CODE,
        "CNGN_ASSET_ISSUER": issuer().public_key,
        "SYSTEM_WALLET_ADDRESS": treasury().public_key,
        "SYSTEM_WALLET_SECRET": treasury().secret,
        "NOTIFICATION_URL": f"{base_url}/phone/messages",
        "BILL_PROCESSOR_LEDGER_REQUESTS_PER_HOUR": "0",
        "BILL_PROCESSOR_SEALING_KEY": sealing_key(),
    }
