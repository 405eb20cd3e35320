from datetime import timedelta
from functools import partial

import pytest
from temporalio.client import ScheduleOverlapPolicy, WorkflowFailureError

from activities import names
from billpay.domain.ids import watcher_task_queue
from billpay.domain.ledger_audits import (
    PAGES_AT_ONCE,
    REREADINGS,
    RUN_LASTS,
    LedgerAuditReport,
)
from billpay.failures import Unavailable
from starter.schedules import AUDIT_EVERY, audit_schedule
from workflows.audit_ledger import AuditLedgerWorkflow
from workflows.policies import AUDIT_LEDGER

REPORT = LedgerAuditReport(pages=4, credits=12, missed=1)
AWAY = Unavailable("the database gave no answer")


@pytest.fixture
def on_queue(recurring):
    """The workflow, with answers for its one step."""
    return partial(recurring, AuditLedgerWorkflow, names.AUDIT_LEDGER)


async def test_one_run_reads_again_once_and_tells_what_it_came_to(on_queue):
    async with on_queue(REPORT) as (handle, runs):
        assert await handle.result() == REPORT
        assert runs == [1]


async def test_a_database_that_is_away_for_a_moment_costs_no_run(on_queue):
    async with on_queue(AWAY, REPORT) as (handle, runs):
        assert await handle.result() == REPORT
        assert runs == [1, 2]


async def test_a_database_that_stays_away_ends_the_run_and_leaves_it_to_the_schedule(on_queue):
    """A run that never ended would let the schedule skip every other one."""
    async with on_queue(AWAY) as (handle, runs):
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        assert len(runs) == AUDIT_LEDGER["retry_policy"].maximum_attempts


def test_it_runs_every_few_minutes_on_the_watchers_queue_one_at_a_time():
    """No crowd of payments may keep the nets from a slot."""
    schedule = audit_schedule(task_queue="bills")
    assert [interval.every for interval in schedule.spec.intervals] == [AUDIT_EVERY]
    assert schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert schedule.action.workflow == "AuditLedgerWorkflow"
    assert schedule.action.task_queue == watcher_task_queue("bills")


def test_its_policy_and_its_bounds_fit_together():
    """A run ends by itself before its policy ends it, and all of them leave a public server's limit alone."""
    assert AUDIT_LEDGER["start_to_close_timeout"] > RUN_LASTS + timedelta(minutes=1)
    runs_an_hour = timedelta(hours=1) / AUDIT_EVERY
    assert runs_an_hour * PAGES_AT_ONCE * len(REREADINGS) <= 3_600 / 2
