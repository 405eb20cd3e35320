"""The watcher's outbox: deposits that are recorded and whose workflow is not started yet, started many at once.

One that cannot be started holds up nobody: it is tried again with every round, and after a few of them a person is
told. The outbox itself is in the database, so a crash at any point loses nothing and starts nothing twice.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import BaseModel
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Deposit, DepositPolicy, StrayReason
from billpay.domain.ids import bill_workflow_id, deposit_workflow_id
from billpay.domain.orders import OrderRow, read_order
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import BillPaymentRequest, PaymentRules, ReturnDepositRequest
from billpay.domain.summaries import bill_title, stray_reason, stray_title
from billpay.failures import Invalid, Unavailable
from billpay.store import Store
from workflows.search_attributes import BILL_STATUS, BILL_TRANSACTION_ID, BILL_TYPE

BATCH = 200
"""How many deposits are looked at, and noted as started, together; no more of a backlog is ever in memory."""

STARTED_AT_ONCE = 16
"""Enough to hide Temporal's answering time, and few enough to leave it to the payments themselves."""

ROUNDS_BEFORE_A_CASE = 3
CASES_AT_ONCE = 10
"""Deposits that cannot be started are told of one by one, this many at once: where none can, the reason is not theirs,
and ten cases say so. The others get theirs when these have ended."""

TRY_AGAIN_SECONDS = 10.0

NOT_STARTED = "workflow_not_started"
"""Kind of the event that says why a deposit waits."""

_SUMMARY_LIMIT = 180
"""Characters; the server takes 400 bytes, and a naira sign has three."""

_SILENT = frozenset(
    {
        RPCStatusCode.CANCELLED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.UNAVAILABLE,
    }
)
"""What Temporal answers when it, or our namespace, is there for nobody; everything else is about the deposit."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Start:
    """Everything Temporal needs to start one deposit's workflow."""

    workflow: str
    request: BaseModel
    workflow_id: str
    title: str
    attributes: list[SearchAttributePair[str]]


@dataclass
class _Batch:
    """What has come of some starts so far."""

    started: dict[str, str] = field(default_factory=dict)
    """Workflow ids by operation id."""

    failed: list[tuple[Deposit, Exception]] = field(default_factory=list)
    silence: RPCError | None = None
    """Temporal is not there: nobody else is tried."""


@dataclass
class Outbox:
    """Turning recorded deposits into workflows."""

    client: Client
    store: Store
    rules: PaymentRules
    policy: DepositPolicy
    task_queue: str
    _rounds: dict[str, int] = field(default_factory=dict)
    """How often each deposit could not be started."""

    _told: set[str] = field(default_factory=set)
    """Deposits that a person was told of."""

    async def keep_draining(self, news: asyncio.Event, stopping: asyncio.Event) -> None:
        """Start what waits whenever there is news, and now and then what could not be started, until told to stop."""
        while not stopping.is_set():
            news.clear()
            try:
                await self.drain(stopping)
            except Unavailable as silence:
                log.warning("recorded deposits wait for their workflows: %s", silence.detail)
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), TRY_AGAIN_SECONDS)

    async def drain(self, stopping: asyncio.Event) -> None:
        """Start everything that waits, oldest first, batch by batch.

        Raises:
            Unavailable: Temporal or the database gave no answer; what waits goes on waiting.
        """
        behind, failed = None, set[str]()
        while not stopping.is_set():
            waiting = await self.store.deposits.unstarted(BATCH, behind=behind)
            failed |= await self._start_batch(waiting)
            if len(waiting) < BATCH:
                self._forget_all_but(failed)
                return
            behind = waiting[-1].credit.operation_id

    def _forget_all_but(self, failed: set[str]) -> None:
        """Keep in mind what still waits: somebody else may have started the rest."""
        self._rounds = {name: self._rounds[name] for name in failed}
        self._told &= failed

    async def _start_batch(self, waiting: Sequence[Deposit]) -> set[str]:
        """Start some deposits; answers which could not be started."""
        claimed = [one.transaction_id for one in waiting if one.transaction_id is not None]
        orders = await self.store.orders.rows(claimed)
        batch, queue = _Batch(), iter(waiting)
        await asyncio.gather(*(self._work(queue, orders, batch) for _ in range(STARTED_AT_ONCE)))
        await self.store.deposits.mark_started(batch.started)
        for deposit, failure in batch.failed:
            await self._count(deposit, failure)
        if batch.silence is not None:
            raise Unavailable(f"Temporal gives no answer: {batch.silence.message}")
        return {deposit.credit.operation_id for deposit, _ in batch.failed}

    async def _work(
        self, queue: Iterator[Deposit], orders: Mapping[UUID, OrderRow], batch: _Batch
    ) -> None:
        """Start one deposit after the other, as long as there are any and Temporal is there."""
        for deposit in queue:
            if batch.silence is not None:
                return
            try:
                start = self._plan(deposit, orders)
                await self._begin(start)
            except Exception as failure:  # noqa: BLE001  one of them must not hold up the others
                if isinstance(failure, RPCError) and failure.status in _SILENT:
                    batch.silence = failure
                else:
                    batch.failed.append((deposit, failure))
            else:
                batch.started[deposit.credit.operation_id] = start.workflow_id

    async def _count(self, deposit: Deposit, failure: Exception) -> None:
        """Log a failure when it is new, and tell a person once it does not pass. The case ends with the start."""
        name = deposit.credit.operation_id
        self._rounds[name] = rounds = self._rounds.get(name, 0) + 1
        reason = f"{type(failure).__name__}: {failure}"
        if rounds == 1:
            log.error("the workflow of deposit %s cannot be started: %s", name, reason)
        if rounds < ROUNDS_BEFORE_A_CASE or name in self._told or len(self._told) >= CASES_AT_ONCE:
            return
        await self.store.orders.note(
            kind=NOT_STARTED,
            detail=reason,
            transaction_id=deposit.transaction_id,
            operation_id=name,
        )
        await self.store.cases.open(CaseKind.UNSTARTED_DEPOSIT, name, reason, operation_id=name)
        self._told.add(name)

    def _plan(self, deposit: Deposit, orders: Mapping[UUID, OrderRow]) -> _Start:
        if deposit.stray_reason is None and deposit.transaction_id is not None:
            return self._plan_bill(deposit.credit.operation_id, orders[deposit.transaction_id])
        return self._plan_return(deposit, deposit.stray_reason or StrayReason.UNKNOWN_MEMO)

    def _plan_bill(self, operation_id: str, row: OrderRow) -> _Start:
        attributes = [
            SearchAttributePair(BILL_STATUS, BillStatus.CNGN_RECEIVED),
            SearchAttributePair(BILL_TRANSACTION_ID, str(row.transaction_id)),
        ]
        try:
            order = read_order(row)
        except Invalid as invalid:
            title = f"order that cannot be served: {invalid.customer}"
        else:
            title = bill_title(order)
            attributes.append(SearchAttributePair(BILL_TYPE, order.bill_type))
        return _Start(
            workflow="BillPaymentWorkflow",
            request=BillPaymentRequest(
                transaction_id=row.transaction_id, operation_id=operation_id, rules=self.rules
            ),
            workflow_id=bill_workflow_id(row.transaction_id),
            title=title,
            attributes=attributes,
        )

    def _plan_return(self, deposit: Deposit, reason: StrayReason) -> _Start:
        operation_id = deposit.credit.operation_id
        return _Start(
            workflow="ReturnDepositWorkflow",
            request=ReturnDepositRequest(
                operation_id=operation_id,
                reason=stray_reason(reason),
                hold=self.policy.hold_stray(reason),
            ),
            workflow_id=deposit_workflow_id(operation_id),
            title=stray_title(deposit.credit.amount, reason),
            attributes=[SearchAttributePair(BILL_STATUS, BillStatus.CNGN_RECEIVED)],
        )

    async def _begin(self, start: _Start) -> None:
        """Start a workflow once in the life of its id: a running one is left alone, an ended one is not repeated."""
        # "Already started" means that it has ended long ago, and only our note of its start was lost.
        with suppress(WorkflowAlreadyStartedError):
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
