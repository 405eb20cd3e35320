"""Which of Horizon's payment records brought our asset in or took it out, and what they say.

A record that cannot be read is answered as such, one by one: it may be somebody's money, so it is neither passed over
nor allowed to hold up what comes behind it.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from billpay.domain.deposits import Credit
from billpay.domain.money import Stroops
from billpay.failures import Unavailable
from billpay.ledger.base import CreditPage, Debit, UnreadableRecord
from billpay.ledger.horizon_records import OurAsset, unbelievable
from billpay.ledger.positions import ledger_of, movement_id
from billpay.ledger.shapes import (
    ADDRESS,
    DIGITS,
    HASH,
    INT64_MAX,
    WORD,
    Document,
    UnexpectedShapeError,
    amount,
    member,
    members,
    moment,
    text,
    truth,
    unsigned,
)

_PAYMENT = "payment"
_PATH_PAYMENTS = frozenset({"path_payment_strict_receive", "path_payment_strict_send"})
"""Operations that name what arrived, as a payment does, and beside it what was sent."""

_CONTRACT_CALL = "invoke_host_function"
_NATIVE_ONLY = frozenset({"create_account", "account_merge"})
"""Listed among payments, but they move only the network's own coin."""

_NOTHING = "0.0000000"
"""Anybody may let a contract move nothing, as often as they like: neither money nor worth a person's look."""

_SENT = {
    "asset_type": "source_asset_type",
    "asset_code": "source_asset_code",
    "asset_issuer": "source_asset_issuer",
    "amount": "source_amount",
}
"""Where a path payment names what its sender gave."""

_BODY_LIMIT = 1_500
"""Characters kept of a record that cannot be read."""

Moved = TypeVar("Moved", Credit, Debit)


def read_page(
    document: Document, *, wallet: str, asset: OurAsset, cursor: str, limit: int
) -> CreditPage:
    """Read one page of the wallet's payments, asked for after `cursor`.

    Raises:
        Unavailable: it is no page, or its records are not in the ledger's order; nothing of it is believed.
    """
    try:
        records = members(member(document, "_embedded"), "records")
        positions = [_position(record) for record in records]
    except UnexpectedShapeError as error:
        raise unbelievable("page of payments", error) from error
    if positions != sorted(positions):
        raise Unavailable("Horizon gave a page of payments that is not in the ledger's order")
    read = [part for record in records for part in _read(record, wallet, asset)]
    # Servers behind one address differ in how far they have read: the cursor never goes back.
    reached = max([int(cursor), *positions])
    return CreditPage(
        credits=[part for part in read if isinstance(part, Credit)],
        debits=[part for part in read if isinstance(part, Debit)],
        unreadable=[part for part in read if isinstance(part, UnreadableRecord)],
        cursor=str(reached),
        is_full=len(records) >= limit and reached > int(cursor),
    )


def _position(record: Document) -> int:
    """Answer a record's place; without one nobody could say later what was read and what was not."""
    position = int(text(record, "paging_token", DIGITS))
    if position > INT64_MAX:
        raise UnexpectedShapeError("'paging_token' is beyond any ledger")
    return position


def _read(
    record: Document, wallet: str, asset: OurAsset
) -> Iterator[Credit | Debit | UnreadableRecord]:
    """Answer what a record moved of ours: nothing, one credit or debit, or several where a contract moved several.

    Where one movement does not say whether it is ours, none of the operation is believed: the others are named by
    counting, and a name must stay the same for whoever reads it again (I1).
    """
    try:
        moved = _moved(record, wallet, asset)
    except UnexpectedShapeError as error:
        yield _unreadable(record, record["paging_token"], error)
        return
    yield from _each(record, moved.credited, _credit)
    yield from _each(record, moved.debited, _debit)


def _each(
    record: Document,
    movements: Sequence[Document],
    read: Callable[[Document, Document, str], Moved],
) -> Iterator[Moved | UnreadableRecord]:
    may_be_nothing = record.get("type") == _CONTRACT_CALL
    for index, movement in enumerate(movements):
        if may_be_nothing and movement.get("amount") == _NOTHING:
            continue
        name = movement_id(record["paging_token"], index)
        try:
            yield read(record, movement, name)
        except UnexpectedShapeError as error:
            yield _unreadable(record, name, error)


@dataclass(frozen=True, kw_only=True)
class _Moved:
    """What one operation moved of our asset: into our wallet and out of it, each in the ledger's order."""

    credited: Sequence[Document] = ()
    debited: Sequence[Document] = ()


def _moved(record: Document, wallet: str, asset: OurAsset) -> _Moved:
    """Sort out what is ours; what we send ourselves in our own asset is neither a deposit nor gone."""
    if not truth(record, "transaction_successful"):
        return _Moved()
    kind = text(record, "type")
    if kind in _NATIVE_ONLY:
        return _Moved()
    if kind == _CONTRACT_CALL:
        changes = members(record, "asset_balance_changes")
        ours = [one for one in changes if _is_of(asset, one)]
        return _Moved(
            credited=[change for change in ours if _reaches(change, wallet)],
            debited=[change for change in ours if _leaves(change, wallet)],
        )
    if kind != _PAYMENT and kind not in _PATH_PAYMENTS:
        raise UnexpectedShapeError(f"an operation of the unknown type {kind[:80]!r}")
    text(record, "to")
    received = [record] if _is_of(asset, record) else []
    sent = [_sent(record)] if kind in _PATH_PAYMENTS and record.get("from") == wallet else received
    is_gone = record.get("to") != wallet or not received
    return _Moved(
        credited=[one for one in received if _reaches(one, wallet)],
        debited=[
            one for one in sent if _is_of(asset, one) and is_gone and one.get("from") == wallet
        ],
    )


def _is_of(asset: OurAsset, movement: Document) -> bool:
    text(movement, "asset_type")
    return asset.is_in(movement)


def _reaches(movement: Document, wallet: str) -> bool:
    return movement.get("to") == wallet and movement.get("from") != wallet


def _leaves(movement: Document, wallet: str) -> bool:
    return movement.get("from") == wallet and movement.get("to") != wallet


def _sent(record: Document) -> Mapping[str, object]:
    """Answer what the sender of a path payment gave, in the words of a payment."""
    return {
        **{name: record.get(source) for name, source in _SENT.items()},
        "from": record.get("from"),
        "to": record.get("to"),
    }


def _credit(record: Document, movement: Document, operation_id: str) -> Credit:
    transaction = member(record, "transaction")
    memo_type, memo = _memo(transaction)
    return Credit(
        operation_id=operation_id,
        paging_token=record["paging_token"],
        transaction_hash=text(record, "transaction_hash", HASH),
        ledger=ledger_of(record["paging_token"]),
        closed_at=moment(record, "created_at"),
        payer=_payer(movement),
        amount=_something(movement),
        memo=memo,
        memo_type=memo_type,
        alias=_alias(movement, transaction),
    )


def _debit(record: Document, movement: Document, operation_id: str) -> Debit:
    destination = movement.get("to")
    is_burnt = destination in (None, movement.get("asset_issuer"))
    return Debit(
        operation_id=operation_id,
        transaction_hash=text(record, "transaction_hash", HASH),
        ledger=ledger_of(record["paging_token"]),
        closed_at=moment(record, "created_at"),
        destination=None if is_burnt else text(movement, "to", ADDRESS),
        amount=_something(movement),
    )


def _something(movement: Document) -> Stroops:
    value = amount(movement, "amount")
    if not value:
        raise UnexpectedShapeError("'amount' is nothing")
    return value


def _payer(movement: Document) -> str:
    """Answer whom a refund would go to: the operation's source, not the transaction's, which may be a channel."""
    if movement.get("from_muxed") is not None:
        return text(movement, "from_muxed", ADDRESS)
    if movement.get("type") == "mint":
        return text(movement, "asset_issuer", ADDRESS)
    return text(movement, "from", ADDRESS)


def _alias(movement: Document, transaction: Document) -> int | None:
    """Answer the number that a destination or a memo carries: the destination's goes first.

    Horizon leaves an id of zero out and keeps the multiplexed address; older servers know neither.
    """
    if movement.get("to_muxed") is not None:
        return unsigned(movement, "to_muxed_id") if "to_muxed_id" in movement else 0
    if movement.get("destination_muxed_id") is not None:
        return unsigned(movement, "destination_muxed_id")
    return unsigned(transaction, "memo") if transaction.get("memo_type") == "id" else None


def _memo(transaction: Document) -> tuple[str, bytes | None]:
    """Read a text memo from its raw bytes: `memo` is scrubbed of NUL and invalid UTF-8, so look-alikes would meet."""
    kind = text(transaction, "memo_type", WORD)
    if kind != "text":
        return kind, None
    if "memo_bytes" not in transaction and transaction.get("memo") == "":
        return kind, b""
    try:
        return kind, base64.b64decode(text(transaction, "memo_bytes"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnexpectedShapeError("'memo_bytes' is missing or not base64") from error


def _unreadable(
    record: Document, operation_id: str, error: UnexpectedShapeError
) -> UnreadableRecord:
    transaction_hash = record.get("transaction_hash")
    is_hash = isinstance(transaction_hash, str) and HASH.fullmatch(transaction_hash)
    return UnreadableRecord(
        operation_id=operation_id,
        transaction_hash=transaction_hash if is_hash else None,
        reason=str(error),
        body=json.dumps(record, default=str)[:_BODY_LIMIT],
    )
