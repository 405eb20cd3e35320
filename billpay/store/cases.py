"""Cases: opened in the commit of what they tell, listed with all else that waits, closed by a person.

Late truths are opened here; triggers of migration 0004 open the others, whoever lets money wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.clock import Clock
from billpay.domain.cases import CONTRADICTIONS, Case, CaseKind, loss_of
from billpay.domain.money import Kobo
from billpay.domain.orders import OrderRow
from billpay.domain.refunds import RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.store.case_tables import CaseRow
from billpay.store.database import Database, RefusedError
from billpay.store.orders import row_of
from billpay.store.standing import bill_amount_of, standing_of
from billpay.store.status import SERVICE, tell
from billpay.store.tables import BillPaymentRow, EventRow, RefundRow

CASE_CLOSED = "case_closed"
"""Kind of the event that tells who closed a case, and why."""


@dataclass(frozen=True)
class Review:
    """An order that waits for a decision."""

    order: OrderRow
    since: datetime
    why: str


class CaseStore:
    """Everything that waits for a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, *, with_closed: bool = False) -> Sequence[Case]:
        """List the open cases, or all that ever were, oldest first."""
        async with self._database.snapshot() as session:
            wanted = select(CaseRow).order_by(col(CaseRow.case_id))
            if not with_closed:
                wanted = wanted.where(col(CaseRow.closed_at).is_(None))
            rows = (await session.execute(wanted)).scalars().all()
            return [await _read(session, row) for row in rows]

    async def reviews(self) -> Sequence[Review]:
        """List the orders that wait for a decision, those that wait longest first."""
        async with self._database.snapshot() as session:
            last = (
                select(func.max(col(EventRow.id)))
                .where(col(EventRow.transaction_id) == col(BillPaymentRow.transaction_id))
                .where(col(EventRow.status_to) == BillStatus.NEEDS_REVIEW)
                .correlate(BillPaymentRow)
                .scalar_subquery()
            )
            wanted = (
                select(BillPaymentRow, EventRow)
                .join(EventRow, col(EventRow.id) == last)
                .where(col(BillPaymentRow.status) == BillStatus.NEEDS_REVIEW)
                .order_by(col(EventRow.id))
            )
            found = (await session.execute(wanted)).all()
            return [
                Review((await row_of(session, bill.transaction_id))[0], event.at, event.detail)
                for bill, event in found
            ]

    async def open(
        self,
        kind: CaseKind,
        subject: str,
        detail: str,
        *,
        transaction_id: UUID | None = None,
        operation_id: str | None = None,
    ) -> None:
        """Tell a person of something; of an order's in its timeline too. One case at a time for each subject.

        Safe to repeat.
        """
        clock = self._database.clock
        async with self._database.transaction() as session:
            is_news = await open_case(
                session,
                clock,
                kind,
                subject,
                detail,
                transaction_id=transaction_id,
                operation_id=operation_id,
            )
            if is_news and transaction_id is not None:
                tell(session, clock, kind=kind, detail=detail, transaction_id=transaction_id)

    async def end(self, kind: CaseKind, subject: str, resolution: str) -> None:
        """Close what has ended by itself. Safe to repeat: where no such case is open nothing happens."""
        async with self._database.transaction() as session:
            await end_case(session, self._database.clock, kind, subject, resolution)

    async def close(self, case_id: int, *, actor: str, reason: str) -> Case:
        """Close a case on a person's word, with their reason in its order's timeline (I16). Moves no money.

        Safe to repeat: one that is closed stays as it was closed first.

        Raises:
            LookupError: there is no such case.
            RefusedError: its refund is still held: the money would wait without anybody being told (I19).
        """
        async with self._database.transaction() as session:
            row = await session.get(CaseRow, case_id, with_for_update=True)
            if row is None:
                raise LookupError(f"there is no case {case_id}")
            if row.closed_at is None:
                await _require_ended(session, row)
                row.closed_at, row.closed_by = self._database.clock(), actor
                row.resolution = reason
                tell(
                    session,
                    self._database.clock,
                    kind=CASE_CLOSED,
                    detail=f"case {case_id} ({row.kind}): {reason}",
                    actor=actor,
                    transaction_id=row.transaction_id,
                    operation_id=row.operation_id,
                )
            return await _read(session, row)


async def open_attempt_case(
    session: AsyncSession,
    clock: Clock,
    bill: BillPaymentRow,
    request_id: str,
    *,
    kind: CaseKind,
    detail: str,
) -> None:
    """Open a case about what a provider said too late, once for each attempt and kind; `bill` is locked."""
    loss = loss_of(
        kind,
        await standing_of(session, bill, request_id),
        await bill_amount_of(session, bill),
    )
    opened = insert(CaseRow).values(
        kind=kind,
        subject=request_id,
        transaction_id=bill.transaction_id,
        operation_id=bill.claimed_by,
        loss_kobo=loss,
        detail=detail,
        opened_at=clock(),
    )
    await session.execute(opened.on_conflict_do_nothing())


async def open_case(
    session: AsyncSession,
    clock: Clock,
    kind: CaseKind,
    subject: str,
    detail: str,
    *,
    transaction_id: UUID | None = None,
    operation_id: str | None = None,
) -> bool:
    """Tell a person of something in the commit of what it tells, once for each subject; whether it is news."""
    opened = insert(CaseRow).values(
        kind=kind,
        subject=subject,
        transaction_id=transaction_id,
        operation_id=operation_id,
        loss_kobo=0,
        detail=detail,
        opened_at=clock(),
    )
    is_new = opened.on_conflict_do_nothing().returning(col(CaseRow.case_id))
    return (await session.execute(is_new)).scalar_one_or_none() is not None


async def end_case(
    session: AsyncSession, clock: Clock, kind: CaseKind, subject: str, resolution: str
) -> None:
    """Close what has ended by itself, in the commit of what ended it."""
    await session.execute(
        update(CaseRow)
        .where(col(CaseRow.kind) == kind, col(CaseRow.subject) == subject)
        .where(col(CaseRow.closed_at).is_(None))
        .values(closed_at=clock(), closed_by=SERVICE, resolution=resolution)
    )


async def _require_ended(session: AsyncSession, row: CaseRow) -> None:
    if row.kind != CaseKind.HELD_REFUND:
        return
    held = (
        select(col(RefundRow.refund_id))
        .where(col(RefundRow.operation_id) == row.subject)
        .where(col(RefundRow.status) == RefundStatus.HELD)
    )
    refund_id = (await session.execute(held)).scalar_one_or_none()
    if refund_id is not None:
        raise RefusedError(f"{refund_id} is still held: its case ends when it is let go")


async def _read(session: AsyncSession, row: CaseRow) -> Case:
    kind = CaseKind(row.kind)
    standing = None
    if kind in CONTRADICTIONS:
        about = select(BillPaymentRow).where(
            col(BillPaymentRow.transaction_id) == row.transaction_id
        )
        bill = (await session.execute(about)).scalar_one()
        standing = await standing_of(session, bill, row.subject)
    return Case(
        case_id=row.case_id,
        kind=kind,
        subject=row.subject,
        transaction_id=row.transaction_id,
        operation_id=row.operation_id,
        loss=Kobo(row.loss_kobo),
        detail=row.detail,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        resolution=row.resolution,
        standing=standing,
    )
