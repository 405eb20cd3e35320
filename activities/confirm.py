"""Step: poll for confirmation. The polling is the activity's own retry, so the history does not grow."""

from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross, still_confirming
from billpay.buying import Buyer
from billpay.domain.outcomes import Outcome, Settled
from billpay.domain.steps import PurchaseStep


@dataclass(frozen=True)
class ConfirmActivities:
    """Asking what became of an attempt."""

    buyer: Buyer

    @activity.defn(name=names.CONFIRM_PAYMENT)
    async def confirm_payment(self, step: PurchaseStep) -> Outcome:
        """Answer once the provider is certain; until then fail benignly and be asked again by the policy.

        Safe to repeat: it never buys.
        """
        with failures_cross():
            outcome = await self.buyer.confirm(step)
            if not isinstance(outcome, Settled):
                raise still_confirming(outcome)
            return outcome

    @activity.defn(name=names.ASK_PROVIDER)
    async def ask_provider(self, step: PurchaseStep) -> Outcome:
        """Answer what the provider says right now, certain or not.

        Safe to repeat: it never buys.
        """
        with failures_cross():
            return await self.buyer.confirm(step)
