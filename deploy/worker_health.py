# ruff: noqa: INP001  a script of the image, no package
"""Is the worker of this container at work? Asked by its health check: exit 0 where Temporal says so, else 1 and why.

Takes the same `--role` as the worker.

Temporal knows of every worker when it last asked for work. A worker that has hung or lost its connection stops asking;
one that was never able to start has never asked.
"""

import asyncio
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from billpay.clock import system_clock
from billpay.failures import Failure
from billpay.settings import SettingsError, load_settings
from starter.connection import connect
from starter.roles import Role, roles_asked, task_queue_of

SILENT_AFTER = timedelta(seconds=150)
"""A worker asks at least once a minute; after two and a half it has missed two questions."""


async def silent_queues(
    client: Client, queues: Sequence[str], host: str, now: datetime
) -> list[str]:
    """Name those of the task queues that no worker of this host has lately asked for work."""
    return [queue for queue in queues if not await _is_asked(client, queue, host, now)]


async def _is_asked(client: Client, queue: str, host: str, now: datetime) -> bool:
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    return any(_is_lately_here(poller, host, now) for poller in answer.pollers)


def _is_lately_here(poller: PollerInfo, host: str, now: datetime) -> bool:
    # The SDK names a worker `process@host`.
    asked_at = poller.last_access_time.ToDatetime(tzinfo=UTC)
    return poller.identity.endswith(f"@{host}") and now - asked_at < SILENT_AFTER


async def complaint(roles: Sequence[Role]) -> str | None:
    """Say why the worker of this container is not at work in these roles; None where it is."""
    try:
        settings = load_settings()
        queues = [task_queue_of(role, settings.temporal_task_queue) for role in roles]
        client = await connect(settings)
        silent = await silent_queues(client, queues, socket.gethostname(), system_clock())
    except (SettingsError, Failure, RPCError) as unanswered:
        return str(unanswered)
    return f"no worker of this host asks {' and '.join(silent)} for work" if silent else None


if __name__ == "__main__":
    # A text is printed to standard error and means 1, None means 0.
    sys.exit(asyncio.run(complaint(roles_asked(None, "Is the worker of this host at work?"))))
