"""Step: the compensation."""

from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.ids import refund_id
from billpay.domain.refunds import RefundAnswer
from billpay.domain.steps import RefundStep, RetryRefund
from billpay.ledger.treasury import Treasury
from billpay.store import Store


@dataclass(frozen=True)
class RefundActivities:
    """Sending cNGN back to whoever paid."""

    store: Store
    treasury: Treasury

    @activity.defn(name=names.REFUND_PAYMENT)
    async def refund_payment(self, step: RefundStep) -> RefundAnswer:
        """Answer that the ledger has applied the refund, or why it is held.

        Safe to repeat: the signed envelope is stored before it is submitted, and its hash is looked up before
        anything is signed again.

        Raises:
            Unavailable: the ledger, or another refund's turn, has to be waited for.
            Ambiguous: submitted, and not yet seen in a ledger; the repetition looks it up.
            Misconfigured: our key or balance; repeated until an operator has mended it.
        """
        with failures_cross(moves_money=True):
            deposit = await self.store.deposits.get(step.operation_id)
            refund = await self.store.refunds.open(
                operation_id=step.operation_id,
                purpose=step.purpose,
                amount=deposit.credit.amount if step.amount is None else step.amount,
                reason=step.reason,
            )
            return await self.treasury.pay(refund)

    @activity.defn(name=names.RETRY_REFUND)
    async def retry_refund(self, request: RetryRefund) -> None:
        """Let a held refund go again.

        Safe to repeat: an open refund stays open.
        """
        with failures_cross():
            await self.store.refunds.reopen(
                refund_id(request.operation_id, request.purpose),
                actor=request.actor,
                reason=request.reason,
            )
