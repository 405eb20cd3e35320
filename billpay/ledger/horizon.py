"""The Stellar network as a Horizon server tells it.

Reading is polling, page by page after a numeric cursor: streams end every minute and lose what lands in between.
Horizon is being retired in favour of RPC servers, so nothing outside this package knows it: the seam is `LedgerSource`.
"""

import asyncio
from collections.abc import Awaitable, Callable

import httpx

from billpay.exchange_failures import TOO_LARGE
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import (
    AppliedTransaction,
    Capabilities,
    ClaimableBalance,
    CreditPage,
    FeeStats,
    LedgerAccount,
    LedgerTip,
)
from billpay.ledger.budget import RequestBudget
from billpay.ledger.horizon_capabilities import CLAIMABLE_BALANCES, FEE_STATS, probe
from billpay.ledger.horizon_credits import read_page
from billpay.ledger.horizon_http import HorizonHttp, Reply
from billpay.ledger.horizon_records import (
    OurAsset,
    read_account,
    read_claimable_balance,
    read_fee_stats,
    read_meant_transaction,
    read_tip,
)
from billpay.ledger.horizon_submission import HorizonDoors
from billpay.ledger.submission import Submissions

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
        budget: RequestBudget | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = HorizonHttp(base_url, gate=budget, transport=transport)
        self._asset = OurAsset(code=asset_code, issuer=asset_issuer)
        self._submissions = Submissions(
            "Horizon", HorizonDoors(self._http).hand_in, look_up=self.transaction, sleep=sleep
        )
        self._capabilities: Capabilities | None = None
        self._names_its_ledger = True

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
        return read_tip((await self._root()).document)

    async def account(self, address: str) -> LedgerAccount | None:
        """Look an account up; None where it does not exist.

        Horizon names the ledger it answers as of; where it does not, it is asked first how far it has read, which it
        has read at least when it answers. That holds for one server: several behind one address differ.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        if self._names_its_ledger:
            reply = await self._account(address)
            if reply is None or reply.latest_ledger is not None:
                return self._read_account(reply, None)
        tip = await self.tip()
        reply = await self._account(address)
        self._names_its_ledger = reply is None or reply.latest_ledger is not None
        return self._read_account(reply, tip.ledger)

    async def transaction(self, transaction_hash: str) -> AppliedTransaction | None:
        """Look a transaction up; None means this server does not know it, which proves nothing by itself.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        reply = await self._http.get(f"transactions/{transaction_hash}", is_urgent=True)
        return None if reply is None else read_meant_transaction(reply.document, transaction_hash)

    async def capabilities(self) -> Capabilities:
        """Answer what this server can do; asked once and remembered.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: there is no Horizon at its address.
        """
        if self._capabilities is None:
            self._capabilities = await probe(self._http, (await self._root()).document)
        return self._capabilities

    async def fee_stats(self) -> FeeStats | None:
        """Answer what inclusion costs now; None where the server cannot tell.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        if not (await self.capabilities()).fee_stats:
            return None
        reply = await self._http.get(FEE_STATS)
        return None if reply is None else read_fee_stats(reply.document)

    async def claimable_balance(self, balance_id: str) -> ClaimableBalance | None:
        """Look a claimable balance up; None means that this server has none of that name now.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question, or knows no claimable balances: no absence is read from that.
        """
        if not (await self.capabilities()).claimable_balances:
            raise Misconfigured("this Horizon knows no claimable balances")
        reply = await self._http.get(f"{CLAIMABLE_BALANCES}/{balance_id}")
        return None if reply is None else read_claimable_balance(reply.document, balance_id)

    async def submit(self, envelope_xdr: str, transaction_hash: str) -> AppliedTransaction:
        """Hand a signed envelope in and wait for the ledger. The same envelope may be submitted again.

        Raises:
            Ambiguous: it may still be applied; look its hash up.
            Unavailable: refused for a reason that may pass, or not sent at all.
            Misconfigured: refused for our signature, network or balance.
        """
        return await self._submissions.submit(envelope_xdr, transaction_hash)

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()

    async def _root(self) -> Reply:
        reply = await self._http.get("")
        if reply is None:
            raise Misconfigured("HORIZON_URL leads to no Horizon: its root document is missing")
        return reply

    async def _account(self, address: str) -> Reply | None:
        return await self._http.get(f"accounts/{address}")

    def _read_account(self, reply: Reply | None, at_least: int | None) -> LedgerAccount | None:
        """Read an account as of the ledger it names, else of one that the server had read before."""
        if reply is None:
            return None
        as_of = at_least if reply.latest_ledger is None else reply.latest_ledger
        return read_account(reply.document, self._asset, as_of)

    async def _payments(self, wallet: str, cursor: str, limit: int) -> Reply | None:
        query = {"join": "transactions", "order": "asc", "limit": str(limit), "cursor": cursor}
        return await self._http.get(f"accounts/{wallet}/payments", query)
