"""Taking in the treasury's credits: page by page, each with the cursor in one commit, none twice and none lost."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billpay.clock import Clock, system_clock
from billpay.domain.cases import CaseKind
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import CreditPage, LedgerSource, LedgerTip
from billpay.ledger.positions import (
    check_history,
    check_network,
    ledger_of,
    position_of,
    require_network,
)
from billpay.store import Store

CLOCK_MARGIN = timedelta(minutes=10)
"""A ledger's close time may differ from our clock by about a minute; this is far more than that."""

QUIET_PAGES_BEFORE_CHECK = 30
"""While nothing comes in, the server is checked this seldom: an empty page skips nothing."""

SETTLED_LEDGERS = 17_280
"""About a day of ledgers. No server that answers lags this far behind, so what is older has been read, and a page that
leads further ahead of its server is none of this ledger."""

MARKED_EVERY = timedelta(minutes=1)
"""The server may be checked with every page; how far it has read is noted this often."""

LONGEST_WAIT_SECONDS = 3_600.0
"""A server that asks us to slow down is let alone as long as it asks for, but never longer than this."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class NamedSource:
    """A server of the ledger, by the name under which people and records know it."""

    name: str
    source: LedgerSource


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Ledgers that we have not read, or not whole, and that a server has forgotten."""

    first: int
    last: int

    def __str__(self) -> str:
        """Name both ends: whoever looks for a server that has them needs no more."""
        return f"ledgers {self.first} to {self.last}"


class Intake:
    """Reads the ledger after the stored cursor and records what it finds."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        store: Store,
        wallet: str,
        network_passphrase: str,
        batch_size: int,
        source_name: str = "horizon",
        second: NamedSource | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._source = source
        self._store = store
        self._wallet = wallet
        self._network_passphrase = network_passphrase
        self._batch_size = batch_size
        self._name = source_name
        self._second = second
        self._clock = clock
        self._quiet_pages = 0
        self._is_before_gap = False
        self._marked_at: datetime | None = None
        self._let_alone_until: datetime | None = None

    async def check(self) -> None:
        """Make sure that this is our network, and that somebody still has what we have not read.

        Raises:
            Misconfigured: another network, or a gap that no server of ours can fill: deposits would be missed, and a
                case is open that names it.
            Unavailable: a server gave no answer, or lags behind our cursor: it is waited for.
        """
        cursor = await self._store.deposits.cursor(self._wallet)
        tip = await self._tip()
        if cursor is None:
            return
        gap = gap_behind(tip, cursor)
        if gap is None:
            check_history(tip, cursor)
            await self._end_of_gap(cursor)
        else:
            await self._require_second(cursor, gap)
            self._is_before_gap = True

    async def read_page(self) -> bool:
        """Record the next page and move the cursor behind it; True where more is waiting right behind.

        Safe to repeat: a credit is recorded once, whoever reads it how often (I1, I11). A server that asks us to slow
        down is let alone as long as it asks for; until then there is nothing more to read.

        Raises:
            Misconfigured, Unavailable: as `check`; nothing of the page was recorded.
        """
        if self._let_alone_until is not None and self._clock() < self._let_alone_until:
            return False
        try:
            return await self._read_page()
        except Unavailable as busy:
            if busy.retry_after_seconds is None:
                raise
            wait = timedelta(seconds=min(busy.retry_after_seconds, LONGEST_WAIT_SECONDS))
            self._let_alone_until = self._clock() + wait
            log.warning("the ledger is not read for %s: %s", wait, busy.detail)
            return False

    async def _read_page(self) -> bool:
        cursor = await self._store.deposits.cursor(self._wallet) or await self._first_cursor()
        page = await self._page(cursor)
        await self._store.deposits.record_page(self._wallet, await self._since_installation(page))
        for record in page.unreadable:
            log.error("operation %s cannot be read: %s", record.operation_id, record.reason)
        return page.is_full

    async def _page(self, cursor: str) -> CreditPage:
        """Read the page that follows, from the server that has it; a server may refuse what it has forgotten."""
        if self._is_before_gap:
            gap = gap_behind(await self._tip(), cursor)
            if gap is not None:
                return await self._bridge(cursor, gap)
            self._is_before_gap = False
        page = await self._source.credits_after(self._wallet, cursor, self._batch_size)
        return await self._believed(page, cursor) if self._is_check_due(page, cursor) else page

    def _is_check_due(self, page: CreditPage, cursor: str) -> bool:
        """Whether the server must be checked before the page is believed.

        A page that moves the cursor always is: what the server had deleted would be skipped with it.
        """
        self._quiet_pages += 1
        if page.cursor == cursor and self._quiet_pages < QUIET_PAGES_BEFORE_CHECK:
            return False
        self._quiet_pages = 0
        return True

    async def _believed(self, page: CreditPage, cursor: str) -> CreditPage:
        """Prove that nothing behind the cursor was deleted, or read what was from the second server.

        Asked after the page: histories only ever get shorter. A page that moves the cursor proves itself that its
        machine has read far enough, whatever another one behind the same address answers; but not a day further.

        Raises:
            Misconfigured, Unavailable: as `check`, or the page leads to where no server can have been.
        """
        tip = await self._tip()
        gap = gap_behind(tip, cursor)
        if gap is not None:
            return await self._bridge(cursor, gap)
        if page.cursor == cursor:
            check_history(tip, cursor)
        elif ledger_of(page.cursor) > tip.ledger + SETTLED_LEDGERS:
            # The cursor would never come back, and everything up to there would be skipped.
            raise Unavailable(
                f"a page of {self._name} leads to ledger {ledger_of(page.cursor)}, but the server has read up to "
                f"ledger {tip.ledger} only"
            )
        return _settled(page, tip)

    async def _tip(self) -> LedgerTip:
        """Hear how far the server has read, and note it now and then."""
        tip = await require_network(self._source, self._network_passphrase)
        now = self._clock()
        if self._marked_at is None or now - self._marked_at >= MARKED_EVERY:
            await self._store.ledger_marks.keep(self._name, tip, self._wallet)
            self._marked_at = now
        return tip

    async def _bridge(self, cursor: str, gap: Gap) -> CreditPage:
        """Read a page of the gap from the second server; behind the gap the first one is read again."""
        second = await self._require_second(cursor, gap)
        page = await second.source.credits_after(self._wallet, cursor, self._batch_size)
        # Once more behind the page: it may have forgotten the gap just then.
        await self._require_second(cursor, gap)
        page = _within(page, gap)
        log.warning("%s has forgotten %s: they are read from %s", self._name, gap, second.name)
        if ledger_of(page.cursor) > gap.last:
            await self._end_of_gap(page.cursor)
        self._is_before_gap = True
        return page

    async def _require_second(self, cursor: str, gap: Gap) -> NamedSource:
        """Answer the second server, where it has the whole gap.

        Raises:
            Misconfigured: there is none, or it has forgotten the gap as well; a case names the gap.
            Unavailable: it gave no answer, or has not read as far as the gap's end.
        """
        if self._second is None:
            raise await self._lost(gap, f"{self._name} has forgotten {gap}")
        tip = await self._second.source.tip()
        check_network(tip, self._network_passphrase)
        if gap_behind(tip, cursor) is not None:
            raise await self._lost(
                gap, f"{self._name} and {self._second.name} have forgotten {gap}"
            )
        check_history(tip, position_of(gap.last))
        return self._second

    async def _lost(self, gap: Gap, what: str) -> Misconfigured:
        """Call a person to a gap that nobody fills, and answer why nothing is read meanwhile."""
        detail = f"{what}, which we have not read: deposits in them would be missed"
        await self._store.cases.open(CaseKind.LEDGER_GAP, self._wallet, detail)
        return Misconfigured(
            f"{detail}; the server's history begins with ledger {gap.last + 1}, ours ends in ledger {gap.first}"
        )

    async def _end_of_gap(self, cursor: str) -> None:
        resolution = f"nothing is missing any more: we read on from ledger {ledger_of(cursor)}"
        await self._store.cases.end(CaseKind.LEDGER_GAP, self._wallet, resolution)

    async def _first_cursor(self) -> str:
        """Begin where the server's history begins, never at "now": an order may already have been paid."""
        return position_of((await self._tip()).oldest_ledger)

    async def _since_installation(self, page: CreditPage) -> CreditPage:
        """Leave out what arrived before this database existed: no order of ours can have asked for it."""
        if not page.credits:
            return page
        begin = await self._store.deposits.installed_at() - CLOCK_MARGIN
        return replace(page, credits=[c for c in page.credits if c.closed_at >= begin])


def gap_behind(tip: LedgerTip, cursor: str) -> Gap | None:
    """Answer what a server at this tip has forgotten of what lies behind a cursor; None where it has all of it."""
    reached = ledger_of(cursor)
    if reached >= tip.oldest_ledger:
        return None
    return Gap(first=reached, last=tip.oldest_ledger - 1)


def place_of(operation_id: str) -> int:
    """Answer where in the ledger an operation lies, whichever of its credits is named."""
    return int(operation_id.partition("-")[0])


def _within(page: CreditPage, gap: Gap) -> CreditPage:
    """Keep what lies in the gap. A page that leads out of it, or has nothing behind it, ends at the gap's end."""
    end = int(position_of(gap.last + 1))
    if page.is_full and int(page.cursor) < end:
        return page
    return replace(
        page,
        credits=[c for c in page.credits if place_of(c.operation_id) < end],
        unreadable=[u for u in page.unreadable if place_of(u.operation_id) < end],
        debits=[d for d in page.debits if place_of(d.operation_id) < end],
        cursor=str(end),
        is_full=True,
    )


def _settled(page: CreditPage, tip: LedgerTip) -> CreditPage:
    """Let the cursor follow a wallet's quiet time, or the server's history would outgrow it and look like a gap."""
    if page.is_full:
        return page
    settled = int(position_of(max(tip.ledger - SETTLED_LEDGERS, 0)))
    return replace(page, cursor=str(max(int(page.cursor), settled)))
