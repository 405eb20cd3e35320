"""The one way a payment's status changes: under its row lock, legally, mirrored and told in the same commit."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.clock import Clock
from billpay.domain.statuses import BillStatus, may_follow
from billpay.store.database import RefusedError
from billpay.store.tables import BillPaymentRow, EventRow, TransactionRow

SERVICE = "service"
"""The actor of everything that no person has done."""


class IllegalTransitionError(RefusedError):
    """The table of transitions does not lead from here to there."""

    def __init__(self, transaction_id: UUID, current: BillStatus, following: BillStatus) -> None:
        super().__init__(f"{transaction_id} is {current} and cannot become {following}")


async def lock_bill(session: AsyncSession, transaction_id: UUID) -> BillPaymentRow:
    """Read an order's bill for the rest of this transaction; everyone else waits.

    Everything that decides about an order's money takes this lock before any other.

    Raises:
        LookupError: there is no such order.
    """
    wanted = (
        select(BillPaymentRow)
        .where(col(BillPaymentRow.transaction_id) == transaction_id)
        .with_for_update()
    )
    bill = (await session.execute(wanted)).scalar_one_or_none()
    if bill is None:
        raise LookupError(f"there is no order {transaction_id}")
    return bill


async def change_status(
    session: AsyncSession,
    clock: Clock,
    bill: BillPaymentRow,
    to: BillStatus,
    *,
    detail: str,
    actor: str = SERVICE,
) -> None:
    """Move a locked bill to another status; staying where it is changes and tells nothing.

    Raises:
        IllegalTransitionError: `to` may not follow the present status.
    """
    current = BillStatus(bill.status)
    if current == to:
        return
    if not may_follow(current, to):
        raise IllegalTransitionError(bill.transaction_id, current, to)
    now = clock()
    bill.status, bill.updated_at = to, now
    transaction = await session.get_one(TransactionRow, bill.transaction_id)
    transaction.status, transaction.updated_at = to, now
    session.add(
        EventRow(
            at=now,
            kind="status",
            transaction_id=bill.transaction_id,
            operation_id=bill.claimed_by,
            status_from=current,
            status_to=to,
            detail=detail,
            actor=actor,
        )
    )


def tell(
    session: AsyncSession,
    clock: Clock,
    *,
    kind: str,
    detail: str,
    actor: str = SERVICE,
    transaction_id: UUID | None = None,
    operation_id: str | None = None,
) -> None:
    """Append to the timeline what happened without a change of status."""
    session.add(
        EventRow(
            at=clock(),
            kind=kind,
            transaction_id=transaction_id,
            operation_id=operation_id,
            detail=detail,
            actor=actor,
        )
    )
