"""A provider contradicts itself after money may have moved: told, kept, and stopped where it still can be."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.clock import Clock
from billpay.domain.outcomes import Outcome
from billpay.store.answers import Sale
from billpay.store.exclusions import SALES, is_submittable, whole_refund
from billpay.store.holding import hold_back
from billpay.store.status import tell
from billpay.store.tables import AttemptRow, BillPaymentRow, EventRow

LATE_TRUTH = "late_truth"
"""Kind of the event that is a case for a person."""


async def tell_late_truth(
    session: AsyncSession, clock: Clock, bill: BillPaymentRow, row: AttemptRow, said: Outcome
) -> None:
    """Tell a contradiction once; a refund of what was sold after all is held, unless it is on its way already."""
    detail = (
        f"{row.provider} now says {said.kind} about {row.request_id},"
        f" which it had answered with {row.outcome_kind}"
    )
    told = (
        select(col(EventRow.id))
        .where(col(EventRow.transaction_id) == row.transaction_id)
        .where(col(EventRow.kind) == LATE_TRUTH)
        .where(col(EventRow.detail) == detail)
    )
    if (await session.execute(told)).first() is None:
        tell(
            session,
            clock,
            kind=LATE_TRUTH,
            detail=detail,
            transaction_id=row.transaction_id,
            operation_id=bill.claimed_by,
        )
    if isinstance(said, Sale) and row.outcome_kind not in SALES and row.contradicted_at is None:
        row.contradicted_at = clock()
        refund = await whole_refund(session, bill)
        if refund is not None and await is_submittable(session, refund):
            await hold_back(session, clock, refund, bill, reason=detail)
