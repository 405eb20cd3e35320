"""Step: buy the bill."""

from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.buying import Buyer
from billpay.domain.outcomes import Outcome
from billpay.domain.steps import AbandonAttempt, PurchaseStep
from billpay.failures import Ambiguous
from billpay.store import RefusedError, Store


@dataclass(frozen=True)
class PayActivities:
    """Buying, and giving a provider up."""

    buyer: Buyer
    store: Store

    @activity.defn(name=names.PAY_BILL)
    async def pay_bill(self, step: PurchaseStep) -> Outcome:
        """Buy the attempt's product; the answer is stored, sealed, before it is told.

        Safe to repeat: every run after the first asks the provider before it buys, under one request id.

        Raises:
            Unavailable: nothing was sold; the policy repeats it.
            Ambiguous: it may have been sold; not repeated, only confirmed.
            Misconfigured: our key, float or catalogue was refused; nothing was sold.
        """
        with failures_cross(moves_money=True):
            return await self.buyer.pay(step, is_repetition=activity.info().attempt > 1)

    @activity.defn(name=names.ABANDON_ATTEMPT)
    async def abandon_attempt(self, request: AbandonAttempt) -> None:
        """Settle an attempt as unsold and give its provider up for this order.

        Safe to repeat: a settled attempt stays as it is.

        Raises:
            Ambiguous: by our records it may be sold; only asking may follow.
        """
        attempt = request.attempt
        with failures_cross():
            try:
                await self.store.attempts.settle_unsold(
                    attempt.transaction_id, attempt.number, request.detail, actor=request.actor
                )
            except RefusedError as refusal:
                raise Ambiguous(str(refusal)) from refusal
