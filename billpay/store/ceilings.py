"""What goes back without a person's word: a bug that opens refunds must not empty the treasury."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.clock import Clock
from billpay.domain.money import Stroops, spoken_cngn
from billpay.domain.refunds import RefundCeilings
from billpay.store.reading import stroops
from billpay.store.tables import RefundEnvelopeRow, RefundRow

HOUR = timedelta(hours=1)
_LOCK = 7_266_756_459_417_424
"""The advisory lock under which refunds are counted together; any number that nothing else uses."""


async def above_ceiling(
    session: AsyncSession, clock: Clock, row: RefundRow, ceilings: RefundCeilings
) -> str | None:
    """Say which ceiling a refund is above; None where it may go by itself.

    Asked in the commit that stores its first envelope, one such commit at a time: two workers never pass together.
    """
    if row.approved_at is not None or await _was_signed(session, row):
        return None
    amount = stroops(row.amount)
    if amount > ceilings.each:
        return (
            f"{spoken_cngn(amount)} are more than {spoken_cngn(ceilings.each)}, the ceiling for one refund "
            "(BILL_PROCESSOR_REFUND_CEILING): a person must let it go"
        )
    await session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    gone = await _gone_within(session, clock)
    if gone + amount > ceilings.hourly:
        return (
            f"{spoken_cngn(gone)} went back within the hour; with {spoken_cngn(amount)} more it would be above "
            f"{spoken_cngn(ceilings.hourly)}, the ceiling for an hour (BILL_PROCESSOR_REFUND_HOURLY_CEILING): "
            "a person must let it go"
        )
    return None


async def _was_signed(session: AsyncSession, row: RefundRow) -> bool:
    signed = select(col(RefundEnvelopeRow.transaction_hash)).where(
        col(RefundEnvelopeRow.refund_id) == row.refund_id
    )
    return (await session.execute(signed.limit(1))).first() is not None


async def _gone_within(session: AsyncSession, clock: Clock) -> Stroops:
    """Add up what was signed for within the hour without a person's word, whatever became of it."""
    signed = select(col(RefundEnvelopeRow.refund_id)).where(
        col(RefundEnvelopeRow.signed_at) > clock() - HOUR
    )
    total = (
        select(func.coalesce(func.sum(col(RefundRow.amount)), 0))
        .where(col(RefundRow.refund_id).in_(signed))
        .where(col(RefundRow.approved_at).is_(None))
    )
    return stroops((await session.execute(total)).scalar_one())
