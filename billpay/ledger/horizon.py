"""The Stellar network as a Horizon server tells it.

Reading is polling, page by page after a numeric cursor: streams end every minute and lose what lands in between.
Horizon is being retired in favour of RPC servers, so nothing outside this package knows it: the seam is `LedgerSource`.
"""

from collections.abc import Sequence
from contextlib import suppress

import httpx

from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable
from billpay.ledger.base import (
    AppliedTransaction,
    CreditPage,
    LedgerAccount,
    LedgerTip,
)
from billpay.ledger.horizon_credits import read_page
from billpay.ledger.horizon_http import TOO_LARGE, HorizonHttp, Reply
from billpay.ledger.horizon_records import OurAsset, read_account, read_tip, read_transaction
from billpay.ledger.refund_verdicts import is_applied_without_effect, refusal

PAGE_LIMIT = 200
"""The most records Horizon gives on one page; asking for more is an error there."""


class Horizon:
    """A `LedgerSource` over HTTP. It never repeats a question by itself; whoever asks knows when to."""

    def __init__(
        self,
        *,
        base_url: str,
        asset_code: str,
        asset_issuer: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = HorizonHttp(base_url, transport=transport)
        self._asset = OurAsset(code=asset_code, issuer=asset_issuer)

    async def credits_after(self, wallet: str, cursor: str, limit: int) -> CreditPage:
        """Read the next page of the wallet's credits after an exclusive cursor.

        A page that is larger than we take is asked for in halves, so that no giant among the records stops the rest.

        Raises:
            Unavailable: the server gave no usable page.
            Misconfigured: it refused the question.
        """
        limit = min(limit, PAGE_LIMIT)
        while True:
            try:
                reply = await self._payments(wallet, cursor, limit)
            except Unavailable as failure:
                if failure.evidence.code != TOO_LARGE or limit == 1:
                    raise
                limit //= 2
                continue
            if reply is None:
                # A wallet that nothing has ever happened to is unknown, which is not an error.
                return CreditPage(credits=(), cursor=cursor, is_full=False)
            return read_page(
                reply.document, wallet=wallet, asset=self._asset, cursor=cursor, limit=limit
            )

    async def tip(self) -> LedgerTip:
        """Answer how far this server has read.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: there is no Horizon at its address.
        """
        reply = await self._http.get("")
        if reply is None:
            raise Misconfigured("HORIZON_URL leads to no Horizon: its root document is missing")
        return read_tip(reply.document)

    async def account(self, address: str) -> LedgerAccount | None:
        """Look an account up; None where it does not exist.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        reply = await self._http.get(f"accounts/{address}")
        if reply is None:
            return None
        return read_account(reply.document, self._asset, reply.latest_ledger)

    async def transaction(self, transaction_hash: str) -> AppliedTransaction | None:
        """Look a transaction up; None means this server does not know it, which proves nothing by itself.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        reply = await self._http.get(f"transactions/{transaction_hash}")
        return None if reply is None else _about(transaction_hash, reply)

    async def submit(self, envelope_xdr: str, transaction_hash: str) -> AppliedTransaction:
        """Hand a signed envelope in and wait for the ledger. The same envelope may be submitted again.

        Raises:
            Ambiguous: it may still be applied; look its hash up.
            Unavailable: refused for a reason that may pass, or not sent at all.
            Misconfigured: refused for our signature, network or balance.
        """
        reply = await self._http.submit(envelope_xdr)
        if reply.is_refusal:
            return await self._refused(reply, transaction_hash)
        try:
            return _about(transaction_hash, reply)
        except Unavailable as odd:
            raise Ambiguous(f"submitted, but {odd.detail}") from odd

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()

    async def _payments(self, wallet: str, cursor: str, limit: int) -> Reply | None:
        query = {"join": "transactions", "order": "asc", "limit": str(limit), "cursor": cursor}
        return await self._http.get(f"accounts/{wallet}/payments", query)

    async def _refused(self, reply: Reply, transaction_hash: str) -> AppliedTransaction:
        """Answer what a refused submission is: in a ledger without effect, or nowhere.

        Horizon uses the same words for both, so only the ledger tells: what failed in it is found by its hash.
        """
        codes = _codes(reply)
        if is_applied_without_effect(codes):
            with suppress(Failure):
                applied = await self.transaction(transaction_hash)
                if applied is not None:
                    return applied
        raise refusal(codes)(
            f"the network refused the transaction: {', '.join(codes) or 'it does not say why'}",
            evidence=Evidence(provider="Horizon", code=" ".join(codes) or None, http_status=400),
        )


def _about(transaction_hash: str, reply: Reply) -> AppliedTransaction:
    """Read a transaction, and believe it only if it is the one that was meant.

    Raises:
        Unavailable: it is another one, or none.
    """
    applied = read_transaction(reply.document)
    if applied.transaction_hash != transaction_hash:
        raise Unavailable("Horizon answered with another transaction than the one meant")
    return applied


def _codes(reply: Reply) -> Sequence[str]:
    """List the codes in Horizon's words: the transaction's, the wrapped one's, then the operations'."""
    extras = reply.document.get("extras")
    codes = extras.get("result_codes") if isinstance(extras, dict) else None
    if not isinstance(codes, dict):
        return ()
    operations = codes.get("operations")
    listed = [codes.get("transaction"), codes.get("inner_transaction")]
    listed += operations if isinstance(operations, list) else []
    return tuple(code for code in listed if isinstance(code, str))
