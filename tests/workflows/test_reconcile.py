from datetime import timedelta
from functools import partial

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import ScheduleOverlapPolicy, WorkflowFailureError

from activities import names
from billpay.domain.money import Stroops
from billpay.domain.reconciliation import ReconciliationSummary
from billpay.failures import Misconfigured, Unavailable
from starter.schedules import reconcile_schedule
from workflows.policies import RECONCILE
from workflows.reconcile import ReconcileWorkflow

SUMMARY = ReconciliationSummary(
    reconciliation_id=7, ledger=500, holding=Stroops(70), differences=1, in_motion=0
)
AWAY = Unavailable("the ledger gave no answer")


@pytest.fixture
def on_queue(recurring):
    """The workflow, with answers for its one step."""
    return partial(recurring, ReconcileWorkflow, names.RECONCILE)


async def test_one_run_compares_once_and_tells_what_it_came_to(on_queue):
    """A difference is a finding, not a failure: the run ends well and the case is what waits."""
    async with on_queue(SUMMARY) as (handle, runs):
        assert await handle.result() == SUMMARY
        assert runs == [1]
        shown = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        assert shown.current_details.split("\n\n") == SUMMARY.spoken.splitlines()


def test_what_a_run_came_to_is_said_in_words():
    assert SUMMARY.spoken.splitlines() == [
        "1 difference: look at `cases`, as of ledger 500",
        "the wallet holds 0.000007 cNGN",
    ]
    clean = SUMMARY.model_copy(update={"differences": 0, "in_motion": 2})
    assert clean.spoken.splitlines() == [
        "nothing differs, as of ledger 500",
        "the wallet holds 0.000007 cNGN",
        "on its way, and no difference: 2",
    ]


async def test_a_ledger_that_is_away_for_a_moment_costs_no_run(on_queue):
    async with on_queue(AWAY, SUMMARY) as (handle, runs):
        assert await handle.result() == SUMMARY
        assert runs == [1, 2]


async def test_what_stays_away_ends_the_run_and_leaves_it_to_the_schedule(on_queue):
    """A run that never ended would let the schedule skip every other one."""
    async with on_queue(AWAY) as (handle, runs):
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert len(runs) == RECONCILE["retry_policy"].maximum_attempts


async def test_another_wallet_is_not_compared_again(on_queue):
    async with on_queue(Misconfigured("another wallet")) as (handle, runs):
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert runs == [1]


def test_it_recurs_on_the_payments_queue_one_at_a_time():
    every = timedelta(minutes=10)
    schedule = reconcile_schedule(task_queue="bills", every=every)
    assert [interval.every for interval in schedule.spec.intervals] == [every]
    assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert schedule.action.workflow == "ReconcileWorkflow"
    assert schedule.action.task_queue == "bills"
