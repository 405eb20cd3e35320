"""How an envelope gets into a ledger through Stellar RPC: handed to one node's queue, then looked for.

A queue's word is a promise of one node and no more. What core says of an envelope at the door is about this handing in
alone, as at Horizon.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction
from billpay.ledger.refund_verdicts import refusal
from billpay.ledger.result_codes import result_codes
from billpay.ledger.rpc_http import RpcHttp

PENDING, DUPLICATE, TRY_AGAIN_LATER, ERROR = "PENDING", "DUPLICATE", "TRY_AGAIN_LATER", "ERROR"
LOOKS_SECONDS = (0.1, 0.4, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 7.5)
"""How long to wait before each look for a queued envelope: thirty seconds in all, and few looks at a slow network."""

LookUp = Callable[[str], Awaitable[AppliedTransaction | None]]
Sleep = Callable[[float], Awaitable[None]]


class RpcSubmissions:
    """Hands envelopes in at one server."""

    def __init__(self, http: RpcHttp, *, look_up: LookUp, sleep: Sleep) -> None:
        self._http = http
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
            said = await self._http.call(
                "sendTransaction", {"transaction": envelope_xdr}, moves_money=True
            )
            applied = await self._heed(said, transaction_hash, may_be_pending=may_be_pending)
        except (Unavailable, Misconfigured):
            if not may_be_pending:
                self._handed_in.discard(transaction_hash)
            raise
        self._handed_in.discard(transaction_hash)
        return applied

    async def _heed(
        self, said: Mapping[str, Any], transaction_hash: str, *, may_be_pending: bool
    ) -> AppliedTransaction:
        """Go by what the queue says of an envelope."""
        if said.get("hash") != transaction_hash:
            raise Ambiguous("submitted, but Stellar RPC answered about another transaction")
        status = said.get("status")
        if status in (PENDING, DUPLICATE):
            return await self._wait_for(transaction_hash)
        if status == TRY_AGAIN_LATER:
            # A node that holds another of its account takes none; one that holds this very one may be another node.
            raise (Ambiguous if may_be_pending else Unavailable)(
                "the network's queue takes no transaction of this account now",
                evidence=Evidence(provider="Stellar RPC", code=TRY_AGAIN_LATER),
            )
        if status == ERROR:
            result_xdr = said.get("errorResultXdr")
            codes = result_codes(result_xdr) if isinstance(result_xdr, str) else ()
            return await self._refused(codes, transaction_hash)
        raise Ambiguous("submitted, but Stellar RPC does not say what became of it")

    async def _wait_for(self, transaction_hash: str) -> AppliedTransaction:
        """Look a queued envelope up until a ledger has it, or for as long as Horizon would wait."""
        for seconds in LOOKS_SECONDS:
            await self._sleep(seconds)
            # Whatever keeps the answer from us now, the envelope is out there.
            with suppress(Failure):
                applied = await self._look_up(transaction_hash)
                if applied is not None:
                    return applied
        raise Ambiguous(
            f"queued by the network, and in no ledger after {sum(LOOKS_SECONDS):.0f} seconds",
            evidence=Evidence(provider="Stellar RPC", code=PENDING),
        )

    async def _refused(self, codes: Sequence[str], transaction_hash: str) -> AppliedTransaction:
        """Answer what a refused submission is: in a ledger by now, with effect or without, or nowhere.

        Core knows no transaction that it has applied: it sees a number that is used or a time that has passed.
        """
        with suppress(Failure):
            applied = await self._look_up(transaction_hash)
            if applied is not None:
                return applied
        raise refusal(codes)(
            f"the network refused the transaction: {', '.join(codes) or 'it does not say why'}",
            evidence=Evidence(provider="Stellar RPC", code=" ".join(codes) or None),
        )
