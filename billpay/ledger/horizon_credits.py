"""Which of Horizon's payment records are credits of ours, and what they say.

A record that cannot be read is answered as such, one by one: it may be somebody's money, so it is neither passed over
nor allowed to hold up what comes behind it.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence

from billpay.domain.deposits import Credit
from billpay.failures import Unavailable
from billpay.ledger.base import CreditPage, UnreadableRecord
from billpay.ledger.horizon_records import OurAsset, unbelievable
from billpay.ledger.horizon_shapes import (
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
)
from billpay.ledger.positions import ledger_of

_PAYMENTS = frozenset({"payment", "path_payment_strict_receive", "path_payment_strict_send"})
"""Operations that name one receiver, one asset and what arrived: `amount`, whatever was sent."""

_CONTRACT_CALL = "invoke_host_function"
_NATIVE_ONLY = frozenset({"create_account", "account_merge"})
"""Listed among payments, but they move only the network's own coin."""

_BODY_LIMIT = 1_500
"""Characters kept of a record that cannot be read."""


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
    read = [part for record in records for part in _credits(record, wallet, asset)]
    # Servers behind one address differ in how far they have read: the cursor never goes back.
    reached = max([int(cursor), *positions])
    return CreditPage(
        credits=[part for part in read if isinstance(part, Credit)],
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


def _credits(record: Document, wallet: str, asset: OurAsset) -> Iterator[Credit | UnreadableRecord]:
    """Answer what a record brings in: nothing, one credit, or several where a contract moved several times."""
    operation_id = record["paging_token"]
    try:
        movements = _movements(record, operation_id)
    except UnexpectedShapeError as error:
        yield _unreadable(record, operation_id, error)
        return
    for name, movement in movements:
        try:
            if _is_ours(movement, wallet, asset):
                yield _credit(record, movement, name)
        except UnexpectedShapeError as error:
            yield _unreadable(record, name, error)


def _movements(record: Document, operation_id: str) -> Sequence[tuple[str, Document]]:
    """List who gave what to whom in one operation, each under the name that its credit has."""
    if not truth(record, "transaction_successful"):
        return []
    kind = text(record, "type")
    if kind in _PAYMENTS:
        text(record, "to")
        return [(operation_id, record)]
    if kind == _CONTRACT_CALL:
        changes = members(record, "asset_balance_changes")
        return [(f"{operation_id}-{index}", change) for index, change in enumerate(changes)]
    if kind in _NATIVE_ONLY:
        return []
    raise UnexpectedShapeError(f"an operation of the unknown type {kind[:80]!r}")


def _is_ours(movement: Document, wallet: str, asset: OurAsset) -> bool:
    """Whether it brings our asset into the wallet from somebody else; what we send ourselves is no deposit."""
    text(movement, "asset_type")
    return asset.is_in(movement) and movement.get("to") == wallet and movement.get("from") != wallet


def _credit(record: Document, movement: Document, operation_id: str) -> Credit:
    memo_type, memo = _memo(member(record, "transaction"))
    value = amount(movement, "amount")
    if not value:
        raise UnexpectedShapeError("'amount' is nothing")
    return Credit(
        operation_id=operation_id,
        paging_token=record["paging_token"],
        transaction_hash=text(record, "transaction_hash", HASH),
        ledger=ledger_of(record["paging_token"]),
        closed_at=moment(record, "created_at"),
        payer=_payer(movement),
        amount=value,
        memo=memo,
        memo_type=memo_type,
    )


def _payer(movement: Document) -> str:
    """Answer whom a refund would go to: the operation's source, not the transaction's, which may be a channel."""
    if movement.get("from_muxed") is not None:
        return text(movement, "from_muxed", ADDRESS)
    if movement.get("type") == "mint":
        return text(movement, "asset_issuer", ADDRESS)
    return text(movement, "from", ADDRESS)


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
