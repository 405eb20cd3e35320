"""Deposits and the cursor, in one commit; matching; the watcher's outbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.deposits import Credit, Deposit, Disposition, StrayReason
from billpay.domain.ids import transaction_id_from_memo
from billpay.domain.money import spoken_cngn
from billpay.domain.statuses import BillStatus, may_follow
from billpay.failures import Unavailable
from billpay.ledger.base import CreditPage
from billpay.store.database import Database
from billpay.store.reading import deposit, numeric
from billpay.store.status import change_status, lock_bill, tell
from billpay.store.tables import (
    CursorRow,
    DepositRow,
    InstallationRow,
    ParkedCreditRow,
)


@dataclass(frozen=True)
class ParkedCredit:
    """What may be a credit and could not be made a deposit, as it came, for a person to look after."""

    operation_id: str
    wallet: str
    body: str
    reason: str
    parked_at: datetime


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

        Safe to repeat, also by two at once: a credit is recorded once, and the cursor never moves back (I1, I11). A
        credit whose memo names an order that nobody has paid yet claims it, in the same commit. What cannot be read,
        or made a deposit of, is parked for a person instead of stopping everybody behind it (fault 67).
        """
        try:
            async with self._database.transaction() as session:
                new = [await self._record(session, wallet, credit) for credit in page.credits]
                await self._finish(session, wallet, page)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whichever credit it was, the others are recorded one by one
            return await self._record_one_by_one(wallet, page)
        return [deposit(row) for row in new if row is not None]

    async def parked(self) -> Sequence[ParkedCredit]:
        """List what may be credits and could not be made deposits, oldest first."""
        async with self._database.transaction() as session:
            wanted = select(ParkedCreditRow).order_by(
                col(ParkedCreditRow.parked_at), col(ParkedCreditRow.operation_id)
            )
            return [
                ParkedCredit(row.operation_id, row.wallet, row.body, row.reason, row.parked_at)
                for row in (await session.execute(wanted)).scalars()
            ]

    async def unstarted(self, limit: int = 500) -> Sequence[Deposit]:
        """List the deposits whose workflow was not started yet, oldest first."""
        async with self._database.transaction() as session:
            wanted = (
                select(DepositRow)
                .where(col(DepositRow.workflow_id).is_(None))
                .order_by(
                    col(DepositRow.recorded_at),
                    col(DepositRow.ledger),
                    col(DepositRow.operation_id),
                )
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

    async def _record_one_by_one(self, wallet: str, page: CreditPage) -> Sequence[Deposit]:
        """Record what can be recorded of a page and park the rest, in one commit with the cursor."""
        new: list[Deposit] = []
        async with self._database.transaction() as session:
            for credit in page.credits:
                try:
                    async with session.begin_nested():
                        row = await self._record(session, wallet, credit)
                except (OperationalError, InterfaceError):
                    raise
                except Exception as poison:  # noqa: BLE001  parked and told, whatever it is
                    reason = repr(getattr(poison, "orig", None) or poison)
                    await self._park(session, wallet, credit.operation_id, repr(credit), reason)
                else:
                    new += [deposit(row)] if row else []
            await self._finish(session, wallet, page)
        return new

    async def _finish(self, session: AsyncSession, wallet: str, page: CreditPage) -> None:
        """Park what was unreadable on a page, and move the cursor behind it."""
        for record in page.unreadable:
            await self._park(session, wallet, record.operation_id, record.body, record.reason)
        await _advance(session, wallet, int(page.cursor))

    async def _park(
        self, session: AsyncSession, wallet: str, operation_id: str, body: str, reason: str
    ) -> None:
        """Write out once what is no deposit and may be money, and tell it."""
        parked = await session.execute(
            insert(ParkedCreditRow)
            .values(
                operation_id=operation_id,
                wallet=wallet,
                body=body,
                reason=reason,
                parked_at=self._database.clock(),
            )
            .on_conflict_do_nothing(index_elements=["operation_id"])
            .returning(col(ParkedCreditRow.operation_id))
        )
        if parked.scalar_one_or_none() is not None:
            tell(
                session,
                self._database.clock,
                kind="credit_parked",
                detail=f"no deposit can be made of it: {reason[:_REASON_LIMIT]}",
                operation_id=operation_id,
            )

    async def _record(
        self, session: AsyncSession, wallet: str, credit: Credit
    ) -> DepositRow | None:
        """Insert a credit unless it is known, and let it claim its order."""
        values = credit.model_dump() | {
            "wallet": wallet,
            "amount": numeric(credit.amount),
            "disposition": Disposition.PENDING,
            "recorded_at": self._database.clock(),
        }
        inserted = await session.execute(
            insert(DepositRow)
            .values(**values)
            .on_conflict_do_nothing(index_elements=["operation_id"])
            .returning(col(DepositRow.operation_id))
        )
        if inserted.scalar_one_or_none() is None:
            return None
        row = await session.get_one(DepositRow, credit.operation_id)
        row.transaction_id, row.stray_reason = await self._match(session, credit)
        await session.flush()
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
        is_payable = may_follow(BillStatus(bill.status), BillStatus.CNGN_RECEIVED)
        if bill.claimed_by is not None or not is_payable:
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


_REASON_LIMIT = 500
"""Characters of a reason that the timeline repeats; the whole is parked beside it."""


async def _advance(session: AsyncSession, wallet: str, position: int) -> None:
    statement = insert(CursorRow).values(wallet=wallet, position=position)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["wallet"],
            set_={"position": func.greatest(col(CursorRow.position), statement.excluded.position)},
        )
    )
