import asyncio

import pytest

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.outcomes import Answer, Delivered, Processing, TokenAwaited
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token
from billpay.store import RefusedError

AWAITED = Answer(outcome=TokenAwaited(provider_reference="VT-1"), body="no token yet")
BY_ADA = {"detail": "I have seen the light burn", "actor": "ada"}


@pytest.fixture
def complete(till):
    async def complete(order, **words):
        words = {"detail": "delivered"} | words
        await till.store.attempts.complete(order.transaction_id, **words)

    return complete


@pytest.fixture
def record(till):
    async def record(order):
        return await till.store.payments.record(order.transaction_id)

    return record


async def test_a_delivery_is_final_in_one_commit(till, complete, record, sql):
    """I7: status, deposit, reference and token; and repeating it changes nothing."""
    order, operation_id, _ = await till.sold()
    await complete(order)
    once = await record(order)
    await complete(order, detail="again")
    assert await record(order) == once
    assert once.order.status is BillStatus.COMPLETED
    assert once.provider_reference == "VT-1"
    assert once.receipt == till.receipt()
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.disposition is Disposition.DELIVERED
    assert await sql.value("SELECT status FROM transactions") == "completed"
    (sealed,) = await sql.rows("SELECT tokens::text FROM tokens")
    assert till.receipt().token.encode().hex() not in sealed[0]


async def test_two_workers_complete_one_order(till, complete):
    order, _, _ = await till.sold()
    await asyncio.gather(complete(order), complete(order), complete(order))
    assert (await till.kinds(order.transaction_id)).count("completed") == 1


@pytest.mark.parametrize("answer", [None, AWAITED])
async def test_only_a_person_completes_what_nobody_is_certain_of(till, complete, record, answer):
    order, _ = await till.paid()
    opened = await till.sent(order)
    if answer:
        await till.store.attempts.save_answer(opened.request_id, answer)
    with pytest.raises(RefusedError, match="not known to be delivered"):
        await complete(order)
    await complete(order, provider_reference="seen in their portal", **BY_ADA)
    found = await record(order)
    assert found.order.status is BillStatus.COMPLETED
    assert isinstance(found.attempts[0].outcome, Delivered)
    assert found.provider_reference == "seen in their portal"
    assert found.events[-1].actor == "ada"


async def test_a_person_may_have_paid_the_bill_elsewhere(till, complete, record):
    order, operation_id = await till.given_up()
    await till.move(order, BillStatus.NEEDS_REVIEW)
    await complete(order, provider_reference="paid at the counter", **BY_ADA)
    found = await record(order)
    assert (found.order.status, found.receipt) == (BillStatus.COMPLETED, None)
    assert found.provider_reference == "paid at the counter"
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.disposition is Disposition.DELIVERED


async def test_a_person_may_believe_a_provider_that_contradicts_itself(till, complete, record):
    """Fault 38: given up, then sold after all; its token is not forgotten."""
    order, _ = await till.given_up()
    request_id = (await till.attempt(order)).request_id
    await till.store.attempts.save_answer(request_id, till.delivery())
    await till.move(order, BillStatus.NEEDS_REVIEW)
    with pytest.raises(RefusedError, match="not known to be delivered"):
        await complete(order)
    await complete(order, **BY_ADA)
    found = await record(order)
    assert (found.provider_reference, found.receipt) == ("VT-1", till.receipt())


async def test_a_reference_that_is_known_is_kept_when_a_person_names_none(till, complete, record):
    order, _ = await till.paid()
    opened = await till.sent(order)
    await till.store.attempts.save_answer(opened.request_id, AWAITED)
    await complete(order, **BY_ADA)
    assert (await record(order)).provider_reference == "VT-1"


async def test_a_token_that_comes_after_the_end_still_reaches_its_owner(till, complete, record):
    """I7, fault 45: a person vouched while the token was awaited."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    early = Answer(outcome=AWAITED.outcome, receipt=till.receipt(token=None), body="early")
    await till.store.attempts.save_answer(opened.request_id, early)
    await complete(order, **BY_ADA)
    assert (await record(order)).receipt.token is None
    for token in (till.receipt().token, Token("9" * 20), None):
        late = till.delivery(receipt=till.receipt(token=token), body=f"late {token}")
        await till.store.attempts.save_answer(opened.request_id, late)
        assert (await record(order)).receipt == till.receipt()
    assert await till.status(order) is BillStatus.COMPLETED
    told = [case.kind for case in await till.store.cases.all()]
    assert told == [CaseKind.LATE_TOKEN, CaseKind.OTHER_TOKENS]


async def test_an_uncertain_answer_after_the_end_changes_nothing(till, complete, record):
    order, _, attempt = await till.sold()
    await complete(order)
    once = await record(order)
    late = Answer(outcome=Processing(), body="099")
    await till.store.attempts.save_answer(attempt.request_id, late)
    assert await record(order) == once


async def test_an_order_without_a_known_delivery_is_not_completed(till, complete):
    order, _ = await till.given_up()
    with pytest.raises(RefusedError):
        await complete(order)


async def test_an_unpaid_order_is_not_completed_by_anybody(till, complete):
    order = await till.order()
    with pytest.raises(RefusedError, match="not paid"):
        await complete(order, **BY_ADA)


@pytest.mark.parametrize("words", [{"detail": "delivered"}, BY_ADA])
async def test_an_order_that_is_given_back_is_not_completed_by_anybody(till, complete, words):
    """I3: delivered excludes refunded."""
    order, operation_id = await till.given_up()
    await till.whole(operation_id)
    with pytest.raises(RefusedError, match="given back"):
        await complete(order, **words)


async def test_a_delivery_by_the_second_provider_is_credited_to_it(till, complete, record):
    order, _ = await till.paid()
    await till.attempt(order, 1, ProviderName.FLUTTERWAVE)
    await till.store.attempts.settle_unsold(order.transaction_id, 1, "offline")
    second = await till.attempt(order, 2, ProviderName.VTPASS)
    await till.store.attempts.save_answer(second.request_id, till.delivery())
    await complete(order)
    assert (await record(order)).provider_name == "vtpass"
