"""Horizon's JSON for transactions and the payments in them, field for field.

What is a number there is a number here, and what is text is text; a muxed account, a memo and preconditions appear only
where there are any (stellar/go, protocols/horizon). Result meta is left out, as with SKIP_TXMETA; fee meta is empty.
"""

import base64
from datetime import UTC, datetime
from typing import Any

from billpay.domain.money import Stroops, ledger_amount
from billpay.sandbox.ledger_entries import XLM, Movement, MovementKind
from billpay.sandbox.ledger_envelopes import Party
from billpay.sandbox.ledger_history import Found
from billpay.sandbox.ledger_records import Call, PaymentRecord, TransactionRecord

_NO_CHANGES = "AAAAAA=="
"""LedgerEntryChanges with nothing in it."""

_CODE_LENGTH_SHORT = 4
_PAGED = "{?cursor,limit,order}"
_INVOKED = "HostFunctionTypeHostFunctionTypeInvokeContract"


def amount(stroops: int) -> str:
    """Write an amount as Horizon does: seven decimals, always."""
    return ledger_amount(Stroops(stroops))


def moment(close_time: int) -> str:
    """Write a close time as Horizon does."""
    return datetime.fromtimestamp(close_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def asset_fields(asset: str, prefix: str = "") -> dict[str, str]:
    """Write an asset as three fields, or one for XLM."""
    code, _, issuer = asset.partition(":")
    if asset == XLM:
        return {f"{prefix}asset_type": XLM}
    kind = "credit_alphanum4" if len(code) <= _CODE_LENGTH_SHORT else "credit_alphanum12"
    return {
        f"{prefix}asset_type": kind,
        f"{prefix}asset_code": code,
        f"{prefix}asset_issuer": issuer,
    }


def link(href: str) -> dict[str, Any]:
    """Write a link, marked where it is a template."""
    return {"href": href, "templated": True} if "{" in href else {"href": href}


def _muxed(name: str, party: Party) -> dict[str, str]:
    """Write an account's muxed form where it had one; Horizon drops an id of zero and keeps the address."""
    fields = {} if party.muxed is None else {f"{name}_muxed": party.muxed}
    return fields | ({f"{name}_muxed_id": str(party.muxed_id)} if party.muxed_id else {})


def transaction_json(
    record: TransactionRecord, base: str, transaction_hash: str | None = None
) -> dict[str, Any]:
    """Write a transaction; asked for by a fee bump's inner hash, it answers under that."""
    known_as = transaction_hash or record.transaction_hash
    is_inner = known_as == record.inner_hash
    return {
        "_links": _transaction_links(record, base, known_as),
        "id": known_as,
        "paging_token": str(record.toid),
        "successful": record.successful,
        "hash": known_as,
        "ledger": record.ledger,
        "created_at": moment(record.close_time),
        "source_account": record.source.address,
        **_muxed("account", record.source),
        "source_account_sequence": str(record.sequence),
        "fee_account": record.fee_payer.address,
        **_muxed("fee_account", record.fee_payer),
        "fee_charged": str(record.fee_charged),
        "max_fee": str(record.fee_bid),
        "operation_count": record.operation_count,
        "envelope_xdr": record.envelope_xdr,
        "result_xdr": record.result_xdr,
        "fee_meta_xdr": _NO_CHANGES,
        "memo_type": record.memo_type,
        **_memo(record),
        "signatures": list(record.inner_signatures if is_inner else record.signatures),
        **_preconditions(record),
        **_fee_bump(record),
    }


def payment_json(found: Found, base: str, *, joined: bool) -> dict[str, Any]:
    """Write a payment, with its transaction where that is asked for."""
    record, payment = found.transaction, found.payment
    own = f"{base}/operations/{found.operation_id}"
    neighbours = f"{base}/effects?order={{order}}&cursor={found.operation_id}"
    return {
        "_links": {
            "self": link(own),
            "transaction": link(f"{base}/transactions/{record.transaction_hash}"),
            "effects": link(f"{own}/effects"),
            "succeeds": link(neighbours.format(order="desc")),
            "precedes": link(neighbours.format(order="asc")),
        },
        "id": str(found.operation_id),
        "paging_token": str(found.operation_id),
        "transaction_successful": record.successful,
        "source_account": payment.source.address,
        **_muxed("source_account", payment.source),
        "type": payment.type,
        "type_i": payment.type_i,
        "created_at": moment(record.close_time),
        "transaction_hash": record.transaction_hash,
        **({"transaction": transaction_json(record, base)} if joined else {}),
        **_details(payment),
    }


def _details(payment: PaymentRecord) -> dict[str, Any]:
    """Write what only this kind of operation tells."""
    kind = payment.type
    if payment.call is not None:
        return _call(payment, payment.call)
    if kind == "create_account":
        return {
            "starting_balance": amount(payment.amount or 0),
            "funder": payment.sender.address,
            **_muxed("funder", payment.sender),
            "account": payment.receiver.address,
        }
    if kind == "account_merge":
        return {
            "account": payment.sender.address,
            **_muxed("account", payment.sender),
            "into": payment.receiver.address,
            **_muxed("into", payment.receiver),
        }
    return {
        **asset_fields(payment.asset),
        "from": payment.sender.address,
        **_muxed("from", payment.sender),
        "to": payment.receiver.address,
        **_muxed("to", payment.receiver),
        "amount": amount(payment.amount or 0),
        **_path(payment, kind),
    }


def _call(payment: PaymentRecord, call: Call) -> dict[str, Any]:
    """Write a contract's call, whose money is told only by what changed."""
    return {
        "function": _INVOKED,
        "parameters": [{"value": value, "type": kind} for kind, value in call.parameters],
        "address": "",
        "salt": "",
        "asset_balance_changes": [_change(movement) for movement in payment.movements],
    }


def _change(movement: Movement) -> dict[str, Any]:
    """Write what changed hands; what was made has no sender, and what was destroyed no receiver."""
    kind, muxed_id = movement.kind, movement.receiver_id
    is_destroyed = kind in (MovementKind.BURN, MovementKind.CLAWBACK)
    return {
        **asset_fields(movement.asset),
        "type": kind.value,
        **({} if kind is MovementKind.MINT else {"from": movement.sender}),
        **({} if is_destroyed else {"to": movement.receiver}),
        "amount": amount(movement.amount),
        **({} if muxed_id is None else {"destination_muxed_id": str(muxed_id)}),
    }


def _path(payment: PaymentRecord, kind: str) -> dict[str, Any]:
    if payment.sent_asset is None:
        return {}
    bound = "source_max" if kind == "path_payment_strict_receive" else "destination_min"
    return {
        "path": [asset_fields(asset) for asset in payment.path],
        "source_amount": amount(payment.sent_amount),
        bound: amount(payment.bound),
        **asset_fields(payment.sent_asset, "source_"),
    }


def _memo(record: TransactionRecord) -> dict[str, str]:
    if record.memo is None:
        return {}
    if record.memo_type != "text":
        return {"memo": record.memo}
    return {"memo": _scrubbed(base64.b64decode(record.memo)), "memo_bytes": record.memo}


def _scrubbed(text: bytes) -> str:
    """Make text of any bytes, as Horizon's database needs it: one mark for each wrong byte, and no NUL."""
    marked = text.decode("utf-8", "surrogateescape").replace("\0", "")
    return "".join("\ufffd" if "\udc80" <= sign <= "\udcff" else sign for sign in marked)


def _preconditions(record: TransactionRecord) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if record.min_time is not None or record.max_time is not None:
        # No upper bound is told by its absence, no lower one by a zero.
        upper = {"max_time": str(record.max_time)} if record.max_time else {}
        told["timebounds"] = {"min_time": str(record.min_time or 0), **upper}
    if record.min_ledger is not None or record.max_ledger is not None:
        bounds = {"min_ledger": record.min_ledger or 0, "max_ledger": record.max_ledger or 0}
        told["ledgerbounds"] = {name: bound for name, bound in bounds.items() if bound}
    return {"preconditions": told} if told else {}


def _fee_bump(record: TransactionRecord) -> dict[str, Any]:
    if record.inner_hash is None:
        return {}
    return {
        "fee_bump_transaction": {
            "hash": record.transaction_hash,
            "signatures": list(record.signatures),
        },
        "inner_transaction": {
            "hash": record.inner_hash,
            "signatures": list(record.inner_signatures),
            "max_fee": str(record.inner_fee_bid),
        },
    }


def _transaction_links(record: TransactionRecord, base: str, known_as: str) -> dict[str, Any]:
    own = f"{base}/transactions/{known_as}"
    return {
        "self": link(own),
        "account": link(f"{base}/accounts/{record.source.address}"),
        "ledger": link(f"{base}/ledgers/{record.ledger}"),
        "operations": link(f"{own}/operations{_PAGED}"),
        "effects": link(f"{own}/effects{_PAGED}"),
        "precedes": link(f"{base}/transactions?order=asc&cursor={record.toid}"),
        "succeeds": link(f"{base}/transactions?order=desc&cursor={record.toid}"),
        "transaction": link(own),
    }
