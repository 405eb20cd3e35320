"""Taking in the treasury's credits: page by page, each with the cursor in one commit, none twice and none lost."""

import logging
from dataclasses import replace
from datetime import timedelta

from billpay.ledger.base import CreditPage, LedgerSource, LedgerTip
from billpay.ledger.positions import check_history, position_of, require_network
from billpay.store import Store

CLOCK_MARGIN = timedelta(minutes=10)
"""A ledger's close time may differ from our clock by about a minute; this is far more than that."""

QUIET_PAGES_BEFORE_CHECK = 30
"""While nothing comes in, the server is checked this seldom: an empty page skips nothing."""

SETTLED_LEDGERS = 17_280
"""About a day of ledgers. No server that answers lags this far behind, so what is older has been read."""

log = logging.getLogger(__name__)


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
    ) -> None:
        self._source = source
        self._store = store
        self._wallet = wallet
        self._network_passphrase = network_passphrase
        self._batch_size = batch_size
        self._quiet_pages = 0

    async def check(self) -> None:
        """Make sure that this is our network and that its server still has what we have not read.

        Raises:
            Misconfigured: another network, or a history that begins after our cursor: deposits would be missed.
            Unavailable: the server gave no answer, or lags behind our cursor.
        """
        cursor = await self._store.deposits.cursor(self._wallet)
        tip = await require_network(self._source, self._network_passphrase)
        if cursor is not None:
            check_history(tip, cursor)

    async def read_page(self) -> bool:
        """Record the next page and move the cursor behind it; True where more is waiting right behind.

        Safe to repeat: a credit is recorded once, whoever reads it how often (I1, I11).

        Raises:
            Misconfigured, Unavailable: as `check`; nothing of the page was recorded.
        """
        cursor = await self._store.deposits.cursor(self._wallet) or await self._first_cursor()
        page = await self._source.credits_after(self._wallet, cursor, self._batch_size)
        if self._is_check_due(page, cursor):
            page = _settled(page, await self._make_sure_of_history(cursor))
        await self._store.deposits.record_page(self._wallet, await self._since_installation(page))
        for record in page.unreadable:
            log.error("operation %s cannot be read: %s", record.operation_id, record.reason)
        return page.is_full

    def _is_check_due(self, page: CreditPage, cursor: str) -> bool:
        """Whether the server must be checked before the page is believed.

        A page that moves the cursor always is: what the server had deleted would be skipped with it.
        """
        self._quiet_pages += 1
        if page.cursor == cursor and self._quiet_pages < QUIET_PAGES_BEFORE_CHECK:
            return False
        self._quiet_pages = 0
        return True

    async def _make_sure_of_history(self, cursor: str) -> LedgerTip:
        """Prove that nothing behind the cursor was deleted. Asked after the page: histories only ever get shorter."""
        tip = await require_network(self._source, self._network_passphrase)
        check_history(tip, cursor)
        return tip

    async def _first_cursor(self) -> str:
        """Begin where the server's history begins, never at "now": an order may already have been paid."""
        tip = await require_network(self._source, self._network_passphrase)
        return position_of(tip.oldest_ledger)

    async def _since_installation(self, page: CreditPage) -> CreditPage:
        """Leave out what arrived before this database existed: no order of ours can have asked for it."""
        if not page.credits:
            return page
        begin = await self._store.deposits.installed_at() - CLOCK_MARGIN
        return replace(page, credits=[c for c in page.credits if c.closed_at >= begin])


def _settled(page: CreditPage, tip: LedgerTip) -> CreditPage:
    """Let the cursor follow a wallet's quiet time, or the server's history would outgrow it and look like a gap."""
    if page.is_full:
        return page
    settled = int(position_of(max(tip.ledger - SETTLED_LEDGERS, 0)))
    return replace(page, cursor=str(max(int(page.cursor), settled)))
