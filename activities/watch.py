"""Step: detect payments. One activity that never ends, handed from worker to worker."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel
from temporalio import activity
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities import names
from activities.crossing import failures_cross, handover
from billpay.domain.deposits import Deposit, StrayReason
from billpay.domain.ids import bill_workflow_id, deposit_workflow_id
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import BillPaymentRequest, PaymentRules, ReturnDepositRequest
from billpay.domain.summaries import bill_title, stray_reason, stray_title
from billpay.failures import Invalid
from billpay.intake import Intake
from billpay.store import Store
from workflows.search_attributes import BILL_STATUS, BILL_TRANSACTION_ID, BILL_TYPE


@dataclass(frozen=True, kw_only=True)
class _Start:
    """Everything Temporal needs to start one deposit's workflow."""

    workflow: str
    request: BaseModel
    workflow_id: str
    title: str
    attributes: list[SearchAttributePair[str]]


@dataclass(frozen=True)
class WatchActivities:
    """Turning credits on the ledger into workflows."""

    client: Client
    store: Store
    intake: Intake
    rules: PaymentRules
    task_queue: str
    poll_interval: timedelta

    @activity.defn(name=names.WATCH_PAYMENTS)
    async def watch_payments(self) -> None:
        """Record every credit and start its workflow, until this worker stops.

        Safe to repeat: deposits and cursor are stored in one commit, and workflows are started from the stored rows,
        so whoever comes next finds what was recorded but not started (I1, I11).

        Raises:
            Unavailable: the ledger's server gave no answer; the policy repeats it.
            Misconfigured: the wrong network, or the server's history begins after our cursor.
        """
        with failures_cross():
            await self.intake.check()
            while not activity.is_worker_shutdown():
                is_full = await self.intake.read_page()
                await self._start_workflows()
                await self.store.orders.expire_unpaid()
                if not is_full:
                    await self._rest()
            raise handover()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(
                activity.wait_for_worker_shutdown(), self.poll_interval.total_seconds()
            )

    async def _start_workflows(self) -> None:
        """Start what is recorded and not started; a crash in between loses nothing."""
        for deposit in await self.store.deposits.unstarted():
            start = await self._plan(deposit)
            # "Already started" means that it has ended long ago, and only our note of its start was lost.
            with suppress(WorkflowAlreadyStartedError):
                await self._begin(start)
            await self.store.deposits.mark_started(deposit.credit.operation_id, start.workflow_id)

    async def _plan(self, deposit: Deposit) -> _Start:
        if deposit.stray_reason is None and deposit.transaction_id is not None:
            return await self._plan_bill(deposit.credit.operation_id, deposit.transaction_id)
        return self._plan_return(deposit, deposit.stray_reason or StrayReason.UNKNOWN_MEMO)

    async def _plan_bill(self, operation_id: str, transaction_id: UUID) -> _Start:
        attributes = [
            SearchAttributePair(BILL_STATUS, BillStatus.CNGN_RECEIVED),
            SearchAttributePair(BILL_TRANSACTION_ID, str(transaction_id)),
        ]
        try:
            order = await self.store.orders.get(transaction_id)
        except Invalid as invalid:
            title = f"order that cannot be served: {invalid.customer}"
        else:
            title = bill_title(order)
            attributes.append(SearchAttributePair(BILL_TYPE, order.bill_type))
        return _Start(
            workflow="BillPaymentWorkflow",
            request=BillPaymentRequest(
                transaction_id=transaction_id, operation_id=operation_id, rules=self.rules
            ),
            workflow_id=bill_workflow_id(transaction_id),
            title=title,
            attributes=attributes,
        )

    def _plan_return(self, deposit: Deposit, reason: StrayReason) -> _Start:
        operation_id = deposit.credit.operation_id
        return _Start(
            workflow="ReturnDepositWorkflow",
            request=ReturnDepositRequest(operation_id=operation_id, reason=stray_reason(reason)),
            workflow_id=deposit_workflow_id(operation_id),
            title=stray_title(deposit.credit.amount, reason),
            attributes=[SearchAttributePair(BILL_STATUS, BillStatus.CNGN_RECEIVED)],
        )

    async def _begin(self, start: _Start) -> None:
        """Start a workflow once in the life of its id: a running one is left alone, an ended one is not repeated."""
        await self.client.start_workflow(
            start.workflow,
            start.request,
            id=start.workflow_id,
            task_queue=self.task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes(start.attributes),
            static_summary=start.title[:_SUMMARY_LIMIT],
        )


_SUMMARY_LIMIT = 180
"""Characters; the server takes 400 bytes, and a naira sign has three."""
