"""What only a person can put right: opened once, in the commit of what it tells, and closed by a person."""

import asyncio
from datetime import timedelta

import pytest

from billpay.domain.breaker import EVERYTHING, BreakerRules, Call, Heard, Line, Question
from billpay.domain.cases import CaseKind, Standing
from billpay.domain.money import Kobo, Stroops
from billpay.domain.outcomes import Answer, Declined, NotSold, TokenAwaited, Whose
from billpay.domain.refunds import EnvelopeState, RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token
from billpay.ledger.base import UnreadableRecord
from billpay.store import RefusedError

DECLINED = Answer(outcome=Declined(reason="the product is off", whose=Whose.PROVIDER), body="016")
AWAITED = Answer(outcome=TokenAwaited(provider_reference="VT-1"), body="000 without a token")
BILL = 500_000


@pytest.fixture
def cases(store):
    return store.cases


async def declined(till):
    """A paid order whose provider has declined, and was given up."""
    order, operation_id = await till.paid()
    opened = await till.sent(order)
    await till.store.attempts.save_answer(opened.request_id, DECLINED)
    await till.store.attempts.settle_unsold(order.transaction_id, 1, "it declined")
    return order, operation_id, opened.request_id


async def refunded(till):
    """The same, with the money back at its payer."""
    order, operation_id, request_id = await declined(till)
    refund, envelope = await till.signed(operation_id)
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    return order, operation_id, request_id


async def sold_late(till, request_id):
    await till.store.attempts.save_answer(request_id, till.delivery())


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


# Money that waits


async def test_a_parked_credit_is_a_case_and_told_once(till, cases):
    """I19, fault 67."""
    record = UnreadableRecord(
        operation_id="77", transaction_hash=None, body="{}", reason="no amount in it"
    )
    page = till.page(cursor="77", unreadable=(record,))
    for _ in range(2):
        await till.store.deposits.record_page("treasury", page)
    (case,) = await cases.all()
    (parked,) = await till.store.deposits.parked()
    assert (case.kind, case.subject) == (CaseKind.PARKED_CREDIT, parked.operation_id)
    assert (case.operation_id, case.detail) == (parked.operation_id, parked.reason)
    assert (case.opened_at, case.loss) == (parked.parked_at, 0)
    await cases.close(case.case_id, actor="ada", reason="returned by hand")
    assert await cases.all() == []


@pytest.mark.parametrize("purpose", RefundPurpose)
async def test_a_held_refund_is_a_case_until_it_is_let_go(till, cases, purpose):
    """I19, I16: who let it go closed the case."""
    refund = await _refund(till, purpose)
    for _ in range(2):
        await till.store.refunds.hold(refund.refund_id, "no trustline")
    (case,) = await cases.all()
    assert (case.kind, case.subject) == (CaseKind.HELD_REFUND, refund.operation_id)
    assert (case.transaction_id, case.detail) == (refund.transaction_id, "no trustline")
    assert case.opened_at == till.clock()
    later = till.clock.advance(timedelta(hours=1))
    await till.store.refunds.reopen(refund.refund_id, actor="ada", reason="they added it")
    assert await cases.all() == []
    (closed,) = await cases.all(with_closed=True)
    assert (closed.closed_at, closed.closed_by) == (later, "ada")
    assert closed.resolution == "they added it"
    await till.store.refunds.hold(refund.refund_id, "no trustline again")
    (again,) = await cases.all()
    assert again.detail == "no trustline again"


async def test_a_held_refund_of_a_stray_deposit_is_a_case(till, cases):
    operation_id = await till.deposit()
    refund = await till.whole(operation_id)
    await till.store.refunds.hold(refund.refund_id, "a memo is demanded")
    (case,) = await cases.all()
    assert (case.transaction_id, case.operation_id) == (None, operation_id)


async def test_a_held_refund_that_was_paid_after_all_ends_its_case(till, cases):
    """The ledger's word ends the wait."""
    _, operation_id, _ = await declined(till)
    refund, envelope = await till.signed(operation_id)
    reason = "its number was used by nothing"
    await till.store.refunds.settle_envelope(
        envelope.transaction_hash, EnvelopeState.DEAD, hold=reason
    )
    assert [case.detail for case in await cases.all()] == [reason]
    await till.store.refunds.reopen(refund.refund_id, actor="ada", reason="looked it up")
    second = till.envelope(refund)
    await till.store.refunds.save_envelope(second)
    await till.store.refunds.mark_paid(refund.refund_id, second.transaction_hash)
    assert await cases.all() == []


async def test_a_case_is_not_closed_while_its_money_is_held(till, cases):
    """I19: the money would wait without anybody being told."""
    refund = await _refund(till, RefundPurpose.WHOLE)
    await till.store.refunds.hold(refund.refund_id, "no trustline")
    (case,) = await cases.all()
    with pytest.raises(RefusedError, match="still held"):
        await cases.close(case.case_id, actor="ada", reason="never mind")
    assert await cases.all() == [case]


async def _refund(till, purpose):
    if purpose is RefundPurpose.WHOLE:
        _, operation_id = await till.given_up()
        return await till.whole(operation_id)
    _, operation_id = await till.completed(amount=Stroops(60_000_000_000))
    return await till.store.refunds.open(
        operation_id=operation_id, purpose=purpose, amount=Stroops(1_000), reason="too much"
    )


# A provider that refuses us

RULES = BreakerRules(
    window=timedelta(minutes=5),
    minimum_calls=2,
    failure_share=0.5,
    probe_after=timedelta(seconds=30),
)


LINE = Line("electricity/ekedc")


def call(order, heard, detail=""):
    return Call(
        provider=ProviderName.VTPASS,
        line=LINE,
        question=Question.PAY,
        transaction_id=order.transaction_id,
        heard=heard,
        detail=detail,
    )


async def test_a_refused_key_is_a_case_until_the_provider_answers_again(till, cases):
    """I19: no waiting mends it, so somebody is told."""
    order, _ = await till.paid()
    breakers = till.store.breakers
    for _ in range(2):
        await breakers.record(call(order, Heard.OUR_ACCOUNT, detail="it refuses our keys"), RULES)
    (case,) = await cases.all()
    assert (case.kind, case.subject) == (CaseKind.PROVIDER_ACCOUNT, "vtpass")
    assert (case.detail, case.opened_at) == ("it refuses our keys", till.clock())
    till.clock.advance(RULES.probe_after)
    assert await breakers.claim_probe(ProviderName.VTPASS, LINE, order.transaction_id)
    await breakers.record(call(order, Heard.ANSWERED), RULES)
    assert await cases.all() == []
    assert [breaker.is_open for breaker in await breakers.all() if breaker.line == EVERYTHING] == [
        False
    ]


async def test_a_provider_that_only_fails_for_a_while_is_no_case(till, cases):
    order, _ = await till.paid()
    for _ in range(3):
        await till.store.breakers.record(call(order, Heard.FAILED, detail="HTTP 500"), RULES)
    assert any(breaker.is_open for breaker in await till.store.breakers.all())
    assert await cases.all() == []


# Closing


async def test_a_case_is_closed_once_with_who_and_why(till, cases):
    """I16: repeated by a double click, it stays as it was closed first."""
    order, _, request_id = await refunded(till)
    await sold_late(till, request_id)
    (case,) = await cases.all()
    money = await till.store.payments.record(order.transaction_id)
    later = till.clock.advance(timedelta(hours=3))
    closed = await cases.close(case.case_id, actor="ada", reason="written off")
    assert closed == await cases.close(case.case_id, actor="bola", reason="something else")
    assert (closed.closed_at, closed.closed_by, closed.resolution) == (later, "ada", "written off")
    record = await till.store.payments.record(order.transaction_id)
    told = [(e.actor, e.detail) for e in record.events if e.kind == "case_closed"]
    assert told == [("ada", f"case {case.case_id} (sold_after_all): written off")]
    assert (record.order, record.deposits, record.refunds) == (
        money.order,
        money.deposits,
        money.refunds,
    )


async def test_two_operators_close_a_case_at_once(till, cases):
    _, _, request_id = await refunded(till)
    await sold_late(till, request_id)
    (case,) = await cases.all()
    one, other = await asyncio.gather(
        *(cases.close(case.case_id, actor=name, reason="done") for name in ("ada", "bola"))
    )
    assert one == other


async def test_a_case_that_there_is_not_is_not_found(cases):
    with pytest.raises(LookupError):
        await cases.close(4711, actor="ada", reason="done")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cases SET loss_kobo = 0",
        "UPDATE cases SET detail = 'nothing happened'",
        "DELETE FROM cases",
        "TRUNCATE cases",
    ],
)
async def test_a_case_is_never_edited_or_deleted(till, sql, refused, change):
    """I12: whoever writes."""
    _, _, request_id = await refunded(till)
    await sold_late(till, request_id)
    with pytest.raises(refused):
        await sql.rows(change)


async def test_a_closed_case_is_not_opened_again(till, cases, sql, refused):
    _, _, request_id = await refunded(till)
    await sold_late(till, request_id)
    (case,) = await cases.all()
    await cases.close(case.case_id, actor="ada", reason="written off")
    with pytest.raises(refused):
        await sql.rows("UPDATE cases SET closed_at = NULL, closed_by = NULL, resolution = NULL")


# Everything that waits


async def test_an_order_that_waits_for_a_decision_is_listed_with_its_reason(till, cases):
    order, _ = await till.paid()
    await till.sent(order)
    await till.move(order, BillStatus.PROCESSING_BILL)
    since = till.clock.advance(timedelta(minutes=30))
    await till.store.orders.change_status(
        order.transaction_id, BillStatus.NEEDS_REVIEW, detail="vtpass is not certain"
    )
    till.clock.advance(timedelta(minutes=5))
    await till.store.orders.note(kind="asked", detail="again", transaction_id=order.transaction_id)
    (review,) = await cases.reviews()
    assert review.order.transaction_id == order.transaction_id
    assert (review.since, review.why) == (since, "vtpass is not certain")


async def test_an_order_that_waits_no_more_is_not_listed(till, cases):
    order, _ = await till.paid()
    await till.move(order, BillStatus.NEEDS_REVIEW, BillStatus.PROVIDER_FAILED)
    await till.completed()
    assert await cases.reviews() == []
