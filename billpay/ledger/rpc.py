"""The Stellar network as an RPC server tells it: every movement of our asset as an event (CAP-67), named as at Horizon.

Where it differs from Horizon by nature:

    history        about a week, and who asks for more is refused; Horizon keeps months and skips without a word
    cursor         follows the ledgers looked through, also where nothing came; Horizon's stays with the last record
    debits         clawbacks and what was set aside in claimable balances as well; Horizon's pages leave those out.
                   What the wallet pays by a path is told as its trades, with whom it traded
    the wallet's   what it takes from a claimable balance or a market is no deposit at either, but neither tells it:
    own takings    only the balance equation sees it
    envelopes      asked for one by one, since an event names no multiplexed payer and not every memo; where one is in
                   a protocol newer than our XDR, the event decides as far as it goes (`rpc_credits`)
    fees           the minimum is not told; where nobody paid lately, the minimum is what it costs

A server tells of payments only if its core was told to. Where transactions are but no events of their fees, it was not,
and nothing it says of deposits is believed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from stellar_sdk import Asset

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
from billpay.ledger.horizon_records import OurAsset
from billpay.ledger.positions import check_history, ledger_of
from billpay.ledger.rpc_credits import may_be_credit, read_events
from billpay.ledger.rpc_entries import (
    account_keys,
    balance_key,
    read_account,
    read_claimable_balance,
)
from billpay.ledger.rpc_envelopes import Envelopes
from billpay.ledger.rpc_events import (
    Event,
    begin_after,
    fees_filter,
    is_empty,
    movements_filter,
    read_scan,
)
from billpay.ledger.rpc_http import INVALID_REQUEST, METHOD_NOT_FOUND, RpcHttp
from billpay.ledger.rpc_records import (
    read_fee_stats,
    read_first_busy_ledger,
    read_tip,
    read_transaction,
)
from billpay.ledger.submission import QueueAnswer, Submissions

PAGE_LIMIT = 200
"""The most events asked for at once; each may want its envelope."""

_NO_TRANSACTION = "0" * 64
"""A hash that nothing has. To be told so is to be told how far the server has read, by every version alike."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The events of whole operations, and where they end."""

    events: list[Event]
    cursor: str
    is_full: bool


class StellarRpc:
    """A `LedgerSource` over JSON-RPC. It never repeats a question by itself; whoever asks knows when to."""

    def __init__(
        self,
        *,
        base_url: str,
        asset_code: str,
        asset_issuer: str,
        network_passphrase: str,
        budget: RequestBudget | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = RpcHttp(base_url, gate=budget, transport=transport)
        self._asset = OurAsset(code=asset_code, issuer=asset_issuer)
        self._contract_id = Asset(asset_code, asset_issuer).contract_id(network_passphrase)
        self._native_contract_id = Asset.native().contract_id(network_passphrase)
        self._envelopes = Envelopes(self._http)
        self._submissions = Submissions(
            "Stellar RPC", self._hand_in, look_up=self.transaction, sleep=sleep
        )
        self._capabilities: Capabilities | None = None
        self._tells_payments = False

    async def credits_after(self, wallet: str, cursor: str, limit: int) -> CreditPage:
        """Read the next page of the wallet's credits after an exclusive cursor.

        A page ends where an operation does, and looks through ten thousand ledgers at the most: it may be empty and
        have more behind it. A cursor in a ledger that the server has not read yet means that nothing is new.

        Raises:
            Unavailable: the server gave no usable page.
            Misconfigured: its history begins later, it tells no payments, or it refused the question.
        """
        await self._make_sure_of_payments()
        try:
            found = await self._search(wallet, cursor, max(1, min(limit, PAGE_LIMIT)))
        except Misconfigured as refusal:
            if refusal.evidence.code != INVALID_REQUEST:
                raise
            return await self._beyond(cursor, refusal)
        wanted = {
            event.transaction_hash: ledger_of(str(event.position))
            for event in found.events
            if may_be_credit(event, wallet)
        }
        return read_events(
            found.events,
            wallet=wallet,
            asset=self._asset,
            looked_up=await self._envelopes.look_up(wanted),
            cursor=found.cursor,
            is_full=found.is_full,
        )

    async def tip(self) -> LedgerTip:
        """Answer how far this server has read.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: there is no Stellar RPC at its address.
        """
        network = await self._http.call("getNetwork")
        return read_tip(await self._get_transaction(_NO_TRANSACTION), network)

    async def account(self, address: str) -> LedgerAccount | None:
        """Look an account up; None where it does not exist.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        return read_account(await self._entries(*account_keys(address, self._asset)), address)

    async def transaction(self, transaction_hash: str) -> AppliedTransaction | None:
        """Look a transaction up; None means this server does not know it, which proves nothing by itself.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        return read_transaction(await self._get_transaction(transaction_hash), transaction_hash)

    async def capabilities(self) -> Capabilities:
        """Answer what this server can do; asked once and remembered. None of them waits for a ledger.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: there is no Stellar RPC at its address.
        """
        if self._capabilities is None:
            self._capabilities = Capabilities(
                fee_stats=await self._fee_stats() is not None,
                claimable_balances=True,
                asynchronous_submission=True,
            )
        return self._capabilities

    async def fee_stats(self) -> FeeStats | None:
        """Answer what inclusion costs now; None where the server cannot tell.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        document = await self._fee_stats()
        return None if document is None else read_fee_stats(document)

    async def claimable_balance(self, balance_id: str) -> ClaimableBalance | None:
        """Look a claimable balance up; None means that this server has none of that name now.

        Raises:
            Unavailable: the server gave no usable answer.
            Misconfigured: it refused the question.
        """
        return read_claimable_balance(await self._entries(balance_key(balance_id)), balance_id)

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

    async def _search(self, wallet: str, cursor: str, limit: int) -> _Found:
        """Find the next whole operations; one that fills a page by itself is read to its end."""
        asked = movements_filter(self._contract_id, wallet)
        begin, events = begin_after(cursor), list[Event]()
        while True:
            document, limit = await self._get_events(asked, begin, limit)
            scan = read_scan(document, contract_id=self._contract_id, after=int(cursor))
            events += scan.events
            if not scan.is_cut:
                # Servers behind one address differ in how far they have read: the cursor never goes back.
                reached = max(int(cursor), scan.reached)
                is_behind = ledger_of(str(reached)) < scan.latest_ledger
                is_full = is_behind and reached > int(cursor)
                return _Found(events=events, cursor=str(reached), is_full=is_full)
            whole = [event for event in events if event.position != scan.reached]
            if whole:
                return _Found(events=whole, cursor=str(whole[-1].position), is_full=True)
            begin = {"pagination": {"cursor": scan.cursor}}

    async def _get_events(
        self, asked: Mapping[str, Any], begin: Mapping[str, Any], limit: int
    ) -> tuple[Mapping[str, Any], int]:
        """Ask for events; an answer that is larger than we take is asked for in halves."""
        while True:
            pages = {**begin.get("pagination", {}), "limit": limit}
            try:
                call = {"filters": [asked], **begin, "pagination": pages}
                answer = await self._http.call("getEvents", call)
            except Unavailable as failure:
                if failure.evidence.code != TOO_LARGE or limit == 1:
                    raise
                limit //= 2
            else:
                return answer, limit

    async def _beyond(self, cursor: str, refusal: Misconfigured) -> CreditPage:
        """Answer a search that the server refused to begin: behind its last ledger there is nothing new.

        Raises:
            Misconfigured: its history begins after the cursor.
            Unavailable: it does so no more, since a ledger has closed meanwhile, or refused for another reason.
        """
        tip = await self.tip()
        if ledger_of(cursor) > tip.ledger:
            return CreditPage(credits=(), cursor=cursor, is_full=False)
        check_history(tip, cursor)
        raise Unavailable(refusal.detail, evidence=refusal.evidence)

    async def _make_sure_of_payments(self) -> None:
        """Make sure that payments are told as events: where there are transactions, there are events of their fees.

        Raises:
            Misconfigured: they are not.
        """
        stats = None if self._tells_payments else await self._fee_stats()
        first_ledger = None if stats is None else read_first_busy_ledger(stats)
        if first_ledger is None:
            return
        begin = {"startLedger": first_ledger}
        try:
            document, _ = await self._get_events(fees_filter(self._native_contract_id), begin, 1)
        except Misconfigured as refusal:
            if refusal.evidence.code == INVALID_REQUEST:
                # It keeps less than it counts; nothing is known of it yet.
                return
            raise
        if is_empty(document):
            raise Misconfigured(
                "this RPC server tells no payments as events: its core must run with EMIT_CLASSIC_EVENTS"
            )
        self._tells_payments = True

    async def _fee_stats(self) -> Mapping[str, Any] | None:
        try:
            return await self._http.call("getFeeStats")
        except Misconfigured as refusal:
            if refusal.evidence.code != METHOD_NOT_FOUND:
                raise
            return None

    async def _get_transaction(self, transaction_hash: str) -> Mapping[str, Any]:
        return await self._http.call("getTransaction", {"hash": transaction_hash}, is_urgent=True)

    async def _hand_in(self, envelope_xdr: str, _: str) -> QueueAnswer:
        said = await self._http.call(
            "sendTransaction", {"transaction": envelope_xdr}, moves_money=True
        )
        return QueueAnswer(
            transaction_hash=said.get("hash"),
            status=said.get("status"),
            result_xdr=said.get("errorResultXdr"),
        )

    async def _entries(self, *keys: str) -> Mapping[str, Any]:
        return await self._http.call("getLedgerEntries", {"keys": list(keys)})
