"""Delivered excludes refunded, and one purchase excludes another: what both sides ask under the bill's lock.

The schema's guards ask the same again; here it is asked first, so that the answer says why.
"""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.outcomes import NotSold
from billpay.domain.refunds import EnvelopeState, RefundPurpose, RefundStatus
from billpay.store.database import RefusedError
from billpay.store.tables import AttemptRow, BillPaymentRow, RefundEnvelopeRow, RefundRow

SALES = ("delivered", "token_awaited")
"""Kinds of outcome that say that money was spent at the provider."""

GIVEN_UP = NotSold(code="given up")
"""The outcome of an attempt that was settled by us or by a person, not by its provider."""

NEVER_SENT = NotSold(code="never sent")


async def whole_refund(session: AsyncSession, bill: BillPaymentRow) -> RefundRow | None:
    """Find the refund by which the deposit that pays an order goes back whole."""
    wanted = (
        select(RefundRow)
        .where(col(RefundRow.operation_id) == bill.claimed_by)
        .where(col(RefundRow.purpose) == RefundPurpose.WHOLE)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def possible_sale(session: AsyncSession, transaction_id: UUID) -> AttemptRow | None:
    """Find the attempt by which an order was bought, or may have been."""
    wanted = (
        select(AttemptRow)
        .where(col(AttemptRow.transaction_id) == transaction_id)
        .where(or_(col(AttemptRow.settled_at).is_(None), col(AttemptRow.outcome_kind).in_(SALES)))
        .order_by(col(AttemptRow.number).desc())
        .limit(1)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def contradicted_attempt(session: AsyncSession, transaction_id: UUID) -> AttemptRow | None:
    """Find an attempt settled as unsold of which its provider said afterwards that it was sold."""
    wanted = (
        select(AttemptRow)
        .where(col(AttemptRow.transaction_id) == transaction_id)
        .where(col(AttemptRow.contradicted_at).is_not(None))
        .limit(1)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def require_not_given_back(session: AsyncSession, bill: BillPaymentRow) -> None:
    """Make sure that the order's deposit has come and stays.

    Raises:
        RefusedError: nobody has paid, or the money goes back.
    """
    if bill.claimed_by is None:
        raise RefusedError(f"{bill.transaction_id} is not paid")
    if await whole_refund(session, bill) is not None:
        raise RefusedError(f"{bill.transaction_id} is given back")


async def require_not_sold(session: AsyncSession, transaction_id: UUID) -> None:
    """Make sure that nothing was bought for the order, and that nothing may still turn out to have been.

    Raises:
        RefusedError: an attempt is sold or unsettled.
    """
    attempt = await possible_sale(session, transaction_id)
    if attempt is not None:
        said = attempt.outcome_kind or "nothing yet"
        raise RefusedError(f"{transaction_id} may be sold: {attempt.request_id} says {said}")


async def is_submittable(session: AsyncSession, refund: RefundRow) -> bool:
    """Whether nothing of an open refund is on its way to the ledger."""
    alive = (
        select(col(RefundEnvelopeRow.transaction_hash))
        .where(col(RefundEnvelopeRow.refund_id) == refund.refund_id)
        .where(col(RefundEnvelopeRow.state).in_((EnvelopeState.IN_FLIGHT, EnvelopeState.APPLIED)))
    )
    is_alive = (await session.execute(alive)).first() is not None
    return refund.status == RefundStatus.OPEN and not is_alive
