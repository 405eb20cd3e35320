"""How an envelope gets into a ledger through Horizon: queued and looked for where that is offered, else waited for.

What is queued is looked up until a ledger has it; a queue's word is a promise of one node and no more.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction
from billpay.ledger.horizon_http import (
    DUPLICATE,
    ERROR,
    PENDING,
    TRY_AGAIN_LATER,
    HorizonHttp,
    Reply,
    is_refusal,
)
from billpay.ledger.horizon_records import read_meant_transaction
from billpay.ledger.refund_verdicts import is_applied_without_effect, refusal
from billpay.ledger.result_codes import result_codes

LOOKS_SECONDS = (0.1, 0.4, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 7.5)
"""How long to wait before each look for a queued envelope: thirty seconds in all, and few looks at a slow network."""

LookUp = Callable[[str], Awaitable[AppliedTransaction | None]]
Sleep = Callable[[float], Awaitable[None]]


class Submissions:
    """Hands envelopes in at one server, and remembers which way it takes them."""

    def __init__(self, http: HorizonHttp, *, look_up: LookUp, sleep: Sleep) -> None:
        self._http = http
        self._look_up = look_up
        self._sleep = sleep
        self._may_queue = True
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
            applied = await self._submit(
                envelope_xdr, transaction_hash, may_be_pending=may_be_pending
            )
        except (Unavailable, Misconfigured):
            if not may_be_pending:
                self._handed_in.discard(transaction_hash)
            raise
        self._handed_in.discard(transaction_hash)
        return applied

    async def _submit(
        self, envelope_xdr: str, transaction_hash: str, *, may_be_pending: bool
    ) -> AppliedTransaction:
        if self._may_queue:
            queued = await self._http.submit_without_waiting(envelope_xdr)
            if queued is not None:
                return await self._queued(
                    queued.document, transaction_hash, may_be_pending=may_be_pending
                )
            self._may_queue = False
        reply = await self._http.submit(envelope_xdr)
        if is_refusal(reply):
            return await self._refused(_spelt_codes(reply), transaction_hash)
        try:
            return read_meant_transaction(reply.document, transaction_hash)
        except Unavailable as odd:
            raise Ambiguous(f"submitted, but {odd.detail}") from odd

    async def _queued(
        self, document: Mapping[str, Any], transaction_hash: str, *, may_be_pending: bool
    ) -> AppliedTransaction:
        """Go by what the queue says of an envelope."""
        said = document.get("tx_status")
        if document.get("hash") != transaction_hash:
            raise Ambiguous("submitted, but Horizon answered about another transaction")
        if said in (PENDING, DUPLICATE):
            return await self._wait_for(transaction_hash)
        if said not in (TRY_AGAIN_LATER, ERROR):
            raise Ambiguous("submitted, but Horizon does not say what became of it")
        # A queue refuses what a ledger has already: for its number, its time, or whoever waits there now.
        applied = await self._found(transaction_hash)
        if applied is not None:
            return applied
        if said == ERROR:
            result_xdr = document.get("error_result_xdr")
            raise _refusal(result_codes(result_xdr) if isinstance(result_xdr, str) else ())
        # A node that holds another of its account takes none; one that holds this very one may be another node.
        raise (Ambiguous if may_be_pending else Unavailable)(
            "the network's queue takes no transaction of this account now",
            evidence=Evidence(provider="Horizon", code=TRY_AGAIN_LATER),
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
            evidence=Evidence(provider="Horizon", code=PENDING),
        )

    async def _refused(self, codes: Sequence[str], transaction_hash: str) -> AppliedTransaction:
        """Answer what a refused submission is: in a ledger without effect, or nowhere.

        Horizon uses the same words for both, so only the ledger tells: what failed in it is found by its hash.
        """
        if is_applied_without_effect(codes):
            applied = await self._found(transaction_hash)
            if applied is not None:
                return applied
        raise _refusal(codes)

    async def _found(self, transaction_hash: str) -> AppliedTransaction | None:
        """Look an envelope up; None as well where something keeps the answer from us now."""
        with suppress(Failure):
            return await self._look_up(transaction_hash)
        return None


def _refusal(codes: Sequence[str]) -> Failure:
    return refusal(codes)(
        f"the network refused the transaction: {', '.join(codes) or 'it does not say why'}",
        evidence=Evidence(provider="Horizon", code=" ".join(codes) or None, http_status=400),
    )


def _spelt_codes(reply: Reply) -> Sequence[str]:
    """List the codes in Horizon's words: the transaction's, the wrapped one's, then the operations'."""
    extras = reply.document.get("extras")
    codes = extras.get("result_codes") if isinstance(extras, dict) else None
    if not isinstance(codes, dict):
        return ()
    operations = codes.get("operations")
    listed = [codes.get("transaction"), codes.get("inner_transaction")]
    listed += operations if isinstance(operations, list) else []
    return tuple(code for code in listed if isinstance(code, str))
