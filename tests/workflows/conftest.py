"""A real Temporal server that skips time, and a scripted outside for workflows to live in.

The activities here are scripts under the real names: what is proven is the workflows' deciding and waiting, on the real
server with its real retries; the real activities have tests of their own and meet the workflows end to end.
"""

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities import names
from activities.crossing import crossing, still_confirming
from billpay.domain.bills import BillType
from billpay.domain.catalogue import (
    CatalogueRefreshed,
    PriceListsRead,
    ReadPriceLists,
    RefreshCatalogue,
)
from billpay.domain.follow_ups import FollowUpReport
from billpay.domain.ids import refund_task_queue
from billpay.domain.interventions import STATUS_QUERY, PaymentProgress
from billpay.domain.money import Stroops
from billpay.domain.outcomes import Delivered, NeverSeen, Outcome, Processing, TokenAwaited
from billpay.domain.refunds import RefundAnswer, RefundPaid
from billpay.domain.routing import ProviderName
from billpay.domain.steps import (
    AbandonAttempt,
    AccountAnswer,
    BillPaymentRequest,
    NotifyStep,
    Payable,
    PaymentRules,
    PaymentVerdict,
    PurchaseStep,
    RecordProgress,
    RefundStep,
    ResendRequest,
    RetryRefund,
    ReturnDepositRequest,
    StoreResult,
    VerifyAccount,
    VerifyPayment,
)
from billpay.failures import Failure
from workflows import search_attributes
from workflows.bill_payment import BillPaymentWorkflow
from workflows.follow_up import FollowUpWorkflow
from workflows.refresh_catalogue import RefreshCatalogueWorkflow
from workflows.resend_notification import ResendNotificationWorkflow
from workflows.return_deposit import ReturnDepositWorkflow
from workflows.watch_payments import WatchPaymentsWorkflow

WORKFLOWS = [
    BillPaymentWorkflow,
    ReturnDepositWorkflow,
    ResendNotificationWorkflow,
    WatchPaymentsWorkflow,
    FollowUpWorkflow,
    RefreshCatalogueWorkflow,
]
TASK_QUEUE = "workflow-tests"
POLL_SECONDS = 0.02

TRANSACTION_ID = UUID("01234567-89ab-4def-8123-456789abcdef")
OPERATION_ID = "4294971393"

DELIVERED = Delivered(provider_reference="VT-1")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server that skips timers and retry waits."""
    binary = Path(sys.executable).parent / "temporal"
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(binary) if binary.exists() else shutil.which("temporal"),
        dev_server_startup_timeout=timedelta(seconds=30),
        search_attributes=list(search_attributes.ALL),
        dev_server_extra_args=[
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
        ],
    )
    yield environment
    await environment.shutdown()


@dataclass
class Call:
    """One run of one activity, as the script saw it."""

    name: str
    request: Any
    at: datetime
    """By the workflow's own, skipped clock."""


@dataclass
class Outside:
    """What the outside answers, in order; the last answer of a list is given for ever."""

    verdict: PaymentVerdict = field(
        default_factory=lambda: Payable(
            bill_type=BillType.ELECTRICITY,
            title="a bill",
            route=(ProviderName.VTPASS,),
            excess=Stroops(0),
        )
    )
    account: list[AccountAnswer | Failure] = field(
        default_factory=lambda: [AccountAnswer(refused=None)]
    )
    pay: list[Outcome | BaseException] = field(default_factory=lambda: [DELIVERED])
    confirm: list[Outcome | BaseException] = field(default_factory=lambda: [DELIVERED])
    ask: list[Outcome | BaseException] = field(default_factory=lambda: [DELIVERED])
    refund: list[RefundAnswer | BaseException] = field(
        default_factory=lambda: [RefundPaid(transaction_hash="ab" * 32, amount=Stroops(1))]
    )
    notify: list[BaseException | None] = field(default_factory=lambda: [None])
    abandon: list[BaseException | None] = field(default_factory=lambda: [None])
    follow_up: list[FollowUpReport | BaseException] = field(
        default_factory=lambda: [FollowUpReport(answered=3)]
    )
    lists: dict[ProviderName, list[PriceListsRead | BaseException]] = field(default_factory=dict)
    """What comes of reading each provider's lists."""

    calls: list[Call] = field(default_factory=list)

    def count(self, name: str) -> int:
        """How often an activity ran."""
        return Counter(call.name for call in self.calls)[name]

    def requests(self, name: str) -> list[Any]:
        """What an activity was asked, run by run."""
        return [call.request for call in self.calls if call.name == name]

    def gaps(self, name: str) -> list[float]:
        """Seconds between an activity's runs, by the skipped clock."""
        times = [call.at for call in self.calls if call.name == name]
        return [(later - earlier).total_seconds() for earlier, later in pairwise(times)]

    def kinds_told(self) -> list[str]:
        """What the customer was told, in order."""
        return [request.kind for request in self.requests(names.NOTIFY_CUSTOMER)]

    def _answer(self, name: str, request: Any, script: list[Any]) -> Any:
        self.calls.append(Call(name, request, activity.info().started_time))
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Failure):
            raise crossing(answer)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def activities(self) -> list[Callable[..., Any]]:
        """The scripts under the activities' real names, save those that need the wallet's key."""

        @activity.defn(name=names.VERIFY_PAYMENT)
        async def verify_payment(request: VerifyPayment) -> PaymentVerdict:
            return self._answer(names.VERIFY_PAYMENT, request, [self.verdict])

        @activity.defn(name=names.VERIFY_ACCOUNT)
        async def verify_account(request: VerifyAccount) -> AccountAnswer:
            return self._answer(names.VERIFY_ACCOUNT, request, self.account)

        @activity.defn(name=names.PAY_BILL)
        async def pay_bill(step: PurchaseStep) -> Outcome:
            return self._answer(names.PAY_BILL, step, self.pay)

        @activity.defn(name=names.CONFIRM_PAYMENT)
        async def confirm_payment(step: PurchaseStep) -> Outcome:
            outcome = self._answer(names.CONFIRM_PAYMENT, step, self.confirm)
            if isinstance(outcome, Processing | TokenAwaited | NeverSeen):
                raise still_confirming(outcome)
            return outcome

        @activity.defn(name=names.ASK_PROVIDER)
        async def ask_provider(step: PurchaseStep) -> Outcome:
            return self._answer(names.ASK_PROVIDER, step, self.ask)

        @activity.defn(name=names.ABANDON_ATTEMPT)
        async def abandon_attempt(request: AbandonAttempt) -> None:
            self._answer(names.ABANDON_ATTEMPT, request, self.abandon)

        @activity.defn(name=names.STORE_RESULT)
        async def store_result(request: StoreResult) -> None:
            self._answer(names.STORE_RESULT, request, [None])

        @activity.defn(name=names.RECORD_PROGRESS)
        async def record_progress(request: RecordProgress) -> None:
            self._answer(names.RECORD_PROGRESS, request, [None])

        @activity.defn(name=names.NOTIFY_CUSTOMER)
        async def notify_customer(request: NotifyStep) -> None:
            self._answer(names.NOTIFY_CUSTOMER, request, self.notify)

        @activity.defn(name=names.WATCH_PAYMENTS)
        async def watch_payments() -> None:
            self._answer(names.WATCH_PAYMENTS, None, [None])

        @activity.defn(name=names.RETRY_REFUND)
        async def retry_refund(request: RetryRefund) -> None:
            self._answer(names.RETRY_REFUND, request, [None])

        @activity.defn(name=names.FOLLOW_UP)
        async def follow_up() -> FollowUpReport:
            return self._answer(names.FOLLOW_UP, None, self.follow_up)

        @activity.defn(name=names.READ_PRICE_LISTS)
        async def read_price_lists(request: ReadPriceLists) -> PriceListsRead:
            return self._answer(names.READ_PRICE_LISTS, request, self.lists[request.provider])

        return [
            verify_payment,
            verify_account,
            pay_bill,
            confirm_payment,
            ask_provider,
            abandon_attempt,
            store_result,
            record_progress,
            notify_customer,
            retry_refund,
            watch_payments,
            follow_up,
            read_price_lists,
        ]

    def treasury_activities(self) -> list[Callable[..., Any]]:
        """The scripts of what runs where the wallet's key is."""

        @activity.defn(name=names.REFUND_PAYMENT)
        async def refund_payment(request: RefundStep) -> RefundAnswer:
            return self._answer(names.REFUND_PAYMENT, request, self.refund)

        return [refund_payment]


@dataclass
class Stage:
    """A worker that plays one script, and the ways to start workflows on it."""

    client: Client
    environment: WorkflowEnvironment
    outside: Outside
    task_queue: str

    async def start_bill(self, **rules: int) -> WorkflowHandle[Any, str]:
        """Start a payment's workflow."""
        return await self.client.start_workflow(
            BillPaymentWorkflow.run,
            BillPaymentRequest(
                transaction_id=TRANSACTION_ID,
                operation_id=OPERATION_ID,
                rules=PaymentRules(
                    **{
                        "confirmation_deadline_seconds": 1800,
                        "review_window_seconds": 0,
                        **rules,
                    }
                ),
            ),
            id=f"bill-{self.task_queue}",
            task_queue=self.task_queue,
        )

    async def pay_bill(self, **rules: int) -> str:
        """Run a payment to its end."""
        return await (await self.start_bill(**rules)).result()

    async def return_deposit(self) -> WorkflowHandle[Any, str]:
        """Start the workflow of a stray deposit."""
        return await self.client.start_workflow(
            ReturnDepositWorkflow.run,
            ReturnDepositRequest(operation_id=OPERATION_ID, reason="it carried no memo"),
            id=f"deposit-{self.task_queue}",
            task_queue=self.task_queue,
        )

    async def until_review(self, handle: WorkflowHandle[Any, str]) -> PaymentProgress:
        """Wait until the workflow asks for a person, and answer what it says then."""
        while True:
            progress = await handle.query(STATUS_QUERY, result_type=PaymentProgress)
            if progress.waiting_for:
                return progress
            await asyncio.sleep(POLL_SECONDS)

    async def until_called(self, name: str, *, more_than: int = 0) -> None:
        """Wait until an activity has run more often than this."""
        while self.outside.count(name) <= more_than:
            await asyncio.sleep(POLL_SECONDS)

    async def resend(self) -> WorkflowHandle[Any, None]:
        """Run the workflow that tells a customer again."""
        handle = await self.client.start_workflow(
            ResendNotificationWorkflow.run,
            ResendRequest(transaction_id=TRANSACTION_ID, actor="ada", reason="lost their phone"),
            id=f"resend-{self.task_queue}",
            task_queue=self.task_queue,
        )
        await handle.result()
        return handle

    async def refresh(self) -> WorkflowHandle[Any, CatalogueRefreshed]:
        """Start the workflow that reads every scripted provider's lists."""
        return await self.client.start_workflow(
            RefreshCatalogueWorkflow.run,
            RefreshCatalogue(providers=tuple(self.outside.lists)),
            id=f"refresh-{self.task_queue}",
            task_queue=self.task_queue,
        )

    async def follow_up(self) -> WorkflowHandle[Any, FollowUpReport]:
        """Start one run of the questions about settled purchases."""
        return await self.client.start_workflow(
            FollowUpWorkflow.run, id=f"follow-up-{self.task_queue}", task_queue=self.task_queue
        )

    async def watch(self) -> WorkflowHandle[Any, None]:
        """Start the watcher's workflow, let its activity fail and begin again once, and stop it."""
        handle = await self.client.start_workflow(
            WatchPaymentsWorkflow.run, id=f"watch-{self.task_queue}", task_queue=self.task_queue
        )
        await self.until_called(names.WATCH_PAYMENTS, more_than=1)
        await handle.terminate()
        return handle


@pytest.fixture
def on_stage(temporal: WorkflowEnvironment, request: pytest.FixtureRequest) -> Any:
    """Open a worker that plays a script, on a task queue of its own."""

    @asynccontextmanager
    async def opened(**answers: Any) -> AsyncIterator[Stage]:
        script = Outside(**answers)
        task_queue = f"{TASK_QUEUE}-{request.node.name}"
        async with (
            Worker(
                temporal.client,
                task_queue=task_queue,
                workflows=WORKFLOWS,
                activities=script.activities(),
            ),
            Worker(
                temporal.client,
                task_queue=refund_task_queue(task_queue),
                activities=script.treasury_activities(),
            ),
        ):
            yield Stage(temporal.client, temporal, script, task_queue)

    return opened


@pytest.fixture
def recurring(temporal, request):
    """A worker of a workflow with one step, which ends as told, the last time for ever.

    Opened, it answers the workflow's handle, and a list that grows by the attempt's number with each run of the step.
    """

    @asynccontextmanager
    async def opened(workflow: type, step: str, *answers: Any):
        script, runs = list(answers), []

        @activity.defn(name=step)
        async def answered() -> Any:
            runs.append(activity.info().attempt)
            answer = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(answer, Failure):
                raise crossing(answer)
            return answer

        queue = f"{step}-{request.node.name}"
        async with Worker(
            temporal.client, task_queue=queue, workflows=[workflow], activities=[answered]
        ):
            handle = await temporal.client.start_workflow(workflow.run, id=queue, task_queue=queue)
            yield handle, runs

    return opened
