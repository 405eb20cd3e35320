"""Step: look after refunds that wait on the ledger."""

from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.ledger.claimables import Claimables


@dataclass(frozen=True)
class ClaimableActivities:
    """Following what was set aside for payers."""

    claimables: Claimables

    @activity.defn(name=names.CHECK_CLAIMABLES)
    async def check_claimables(self) -> int:
        """Look every open balance up; answers how many were found to be claimed or taken back.

        Safe to repeat: it only asks, and writes down what it finds once.

        Raises:
            Unavailable: the ledger or our records gave no answer; the policy repeats it.
            Misconfigured: the server reads another network.
        """
        with failures_cross():
            return await self.claimables.check()
