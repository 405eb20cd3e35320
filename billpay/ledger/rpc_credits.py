"""Which events brought our asset in or took it out, and what they and their transaction's envelope say.

An event that cannot be read is answered as such: it may be somebody's money, so it is neither passed over nor allowed
to hold up what comes behind it. Where only the envelope cannot be read, the event alone decides as far as it goes: a
text memo and a number name an order; where it shows neither, the memo may be one that events do not show.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from billpay.domain.deposits import Credit
from billpay.ledger.base import CreditPage, Debit, UnreadableRecord
from billpay.ledger.horizon_records import OurAsset
from billpay.ledger.positions import ledger_of, movement_id
from billpay.ledger.rpc_envelopes import Deed, Envelope, LookedUp, Operation
from billpay.ledger.rpc_events import BURN, CLAWBACK, MINT, TRANSFER, Event
from billpay.ledger.rpc_values import Amount, read_address, read_amount, read_symbol
from billpay.ledger.shapes import UnexpectedShapeError

_BODY_LIMIT = 1_500
"""Characters kept of an event that cannot be read."""

_TOPICS = {TRANSFER: 4, MINT: 3, BURN: 3, CLAWBACK: 3}
_PAYERS = ("G", "C")
"""How the addresses of accounts and contracts begin. From a claimable balance or the market only the wallet itself can
have taken something, which is no deposit."""

Moved = TypeVar("Moved", Credit, Debit)


@dataclass(frozen=True, kw_only=True)
class _Movement:
    """One event of ours, as far as it must be understood to be ours."""

    event: Event
    is_credit: bool
    sender: str | None
    """Who gave: an account or a contract; None where the issuer did, or where it cannot be read."""

    receiver: str | None
    """Who got it; None where nobody did, or where it cannot be read."""

    is_readable: bool = True
    is_mint: bool = False


def may_be_credit(event: Event, wallet: str) -> bool:
    """Whether the envelope of an event's transaction is needed to read it."""
    try:
        movement = _movement(event, wallet)
    except UnexpectedShapeError:
        return False
    return movement is not None and movement.is_credit and not _moves_nothing(event)


def read_events(
    events: Sequence[Event],
    *,
    wallet: str,
    asset: OurAsset,
    looked_up: Mapping[str, LookedUp],
    cursor: str,
    is_full: bool,
) -> CreditPage:
    """Read the events of whole operations, given what is known of the transactions that brought something in."""
    grouped = groupby(events, key=lambda event: event.position)
    read = [
        part
        for _, operation in grouped
        for part in _operation(list(operation), wallet, asset, looked_up)
    ]
    return CreditPage(
        credits=[part for part in read if isinstance(part, Credit)],
        debits=[part for part in read if isinstance(part, Debit)],
        unreadable=[part for part in read if isinstance(part, UnreadableRecord)],
        cursor=cursor,
        is_full=is_full,
    )


def _operation(
    events: Sequence[Event], wallet: str, asset: OurAsset, looked_up: Mapping[str, LookedUp]
) -> Iterator[Credit | Debit | UnreadableRecord]:
    """Answer what one operation moved of ours: nothing, one credit or debit, or several in the ledger's order.

    Where one event does not say whether it is ours, none of the operation is believed: the others are named by
    counting, and a name must stay the same for whoever reads it again (I1).
    """
    try:
        movements = [one for event in events if (one := _movement(event, wallet)) is not None]
    except UnexpectedShapeError as error:
        yield _unreadable(events[0], str(events[0].position), error)
        return
    known = looked_up.get(events[0].transaction_hash)
    credited = [one for one in movements if one.is_credit and _is_deposit(one, known)]
    yield from _each(credited, lambda one, name: _credit(one, asset, known, name))
    yield from _each([one for one in movements if not one.is_credit], _debit)


def _each(
    movements: Sequence[_Movement], read: Callable[[_Movement, str], Moved]
) -> Iterator[Moved | UnreadableRecord]:
    """Read movements one by one; what moved nothing is passed over, and counted for the names of the others."""
    for index, movement in enumerate(movements):
        if _moves_nothing(movement.event):
            continue
        name = movement_id(str(movement.event.position), index)
        try:
            yield read(movement, name)
        except UnexpectedShapeError as error:
            yield _unreadable(movement.event, name, error)


def _moves_nothing(event: Event) -> bool:
    """Whether it is about an amount of nothing: anybody may let a contract move that, as often as they like."""
    try:
        return not read_amount(event.value).value
    except UnexpectedShapeError:
        return False


def _movement(event: Event, wallet: str) -> _Movement | None:
    """Sort an event out; None for what is neither a deposit nor gone.

    Raises:
        UnexpectedShapeError: it does not say whether it is ours.
    """
    kind = read_symbol(event.topics[0]) if event.topics else ""
    if len(event.topics) != _TOPICS.get(kind):
        raise UnexpectedShapeError(f"an event of the unknown kind {kind[:40]!r}")
    if kind == MINT:
        is_ours = read_address(event.topics[1]) == wallet
        credit = _Movement(event=event, is_credit=True, sender=None, receiver=wallet, is_mint=True)
        return credit if is_ours else None
    if kind != TRANSFER:
        is_ours = read_address(event.topics[1]) == wallet
        gone = _Movement(event=event, is_credit=False, sender=wallet, receiver=None)
        return gone if is_ours else None
    return _transfer(event, wallet)


def _transfer(event: Event, wallet: str) -> _Movement | None:
    sender, receiver = _party(event.topics[1]), _party(event.topics[2])
    if sender == wallet:
        if receiver == wallet:
            return None
        is_readable = receiver is not None
        return _Movement(
            event=event, is_credit=False, sender=sender, receiver=receiver, is_readable=is_readable
        )
    if receiver is None:
        raise UnexpectedShapeError("an event does not say who got it")
    if receiver != wallet or (sender is not None and not sender.startswith(_PAYERS)):
        return None
    return _Movement(
        event=event,
        is_credit=True,
        sender=sender,
        receiver=wallet,
        is_readable=sender is not None,
    )


def _party(topic: str) -> str | None:
    """Read an address; None for one of an unknown kind, which is not the wallet's."""
    try:
        return read_address(topic)
    except UnexpectedShapeError:
        return None


def _is_deposit(movement: _Movement, known: LookedUp | None) -> bool:
    """Whether somebody sent it: what a trade of the wallet's brings in, it has asked for itself."""
    if known is not None and not known.is_successful:
        return False
    operation = _operation_of(movement, known)
    if operation is None or operation.deed is Deed.CONTRACT_CALL:
        return True
    if operation.deed is Deed.OTHER or operation.destination_account != movement.receiver:
        return False
    return movement.is_mint or operation.payer_account == movement.sender


def _operation_of(movement: _Movement, known: LookedUp | None) -> Operation | None:
    """Answer what the envelope says of a movement's operation; None where it cannot be read."""
    envelope = known.envelope if known else None
    if envelope is None or not 0 <= movement.event.operation_index < len(envelope.operations):
        return None
    return envelope.operations[movement.event.operation_index]


def _credit(
    movement: _Movement, asset: OurAsset, known: LookedUp | None, operation_id: str
) -> Credit:
    if not movement.is_readable:
        raise UnexpectedShapeError("an event does not say who gave")
    event, amount = movement.event, read_amount(movement.event.value)
    operation = _operation_of(movement, known)
    memo_type, memo, alias = (
        _told_by_event(amount)
        if operation is None or known is None or known.envelope is None
        else _told_by_envelope(known.envelope, operation, amount)
    )
    position = str(event.position)
    return Credit(
        operation_id=operation_id,
        paging_token=position,
        transaction_hash=event.transaction_hash,
        ledger=ledger_of(position),
        closed_at=event.closed_at,
        payer=_payer(movement, asset, operation),
        amount=amount.value,
        memo=memo,
        memo_type=memo_type,
        alias=alias,
    )


def _debit(movement: _Movement, operation_id: str) -> Debit:
    if not movement.is_readable:
        raise UnexpectedShapeError("an event does not say who got it")
    event = movement.event
    return Debit(
        operation_id=operation_id,
        transaction_hash=event.transaction_hash,
        ledger=ledger_of(str(event.position)),
        closed_at=event.closed_at,
        destination=movement.receiver,
        amount=read_amount(event.value).value,
    )


def _payer(movement: _Movement, asset: OurAsset, operation: Operation | None) -> str:
    """Answer whom a refund would go to: the operation's source, multiplexed where the envelope says so."""
    sender = movement.sender or asset.issuer
    is_named = operation is not None and operation.deed is not Deed.CONTRACT_CALL
    if is_named and operation is not None and operation.payer_account == sender:
        return operation.payer
    return sender


def _told_by_envelope(
    envelope: Envelope, operation: Operation, amount: Amount
) -> tuple[str, bytes | None, int | None]:
    """Answer the memo as it was signed, and the number of the destination, which goes before the memo's."""
    number = operation.destination_id
    if operation.deed is Deed.CONTRACT_CALL and isinstance(amount.receiver, int):
        number = amount.receiver
    return envelope.memo_type, envelope.memo, envelope.memo_id if number is None else number


def _told_by_event(amount: Amount) -> tuple[str, bytes | None, int | None]:
    """Answer what an event says of its memo where nothing else does.

    Raises:
        UnexpectedShapeError: it shows none, which does not say that there is none.
    """
    mark = amount.receiver
    if mark is None:
        raise UnexpectedShapeError("its transaction is in a newer protocol, and its memo unknown")
    if isinstance(mark, int):
        return "id", None, mark
    return ("text", mark, None) if amount.is_text else ("hash", None, None)


def _unreadable(event: Event, operation_id: str, error: UnexpectedShapeError) -> UnreadableRecord:
    return UnreadableRecord(
        operation_id=operation_id,
        transaction_hash=event.transaction_hash,
        reason=str(error),
        body=json.dumps(event.document, default=str)[:_BODY_LIMIT],
    )
