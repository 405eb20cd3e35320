"""What Horizon does with a posted envelope: look it up, hand it to core, wait until its own history shows it.

So the same envelope may be posted as often as anybody likes. Two traps are kept as they are: a second transaction of an
account that has one waiting is not refused but answered 504 in the end, and a server that lags behind does not know
what it has long applied and repeats core's `tx_too_late` (stellar/stellar-horizon, internal/txsub).
"""

import asyncio
from collections.abc import Callable

from stellar_sdk.xdr import TransactionResultCode

from billpay.sandbox.horizon_problems import applied_in_vain, malformed, refused, timed_out
from billpay.sandbox.horizon_server import Server
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_envelopes import Envelope, Undecodable, read_envelope
from billpay.sandbox.ledger_faults import SUBMIT_FAULTS, Fault, Switchboard
from billpay.sandbox.ledger_records import TransactionRecord

WAIT_SECONDS_MAX = 30.0
"""How long a submission waits for its ledger."""

_LOOK_SECONDS_MAX = 0.1
_LOOK_SECONDS_MIN = 0.001


class Submissions:
    """The door to the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        server: Server,
        switchboard: Switchboard,
        wait_seconds: float = WAIT_SECONDS_MAX,
    ) -> None:
        self._ledger = ledger
        self._server = server
        self._switchboard = switchboard
        self._wait_seconds = wait_seconds

    async def submit(self, text: str, is_stopping: Callable[[], bool]) -> TransactionRecord:
        """Hand an envelope in and answer once it is in a ledger that this server tells of. Safe to repeat.

        A stopping server does not wait any longer, and knows nothing.

        Raises:
            Problem: it is no envelope, was refused, failed in its ledger, or nothing is known of it in time.
            ConnectionResetError: the switch that is no answer at all.
        """
        try:
            envelope = read_envelope(text)
        except Undecodable:
            raise malformed(text) from None
        record = self._server.transaction(envelope.transaction_hash)
        if record is None:
            record = await self._submitted(envelope, is_stopping)
        if not record.successful:
            raise applied_in_vain(record)
        return record

    async def _submitted(
        self, envelope: Envelope, is_stopping: Callable[[], bool]
    ) -> TransactionRecord:
        fault = self._switchboard.meet(SUBMIT_FAULTS)
        if fault is Fault.SUBMIT_504_DROPPED:
            raise timed_out(envelope)
        answer = self._ledger.accept(envelope)
        if isinstance(answer, TransactionOutcome):
            return await self._known_after_all(envelope, answer, is_stopping)
        if fault is Fault.SUBMIT_504:
            raise timed_out(envelope)
        record = await self._in_sight(envelope, is_stopping)
        if fault is Fault.SUBMIT_RESET:
            raise ConnectionResetError
        if record is None or fault is Fault.SUBMIT_504_APPLIED:
            raise timed_out(envelope)
        return record

    async def _known_after_all(
        self, envelope: Envelope, refusal: TransactionOutcome, is_stopping: Callable[[], bool]
    ) -> TransactionRecord:
        """Look again once this server has caught up, where core says that the sequence number is used."""
        if refusal.code is TransactionResultCode.txBAD_SEQ:
            core_ledger = self._server.core_ledger()
            record = await self._in_sight(envelope, is_stopping, until_ledger=core_ledger)
            if record is not None:
                return record
        raise refused(envelope, refusal)

    async def _in_sight(
        self, envelope: Envelope, is_stopping: Callable[[], bool], until_ledger: int | None = None
    ) -> TransactionRecord | None:
        """Wait until this server tells of the envelope; None where it does not in time, or has read far enough."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait_seconds
        while True:
            record = self._server.transaction(envelope.transaction_hash)
            has_read_enough = until_ledger and self._server.newest_ledger() >= until_ledger
            rest = deadline - loop.time()
            if record is not None or has_read_enough or rest <= 0 or is_stopping():
                return record
            look = min(self._ledger.closes_in_seconds(), _LOOK_SECONDS_MAX, rest)
            await asyncio.sleep(max(look, _LOOK_SECONDS_MIN))
