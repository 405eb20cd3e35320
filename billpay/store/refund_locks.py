"""What a refund is about, locked in one order: the bill of the order it pays, if any, the deposit, then the refund.

The account that the refund owns, if any, comes last (`billpay.store.channels`).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.clock import Clock
from billpay.domain.refunds import RefundPurpose
from billpay.domain.statuses import BillStatus
from billpay.store.exclusions import contradicted_attempt
from billpay.store.holding import hold_back
from billpay.store.status import SERVICE, change_status, tell
from billpay.store.tables import BillPaymentRow, DepositRow, RefundRow


@dataclass(frozen=True)
class Locked:
    """A deposit and, where it pays one, its order's bill: both locked."""

    deposit: DepositRow
    bill: BillPaymentRow | None

    @property
    def transaction_id(self) -> UUID | None:
        """The order that the deposit pays."""
        return self.bill.transaction_id if self.bill else None


async def lock(session: AsyncSession, operation_id: str) -> Locked:
    """Lock the bill that a deposit pays, then the deposit.

    Raises:
        LookupError: the deposit was never recorded.
    """
    pays = select(BillPaymentRow).where(col(BillPaymentRow.claimed_by) == operation_id)
    bill = (await session.execute(pays.with_for_update())).scalar_one_or_none()
    deposit = await session.get(DepositRow, operation_id, with_for_update=True)
    if deposit is None:
        raise LookupError(f"there is no deposit {operation_id}")
    return Locked(deposit, bill)


async def lock_refund(session: AsyncSession, refund_id: str) -> tuple[Locked, RefundRow]:
    """Lock what a refund is about, then the refund.

    Raises:
        LookupError: it was never opened.
    """
    wanted = select(col(RefundRow.operation_id)).where(col(RefundRow.refund_id) == refund_id)
    operation_id = (await session.execute(wanted)).scalar_one_or_none()
    if operation_id is None:
        raise LookupError(f"there is no refund {refund_id}")
    locked = await lock(session, operation_id)
    return locked, await session.get_one(RefundRow, refund_id, with_for_update=True)


async def move(
    session: AsyncSession,
    clock: Clock,
    locked: Locked,
    to: BillStatus,
    detail: str,
    *,
    actor: str = SERVICE,
) -> None:
    """Move the order that the deposit pays, if any, to another status."""
    if locked.bill is not None:
        await change_status(session, clock, locked.bill, to, detail=detail, actor=actor)


def tell_of(
    session: AsyncSession,
    clock: Clock,
    row: RefundRow,
    kind: str,
    detail: str,
    *,
    actor: str = SERVICE,
) -> None:
    """Append to the timeline of a refund's deposit and order."""
    tell(
        session,
        clock,
        kind=kind,
        detail=detail,
        actor=actor,
        transaction_id=row.transaction_id,
        operation_id=row.operation_id,
    )


async def hold_locked(
    session: AsyncSession, clock: Clock, locked: Locked, row: RefundRow, reason: str
) -> None:
    """Hold a locked refund with its deposit and order."""
    await hold_back(session, clock, row, locked.bill, reason=reason)


async def sold_after_all(session: AsyncSession, locked: Locked, row: RefundRow) -> str | None:
    """Say why a person must look at a refund of a whole order: its provider has contradicted itself."""
    if locked.bill is None or row.purpose != RefundPurpose.WHOLE:
        return None
    doubtful = await contradicted_attempt(session, locked.bill.transaction_id)
    if doubtful is None:
        return None
    return f"{doubtful.provider} says that {doubtful.request_id} was sold after all"
