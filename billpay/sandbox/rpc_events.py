"""What moved, told as contract events: those of Stellar's own operations in the words of contracts (CAP-67).

An event is known by the place of its operation and its order there, both counted from 0; in Horizon's ids operations
are counted from 1. Fees come first in each ledger (stellar/stellar-rpc, internal/db/event.go).
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stellar_sdk import Asset, StrKey, scval, xdr
from stellar_sdk.xdr import OperationType

from billpay.sandbox.identities import NETWORK_PASSPHRASE
from billpay.sandbox.ledger_entries import XLM, Movement, MovementKind
from billpay.sandbox.ledger_records import PaymentRecord, TransactionRecord

Place = tuple[int, int]
"""Where an event is: its operation's place in history, and its order among that operation's events."""

_PATHS = frozenset(
    {
        OperationType.PATH_PAYMENT_STRICT_RECEIVE.value,
        OperationType.PATH_PAYMENT_STRICT_SEND.value,
    }
)
_TRANSACTION_MASK, _OPERATION_MASK = 0xFFFFF, 0xFFF


@dataclass(frozen=True, kw_only=True)
class Event:
    """One contract event."""

    place: Place
    contract_id: str
    topics: Sequence[str]
    """XDR in base64."""

    value: str
    transaction_hash: str
    close_time: int

    @property
    def ledger(self) -> int:
        """The ledger it is in."""
        return self.place[0] >> 32

    @property
    def transaction_index(self) -> int:
        """The transaction's order in the ledger, from 1; zero for what comes before all of them."""
        return self.place[0] >> 12 & _TRANSACTION_MASK

    @property
    def operation_index(self) -> int:
        """The operation's order in the transaction, from 0."""
        return self.place[0] & _OPERATION_MASK


def written(place: Place) -> str:
    """Write a place as ids and cursors are."""
    return f"{place[0]:019d}-{place[1]:010d}"


def events_of(records: Sequence[TransactionRecord], *, unified: bool) -> list[Event]:
    """List one ledger's events in order; where they are not unified, only what contracts told themselves."""
    events = [event for record in records for event in _events(record, unified=unified)]
    return sorted(events, key=lambda event: event.place)


def _events(record: TransactionRecord, *, unified: bool) -> Iterator[Event]:
    if unified:
        yield _fee(record)
    if not record.successful:
        return
    for payment in record.payments:
        is_call = payment.type_i == OperationType.INVOKE_HOST_FUNCTION.value
        if not unified and not is_call:
            continue
        for order, movement in enumerate(payment.movements):
            yield Event(
                place=(record.toid | payment.number - 1, order),
                contract_id=contract_of(movement.asset),
                topics=_topics(movement),
                value=_value(record, payment, order),
                transaction_hash=record.transaction_hash,
                close_time=record.close_time,
            )


def _fee(record: TransactionRecord) -> Event:
    return Event(
        place=(record.ledger << 32, record.position - 1),
        contract_id=contract_of(XLM),
        topics=[_symbol("fee"), _address(record.fee_payer.address)],
        value=scval.to_int128(record.fee_charged).to_xdr(),
        transaction_hash=record.transaction_hash,
        close_time=record.close_time,
    )


def _topics(movement: Movement) -> list[str]:
    kind = movement.kind
    parties = [movement.sender] if kind in (MovementKind.BURN, MovementKind.CLAWBACK) else []
    if kind is MovementKind.TRANSFER:
        parties = [movement.sender, movement.receiver or ""]
    elif kind is MovementKind.MINT:
        parties = [movement.receiver or ""]
    return [_symbol(kind), *map(_address, parties), _string(movement.asset)]


def _value(record: TransactionRecord, payment: PaymentRecord, order: int) -> str:
    """Write the amount; with whom it was for, where the destination's id or the memo tells that."""
    movement = payment.movements[order]
    amount = scval.to_int128(movement.amount)
    told = _receiver_told(record, payment, order)
    return (amount if told is None else _pair(amount, told)).to_xdr()


def _pair(amount: xdr.SCVal, receiver: xdr.SCVal) -> xdr.SCVal:
    return scval.to_struct({"amount": amount, "to_muxed_id": receiver})


def _receiver_told(
    record: TransactionRecord, payment: PaymentRecord, order: int
) -> xdr.SCVal | None:
    movement = payment.movements[order]
    if movement.receiver_id is not None:
        return scval.to_uint64(movement.receiver_id)
    is_last = order == len(payment.movements) - 1
    is_hop = payment.type_i in _PATHS and not is_last
    is_call = payment.type_i == OperationType.INVOKE_HOST_FUNCTION.value
    receives = movement.kind in (MovementKind.TRANSFER, MovementKind.MINT)
    is_account = StrKey.is_valid_ed25519_public_key(movement.receiver or "")
    if is_hop or is_call or not receives or not is_account:
        return None
    return _memo(record)


def _memo(record: TransactionRecord) -> xdr.SCVal | None:
    """Write a memo as a value: the hash and the returned hash look the same."""
    if record.memo is None:
        return None
    if record.memo_type == "id":
        return scval.to_uint64(int(record.memo))
    raw = base64.b64decode(record.memo)
    return scval.to_string(raw) if record.memo_type == "text" else scval.to_bytes(raw)


@lru_cache(maxsize=4096)
def contract_of(asset: str) -> str:
    """Answer the contract under which an asset's events are told, whether or not anybody has deployed it."""
    code, _, issuer = asset.partition(":")
    named = Asset.native() if asset == XLM else Asset(code, issuer)
    return named.contract_id(NETWORK_PASSPHRASE)


# The same few addresses and words make up most of what is told.
@lru_cache(maxsize=4096)
def _address(address: str) -> str:
    return scval.to_address(address).to_xdr()


@lru_cache(maxsize=64)
def _symbol(word: str) -> str:
    return scval.to_symbol(word).to_xdr()


@lru_cache(maxsize=64)
def _string(text: str) -> str:
    return scval.to_string(text).to_xdr()
