"""Who is who: derived, stable, and complete for a worker."""

import base64

from stellar_sdk import Keypair, StrKey

from billpay.sandbox import identities


def test_every_identity_is_somebody_else():
    keys = [
        identities.root(),
        identities.issuer(),
        identities.treasury(),
        *(identities.payer(number) for number in range(1, identities.PAYERS + 1)),
    ]
    addresses = {key.public_key for key in keys}
    assert len(addresses) == len(keys)
    assert all(StrKey.is_valid_ed25519_public_key(address) for address in addresses)


def test_an_identity_is_the_same_at_every_call():
    assert identities.payer(7) == identities.payer(7)
    assert identities.vtpass_api_key() == identities.vtpass_api_key()
    keys = {
        identities.vtpass_api_key(),
        identities.vtpass_public_key(),
        identities.vtpass_secret_key(),
        identities.flutterwave_secret_key(),
        identities.paystack_secret_key(),
    }
    assert len(keys) == 5


def test_the_sealing_key_is_32_bytes_in_base64():
    assert len(base64.b64decode(identities.sealing_key(), validate=True)) == 32


def test_the_environment_names_everything_a_worker_needs_of_the_outside():
    environment = identities.environment("http://127.0.0.1:8700/")
    assert set(environment) == {
        "FLUTTERWAVE_BASE_URL",
        "FLUTTERWAVE_API_KEY",
        "PAYSTACK_BASE_URL",
        "PAYSTACK_API_KEY",
        "VTPASS_BASE_URL",
        "VTPASS_API_KEY",
        "VTPASS_PUBLIC_KEY",
        "VTPASS_SECRET_KEY",
        "HORIZON_URL",
        "STELLAR_RPC_URL",
        "STELLAR_NETWORK_PASSPHRASE",
        "CNGN_ASSET_CODE",
        "CNGN_ASSET_ISSUER",
        "SYSTEM_WALLET_ADDRESS",
        "SYSTEM_WALLET_SECRET",
        "NOTIFICATION_URL",
        "BILL_PROCESSOR_LEDGER_REQUESTS_PER_HOUR",
        "BILL_PROCESSOR_SEALING_KEY",
    }
    assert environment["FLUTTERWAVE_BASE_URL"] == "http://127.0.0.1:8700/flutterwave/v3"
    assert environment["PAYSTACK_BASE_URL"] == "http://127.0.0.1:8700/paystack"
    assert environment["VTPASS_BASE_URL"] == "http://127.0.0.1:8700/vtpass/api"
    wallet = Keypair.from_secret(environment["SYSTEM_WALLET_SECRET"])
    assert wallet.public_key == environment["SYSTEM_WALLET_ADDRESS"]
