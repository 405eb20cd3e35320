"""What recurs by itself: schedules on the Temporal server, set by every worker that starts."""

from dataclasses import dataclass
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

from billpay.domain.ids import (
    AUDIT_WORKFLOW_ID,
    CLAIMABLES_WORKFLOW_ID,
    FOLLOW_UP_WORKFLOW_ID,
    RECONCILE_WORKFLOW_ID,
    refund_task_queue,
    watcher_task_queue,
)
from workflows.audit_ledger import AuditLedgerWorkflow
from workflows.follow_up import FollowUpWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.track_claimables import TrackClaimablesWorkflow

FOLLOW_UP_EVERY = timedelta(minutes=5)
"""`billpay.domain.follow_ups.QUESTIONS_AT_ONCE` is reckoned with it."""

AUDIT_EVERY = timedelta(minutes=2)
"""`billpay.domain.ledger_audits.PAGES_AT_ONCE` is reckoned with it, and no alarm of silence comes later than this."""

CLAIMABLES_EVERY = timedelta(minutes=10)
"""Whoever claims is in no hurry to be noticed; a window lasts for days."""

_CATCH_UP = timedelta(minutes=1)
"""A run that was missed is not made up for: the next one finds the same to do."""


@dataclass(frozen=True)
class Recurring:
    """A schedule under its id."""

    schedule_id: str
    schedule: Schedule
    begins_at_once: bool = False
    """Whether it runs once as soon as it is new."""


def follow_up_schedule(*, task_queue: str) -> Schedule:
    """Describe the schedule of the questions about settled purchases."""
    action = ScheduleActionStartWorkflow(
        FollowUpWorkflow.run,
        id=FOLLOW_UP_WORKFLOW_ID,
        task_queue=task_queue,
        static_summary="asks again about settled purchases",
    )
    return _one_at_a_time(action, FOLLOW_UP_EVERY)


def audit_schedule(*, task_queue: str) -> Schedule:
    """Describe the schedule of the nets under the watcher, on the watcher's own queue."""
    action = ScheduleActionStartWorkflow(
        AuditLedgerWorkflow.run,
        id=AUDIT_WORKFLOW_ID,
        task_queue=watcher_task_queue(task_queue),
        static_summary="reads the ledger again, and listens for its silence",
    )
    return _one_at_a_time(action, AUDIT_EVERY)


def reconcile_schedule(*, task_queue: str, every: timedelta) -> Schedule:
    """Describe the schedule of the comparison of ledger, records and workflows."""
    action = ScheduleActionStartWorkflow(
        ReconcileWorkflow.run,
        id=RECONCILE_WORKFLOW_ID,
        task_queue=task_queue,
        static_summary="compares ledger, records and workflows",
    )
    return _one_at_a_time(action, every)


def claimables_schedule(*, task_queue: str) -> Schedule:
    """Describe the schedule of the look at refunds that wait on the ledger, where the wallet's key is."""
    action = ScheduleActionStartWorkflow(
        TrackClaimablesWorkflow.run,
        id=CLAIMABLES_WORKFLOW_ID,
        task_queue=refund_task_queue(task_queue),
        static_summary="looks after refunds that wait on the ledger",
    )
    return _one_at_a_time(action, CLAIMABLES_EVERY)


def _one_at_a_time(action: ScheduleActionStartWorkflow, every: timedelta) -> Schedule:
    return Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
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
