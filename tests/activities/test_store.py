"""Making results final, and writing down what was decided."""

import pytest

from activities.pay import PayActivities
from activities.store import StoreActivities
from billpay.buying import Buyer
from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import RecordProgress, StoreResult
from tests.activities.conftest import failing, run
from tests.activities.placing import meter_order, new_order, paid, purchase_step, verified


@pytest.fixture
def steps(store) -> StoreActivities:
    return StoreActivities(store)


@pytest.fixture
def buyer(store, vtpass, clock) -> Buyer:
    return Buyer(store=store, providers={ProviderName.VTPASS: vtpass}, clock=clock)


async def test_a_delivery_is_made_final_once_with_all_that_belongs_to_it(
    steps, buyer, clock, shop, records
):
    """I2, I7."""
    order = await verified(steps.store, clock, meter_order())
    attempt = purchase_step(order, clock)
    delivered = await run(PayActivities(buyer, steps.store).pay_bill, attempt)
    for again in (1, 2):
        request = StoreResult(transaction_id=order.transaction_id, detail="delivered")
        await run(steps.store_result, request, attempt=again)
    record = await records.of(order.transaction_id)
    (sale,) = shop.truth_vtpass()
    assert record.order.status is BillStatus.COMPLETED
    assert record.provider_reference == delivered.provider_reference
    assert record.receipt.token in sale["tokens"]
    assert record.deposits[0].disposition is Disposition.DELIVERED
    assert [e.status_to for e in record.events].count(BillStatus.COMPLETED) == 1


async def test_nothing_is_final_without_a_delivery_and_a_person_is_told(
    steps, store, clock, records
):
    """I3, I19: repeated in silence it would be nobody's business for ever."""
    order = await verified(store, clock, new_order())
    request = StoreResult(transaction_id=order.transaction_id, detail="a bug")
    for again in (1, 2):
        assert await failing(steps.store_result, request, attempt=again) == "Misconfigured"
    assert await records.status(order.transaction_id) == BillStatus.VERIFYING_ACCOUNT
    (case,) = await store.cases.all()
    assert (case.kind, case.transaction_id) == (CaseKind.STUCK_PAYMENT, order.transaction_id)
    assert "not known to be delivered" in case.detail
    assert (await records.kinds(order.transaction_id)).count("stuck_payment") == 1
    await run(steps.store_result, request.model_copy(update={"actor": "ada"}), attempt=3)
    assert await store.cases.all() == []


async def test_a_status_that_the_records_refuse_is_told_to_a_person(steps, store, clock, records):
    """I19: what is given back is not bought again, whatever a workflow believes."""
    order = await verified(store, clock, new_order())
    (deposit,) = (await records.of(order.transaction_id)).deposits
    await store.refunds.open(
        operation_id=deposit.credit.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=deposit.credit.amount,
        reason="nobody sells it",
        hold="a person looks",
    )
    request = RecordProgress(
        kind="buying",
        detail="a bug",
        status=BillStatus.PROVIDER_FAILED,
        transaction_id=order.transaction_id,
    )
    assert await failing(steps.record_progress, request) == "Misconfigured"
    assert CaseKind.STUCK_PAYMENT in {case.kind for case in await store.cases.all()}


async def test_a_person_may_vouch_for_a_delivery_and_is_named(steps, store, clock, records):
    """I16."""
    order = await verified(store, clock, new_order())
    await store.orders.change_status(
        order.transaction_id, BillStatus.NEEDS_REVIEW, detail="nobody knows"
    )
    request = StoreResult(
        transaction_id=order.transaction_id,
        detail="the customer has it",
        actor="ada",
        provider_reference="VT-9",
    )
    for again in (1, 2):
        await run(steps.store_result, request, attempt=again)
    record = await records.of(order.transaction_id)
    assert (record.order.status, record.provider_reference) == (BillStatus.COMPLETED, "VT-9")
    last = [event for event in record.events if event.status_to == BillStatus.COMPLETED]
    assert [(event.actor, event.detail) for event in last] == [("ada", "the customer has it")]


async def test_a_new_status_is_written_once(steps, store, clock, records):
    order = await paid(store, clock, new_order())
    request = RecordProgress(
        kind="review",
        detail="somebody must look",
        status=BillStatus.NEEDS_REVIEW,
        transaction_id=order.transaction_id,
    )
    for again in (1, 2):
        await run(steps.record_progress, request, attempt=again)
    events = (await records.of(order.transaction_id)).events
    assert [e.detail for e in events].count("somebody must look") == 1
    assert events[-1].status_to == BillStatus.NEEDS_REVIEW


async def test_what_changes_no_status_is_noted_with_who_did_it(steps, store, clock, records):
    order = await paid(store, clock, new_order())
    request = RecordProgress(
        kind="retry_payment",
        detail="the provider is back",
        actor="ada",
        transaction_id=order.transaction_id,
    )
    await run(steps.record_progress, request)
    event = (await records.of(order.transaction_id)).events[-1]
    assert (event.kind, event.actor, event.status_to) == ("retry_payment", "ada", None)


async def test_a_status_that_may_not_follow_is_not_shown(steps, store, clock, records):
    """Fault 58: a step repeated after a reset tells nothing new and stops nobody."""
    order = await paid(store, clock, new_order())
    request = RecordProgress(
        kind="review", detail="x", status=BillStatus.REFUNDED, transaction_id=order.transaction_id
    )
    await run(steps.record_progress, request)
    assert await records.status(order.transaction_id) == BillStatus.CNGN_RECEIVED
