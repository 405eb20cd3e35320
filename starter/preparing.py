"""What a worker that starts makes sure of on the Temporal server; all of it may be done by several at once."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from billpay.domain.ids import WATCHER_WORKFLOW_ID, watcher_task_queue
from workflows import search_attributes
from workflows.watch_payments import WatchPaymentsWorkflow


async def register_search_attributes(client: Client) -> None:
    """Make the search attributes known to the namespace; adding what exists is not an error."""
    namespace = client.namespace
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=namespace)
    )
    missing = [key.name for key in search_attributes.ALL if key.name not in known.custom_attributes]
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=namespace,
                search_attributes=dict.fromkeys(
                    missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
                ),
            )
        )


async def start_watcher(client: Client, task_queue: str) -> None:
    """Make sure that the one watcher runs, whoever started it first."""
    await client.start_workflow(
        WatchPaymentsWorkflow.run,
        id=WATCHER_WORKFLOW_ID,
        task_queue=watcher_task_queue(task_queue),
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary="watches the treasury for deposits",
    )
