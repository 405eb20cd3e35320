"""What an operator asks of a payment's workflow, and how its answer or refusal is told."""

import asyncio
from datetime import timedelta

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from billpay.domain.ids import message_id
from billpay.domain.interventions import Intervention, InterventionRequest
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import ResendRequest
from billpay.failures import Unavailable
from billpay.store import Store
from starter.commands.endings import RefusedError
from starter.commands.subjects import OrderSubject, Subject
from workflows.resend_notification import ResendNotificationWorkflow

ANSWER_WITHIN = timedelta(seconds=30)
"""How long a worker may take to answer; one that is down answers nothing."""

_UNPAID = frozenset({BillStatus.PENDING_PAYMENT, BillStatus.EXPIRED})


async def intervene(
    client: Client,
    subject: Subject,
    intervention: Intervention,
    request: InterventionRequest,
) -> None:
    """Send a decision to the payment's workflow; it has accepted it when this returns.

    Raises:
        RefusedError: it does not take this decision now, or has ended, or has never begun.
        Unavailable: no worker answered, so the decision may still be taken.
    """
    if not await is_running(client, subject):
        raise RefusedError(f"{subject.workflow_id} does not run: nothing waits for a decision")
    await _update(client.get_workflow_handle(subject.workflow_id), intervention, request)


async def resend(
    client: Client,
    store: Store,
    subject: Subject,
    request: InterventionRequest,
    *,
    task_queue: str,
) -> None:
    """Have the customer told again where their payment stands, by its workflow or, once that has ended, by another.

    Raises:
        RefusedError: there is no such order, or nobody has paid it, so there is nothing to tell.
        Unavailable: no worker answered, or the database did not.
    """
    if await is_running(client, subject):
        handle = client.get_workflow_handle(subject.workflow_id)
        await _update(handle, Intervention.RESEND_NOTIFICATION, request)
    elif isinstance(subject, OrderSubject):
        await _require_paid(store, subject)
        await client.start_workflow(
            ResendNotificationWorkflow.run,
            ResendRequest(
                transaction_id=subject.transaction_id,
                actor=request.actor,
                reason=request.reason,
            ),
            id=message_id(subject.workflow_id, Intervention.RESEND_NOTIFICATION),
            task_queue=task_queue,
            # Asked twice at once it is told once.
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"tells the customer of {subject.workflow_id} again",
        )
    else:
        raise RefusedError(f"{subject.workflow_id} does not run, and its payer has no order")


async def is_running(client: Client, subject: Subject) -> bool:
    """Whether the payment's workflow runs; one that ended long ago is as unknown as one that never began."""
    try:
        found = await client.get_workflow_handle(subject.workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise Unavailable(f"Temporal gives no answer: {error.message}") from error
    return found.status is WorkflowExecutionStatus.RUNNING


async def _require_paid(store: Store, subject: OrderSubject) -> None:
    try:
        order = await store.orders.row(subject.transaction_id)
    except LookupError as unknown:
        raise RefusedError(str(unknown)) from None
    if order.status in _UNPAID:
        raise RefusedError(f"the order is {order.status}: there is nothing to tell again")


async def _update(
    handle: WorkflowHandle[object, object],
    intervention: Intervention,
    request: InterventionRequest,
) -> None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            update = await handle.start_update(
                intervention.value,
                request,
                wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                result_type=str,
            )
            if intervention is not Intervention.RESEND_NOTIFICATION:
                # A resend is done when the message has gone out, which may take as long as its channel is down.
                await update.result()
    except WorkflowUpdateFailedError as refused:
        raise RefusedError(str(refused.cause)) from None
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise Unavailable(
            f"no worker answered within {ANSWER_WITHIN.total_seconds():.0f} s; "
            f"{intervention} may still be taken: `show` tells"
        ) from None
    except RPCError as error:
        raise Unavailable(f"Temporal gives no answer: {error.message}") from error
