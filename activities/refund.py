"""Step: the compensation."""

from contextlib import suppress
from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.cases import CaseKind
from billpay.domain.ids import refund_id
from billpay.domain.refunds import RefundAnswer, RefundHeld
from billpay.domain.steps import RefundStep, RetryRefund
from billpay.failures import Ambiguous
from billpay.ledger.treasury import Treasury
from billpay.store import RefusedError, Store

REFUSED_AGAIN_SECONDS = 600.0
"""How often a refund is tried again that is on its way and that the records refuse: a person has its case."""


@dataclass(frozen=True)
class HeldRefundActivities:
    """What is decided about a refund where no key is at hand."""

    store: Store

    @activity.defn(name=names.RETRY_REFUND)
    async def retry_refund(self, request: RetryRefund) -> None:
        """Let a held refund go again.

        Safe to repeat: an open refund stays open, and one that could not be opened is simply tried again.
        """
        with failures_cross():
            if await self.store.refunds.find(request.operation_id, request.purpose) is None:
                return
            await self.store.refunds.reopen(
                refund_id(request.operation_id, request.purpose),
                actor=request.actor,
                reason=request.reason,
            )


@dataclass(frozen=True)
class RefundActivities(HeldRefundActivities):
    """Sending cNGN back to whoever paid."""

    treasury: Treasury

    @activity.defn(name=names.REFUND_PAYMENT)
    async def refund_payment(self, step: RefundStep) -> RefundAnswer:
        """Answer that the ledger has applied the refund, or why it is held.

        Safe to repeat: the signed envelope is stored before it is submitted, and its hash is looked up before
        anything is signed again.

        Raises:
            Unavailable: the ledger, or a free channel, has to be waited for.
            Ambiguous: submitted, and not yet seen in a ledger; the repetition looks it up. Or the records refuse what
                may be on its way: a case tells a person.
            Misconfigured: our key or balance; repeated until an operator has mended it.
        """
        with failures_cross(moves_money=True):
            try:
                return await self._refund(step)
            except RefusedError as refused:
                # Repeated, it would be refused for ever without anybody being told.
                return await self._park(step, str(refused))

    async def _refund(self, step: RefundStep) -> RefundAnswer:
        deposit = await self.store.deposits.get(step.operation_id)
        refund = await self.store.refunds.open(
            operation_id=step.operation_id,
            purpose=step.purpose,
            amount=deposit.credit.amount if step.amount is None else step.amount,
            reason=step.reason,
            hold=step.hold,
        )
        return await self.treasury.pay(refund)

    async def _park(self, step: RefundStep, reason: str) -> RefundHeld:
        """Have a person look at a refund that the records refuse; hold it where nothing of it is on its way."""
        refund = await self.store.refunds.find(step.operation_id, step.purpose)
        if refund is not None:
            with suppress(RefusedError):
                await self.store.refunds.hold(refund.refund_id, reason)
                return RefundHeld(reason=reason)
        await self.store.cases.open(
            CaseKind.HELD_REFUND, step.operation_id, reason, operation_id=step.operation_id
        )
        if refund is not None:
            raise Ambiguous(reason, retry_after_seconds=REFUSED_AGAIN_SECONDS)
        return RefundHeld(reason=reason)
