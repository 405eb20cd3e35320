"""The schedule of the catalogue on a real Temporal server."""

import asyncio
import shutil
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import ScheduleOverlapPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import names
from billpay.domain.catalogue import PriceListsRead, ReadPriceLists
from billpay.domain.ids import REFRESH_SCHEDULE_ID, REFRESH_WORKFLOW_ID
from billpay.domain.routing import ProviderName
from billpay.failures import Unavailable
from starter.catalogue_schedule import refresh_now, refresh_schedule
from starter.schedules import keep_schedule
from workflows.refresh_catalogue import RefreshCatalogueWorkflow

QUEUE = "catalogue-tests"
HOUR = timedelta(hours=1)
SELLERS = (ProviderName.VTPASS, ProviderName.FLUTTERWAVE)


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
async def worker(server):
    """A worker whose every reading finds three changes; answers whom it was asked to read."""
    asked = []

    @activity.defn(name=names.READ_PRICE_LISTS)
    async def read_price_lists(request: ReadPriceLists) -> PriceListsRead:
        asked.append(request.provider)
        return PriceListsRead(
            provider=request.provider, lists=8, products=190, changes=3, failures=()
        )

    async with Worker(
        server.client,
        task_queue=QUEUE,
        workflows=[RefreshCatalogueWorkflow],
        activities=[read_price_lists],
    ):
        yield asked


@pytest_asyncio.fixture
async def schedule(server):
    """The schedule that is set in the test; gone after it."""
    handle = server.client.get_schedule_handle(REFRESH_SCHEDULE_ID)
    yield handle
    await handle.delete()


async def keep(server, every=HOUR, *, begins_at_once=False):
    wanted = refresh_schedule(SELLERS, task_queue=QUEUE, every=every)
    await keep_schedule(server.client, REFRESH_SCHEDULE_ID, wanted, begins_at_once=begins_at_once)


async def test_lists_are_read_at_every_interval_one_refresh_at_a_time(server, schedule):
    await keep(server)
    found = (await schedule.describe()).schedule
    assert [interval.every for interval in found.spec.intervals] == [HOUR]
    assert found.spec.jitter == HOUR / 10
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP


async def test_a_changed_interval_needs_no_operator(server, schedule):
    await keep(server)
    await keep(server, timedelta(minutes=5))
    (interval,) = (await schedule.describe()).schedule.spec.intervals
    assert interval.every == timedelta(minutes=5)


async def test_the_first_worker_that_ever_starts_has_them_read_at_once(server, worker, schedule):
    """Nobody waits an hour for a catalogue, and no later start reads it again."""
    await keep(server, begins_at_once=True)
    async with asyncio.timeout(30):
        while not (actions := (await schedule.describe()).info.recent_actions):
            await asyncio.sleep(0.02)
    handle = server.client.get_workflow_handle_for(
        RefreshCatalogueWorkflow.run, actions[0].action.workflow_id
    )
    told = await handle.result()
    assert [one.provider for one in told.read] == list(SELLERS)
    await keep(server, begins_at_once=True)
    assert (await schedule.describe()).info.num_actions == 1
    assert sorted(worker) == sorted(SELLERS)


async def test_whoever_asks_meanwhile_waits_for_the_same_refresh(server, worker):
    asking = (refresh_now(server.client, SELLERS, task_queue=QUEUE) for _ in range(3))
    told = await asyncio.gather(*asking)
    assert [sum(one.changes for one in refreshed.read) for refreshed in told] == [6, 6, 6]


async def test_a_person_does_not_wait_for_ever_for_a_worker(server):
    within = timedelta(milliseconds=50)
    with pytest.raises(Unavailable, match="goes on by itself"):
        await refresh_now(server.client, SELLERS, task_queue="nobody works here", within=within)
    await server.client.get_workflow_handle(REFRESH_WORKFLOW_ID).terminate()
