"""What recurs by itself: schedules on the Temporal server, set by every worker that starts."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from billpay.domain.ids import FOLLOW_UP_WORKFLOW_ID
from workflows.follow_up import FollowUpWorkflow

FOLLOW_UP_EVERY = timedelta(minutes=5)
"""`billpay.domain.follow_ups.QUESTIONS_AT_ONCE` is reckoned with it."""

_CATCH_UP = timedelta(minutes=1)
"""A run that was missed is not made up for: the next one finds the same questions due."""


def follow_up_schedule(*, task_queue: str) -> Schedule:
    """Describe the schedule of the questions about settled purchases: one run at a time."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            FollowUpWorkflow.run,
            id=FOLLOW_UP_WORKFLOW_ID,
            task_queue=task_queue,
            static_summary="asks again about settled purchases",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=FOLLOW_UP_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )


async def keep_schedule(
    client: Client, schedule_id: str, schedule: Schedule, *, begins_at_once: bool = False
) -> None:
    """Make sure that there is this schedule under this id; one that an operator has paused stays paused.

    Safe to repeat, also by two workers at once: the later one's words stand.
    """

    async def renewed(found: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state = found.description.schedule.state
        return ScheduleUpdate(schedule=schedule)

    try:
        await client.create_schedule(schedule_id, schedule, trigger_immediately=begins_at_once)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(renewed)
