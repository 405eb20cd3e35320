"""A provider contradicts itself: told once, kept, stopped where it can be, and a case with its loss."""

import asyncio

import pytest

from billpay.domain.cases import CaseKind, Standing
from billpay.domain.money import Kobo
from billpay.domain.outcomes import Answer, NotSold, TokenAwaited
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token
from billpay.store import RefusedError
from tests.billpay.store.aftermath import DECLINED, declined, refunded, sold_late

AWAITED = Answer(outcome=TokenAwaited(provider_reference="VT-1"), body="000 without a token")
BILL = 500_000


@pytest.fixture
def cases(store):
    return store.cases


# Sold after all


async def test_what_was_sold_after_its_refund_is_a_case_with_the_bill_as_its_loss(till, cases):
    """I12: in the order's records nothing is edited."""
    order, operation_id, request_id = await refunded(till)
    before = await till.store.payments.record(order.transaction_id)
    await sold_late(till, request_id)
    (case,) = await cases.all()
    assert (case.kind, case.subject, case.loss) == (CaseKind.SOLD_AFTER_ALL, request_id, BILL)
    assert (case.transaction_id, case.operation_id) == (order.transaction_id, operation_id)
    assert (case.standing, case.opened_at) == (Standing.PAID_BACK, till.clock())
    assert case.detail == f"vtpass now says delivered about {request_id}, after declined"
    after = await till.store.payments.record(order.transaction_id)
    assert (after.order, after.attempts, after.refunds) == (
        before.order,
        before.attempts,
        before.refunds,
    )
    assert after.order.status is BillStatus.REFUNDED


async def test_a_refund_on_its_way_is_lost_too(till, cases):
    """Nobody can stop a signed transaction."""
    _, operation_id, request_id = await declined(till)
    await till.signed(operation_id)
    await sold_late(till, request_id)
    (case,) = await cases.all()
    assert (case.loss, case.standing) == (BILL, Standing.PAID_BACK)


async def test_a_refund_that_can_be_stopped_is_held_and_costs_nothing_yet(till, cases):
    """One case, not two: the refund is held because of the sale."""
    order, operation_id, request_id = await declined(till)
    await till.whole(operation_id)
    await sold_late(till, request_id)
    (case,) = await cases.all()
    assert (case.kind, case.loss) == (CaseKind.SOLD_AFTER_ALL, 0)
    assert case.standing is Standing.HELD_BACK
    assert await till.status(order) is BillStatus.NEEDS_REVIEW


async def test_a_refund_that_is_opened_afterwards_is_held_under_the_same_case(till, cases):
    order, operation_id, request_id = await declined(till)
    await sold_late(till, request_id)
    (case,) = await cases.all()
    assert (case.loss, case.standing) == (0, Standing.UNDECIDED)
    await till.whole(operation_id)
    (case,) = await cases.all()
    assert (case.kind, case.standing) == (CaseKind.SOLD_AFTER_ALL, Standing.HELD_BACK)
    assert await till.status(order) is BillStatus.NEEDS_REVIEW


async def test_nothing_more_is_bought_for_what_was_sold_after_all(till):
    """I4: neither by the next provider nor on a person's retry."""
    order, _, request_id = await declined(till)
    await sold_late(till, request_id)
    with pytest.raises(RefusedError, match="sold after all"):
        await till.attempt(order, 2)


async def test_a_person_may_still_mark_it_delivered_before_a_refund(till, cases):
    order, _, request_id = await declined(till)
    await sold_late(till, request_id)
    await till.move(order, BillStatus.NEEDS_REVIEW)
    await till.store.attempts.complete(order.transaction_id, detail="they say so", actor="ada")
    (case,) = await cases.all()
    assert (case.standing, case.loss) == (Standing.COMPLETED, 0)
    assert (await till.store.payments.record(order.transaction_id)).receipt == till.receipt()


@pytest.mark.parametrize("second_is_sold", [True, False])
async def test_what_another_provider_sold_or_may_have_sold_is_paid_for_twice(
    till, cases, second_is_sold
):
    order, _, request_id = await declined(till)
    second = await till.sent(order, 2)
    if second_is_sold:
        await till.store.attempts.save_answer(second.request_id, till.delivery())
        await till.store.attempts.complete(order.transaction_id, detail="delivered")
    await sold_late(till, request_id)
    (case,) = await cases.all()
    assert (case.loss, case.standing) == (BILL, Standing.BOUGHT_AGAIN)


async def test_a_contradiction_opens_one_case_whatever_is_said_later(till, cases):
    _, _, request_id = await refunded(till)
    for answer in (AWAITED, till.delivery(), DECLINED, AWAITED):
        await till.store.attempts.save_answer(request_id, answer)
    (case,) = await cases.all()
    await cases.close(case.case_id, actor="ada", reason="they will credit us")
    await till.store.attempts.save_answer(request_id, till.delivery(body="once more"))
    assert await cases.all() == []
    assert len(await cases.all(with_closed=True)) == 1


async def test_two_workers_hear_of_one_contradiction_at_once(till, cases):
    """Fault 57."""
    _, _, request_id = await refunded(till)
    await asyncio.gather(*(sold_late(till, request_id) for _ in range(3)))
    assert len(await cases.all()) == 1


async def test_a_token_that_comes_late_is_kept_and_can_be_had(till):
    """I7: durable with the case, whatever became of the order."""
    order, operation_id, request_id = await declined(till)
    await till.whole(operation_id)
    await sold_late(till, request_id)
    record = await till.store.payments.record(order.transaction_id)
    assert record.receipt == till.receipt()
    assert record.messages == []


async def test_an_order_that_cannot_be_read_any_more_costs_what_was_due(till, cases, sql):
    """I7: whatever the order looks like, the provider's answer is kept."""
    order, _, request_id = await refunded(till)
    await sql.rows("""UPDATE transactions SET metadata = '{"provider_code": "nobody"}'""")
    await sold_late(till, request_id)
    (case,) = await cases.all()
    assert case.loss == 503_000
    assert (await till.store.payments.record(order.transaction_id)).receipt == till.receipt()


async def test_the_loss_is_what_the_provider_was_paid(till, cases):
    """A price that fell since the order is the one that was bought at."""
    order, operation_id = await till.paid()
    await till.store.orders.reprice(
        order.transaction_id, Kobo(400_000), ProviderName.VTPASS, detail="it fell"
    )
    opened = await till.sent(order)
    await till.store.attempts.save_answer(opened.request_id, DECLINED)
    await till.store.attempts.settle_unsold(order.transaction_id, 1, "it declined")
    await till.signed(operation_id)
    await sold_late(till, opened.request_id)
    (case,) = await cases.all()
    assert case.loss == 400_000


# Reversed, and other tokens


async def test_what_is_reversed_after_delivery_is_a_case_and_stays_delivered(till, cases):
    """I12, fault 38."""
    order, _ = await till.completed()
    (attempt,) = (await till.store.payments.record(order.transaction_id)).attempts
    await till.store.attempts.save_answer(attempt.request_id, DECLINED)
    (case,) = await cases.all()
    assert (case.kind, case.loss) == (CaseKind.REVERSED, BILL)
    assert case.detail.endswith(f"now says declined about {attempt.request_id}, after delivered")
    assert await till.status(order) is BillStatus.COMPLETED
    await till.store.attempts.save_answer(
        attempt.request_id, Answer(outcome=NotSold(), body="never")
    )
    assert len(await cases.all()) == 1


async def test_other_tokens_are_a_case_without_a_loss(till, cases):
    """I7, fault 46."""
    _, _, attempt = await till.sold()
    other = till.receipt(token=Token("99999999999999999999"))
    await till.store.attempts.save_answer(attempt.request_id, till.delivery(receipt=other))
    (case,) = await cases.all()
    assert (case.kind, case.loss) == (CaseKind.OTHER_TOKENS, 0)
    assert other.token not in repr(case)
