"""The journal as it is opened and read; it is written by triggers (migration 0007), in the commit of what it tells."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.journal import AccountBalance, Opening
from billpay.domain.money import Stroops
from billpay.store.database import Database
from billpay.store.journal_tables import JournalOpeningRow, JournalPostingRow
from billpay.store.reading import numeric, stroops


class JournalStore:
    """Where all money is, and whose."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def opening(self) -> Opening | None:
        """Answer what the wallet held when the journal was opened; None before that."""
        async with self._database.transaction() as session:
            row = await session.get(JournalOpeningRow, 1)
            return _opening(row) if row else None

    async def open(self, wallet: str, *, ledger: int, holding: Stroops) -> Opening:
        """Take what the wallet holds as of a ledger as the journal's beginning; what lies up to there is inside it.

        Safe to repeat: the first opening stays. Whoever posts meanwhile is waited for, and waits.

        Raises:
            Unavailable: somebody has been posting for too long.
        """
        async with self._database.transaction() as session:
            await session.execute(
                select(func.open_journal(wallet, ledger, numeric(holding), self._database.clock()))
            )
            return _opening(await session.get_one(JournalOpeningRow, 1))

    async def balances(self) -> Sequence[AccountBalance]:
        """Answer what the postings of every account add up to."""
        async with self._database.transaction() as session:
            return await balances_in(session)


async def balances_in(session: AsyncSession) -> Sequence[AccountBalance]:
    """Answer what the postings of every account add up to, as this transaction sees them."""
    names = col(JournalPostingRow.currency), col(JournalPostingRow.account)
    total = func.sum(col(JournalPostingRow.amount))
    wanted = select(*names, total).group_by(*names).order_by(*names)
    return [
        AccountBalance(account=account, currency=currency, balance=int(balance))
        for currency, account, balance in (await session.execute(wanted)).all()
    ]


def _opening(row: JournalOpeningRow) -> Opening:
    return Opening(
        wallet=row.wallet,
        ledger=row.ledger,
        holding=stroops(row.holding),
        opened_at=row.opened_at,
    )
