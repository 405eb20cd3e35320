"""The workflow was reset: the verification of the deposit finds what an earlier run has left behind."""

import pytest

from billpay.domain.deposits import ReturnIt
from billpay.domain.outcomes import Answer, Processing
from billpay.domain.refunds import RefundPurpose
from billpay.domain.statuses import BillStatus
from tests.activities.conftest import run
from tests.activities.counters import Counters, account
from tests.activities.placing import purchase_step


@pytest.fixture
def counters(store, clock) -> Counters:
    return Counters(store, clock)


async def test_what_may_be_sold_is_finished_before_anybody_else_is_asked(counters, store, clock):
    """I4, fault 58: the workflow begins anew and knows nothing of the purchase."""
    order = await counters.order()
    await run(counters.steps.verify_account, account(order))
    step = purchase_step(order, clock)
    opened = await store.attempts.open(
        transaction_id=step.transaction_id,
        number=step.number,
        provider=step.provider,
        request_id=step.request_id,
    )
    await store.attempts.mark_sent(opened.request_id)
    await store.attempts.save_answer(opened.request_id, Answer(outcome=Processing()))
    verdict = await counters.verdict(order)
    assert verdict.unfinished == step


async def test_what_may_be_sold_is_finished_even_where_nobody_sells_it_any_more(
    counters, store, clock
):
    """Fault 63: a refund for want of a seller would give away what was bought."""
    order = await counters.order()
    await run(counters.steps.verify_account, account(order))
    step = purchase_step(order, clock)
    await store.attempts.open(
        transaction_id=step.transaction_id,
        number=step.number,
        provider=step.provider,
        request_id=step.request_id,
    )
    counters.flutterwave.does_sell = counters.vtpass.does_sell = False
    verdict = await counters.verdict(order)
    assert (verdict.route, verdict.unfinished) == ((), step)


async def test_a_refund_that_was_decided_stays_decided(counters, store):
    order = await counters.order()
    await store.orders.change_status(
        order.transaction_id, BillStatus.REFUND_INITIATED, detail="a refund"
    )
    (deposit,) = (await store.payments.record(order.transaction_id)).deposits
    await store.refunds.open(
        operation_id=deposit.credit.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=deposit.credit.amount,
        reason="no such meter",
    )
    assert await counters.verdict(order) == ReturnIt(reason="no such meter")
