"""How an envelope gets into a ledger: handed to one node's queue and looked for, or waited for by the server itself.

What is queued is looked up until a ledger has it; a queue's word is a promise of one node and no more. What is said of
an envelope at the door is about this handing in alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction
from billpay.ledger.refund_verdicts import refusal
from billpay.ledger.result_codes import result_codes

PENDING, DUPLICATE, TRY_AGAIN_LATER, ERROR = "PENDING", "DUPLICATE", "TRY_AGAIN_LATER", "ERROR"
"""What the network's queue says of an envelope."""

LOOKS_SECONDS = (0.1, 0.4, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 7.5)
"""How long to wait before each look for a queued envelope: thirty seconds in all, and few looks at a slow network."""


@dataclass(frozen=True, kw_only=True)
class QueueAnswer:
    """What a node's queue says, not yet believed."""

    transaction_hash: object
    status: object
    result_xdr: object


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The server has waited for it itself: the envelope was refused at the door, or failed in a ledger."""

    codes: Sequence[str]


HandIn = Callable[[str, str], Awaitable[QueueAnswer | Refused | AppliedTransaction]]
"""Hands in an envelope, named by its hash as well, and answers what the server says of it."""

LookUp = Callable[[str], Awaitable[AppliedTransaction | None]]
Sleep = Callable[[float], Awaitable[None]]


class Submissions:
    """Hands envelopes in at one server, and remembers which of them some node may hold."""

    def __init__(self, server: str, hand_in: HandIn, *, look_up: LookUp, sleep: Sleep) -> None:
        self._server = server
        self._hand_in = hand_in
        self._look_up = look_up
        self._sleep = sleep
        self._handed_in: set[str] = set()
        """Hashes of envelopes that some node may hold by our doing."""

    async def submit(self, envelope_xdr: str, transaction_hash: str) -> AppliedTransaction:
        """Hand an envelope in and wait for the ledger.

        Raises:
            Ambiguous: it may still be applied; look its hash up.
            Unavailable: refused for a reason that may pass, or not sent at all.
            Misconfigured: refused for our signature, network or balance.
        """
        may_be_pending = transaction_hash in self._handed_in
        self._handed_in.add(transaction_hash)
        try:
            said = await self._hand_in(envelope_xdr, transaction_hash)
            applied = await self._heed(said, transaction_hash, may_be_pending=may_be_pending)
        except (Unavailable, Misconfigured):
            if not may_be_pending:
                self._handed_in.discard(transaction_hash)
            raise
        self._handed_in.discard(transaction_hash)
        return applied

    async def _heed(
        self,
        said: QueueAnswer | Refused | AppliedTransaction,
        transaction_hash: str,
        *,
        may_be_pending: bool,
    ) -> AppliedTransaction:
        """Go by what the server says of an envelope."""
        if isinstance(said, AppliedTransaction):
            return said
        if isinstance(said, QueueAnswer):
            if said.transaction_hash != transaction_hash:
                raise Ambiguous(f"submitted, but {self._server} answered about another transaction")
            if said.status in (PENDING, DUPLICATE):
                return await self._wait_for(transaction_hash)
            if said.status not in (TRY_AGAIN_LATER, ERROR):
                raise Ambiguous(f"submitted, but {self._server} does not say what became of it")
        # Refused is also what a ledger has already: for its number, its time, or whoever waits there now.
        applied = await self._found(transaction_hash)
        if applied is not None:
            return applied
        if isinstance(said, Refused):
            raise self._refusal(said.codes)
        if said.status == ERROR:
            is_told = isinstance(said.result_xdr, str)
            raise self._refusal(result_codes(str(said.result_xdr)) if is_told else ())
        # A node that holds another of its account takes none; one that holds this very one may be another node.
        raise (Ambiguous if may_be_pending else Unavailable)(
            "the network's queue takes no transaction of this account now",
            evidence=Evidence(provider=self._server, code=TRY_AGAIN_LATER),
        )

    async def _wait_for(self, transaction_hash: str) -> AppliedTransaction:
        """Look a queued envelope up until a ledger has it, or for as long as Horizon itself would wait."""
        for seconds in LOOKS_SECONDS:
            await self._sleep(seconds)
            applied = await self._found(transaction_hash)
            if applied is not None:
                return applied
        raise Ambiguous(
            f"queued by the network, and in no ledger after {sum(LOOKS_SECONDS):.0f} seconds",
            evidence=Evidence(provider=self._server, code=PENDING),
        )

    async def _found(self, transaction_hash: str) -> AppliedTransaction | None:
        """Look an envelope up; None as well where something keeps the answer from us now."""
        with suppress(Failure):
            return await self._look_up(transaction_hash)
        return None

    def _refusal(self, codes: Sequence[str]) -> Failure:
        return refusal(codes)(
            f"the network refused the transaction: {', '.join(codes) or 'it does not say why'}",
            evidence=Evidence(provider=self._server, code=" ".join(codes) or None),
        )
