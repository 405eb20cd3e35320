"""Taking in the treasury's credits: page by page, each with the cursor in one commit, none twice and none lost."""

from dataclasses import replace
from datetime import timedelta

from billpay.ledger.base import CreditPage, LedgerSource
from billpay.ledger.horizon import require_history, require_network
from billpay.store import Store

CLOCK_MARGIN = timedelta(minutes=10)
"""A ledger's close time may differ from our clock by about a minute; this is far more than that."""


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

    async def check(self) -> None:
        """Make sure that this is our network and that its server still has what we have not read.

        Raises:
            Misconfigured: another network, or a history that begins after our cursor: deposits would be missed.
            Unavailable: the server gave no answer.
        """
        await require_network(self._source, self._network_passphrase)
        cursor = await self._store.deposits.cursor(self._wallet)
        if cursor is not None:
            await require_history(self._source, cursor)

    async def read_page(self) -> bool:
        """Record the next page and move the cursor behind it; True where more is waiting right behind.

        Safe to repeat: a credit is recorded once, whoever reads it how often (I1, I11).
        """
        cursor = await self._store.deposits.cursor(self._wallet) or await self._first_cursor()
        page = await self._source.credits_after(self._wallet, cursor, self._batch_size)
        await self._store.deposits.record_page(self._wallet, await self._since_installation(page))
        return page.is_full

    async def _first_cursor(self) -> str:
        """Begin where the server's history begins, never at "now": an order may already have been paid."""
        oldest = (await self._source.tip()).oldest_ledger
        return str(max(oldest - 1, 0) << 32)

    async def _since_installation(self, page: CreditPage) -> CreditPage:
        """Leave out what arrived before this database existed: no order of ours can have asked for it."""
        begin = await self._store.deposits.installed_at() - CLOCK_MARGIN
        return replace(page, credits=[c for c in page.credits if c.closed_at >= begin])
