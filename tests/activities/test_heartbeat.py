"""Heartbeats: every running step beats, and beating ends with it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.heartbeat import BEATS_PER_TIMEOUT, HeartbeatInterceptor

TIMEOUT = timedelta(milliseconds=15)
NO_INPUT = ExecuteActivityInput(fn=lambda: None, args=[], executor=None, headers={})


class Scripted(ActivityInboundInterceptor):
    """The innermost interceptor: runs the script instead of an activity."""

    def __init__(self, script: Callable[[], Any]) -> None:
        self._script = script

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  SDK's name
        return await self._script()


class Listening(ActivityEnvironment):
    """Runs a script under the interceptor and hears its beats."""

    def __init__(self, timeout: timedelta | None, details: tuple[Any, ...] = ()) -> None:
        super().__init__()
        self.info = replace(self.info, heartbeat_timeout=timeout, heartbeat_details=details)
        self.beats: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.on_heartbeat = lambda *details: self.beats.put_nowait(details)

    async def run_script(self, script: Callable[[], Any]) -> Any:
        chain = HeartbeatInterceptor().intercept_activity(Scripted(script))
        return await self.run(chain.execute_activity, NO_INPUT)


async def test_a_running_step_beats_until_it_ends():
    environment = Listening(TIMEOUT)

    async def three_beats() -> str:
        for _ in range(3):
            await environment.beats.get()
        return "done"

    assert await environment.run_script(three_beats) == "done"


async def test_the_first_beat_comes_at_once():
    environment = Listening(timedelta(hours=1))
    await environment.run_script(environment.beats.get)
    assert environment.beats.empty()


async def test_beating_ends_with_the_step():
    environment = Listening(TIMEOUT)
    before = asyncio.all_tasks()
    await environment.run_script(environment.beats.get)
    left = asyncio.all_tasks() - before
    await asyncio.gather(*left, return_exceptions=True)
    assert [task for task in left if not task.cancelled()] == []


async def test_a_step_that_fails_fails_as_itself_and_stops_beating():
    environment = Listening(TIMEOUT)
    before = asyncio.all_tasks()

    async def fail() -> None:
        await environment.beats.get()
        raise ValueError("the step's own")

    with pytest.raises(ValueError, match="the step's own"):
        await environment.run_script(fail)
    left = asyncio.all_tasks() - before
    await asyncio.gather(*left, return_exceptions=True)
    assert [task for task in left if not task.cancelled()] == []


async def test_what_a_step_said_last_is_repeated_not_erased():
    environment = Listening(TIMEOUT, details=("page 7",))
    assert await environment.run_script(environment.beats.get) == ("page 7",)


async def test_a_step_without_a_heartbeat_timeout_does_not_beat():
    environment = Listening(None)

    async def nothing() -> None:
        await asyncio.sleep(0)

    await environment.run_script(nothing)
    assert environment.beats.empty()


def test_a_missed_beat_is_no_lost_worker():
    assert BEATS_PER_TIMEOUT >= 2
