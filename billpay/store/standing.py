"""Where the money of an order stands, as far as one of its attempts that was contradicted is concerned."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.cases import Standing
from billpay.domain.money import STROOPS_PER_KOBO, Kobo
from billpay.domain.orders import read_order
from billpay.domain.refunds import RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.failures import Invalid
from billpay.store.exclusions import SALES, is_submittable, whole_refund
from billpay.store.orders import row_of
from billpay.store.tables import AttemptRow, BillPaymentRow


async def standing_of(session: AsyncSession, bill: BillPaymentRow, request_id: str) -> Standing:
    """Say what became of the order of this attempt; a refund that can still be stopped counts as held."""
    refund = await whole_refund(session, bill)
    if refund is not None:
        is_here = refund.status == RefundStatus.HELD or await is_submittable(session, refund)
        return Standing.HELD_BACK if is_here else Standing.PAID_BACK
    if await _is_bought_again(session, bill, request_id):
        return Standing.BOUGHT_AGAIN
    is_delivered = bill.status == BillStatus.COMPLETED
    return Standing.COMPLETED if is_delivered else Standing.UNDECIDED


async def bill_amount_of(session: AsyncSession, bill: BillPaymentRow) -> Kobo:
    """Answer what the provider was paid for the order; what was due for it where the order cannot be read any more."""
    row, _ = await row_of(session, bill.transaction_id)
    try:
        return read_order(row).bill_amount
    except Invalid:
        return Kobo(row.due // STROOPS_PER_KOBO)


async def _is_bought_again(session: AsyncSession, bill: BillPaymentRow, request_id: str) -> bool:
    others = (
        select(col(AttemptRow.request_id))
        .where(col(AttemptRow.transaction_id) == bill.transaction_id)
        .where(col(AttemptRow.request_id) != request_id)
        .where(or_(col(AttemptRow.settled_at).is_(None), col(AttemptRow.outcome_kind).in_(SALES)))
        .limit(1)
    )
    return (await session.execute(others)).first() is not None
