"""What recurs by itself, on a real Temporal server."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import ScheduleOverlapPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import names
from billpay.domain.follow_ups import FollowUpReport
from billpay.domain.ids import FOLLOW_UP_SCHEDULE_ID
from starter.schedules import FOLLOW_UP_EVERY, follow_up_schedule, keep_schedule
from workflows.follow_up import FollowUpWorkflow

QUEUE = "schedule-tests"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server():
    binary = Path(sys.executable).parent / "temporal"
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(binary) if binary.exists() else shutil.which("temporal"),
    )
    yield environment
    await environment.shutdown()


@pytest_asyncio.fixture
async def schedule(server):
    """The schedule as a starting worker sets it; gone after the test."""
    handle = server.client.get_schedule_handle(FOLLOW_UP_SCHEDULE_ID)
    await keep(server)
    yield handle
    await handle.delete()


async def keep(server, task_queue=QUEUE):
    wanted = follow_up_schedule(task_queue=task_queue)
    await keep_schedule(server.client, FOLLOW_UP_SCHEDULE_ID, wanted)


async def test_the_questions_are_asked_every_few_minutes_one_run_at_a_time(schedule):
    found = (await schedule.describe()).schedule
    assert [interval.every for interval in found.spec.intervals] == [FOLLOW_UP_EVERY]
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert found.action.workflow == "FollowUpWorkflow"


async def test_every_worker_that_starts_sets_it_anew(server, schedule):
    """A changed interval or queue must not need an operator."""
    await keep(server, "another queue")
    assert (await schedule.describe()).schedule.action.task_queue == "another queue"


@pytest.mark.parametrize("is_paused", [True, False])
async def test_one_that_an_operator_has_paused_stays_paused(server, schedule, is_paused):
    if is_paused:
        await schedule.pause(note="the provider asked us to")
    await keep(server)
    state = (await schedule.describe()).schedule.state
    assert state.paused == is_paused
    assert (state.note == "the provider asked us to") == is_paused


async def test_what_it_starts_is_done_by_the_worker(server, schedule):
    asked = []

    @activity.defn(name=names.FOLLOW_UP)
    async def follow_up() -> FollowUpReport:
        asked.append(activity.info().workflow_id)
        return FollowUpReport(answered=1)

    async with Worker(
        server.client, task_queue=QUEUE, workflows=[FollowUpWorkflow], activities=[follow_up]
    ):
        await schedule.trigger()
        async with asyncio.timeout(30):
            while not (actions := (await schedule.describe()).info.recent_actions):
                await asyncio.sleep(0.02)
        started = actions[0].action
        handle = server.client.get_workflow_handle(started.workflow_id)
        await handle.result()
    assert asked == [started.workflow_id]
