"""Beats for every running activity, so that a killed worker is noticed within seconds instead of at its timeout."""

import asyncio
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

BEATS_PER_TIMEOUT = 3


class HeartbeatInterceptor(Interceptor):
    """Makes every activity that has a heartbeat timeout beat while it runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002  SDK's name
        """Wrap the next interceptor."""
        return _Beating(next)


class _Beating(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  SDK's name
        timeout = activity.info().heartbeat_timeout
        if timeout is None:
            return await super().execute_activity(input)
        beating = asyncio.create_task(_beat(timeout.total_seconds() / BEATS_PER_TIMEOUT))
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()


async def _beat(every_seconds: float) -> None:
    # The details are the activity's own business; repeating them keeps what it said last.
    while True:
        activity.heartbeat(*activity.info().heartbeat_details)
        await asyncio.sleep(every_seconds)
