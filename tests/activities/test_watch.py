"""Detecting payments: from the ledger to started workflows, with nothing lost in between."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.crossing import HANDOVER
from activities.watch import WatchActivities
from billpay.domain.ids import bill_workflow_id, deposit_workflow_id
from billpay.domain.money import cngn
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import BillPaymentRequest, PaymentRules, ReturnDepositRequest
from billpay.intake import Intake
from billpay.ledger.horizon import Horizon
from billpay.sandbox import identities
from tests.activities.placing import TREASURY, deposit_into, meter_order, new_order
from workflows import search_attributes

RULES = PaymentRules(confirmation_deadline_seconds=1_800, review_window_seconds=0)
PATIENCE_SECONDS = 20


class StoppedError(Exception):
    """The client's process died here."""


@dataclass
class Recording:
    """A Temporal client that remembers what it was asked to start."""

    started: list[dict[str, Any]] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    """Raised by the next calls, in order, after each was remembered."""

    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def start_workflow(self, workflow: str, request: Any, **facts: Any) -> None:
        self.started.append({"workflow": workflow, "request": request, **facts})
        self.heard.set()
        if self.fails:
            raise self.fails.pop(0)

    @property
    def ids(self) -> list[str]:
        return [start["id"] for start in self.started]


@pytest.fixture
def client() -> Recording:
    return Recording()


@pytest.fixture
def steps(client, store, intake) -> WatchActivities:
    return watching(client, store, intake)


def watching(client: Any, store: Any, intake: Any) -> WatchActivities:
    return WatchActivities(
        client=client,
        store=store,
        intake=intake,
        rules=RULES,
        task_queue="bills",
        poll_interval=timedelta(milliseconds=20),
    )


async def watch(
    steps: WatchActivities, *, until: Callable[[], Awaitable[object]] | None = None
) -> ApplicationError:
    """Watch until that has come true, or once around, then let the worker stop."""
    environment = ActivityEnvironment()
    watching = asyncio.ensure_future(environment.run(steps.watch_payments))
    if until is not None:
        coming = asyncio.ensure_future(until())
        await asyncio.wait(
            {watching, coming}, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        coming.cancel()
    environment.worker_shutdown()
    with pytest.raises(ApplicationError) as ended:
        await watching
    return ended.value


async def test_a_payment_on_the_ledger_starts_its_orders_workflow(
    steps, client, store, sandbox, records
):
    order = await store.orders.place(meter_order())
    paid = await asyncio.to_thread(sandbox.pay, order.memo, "5030")
    ended = await watch(steps, until=client.heard.wait)
    (start,) = client.started
    assert start["workflow"] == "BillPaymentWorkflow"
    assert start["id"] == bill_workflow_id(order.transaction_id)
    assert start["request"] == BillPaymentRequest(
        transaction_id=order.transaction_id, operation_id=paid.operation_id, rules=RULES
    )
    assert (start["task_queue"], start["static_summary"]) == (
        "bills",
        "₦5,000 IKEDC electricity for 111****111",
    )
    assert await records.status(order.transaction_id) == BillStatus.CNGN_RECEIVED
    assert await store.deposits.unstarted() == []
    assert ended.type == HANDOVER


async def test_what_operators_filter_by_holds_no_account(steps, client, store, clock):
    """I18."""
    order = await store.orders.place(meter_order())
    await deposit_into(store, clock, order.due, order.memo)
    await watch(steps, until=client.heard.wait)
    attributes = {pair.key.name: pair.value for pair in client.started[0]["search_attributes"]}
    assert attributes == {
        "BillStatus": BillStatus.CNGN_RECEIVED,
        "BillTransactionId": str(order.transaction_id),
        "BillType": "electricity",
    }


@pytest.mark.parametrize("memo", [None, "BILL-nobody", "hello"])
async def test_money_without_an_order_starts_its_return(steps, client, sandbox, memo):
    paid = await asyncio.to_thread(sandbox.pay, memo, "7")
    await watch(steps, until=client.heard.wait)
    (start,) = client.started
    assert (start["workflow"], start["id"]) == (
        "ReturnDepositWorkflow",
        deposit_workflow_id(paid.operation_id),
    )
    assert isinstance(start["request"], ReturnDepositRequest)
    assert "memo" in start["request"].reason


async def test_money_that_comes_twice_pays_once_and_goes_back_once(steps, client, store, sandbox):
    order = await store.orders.place(new_order())
    first = await asyncio.to_thread(sandbox.pay, order.memo, "500")
    second = await asyncio.to_thread(sandbox.pay, order.memo, "500")
    await watch(steps, until=client.heard.wait)
    assert client.ids == [
        bill_workflow_id(order.transaction_id),
        deposit_workflow_id(second.operation_id),
    ]
    assert client.started[0]["request"].operation_id == first.operation_id
    assert client.started[1]["request"].reason == "the order had already been paid"


async def test_a_watcher_that_dies_leaves_nothing_unstarted(steps, client, store, clock):
    """I1, I11, fault 56: between recording and starting, and between starting and noting it."""
    orders = [await store.orders.place(new_order(f"0803000000{n}")) for n in range(3)]
    for order in orders:
        await deposit_into(store, clock, order.due, order.memo)
    client.fails = [StoppedError("died")]
    with pytest.raises(StoppedError):
        await ActivityEnvironment().run(steps.watch_payments)
    assert len(await store.deposits.unstarted()) == 3
    client.heard.clear()
    await watch(steps, until=client.heard.wait)
    assert set(client.ids) == {bill_workflow_id(order.transaction_id) for order in orders}
    # The one it died at is started again, under the id by which Temporal knows it.
    assert len(client.ids) == 4
    assert await store.deposits.unstarted() == []


async def test_what_has_long_ended_is_noted_as_started(steps, client, store, clock):
    """Only our note of its start was lost; its id may not be used again."""
    order = await store.orders.place(new_order())
    await deposit_into(store, clock, order.due, order.memo)
    workflow_id = bill_workflow_id(order.transaction_id)
    client.fails = [WorkflowAlreadyStartedError(workflow_id, "BillPaymentWorkflow")]
    await watch(steps, until=client.heard.wait)
    assert await store.deposits.unstarted() == []


async def test_an_order_that_nobody_can_read_still_gets_its_workflow(
    steps, client, store, clock, database_url
):
    order = await store.orders.place(meter_order())
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE bill_payments SET account_number = 'my meter'")
    await deposit_into(store, clock, order.due, order.memo)
    await watch(steps, until=client.heard.wait)
    (start,) = client.started
    assert start["id"] == bill_workflow_id(order.transaction_id)
    assert "my meter" not in start["static_summary"]
    assert "BillType" not in {pair.key.name for pair in start["search_attributes"]}


async def test_orders_that_nobody_paid_expire_while_it_watches(steps, store, clock, records):
    order = await store.orders.place(new_order())
    clock.now = (await store.orders.row(order.transaction_id)).expires_at + timedelta(seconds=1)

    async def expired() -> None:
        while await records.status(order.transaction_id) != BillStatus.EXPIRED:
            await asyncio.sleep(0.01)

    await watch(steps, until=expired)
    assert await records.status(order.transaction_id) == BillStatus.EXPIRED


async def test_a_stopping_worker_hands_the_watch_over_at_once(steps):
    ended = await watch(steps)
    assert ended.type == HANDOVER
    assert not ended.non_retryable


async def test_another_network_is_refused_before_anything_is_believed(client, store, horizon):
    """Fault 11."""
    intake = Intake(
        source=horizon, store=store, wallet=TREASURY, network_passphrase="another", batch_size=50
    )
    with pytest.raises(ApplicationError) as refused:
        await ActivityEnvironment().run(watching(client, store, intake).watch_payments)
    assert refused.value.type == "Misconfigured"


async def test_a_silent_ledger_is_asked_again_by_the_policy(client, store):
    """Fault 8."""
    nobody = Horizon(
        base_url="http://127.0.0.1:1",
        asset_code=identities.ASSET_CODE,
        asset_issuer=identities.issuer().public_key,
    )
    intake = Intake(
        source=nobody, store=store, wallet=TREASURY, network_passphrase="any", batch_size=50
    )
    with pytest.raises(ApplicationError) as failed:
        await ActivityEnvironment().run(watching(client, store, intake).watch_payments)
    assert failed.value.type == "Unavailable"
    await nobody.close()


# Against a real server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server; its workflows wait, since no worker runs."""
    binary = Path(sys.executable).with_name("temporal")
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(binary) if binary.exists() else shutil.which("temporal"),
        search_attributes=list(search_attributes.ALL),
    )
    yield environment
    await environment.shutdown()


async def test_temporal_itself_starts_a_deposits_workflow_once_in_its_life(
    temporal, store, intake, clock
):
    """I1: while it runs it is left alone, and once it has ended it is not repeated."""
    order = await store.orders.place(new_order())
    stray = await deposit_into(store, clock, cngn("3"), None)
    deposit = await deposit_into(store, clock, order.due, order.memo)
    steps = watching(temporal.client, store, intake)
    ids = [bill_workflow_id(order.transaction_id), deposit_workflow_id(stray.operation_id)]

    async def all_noted() -> None:
        while await store.deposits.unstarted():
            await asyncio.sleep(0.01)

    async def watched_again() -> list[str]:
        """Lose the notes of both starts, watch, and answer the runs that there are."""
        for operation_id in (deposit.operation_id, stray.operation_id):
            await store.deposits.mark_started(operation_id, None)
        await watch(steps, until=all_noted)
        assert await store.deposits.unstarted() == []
        return [(await temporal.client.get_workflow_handle(i).describe()).run_id for i in ids]

    first = await watched_again()
    assert await watched_again() == first
    for workflow_id in ids:
        await temporal.client.get_workflow_handle(workflow_id).terminate("the test ends it")
    assert await watched_again() == first
    ended = await temporal.client.get_workflow_handle(ids[0]).describe()
    assert ended.status is WorkflowExecutionStatus.TERMINATED
