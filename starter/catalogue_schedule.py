"""The schedule by which the catalogue is read anew: set by every worker that starts, and asked for by operators."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)
from temporalio.common import WorkflowIDConflictPolicy

from billpay.domain.catalogue import CatalogueRefreshed, RefreshCatalogue
from billpay.domain.ids import REFRESH_WORKFLOW_ID
from billpay.domain.routing import ProviderName
from billpay.failures import Unavailable
from workflows.refresh_catalogue import RefreshCatalogueWorkflow

REFRESHED_WITHIN = timedelta(minutes=5)
"""How long a person waits for a refresh before they are told that it goes on without them."""

_JITTER_SHARE = 10
"""A tenth of the interval: services that were started together do not ask together for good."""

_CATCH_UP = timedelta(minutes=1)
"""A refresh that was missed is not made up for: the next one reads the same."""

_SUMMARY = "reads what the providers list"


def refresh_schedule(
    providers: Iterable[ProviderName], *, task_queue: str, every: timedelta
) -> Schedule:
    """Describe the schedule: one refresh at a time, at every interval, a little early or late."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RefreshCatalogueWorkflow.run,
            RefreshCatalogue(providers=tuple(providers)),
            id=REFRESH_WORKFLOW_ID,
            task_queue=task_queue,
            static_summary=_SUMMARY,
        ),
        spec=ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every=every)], jitter=every / _JITTER_SHARE
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=_CATCH_UP),
    )


async def refresh_now(
    client: Client,
    providers: Iterable[ProviderName],
    *,
    task_queue: str,
    within: timedelta = REFRESHED_WITHIN,
) -> CatalogueRefreshed:
    """Have the catalogue read anew now, and answer what came of it; whoever asks meanwhile waits for the same.

    Raises:
        Unavailable: no worker has finished it in time; it goes on by itself.
    """
    handle = await client.start_workflow(
        RefreshCatalogueWorkflow.run,
        RefreshCatalogue(providers=tuple(providers)),
        id=REFRESH_WORKFLOW_ID,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=_SUMMARY,
    )
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await handle.result()
    except TimeoutError:
        raise Unavailable(
            f"no worker has read the lists within {within}; the refresh goes on by itself"
        ) from None
