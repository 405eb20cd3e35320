"""Step: ask again about purchases that are settled."""

from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.follow_ups import FollowUpReport
from billpay.following_up import FollowUps


@dataclass(frozen=True)
class FollowUpActivities:
    """Asking whether a provider still says what it said."""

    follow_ups: FollowUps

    @activity.defn(name=names.FOLLOW_UP)
    async def follow_up(self) -> FollowUpReport:
        """Ask each provider a bounded number of questions that are due; what contradicts a record becomes a case.

        Safe to repeat: it only asks, and each question is planned anew when it was asked.

        Raises:
            Unavailable: our records gave no answer; the policy repeats it.
        """
        with failures_cross():
            return await self.follow_ups.ask_due(is_stopping=activity.is_worker_shutdown)
