"""What waits for a ledger, as one node of the network keeps it: in memory, one transaction for each source account.

A fee bump of the one that waits takes its place for ten times its fee. What four ledgers in a row leave out is dropped
and not taken again for ten more (stellar/stellar-core, TransactionQueue).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from stellar_sdk.xdr import TransactionResultCode

from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_envelopes import Envelope

_FEE_MULTIPLIER = 10
_LEDGERS_WAITED_MAX = 4
_LEDGERS_BANNED = 10


class Queued(Enum):
    """What core says of an envelope that it does not refuse."""

    PENDING = auto()
    DUPLICATE = auto()
    """It waits already."""

    TRY_AGAIN_LATER = auto()
    """Another transaction of the same source account waits, or this one was dropped lately; it was not taken."""


@dataclass(frozen=True)
class _Waiting:
    envelope: Envelope
    since_ledger: int
    """The first ledger it could have been in."""


class Queue:
    """Everything that was taken and is in no ledger yet."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._banned_until: dict[str, int] = {}
        self.ledger = 0
        """The ledger that it waits for."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def waiting(self) -> Sequence[Envelope]:
        """List what waits, in the order of arrival."""
        return [waiting.envelope for waiting in self._waiting.values()]

    def room_for(self, envelope: Envelope, ledger: int) -> Queued | TransactionOutcome:
        """Say whether an envelope could wait for a ledger, given that it is valid."""
        if self._banned_until.get(envelope.transaction_hash, 0) >= ledger:
            return Queued.TRY_AGAIN_LATER
        found = self._waiting.get(envelope.source.address)
        if found is None:
            return Queued.PENDING
        if found.envelope.transaction_hash == envelope.transaction_hash:
            return Queued.DUPLICATE
        if envelope.bump is None or found.envelope.sequence != envelope.sequence:
            return Queued.TRY_AGAIN_LATER
        needed = _replacing(found.envelope, envelope)
        if envelope.fee_bid < needed:
            code = TransactionResultCode.txINSUFFICIENT_FEE
            return TransactionOutcome(code, fee_charged=needed, is_about_wrapping=True)
        return Queued.PENDING

    def put(self, envelope: Envelope, ledger: int) -> None:
        """Let an envelope wait for a ledger; what it replaces has waited for it."""
        found = self._waiting.get(envelope.source.address)
        since_ledger = ledger if found is None else found.since_ledger
        self._waiting[envelope.source.address] = _Waiting(envelope, since_ledger)
        self.ledger = ledger

    def closed(
        self, ledger: int, *, applied: Sequence[Envelope], invalid: Sequence[Envelope]
    ) -> None:
        """Wait for the next ledger: without what this one has, what cannot be in any, and what waited too long."""
        for envelope in applied:
            del self._waiting[envelope.source.address]
        waited_out = [
            waiting.envelope
            for waiting in self._waiting.values()
            if ledger - waiting.since_ledger + 1 >= _LEDGERS_WAITED_MAX
        ]
        for envelope in (*invalid, *waited_out):
            self._waiting.pop(envelope.source.address, None)
            self._banned_until[envelope.transaction_hash] = ledger + _LEDGERS_BANNED
        self.ledger = ledger + 1


def _replacing(waiting: Envelope, envelope: Envelope) -> int:
    """Answer the least fee with which an envelope takes the other's place."""
    bid = (waiting.fee_bid - waiting.resource_fee) * _FEE_MULTIPLIER * envelope.fee_units
    return -(-bid // waiting.fee_units) + envelope.resource_fee
