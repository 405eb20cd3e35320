"""The whole stack as processes: parts of it are killed while customers pay, and nothing is lost or paid twice."""

import asyncio

import pytest

from starter.crowd import Crowd
from starter.customers import QUICK, draw_crowd
from starter.opening import opened_store
from starter.stack import Stack

pytestmark = pytest.mark.end_to_end

ENVIRONMENT = {"BILL_PROCESSOR_POLL_INTERVAL_SECONDS": "1"}
ORDERS = 12
BETWEEN_SECONDS = 3.0
PATIENCE_SECONDS = 150.0


async def live_through(tmp_path, seed, disturb):
    """Let a crowd pay while the stack is disturbed; answers every difference between the truth and our records."""
    stack = Stack(tmp_path, environ=ENVIRONMENT, ledger_seconds=0.2)
    async with stack, opened_store(stack.settings) as store:
        crowd = Crowd(
            draw_crowd(ORDERS, seed, QUICK),
            settings=stack.settings,
            store=store,
            sandbox_url=stack.sandbox_url,
        )
        async with asyncio.TaskGroup() as together:
            paying = together.create_task(crowd.order_and_pay())
            together.create_task(disturb(stack, paying))
        comparison = await crowd.until_at_rest(within_seconds=PATIENCE_SECONDS)
        assert len(comparison.rows) >= ORDERS
        return comparison.differences


async def test_a_worker_killed_again_and_again_loses_and_repeats_nothing(tmp_path):
    """I1, I3, I4, I7, I9, faults 28 and 56: kill -9 while deposits are read, bills bought and refunds signed."""

    async def kill_workers(stack, paying):
        for _ in range(2):
            await asyncio.sleep(BETWEEN_SECONDS)
            await stack.kill_worker()
            await stack.start_worker()

    assert await live_through(tmp_path, 20_261_124, kill_workers) == []


async def test_a_temporal_server_and_a_database_killed_midway_lose_nothing(tmp_path):
    """I1, I3, I4, I7, I9, faults 58 and 59: the servers under the worker die, and come back."""

    async def kill_servers(stack, paying):
        await asyncio.sleep(BETWEEN_SECONDS)
        await stack.kill_temporal()
        await stack.start_temporal()
        # A customer cannot order from a dead database, but all that was ordered goes on.
        await paying
        await stack.kill_postgres()
        await stack.start_postgres()

    assert await live_through(tmp_path, 20_261_125, kill_servers) == []
