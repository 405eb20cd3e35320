"""Decisions against real workflows on a real Temporal server; only the outside of the workflows is scripted."""

import asyncio
import getpass
import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from activities import names
from billpay.domain.bills import BillerCode, BillType
from billpay.domain.deposits import Credit, ReturnIt
from billpay.domain.ids import bill_workflow_id, deposit_workflow_id, refund_task_queue
from billpay.domain.interventions import STATUS_QUERY, PaymentProgress
from billpay.domain.money import Kobo, Stroops
from billpay.domain.refunds import (
    MemoKind,
    RefundAnswer,
    RefundHeld,
    RefundPaid,
    RefundPurpose,
    RefundStatus,
)
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import (
    BillPaymentRequest,
    NotifyStep,
    PaymentRules,
    PaymentVerdict,
    RecordProgress,
    RefundStep,
    RetryRefund,
    ReturnDepositRequest,
    VerifyPayment,
)
from billpay.ledger.base import CreditPage
from billpay.sandbox import identities
from billpay.store.orders import NewOrder
from starter.commands import operating
from starter.local.ports import Ports, any_free_port
from starter.local.state import StackState
from starter.local.temporal_server import PORT, UI_PORT, TemporalServer
from starter.preparing import register_search_attributes
from workflows.bill_payment import BillPaymentWorkflow
from workflows.resend_notification import ResendNotificationWorkflow
from workflows.return_deposit import ReturnDepositWorkflow

WHY = ("--reason", "the customer rang", "--actor", "ada")
RULES = PaymentRules(confirmation_deadline_seconds=1800, review_window_seconds=0)
LOOK_EVERY_SECONDS = 0.05
WAIT_SECONDS = 30
OPERATION_ID = "4294967297"
OTHER = identities.payer(7).public_key


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server():
    """A Temporal server of the kind that `up` starts."""
    folder = Path(tempfile.mkdtemp(prefix="billpay-operate-"))
    state = StackState(folder)
    state.logs.mkdir()
    ports = Ports({PORT: any_free_port(), UI_PORT: any_free_port()}, print)
    server = TemporalServer(state, ports, print, namespace="default")
    try:
        await server.start()
        await register_search_attributes(await Client.connect(server.address))
        yield server
    finally:
        await server.stop()
        shutil.rmtree(folder)


@dataclass
class Script:
    """An outside that accepts no refund until a person has had it tried again."""

    retried: list[RetryRefund] = field(default_factory=list)
    recorded: list[RecordProgress] = field(default_factory=list)
    notified: list[NotifyStep] = field(default_factory=list)

    def activities(self):
        @activity.defn(name=names.VERIFY_PAYMENT)
        async def verify_payment(request: VerifyPayment) -> PaymentVerdict:
            return ReturnIt(reason="too little arrived")

        @activity.defn(name=names.RETRY_REFUND)
        async def retry_refund(request: RetryRefund) -> None:
            self.retried.append(request)

        @activity.defn(name=names.RECORD_PROGRESS)
        async def record_progress(request: RecordProgress) -> None:
            self.recorded.append(request)

        @activity.defn(name=names.NOTIFY_CUSTOMER)
        async def notify_customer(request: NotifyStep) -> None:
            self.notified.append(request)

        return [verify_payment, retry_refund, record_progress, notify_customer]

    def treasury_activities(self):
        @activity.defn(name=names.REFUND_PAYMENT)
        async def refund_payment(request: RefundStep) -> RefundAnswer:
            if self.retried:
                return RefundPaid(transaction_hash="ab" * 32, amount=Stroops(1))
            return RefundHeld(reason="the payer has no trustline")

        return [refund_payment]


@dataclass
class Payment:
    """An order whose deposit cannot pay it, and whose refund is held."""

    client: Client
    queue: str
    script: Script
    order: object

    @property
    def id(self) -> str:
        return str(self.order.transaction_id)

    async def start(self):
        """Start its workflow and wait until it asks for a person."""
        handle = await self.client.start_workflow(
            BillPaymentWorkflow.run,
            BillPaymentRequest(
                transaction_id=self.order.transaction_id, operation_id=OPERATION_ID, rules=RULES
            ),
            id=bill_workflow_id(self.order.transaction_id),
            task_queue=self.queue,
        )
        return await asked(handle)

    async def start_stray(self):
        """Start the workflow of a deposit without an order instead."""
        handle = await self.client.start_workflow(
            ReturnDepositWorkflow.run,
            ReturnDepositRequest(operation_id=self.queue, reason="it carried no memo"),
            id=deposit_workflow_id(self.queue),
            task_queue=self.queue,
        )
        return await asked(handle)


async def asked(handle):
    async with asyncio.timeout(WAIT_SECONDS):
        while not (await handle.query(STATUS_QUERY, result_type=PaymentProgress)).waiting_for:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
    return handle


@pytest_asyncio.fixture
async def payment(server, here, store, clock, monkeypatch):
    order = await store.orders.place(
        NewOrder(
            wallet_address=identities.payer(1).public_key,
            bill_type=BillType.AIRTIME,
            biller=BillerCode("mtn"),
            account_number="08031234567",
            bill_amount=Kobo(50_000),
        )
    )
    # Digits alone, so that it can be a deposit's operation id as well.
    queue = str(order.transaction_id.int)
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("TEMPORAL_TASK_QUEUE", queue)
    client = await Client.connect(server.address, data_converter=pydantic_data_converter)
    script = Script()
    async with (
        Worker(
            client,
            task_queue=queue,
            workflows=[BillPaymentWorkflow, ReturnDepositWorkflow, ResendNotificationWorkflow],
            activities=script.activities(),
        ),
        Worker(
            client, task_queue=refund_task_queue(queue), activities=script.treasury_activities()
        ),
    ):
        yield Payment(client, queue, script, order)


@pytest.fixture
def decide(here):
    async def decided(*words):
        return await asyncio.to_thread(here.command, *words)

    return decided


async def pay(store, clock, order):
    """Let the order be paid, so that there is something to tell of it."""
    credit = Credit(
        operation_id=OPERATION_ID,
        paging_token=OPERATION_ID,
        transaction_hash=hashlib.sha256(b"deposit").hexdigest(),
        ledger=7,
        closed_at=clock(),
        payer=identities.payer(1).public_key,
        amount=order.due,
        memo=order.memo.encode(),
        memo_type="text",
    )
    page = CreditPage(credits=(credit,), cursor=OPERATION_ID, is_full=False)
    await store.deposits.record_page(identities.treasury().public_key, page)


async def test_a_decision_is_carried_out_with_who_decided_it_and_why(payment, decide):
    """I16: every intervention has an actor and a reason."""
    handle = await payment.start()
    accepted = await decide("refund", payment.id, *WHY)
    assert accepted.exit_code == 0, accepted.stderr
    assert "accepted" in accepted.stdout
    assert await handle.result() == "refunded"
    (request,) = payment.script.retried
    assert (request.actor, request.reason) == ("ada", "the customer rang")


async def test_a_payment_may_be_named_by_its_memo(payment, decide):
    handle = await payment.start()
    assert (await decide("retry", payment.order.memo, *WHY)).exit_code == 0
    assert await handle.result() == "refunded"


async def test_without_an_actor_it_is_whoever_is_logged_in(payment, decide):
    handle = await payment.start()
    await decide("retry", payment.id, "--reason", "again")
    await handle.result()
    assert payment.script.retried[0].actor == getpass.getuser()


async def test_what_the_payment_does_not_take_now_is_refused_with_what_it_takes(payment, decide):
    handle = await payment.start()
    refused = await decide("mark-delivered", payment.id, *WHY, "--provider-reference", "VT-1")
    assert refused.exit_code == 1
    assert "mark_delivered is not possible" in refused.stderr
    assert "refund_payment" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    await handle.terminate()


async def test_a_payment_that_has_not_begun_takes_no_decision(payment, decide):
    refused = await decide("refund", payment.id, *WHY)
    assert refused.exit_code == 1
    assert "does not run" in refused.stderr


async def test_a_stray_deposit_is_decided_by_its_operation_id(payment, decide):
    handle = await payment.start_stray()
    assert (await decide("retry", payment.queue, *WHY)).exit_code == 0
    assert "refunded" in await handle.result()


@pytest_asyncio.fixture
async def held(payment, store, clock):
    """The refund of its deposit, held in our records."""
    await pay(store, clock, payment.order)
    return await store.refunds.open(
        operation_id=OPERATION_ID,
        purpose=RefundPurpose.WHOLE,
        amount=payment.order.due,
        reason="nothing was sold",
        hold="the payer is an exchange",
    )


async def test_a_held_refund_goes_to_another_address_on_a_persons_word(
    payment, decide, store, held
):
    """I16: who sent it there and why is in the timeline."""
    handle = await payment.start()
    accepted = await decide("refund-to", payment.id, OTHER, "--memo-id", "42", *WHY)
    assert accepted.exit_code == 0, accepted.stderr
    assert OTHER in accepted.stdout
    assert await handle.result() == "refunded"
    refund = await store.refunds.get(held.refund_id)
    assert (refund.destination, refund.memo, refund.memo_type) == (OTHER, "42", MemoKind.ID)
    assert refund.status is RefundStatus.OPEN
    events = (await store.payments.record(payment.order.transaction_id)).events
    (event,) = [event for event in events if event.kind == "refund_redirected"]
    assert event.actor == "ada"
    assert "the customer rang" in event.detail


async def test_a_refund_that_was_sent_elsewhere_in_vain_may_be_sent_there_again(
    payment, decide, store, held
):
    """A command that dies between our records and the workflow leaves a decision that can be repeated."""
    handle = await payment.start()
    await store.refunds.redirect(
        held.refund_id, destination=OTHER, memo=None, memo_type=None, actor="ada", reason="once"
    )
    accepted = await decide("refund-to", payment.id, OTHER, *WHY)
    assert accepted.exit_code == 0, accepted.stderr
    assert await handle.result() == "refunded"


async def test_a_payment_that_owes_nothing_sends_nothing_elsewhere(payment, decide):
    handle = await payment.start()
    refused = await decide("refund-to", payment.id, OTHER, *WHY)
    assert refused.exit_code == 1
    assert "nothing of it is owed back" in refused.stderr
    await handle.terminate()


async def test_a_payment_that_has_ended_sends_nothing_elsewhere(payment, decide, store, held):
    refused = await decide("refund-to", payment.id, OTHER, *WHY)
    assert refused.exit_code == 1
    assert "does not run" in refused.stderr
    assert (await store.refunds.get(held.refund_id)).destination != OTHER


async def test_a_running_payment_tells_its_customer_again(payment, decide):
    handle = await payment.start()
    assert (await decide("resend", payment.id, *WHY)).exit_code == 0
    async with asyncio.timeout(WAIT_SECONDS):
        while not payment.script.notified:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
    assert payment.script.notified[0].edition > 1
    await handle.terminate()


async def test_after_its_end_a_payment_is_told_again_by_another_workflow(
    payment, decide, store, clock
):
    await pay(store, clock, payment.order)
    accepted = await decide("resend", payment.id, *WHY)
    assert accepted.exit_code == 0, accepted.stderr
    async with asyncio.timeout(WAIT_SECONDS):
        while not payment.script.notified:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
    assert payment.script.notified[0].transaction_id == payment.order.transaction_id
    assert payment.script.recorded[0].actor == "ada"


async def test_there_is_nothing_to_tell_again_of_an_unpaid_order(payment, decide):
    refused = await decide("resend", payment.id, *WHY)
    assert refused.exit_code == 1
    assert BillStatus.PENDING_PAYMENT in refused.stderr
    assert payment.script.notified == []


async def test_an_order_that_does_not_exist_cannot_be_told_again(payment, decide):
    refused = await decide("resend", "00000000-0000-4000-8000-000000000000", *WHY)
    assert refused.exit_code == 1
    assert "there is no order" in refused.stderr


async def test_without_a_worker_nobody_pretends_that_it_was_decided(payment, monkeypatch, decide):
    """A decision that nobody took may still be taken later, and the operator must know."""
    monkeypatch.setattr(operating, "ANSWER_WITHIN", timedelta(seconds=1))
    await payment.client.start_workflow(
        "BillPaymentWorkflow",
        BillPaymentRequest(
            transaction_id=payment.order.transaction_id, operation_id=OPERATION_ID, rules=RULES
        ),
        id=bill_workflow_id(payment.order.transaction_id),
        task_queue=f"{payment.queue}-nobody",
    )
    unanswered = await decide("refund", payment.id, *WHY)
    assert unanswered.exit_code == 1
    assert "no worker answered" in unanswered.stderr
    await payment.client.get_workflow_handle(
        bill_workflow_id(payment.order.transaction_id)
    ).terminate()


async def test_without_temporal_one_line_says_so(payment, decide, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{any_free_port()}")
    failed = await decide("refund", payment.id, *WHY)
    assert failed.exit_code == 1
    assert len(failed.stderr.splitlines()) == 1


def test_a_decision_without_a_reason_is_impossible(command):
    for words in (
        ("refund", "1"),
        ("refund", "1", "--reason", ""),
        ("retry", "1", "--reason", "x" * 501),
    ):
        refused = command(*words)
        assert refused.exit_code == 2, words
        assert len(refused.stderr.splitlines()) == 1
