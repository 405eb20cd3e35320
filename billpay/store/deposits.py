"""Deposits and the cursor, in one commit; matching; the watcher's outbox."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billpay.domain.deposits import Credit, Deposit, Disposition, StrayReason
from billpay.domain.ids import transaction_id_from_memo
from billpay.domain.money import spoken_cngn
from billpay.domain.statuses import BillStatus
from billpay.ledger.base import CreditPage
from billpay.store.database import Database
from billpay.store.reading import deposit, numeric
from billpay.store.status import change_status, lock_bill, tell
from billpay.store.tables import (
    CursorRow,
    DepositRow,
    InstallationRow,
)


class DepositStore:
    """Everything that ever came in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def installed_at(self) -> datetime:
        """Answer when these records began."""
        async with self._database.transaction() as session:
            return (await session.get_one(InstallationRow, 1)).installed_at

    async def cursor(self, wallet: str) -> str | None:
        """Answer how far the wallet's history has been recorded; None before its first page."""
        async with self._database.transaction() as session:
            row = await session.get(CursorRow, wallet)
            return str(int(row.position)) if row else None

    async def record_page(self, wallet: str, page: CreditPage) -> Sequence[Deposit]:
        """Record a page's credits and move the cursor behind it, in one commit; answers what was new.

        Safe to repeat: a credit is recorded once, and the cursor never moves back (I1, I11). A credit whose memo names
        an order that nobody has paid yet claims it, in the same commit.
        """
        async with self._database.transaction() as session:
            new = [await self._record(session, wallet, credit) for credit in page.credits]
            await _advance(session, wallet, int(page.cursor))
            return [deposit(row) for row in new if row is not None]

    async def unstarted(self, limit: int = 500) -> Sequence[Deposit]:
        """List the deposits whose workflow was not started yet, oldest first."""
        async with self._database.transaction() as session:
            wanted = (
                select(DepositRow)
                .where(DepositRow.workflow_id.is_(None))  # type: ignore[union-attr]
                .order_by(DepositRow.recorded_at, DepositRow.operation_id)  # type: ignore[arg-type]
                .limit(limit)
            )
            return [deposit(row) for row in (await session.execute(wanted)).scalars()]

    async def mark_started(self, operation_id: str, workflow_id: str) -> None:
        """Note that a deposit's workflow exists."""
        async with self._database.transaction() as session:
            (await session.get_one(DepositRow, operation_id)).workflow_id = workflow_id

    async def get(self, operation_id: str) -> Deposit:
        """Read a deposit.

        Raises:
            LookupError: it was never recorded.
        """
        async with self._database.transaction() as session:
            row = await session.get(DepositRow, operation_id)
            if row is None:
                raise LookupError(f"there is no deposit {operation_id}")
            return deposit(row)

    async def _record(
        self, session: AsyncSession, wallet: str, credit: Credit
    ) -> DepositRow | None:
        """Insert a credit unless it is known, and let it claim its order."""
        values = credit.model_dump() | {
            "wallet": wallet,
            "amount": numeric(credit.amount),
            "disposition": Disposition.PENDING.value,
            "recorded_at": self._database.clock(),
        }
        inserted = await session.execute(
            insert(DepositRow)
            .values(**values)
            .on_conflict_do_nothing(index_elements=["operation_id"])
            .returning(DepositRow.operation_id)  # type: ignore[arg-type]
        )
        if inserted.scalar_one_or_none() is None:
            return None
        row = await session.get_one(DepositRow, credit.operation_id)
        row.transaction_id, row.stray_reason = await self._match(session, credit)
        return row

    async def _match(
        self, session: AsyncSession, credit: Credit
    ) -> tuple[UUID | None, StrayReason | None]:
        """Find the order a credit is for and claim it, or say why it is for none."""
        if credit.memo is None:
            return self._stray(session, credit, None, StrayReason.NO_MEMO)
        named = transaction_id_from_memo(credit.memo)
        if named is None:
            return self._stray(session, credit, None, StrayReason.UNKNOWN_MEMO)
        try:
            bill = await lock_bill(session, named)
        except LookupError:
            return self._stray(session, credit, None, StrayReason.UNKNOWN_MEMO)
        if bill.claimed_by is not None:
            return self._stray(session, credit, named, StrayReason.DUPLICATE)
        bill.claimed_by = credit.operation_id
        await change_status(
            session,
            self._database.clock,
            bill,
            BillStatus.CNGN_RECEIVED,
            detail=f"{spoken_cngn(credit.amount)} arrived in {credit.transaction_hash}",
        )
        return named, None

    def _stray(
        self,
        session: AsyncSession,
        credit: Credit,
        transaction_id: UUID | None,
        reason: StrayReason,
    ) -> tuple[UUID | None, StrayReason]:
        tell(
            session,
            self._database.clock,
            kind=f"stray_deposit_{reason}",
            detail=f"{spoken_cngn(credit.amount)} arrived in {credit.transaction_hash}",
            transaction_id=transaction_id,
            operation_id=credit.operation_id,
        )
        return transaction_id, reason


async def _advance(session: AsyncSession, wallet: str, position: int) -> None:
    statement = insert(CursorRow).values(wallet=wallet, position=position)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["wallet"],
            set_={"position": func.greatest(CursorRow.position, statement.excluded.position)},
        )
    )
