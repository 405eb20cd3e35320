"""Detecting payments: from the ledger to started workflows, with nothing lost in between."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
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
from billpay.domain.deposits import DepositPolicy
from billpay.domain.ids import bill_workflow_id, deposit_workflow_id
from billpay.domain.money import cngn
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import BillPaymentRequest, PaymentRules, ReturnDepositRequest
from billpay.intake import Intake
from billpay.ledger.horizon import Horizon
from billpay.sandbox import identities
from billpay.settings import load_settings
from starter.commands.instructions import muxed_address
from starter.sandbox_payment import Numbers, pay_in_sandbox
from tests.activities.placing import TREASURY, deposit_into, meter_order, new_order
from tests.activities.recording import Recording
from workflows import search_attributes

RULES = PaymentRules(confirmation_deadline_seconds=1_800, review_window_seconds=0)
PATIENCE_SECONDS = 20


@pytest.fixture
def client() -> Recording:
    return Recording()


@pytest.fixture
def steps(client, store, intake) -> WatchActivities:
    return watching(client, store, intake)


def watching(
    client: Any, store: Any, intake: Any, policy: DepositPolicy | None = None
) -> WatchActivities:
    return WatchActivities(
        client=client,
        store=store,
        intake=intake,
        rules=RULES,
        deposit_policy=policy or DepositPolicy(),
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


@pytest.mark.parametrize("way", ["memo id", "address", "both"])
async def test_a_payer_without_text_names_the_order_by_its_number(
    steps, client, store, sandbox, way
):
    """Fault 17: as a memo of the kind id, or as the id of the address paid to; the refund keeps the payer's own id."""
    order = await store.orders.place(meter_order())
    numbers = Numbers(
        memo_id=order.alias if way != "address" else None,
        to=muxed_address(TREASURY, order.alias) if way != "memo id" else None,
        sender_id=9,
    )
    settings = load_settings(sandbox.environment | {"SKIP_EXTERNALS": "true"})
    await pay_in_sandbox(settings, memo="", amount=order.due, payer=1, numbers=numbers)
    await watch(steps, until=client.heard.wait)
    assert client.ids == [bill_workflow_id(order.transaction_id)]
    (deposit,) = (await store.payments.record(order.transaction_id)).deposits
    assert deposit.credit.payer == muxed_address(identities.payer(1).public_key, 9)


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
    client.answers = asyncio.Event()
    dying = asyncio.ensure_future(ActivityEnvironment().run(steps.watch_payments))
    await client.heard.wait()
    starting = [task for task in asyncio.all_tasks() if "keep_draining" in repr(task.get_coro())]
    for task in (dying, *starting):
        task.cancel()
    await asyncio.wait({dying, *starting})
    assert len(await store.deposits.unstarted()) == 3
    client.answers = None
    client.heard.clear()
    await watch(steps, until=client.heard.wait)
    assert set(client.ids) == {bill_workflow_id(order.transaction_id) for order in orders}
    # Those it died at are started again, under the ids by which Temporal knows them.
    assert len(client.ids) == 6
    assert await store.deposits.unstarted() == []


async def test_the_ledger_is_read_while_a_long_outbox_is_being_started(
    steps, client, store, clock, sandbox
):
    """Temporal answers nothing at all, and deposits go on being recorded."""
    await deposit_into(store, clock, cngn("5"), None)
    client.answers = asyncio.Event()

    async def recorded_meanwhile() -> None:
        await client.heard.wait()
        await asyncio.to_thread(sandbox.pay, None, "7")
        while len(await store.deposits.unstarted()) < 2:
            await asyncio.sleep(0.01)
        client.answers.set()

    await watch(steps, until=recorded_meanwhile)
    assert len(await store.payments.stray_deposits()) == 2


async def test_what_is_recorded_is_started_while_the_ledger_is_silent(client, store, clock):
    """Fault 8: nobody who has paid waits for a server that has nothing to say about them."""
    await deposit_into(store, clock, cngn("5"), None)
    nobody = Horizon(
        base_url="http://127.0.0.1:1",
        asset_code=identities.ASSET_CODE,
        asset_issuer=identities.issuer().public_key,
    )
    intake = Intake(
        source=nobody, store=store, wallet=TREASURY, network_passphrase="any", batch_size=50
    )
    with pytest.raises(ApplicationError):
        await ActivityEnvironment().run(watching(client, store, intake).watch_payments)
    assert await store.deposits.unstarted() == []
    await nobody.close()


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
            await store.deposits.mark_started({operation_id: None})
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
