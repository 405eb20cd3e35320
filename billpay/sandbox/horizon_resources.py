"""Horizon's JSON for what is not a transaction: the root, accounts, fees and ledgers."""

import hashlib
from typing import Any

from billpay.sandbox.horizon_records import amount, asset_fields, link, moment
from billpay.sandbox.identities import NETWORK_PASSPHRASE
from billpay.sandbox.ledger_entries import BASE_FEE, BASE_RESERVE, Account, TrustLine
from billpay.sandbox.ledger_records import TransactionRecord

_PROTOCOL = 27
_PAGED = "{?cursor,limit,order}"
_PERCENTILES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)
_HALF = 50
_TX_SET_SIZE = 1000


def root_json(base: str, *, newest: int, elder: int, core: int, close_time: int) -> dict[str, Any]:
    """Write how far this server has read the network, and which network that is."""
    return {
        "_links": {
            "account": link(f"{base}/accounts/{{account_id}}"),
            "claimable_balances": link(f"{base}/claimable_balances/{{id}}"),
            "fee_stats": link(f"{base}/fee_stats"),
            "ledger": link(f"{base}/ledgers/{{sequence}}"),
            "ledgers": link(f"{base}/ledgers{_PAGED}"),
            "self": link(f"{base}/"),
            "transaction": link(f"{base}/transactions/{{hash}}"),
        },
        "horizon_version": "28.0.0-sandbox",
        "core_version": "sandbox",
        "ingest_latest_ledger": newest,
        "history_latest_ledger": newest,
        "history_latest_ledger_closed_at": moment(close_time),
        "history_elder_ledger": elder,
        "core_latest_ledger": core,
        "network_passphrase": NETWORK_PASSPHRASE,
        "current_protocol_version": _PROTOCOL,
        "supported_protocol_version": _PROTOCOL,
        "core_supported_protocol_version": _PROTOCOL,
    }


def account_json(account: Account, base: str, modified_at: int) -> dict[str, Any]:
    """Write an account, its trustlines first and its XLM last."""
    own = f"{base}/accounts/{account.address}"
    pages = ("transactions", "operations", "payments", "effects", "offers", "trades")
    return {
        "_links": {
            "self": link(own),
            **{page: link(f"{own}/{page}{_PAGED}") for page in pages},
            "data": link(f"{own}/data/{{key}}"),
        },
        "id": account.address,
        "account_id": account.address,
        "sequence": str(account.sequence),
        **_sequence_use(account),
        "subentry_count": account.subentries,
        **({"home_domain": account.home_domain} if account.home_domain else {}),
        "last_modified_ledger": account.last_modified_ledger,
        "last_modified_time": moment(modified_at),
        "thresholds": {
            "low_threshold": account.low_threshold,
            "med_threshold": account.medium_threshold,
            "high_threshold": account.high_threshold,
        },
        "flags": {
            "auth_required": account.auth_required,
            "auth_revocable": account.auth_revocable,
            "auth_immutable": account.auth_immutable,
            "auth_clawback_enabled": account.auth_clawback_enabled,
        },
        "balances": [
            *(_balance(asset, line) for asset, line in account.trustlines.items()),
            {"balance": amount(account.xlm), **_NO_LIABILITIES, "asset_type": "native"},
        ],
        "signers": [
            _signer(key, weight)
            for key, weight in {**account.signers, account.address: account.master_weight}.items()
        ],
        "data": account.entries,
        "num_sponsoring": account.sponsored_entries,
        "num_sponsored": 0,
        "paging_token": account.address,
    }


_NO_LIABILITIES = {"buying_liabilities": amount(0), "selling_liabilities": amount(0)}


def _sequence_use(account: Account) -> dict[str, Any]:
    if account.sequence_ledger is None:
        return {}
    return {
        "sequence_ledger": account.sequence_ledger,
        "sequence_time": str(account.sequence_time),
    }


def _balance(asset: str, line: TrustLine) -> dict[str, Any]:
    clawback = {"is_clawback_enabled": True} if line.can_be_clawed_back else {}
    return {
        "balance": amount(line.balance),
        "limit": amount(line.limit),
        **_NO_LIABILITIES,
        "last_modified_ledger": line.last_modified_ledger,
        "is_authorized": line.is_authorized,
        "is_authorized_to_maintain_liabilities": line.is_authorized or line.is_maintained,
        **clawback,
        **asset_fields(asset),
    }


def _signer(key: str, weight: int) -> dict[str, Any]:
    return {"weight": weight, "key": key, "type": "ed25519_public_key"}


def fee_stats_json(newest: int, price: int) -> dict[str, Any]:
    """Write what fees were lately: the base fee, or for the upper half the price that competition has made."""
    lowest, highest = str(BASE_FEE), str(price)
    spread = {"max": highest, "min": lowest, "mode": highest}
    spread |= {f"p{part}": highest if part > _HALF else lowest for part in _PERCENTILES}
    return {
        "last_ledger": str(newest),
        "last_ledger_base_fee": lowest,
        "ledger_capacity_usage": "0.01" if price == BASE_FEE else "0.99",
        "fee_charged": spread,
        "max_fee": spread,
    }


def ledger_json(
    number: int, close_time: int, records: list[TransactionRecord], base: str
) -> dict[str, Any]:
    """Write a ledger, without its header XDR, which nobody here has."""
    own = f"{base}/ledgers/{number}"
    successful = sum(record.successful for record in records)
    operations = sum(record.operation_count for record in records)
    pages = ("transactions", "operations", "payments", "effects")
    return {
        "_links": {"self": link(own), **{page: link(f"{own}/{page}{_PAGED}") for page in pages}},
        "id": _hash(number),
        "paging_token": str(number << 32),
        "hash": _hash(number),
        "prev_hash": _hash(number - 1),
        "sequence": number,
        "successful_transaction_count": successful,
        "failed_transaction_count": len(records) - successful,
        "operation_count": sum(r.operation_count for r in records if r.successful),
        "tx_set_operation_count": operations,
        "closed_at": moment(close_time),
        "total_coins": "50001806812.0000000",
        "fee_pool": amount(0),
        "base_fee_in_stroops": BASE_FEE,
        "base_reserve_in_stroops": BASE_RESERVE,
        "max_tx_set_size": _TX_SET_SIZE,
        "protocol_version": _PROTOCOL,
    }


def _hash(number: int) -> str:
    return hashlib.sha256(f"{NETWORK_PASSPHRASE} {number}".encode()).hexdigest()
