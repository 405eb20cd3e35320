"""What only a person can put right: opened once, in the commit of what it tells, and closed by a person."""

import asyncio
from datetime import timedelta

import pytest

from billpay.domain.breaker import EVERYTHING, BreakerRules, Call, Heard, Line, Question
from billpay.domain.cases import CaseKind
from billpay.domain.money import Stroops
from billpay.domain.refunds import EnvelopeState, RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.ledger.base import UnreadableRecord
from billpay.store import RefusedError
from tests.billpay.store.aftermath import declined, refunded, sold_late


@pytest.fixture
def cases(store):
    return store.cases


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
    second = await till.envelope(refund)
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
