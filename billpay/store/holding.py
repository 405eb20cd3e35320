"""A refund that is held: the refund, its deposit and its order wait for a person together."""

from sqlalchemy.ext.asyncio import AsyncSession

from billpay.clock import Clock
from billpay.domain.deposits import Disposition
from billpay.domain.refunds import RefundPurpose, RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.store.channel_owners import give_up
from billpay.store.status import change_status, tell
from billpay.store.tables import BillPaymentRow, DepositRow, RefundRow


async def hold_back(
    session: AsyncSession,
    clock: Clock,
    refund: RefundRow,
    bill: BillPaymentRow | None,
    *,
    reason: str,
) -> None:
    """Hold a refund that is not paid, and tell why; `bill` is the locked bill of the order it concerns, if any.

    Nothing of it is in flight: the account it may own is free again. What goes back whole takes deposit and order
    along; an excess leaves the delivered order alone.
    """
    if refund.status == RefundStatus.HELD and refund.held_reason == reason:
        return
    refund.status, refund.held_reason = RefundStatus.HELD, reason
    tell(
        session,
        clock,
        kind="refund_held",
        detail=reason,
        transaction_id=refund.transaction_id,
        operation_id=refund.operation_id,
    )
    await give_up(session, refund.refund_id)
    if refund.purpose == RefundPurpose.EXCESS:
        return
    (await session.get_one(DepositRow, refund.operation_id)).disposition = Disposition.HELD
    if bill is not None:
        await change_status(
            session, clock, bill, BillStatus.NEEDS_REVIEW, detail=f"refund held: {reason}"
        )
