"""The schedule by which refunds that wait on the ledger are looked after: set by every worker that refunds."""

from datetime import timedelta

from temporalio.client import (
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from billpay.domain.ids import CLAIMABLES_WORKFLOW_ID, refund_task_queue
from workflows.track_claimables import TrackClaimablesWorkflow

CHECK_EVERY = timedelta(minutes=10)
"""Whoever claims is in no hurry to be noticed; a window lasts for days."""

_CATCH_UP = timedelta(minutes=1)
"""A run that was missed is not made up for: the next one finds the same balances open."""


def claimables_schedule(*, task_queue: str) -> Schedule:
    """Describe the schedule: one run at a time, where the wallet's key is."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            TrackClaimablesWorkflow.run,
            id=CLAIMABLES_WORKFLOW_ID,
            task_queue=refund_task_queue(task_queue),
            static_summary="looks after refunds that wait on the ledger",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=CHECK_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )
