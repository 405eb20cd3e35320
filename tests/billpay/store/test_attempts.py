import asyncio
from datetime import timedelta

import pytest

from billpay.domain.attempts import GRACE, PROOF_DISTANCE
from billpay.domain.outcomes import (
    Answer,
    Declined,
    Delivered,
    NeverSeen,
    NotSold,
    Processing,
    Settled,
    TokenAwaited,
    Whose,
)
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token
from billpay.store import RefusedError

PROCESSING = Answer(outcome=Processing(provider_reference="VT-1"), body="099")
AWAITED = Answer(outcome=TokenAwaited(provider_reference="VT-1"), body="000 without a token")
DECLINED = Answer(outcome=Declined(reason="the product is off", whose=Whose.PROVIDER), body="016")
NOT_SOLD = Answer(outcome=NotSold(code="never seen twice"), body="015")
OTHER_TOKEN = Token("99999999999999999999")


@pytest.fixture
def attempts(store):
    return store.attempts


async def test_an_opened_attempt_shows_its_order_as_being_bought_there(till):
    order, _ = await till.paid()
    opened = await till.attempt(order, provider=ProviderName.FLUTTERWAVE)
    record = await till.store.payments.record(order.transaction_id)
    assert record.attempts == [opened]
    assert (opened.number, opened.sent_at, opened.outcome) == (1, None, None)
    assert opened.opened_at == till.clock()
    assert record.order.status is BillStatus.PROCESSING_BILL
    assert record.provider_name == "flutterwave"


async def test_an_attempt_opened_twice_keeps_its_own_request_id(till, attempts):
    """I14: after a reset of its workflow another id is offered; the provider knows the first."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    await attempts.save_answer(opened.request_id, PROCESSING)
    again = await attempts.open(
        transaction_id=order.transaction_id,
        number=1,
        provider=ProviderName.FLUTTERWAVE,
        request_id="a newer id",
    )
    assert again.request_id == opened.request_id
    assert again.provider is ProviderName.VTPASS
    assert again.outcome == PROCESSING.outcome
    assert await till.status(order) is BillStatus.PROVIDER_PROCESSING


async def test_two_workers_open_one_attempt(till):
    order, _ = await till.paid()
    one, other = await asyncio.gather(till.attempt(order), till.attempt(order))
    assert one == other
    assert (await till.kinds(order.transaction_id)).count("processing_bill") == 1


@pytest.mark.parametrize("answer", [None, PROCESSING, AWAITED])
async def test_nothing_is_bought_while_an_earlier_attempt_is_in_doubt(till, attempts, answer):
    """I4: also where two workers disagree about the number."""
    order, _ = await till.paid()
    first = await till.sent(order)
    if answer:
        await attempts.save_answer(first.request_id, answer)
    with pytest.raises(RefusedError, match="may be sold"):
        await till.attempt(order, 2)


async def test_two_attempts_at_once_are_refused(till):
    """I4."""
    order, _ = await till.paid()
    results = await asyncio.gather(
        *(till.attempt(order, number) for number in (1, 2, 3)), return_exceptions=True
    )
    assert sum(isinstance(result, RefusedError) for result in results) == 2


async def test_nothing_is_bought_after_a_sale(till):
    order, _, _ = await till.sold()
    with pytest.raises(RefusedError, match="may be sold"):
        await till.attempt(order, 2)


async def test_nothing_is_bought_for_an_order_that_is_unpaid(till):
    order = await till.order()
    with pytest.raises(RefusedError, match="not paid"):
        await till.attempt(order)


async def test_nothing_is_bought_once_the_money_goes_back(till):
    """I3."""
    order, operation_id = await till.given_up()
    await till.whole(operation_id)
    with pytest.raises(RefusedError, match="given back"):
        await till.attempt(order, 2)


async def test_an_attempt_that_was_never_opened_is_not_found(attempts):
    with pytest.raises(LookupError):
        await attempts.mark_sent("nothing")


async def test_a_sending_is_noted_before_it_happens_and_taken_back_if_it_did_not(till, attempts):
    order, _ = await till.paid()
    opened = await till.sent(order)
    assert (await till.attempt(order)).sent_at == till.clock()
    await attempts.mark_unsent(opened.request_id)
    assert (await till.attempt(order)).sent_at is None
    await attempts.mark_unsent(opened.request_id)
    assert (await till.attempt(order)).sent_at is None


async def test_a_sending_of_another_worker_is_not_taken_back(till, attempts):
    """Fault 57: one worker's refused connection says nothing about what the other has sent."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    later = till.clock.advance(timedelta(seconds=1))
    await attempts.mark_sent(opened.request_id)
    await attempts.mark_unsent(opened.request_id)
    assert (await till.attempt(order)).sent_at == later


async def test_a_settled_attempt_is_not_sent_any_more(till, attempts):
    """A worker that was thought dead wakes up after its attempt was closed."""
    order, _ = await till.paid()
    opened = await till.attempt(order)
    closed = await attempts.close_unsent(opened.request_id)
    assert isinstance(closed.outcome, NotSold)
    assert await attempts.close_unsent(opened.request_id) == closed
    with pytest.raises(RefusedError, match="not sent"):
        await attempts.mark_sent(opened.request_id)
    await attempts.mark_unsent(opened.request_id)


async def test_a_sent_attempt_is_not_closed(till, attempts):
    order, _ = await till.paid()
    opened = await till.sent(order)
    assert (await attempts.close_unsent(opened.request_id)).outcome is None


async def test_closing_and_sending_at_once_agree(till, attempts):
    order, _ = await till.paid()
    opened = await till.attempt(order)
    sending, closed = await asyncio.gather(
        attempts.mark_sent(opened.request_id),
        attempts.close_unsent(opened.request_id),
        return_exceptions=True,
    )
    was_refused = isinstance(sending, RefusedError)
    assert was_refused == isinstance(closed.outcome, NotSold)


async def test_the_first_denial_is_kept(till, attempts):
    order, _ = await till.paid()
    opened = await till.sent(order)
    first = till.clock.advance(GRACE)
    await attempts.record_denial(opened.request_id)
    till.clock.advance(timedelta(seconds=30))
    await attempts.record_denial(opened.request_id)
    assert (await till.attempt(order)).first_denied_at == first


async def test_a_denial_that_came_before_the_latest_sending_is_forgotten(till, attempts):
    """Fault 39: only denials from after the last sending prove anything about it."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    till.clock.advance(GRACE)
    await attempts.record_denial(opened.request_id)
    await attempts.mark_sent(opened.request_id)
    assert (await till.attempt(order)).first_denied_at is None
    await attempts.record_denial(opened.request_id)
    assert (await till.attempt(order)).first_denied_at is None


async def test_an_answer_is_kept_sealed_and_answered(till, attempts, sql):
    """I7, I18: what the provider said can be read with the key only."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    kept = await attempts.save_answer(opened.request_id, till.delivery())
    assert kept.outcome == Delivered(provider_reference="VT-1")
    assert await attempts.save_answer(opened.request_id, till.delivery()) == kept
    record = await till.store.payments.record(order.transaction_id)
    assert record.receipt == till.receipt()
    token = till.receipt().token
    assert token not in repr(record)
    for table in ("attempts", "provider_answers"):
        for (row,) in await sql.rows(f"SELECT {table}::text FROM {table}"):
            assert token not in row
            assert token.encode().hex() not in row
    assert await sql.value("SELECT count(*) FROM provider_answers") == 1


async def test_every_new_word_of_a_provider_is_kept_as_it_came(till, attempts):
    order, _ = await till.paid()
    opened = await till.sent(order)
    broken = till.delivery(body="\x00\ud800")
    for answer in (PROCESSING, PROCESSING, AWAITED, till.delivery(), broken):
        await attempts.save_answer(opened.request_id, answer)
    kept = await till.store.payments.answers(opened.request_id)
    assert [(one.outcome_kind, one.body) for one in kept] == [
        (answer.outcome.kind, answer.body)
        for answer in (PROCESSING, AWAITED, till.delivery(), broken)
    ]
    assert till.receipt().token not in repr(kept)


@pytest.mark.parametrize("answer", [PROCESSING, AWAITED])
async def test_an_uncertain_answer_lets_its_order_wait_for_the_provider(till, attempts, answer):
    order, _ = await till.paid()
    opened = await till.sent(order)
    await attempts.save_answer(opened.request_id, answer)
    assert await till.status(order) is BillStatus.PROVIDER_PROCESSING


async def test_an_order_that_waits_for_a_person_goes_on_waiting(till, attempts):
    """The questions go on while a person is asked; their uncertain answers end nothing."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    await till.move(order, BillStatus.PROVIDER_PROCESSING, BillStatus.NEEDS_REVIEW)
    await attempts.save_answer(opened.request_id, PROCESSING)
    assert await till.status(order) is BillStatus.NEEDS_REVIEW


async def test_who_accepted_a_purchase_does_not_disprove_it_by_not_knowing_it(till, attempts):
    """Fault 39, I13."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    await attempts.save_answer(opened.request_id, PROCESSING)
    till.clock.advance(GRACE + PROOF_DISTANCE)
    kept = await attempts.save_answer(opened.request_id, NOT_SOLD)
    assert kept.outcome == PROCESSING.outcome


async def test_a_proof_is_void_where_the_purchase_was_sent_again_a_moment_ago(till, attempts):
    """Fault 57: the proof was asked for before another worker sent the same id."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    till.clock.advance(GRACE + PROOF_DISTANCE)
    await attempts.mark_sent(opened.request_id)
    kept = await attempts.save_answer(opened.request_id, NOT_SOLD)
    assert kept.outcome == NeverSeen()
    assert not isinstance(kept.outcome, Settled)
    till.clock.advance(GRACE)
    assert (await attempts.save_answer(opened.request_id, NOT_SOLD)).outcome == NOT_SOLD.outcome


async def test_a_token_seen_once_is_never_replaced(till, attempts):
    """I7: not by none, not by another; and the contradiction is a case for a person."""
    order, _, attempt = await till.sold()
    for receipt in (till.receipt(token=None), till.receipt(token=OTHER_TOKEN)):
        other = till.delivery(receipt=receipt, body=repr(receipt.token))
        await attempts.save_answer(attempt.request_id, other)
    record = await till.store.payments.record(order.transaction_id)
    assert record.receipt == till.receipt()
    assert await till.kinds(order.transaction_id) == [
        "pending_payment",
        "cngn_received",
        "verifying_account",
        "processing_bill",
        "late_truth",
    ]


async def test_a_token_that_comes_later_joins_its_receipt(till, attempts):
    """Fault 45."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    early = till.receipt(token=None, bonus_token=OTHER_TOKEN)
    awaited = Answer(outcome=AWAITED.outcome, receipt=early, body="early")
    await attempts.save_answer(opened.request_id, awaited)
    await attempts.save_answer(opened.request_id, till.delivery())
    record = await till.store.payments.record(order.transaction_id)
    assert record.receipt == till.receipt(bonus_token=OTHER_TOKEN)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "\udfff\x00 \U0001f4a1"])
async def test_text_that_no_database_takes_does_not_cost_a_token(till, attempts, text):
    """I7, fault 35: an answer that cannot be stored would be asked for and lost for ever."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    readable = text.replace("\x00", "?").encode(errors="replace").decode()
    answer = Answer(
        outcome=Delivered(provider_reference=f"VT{readable}", code="a\x00b"),
        receipt=till.receipt(units=f"79{text}", provider_reference=text),
        body=f"{text}{till.receipt().token}",
    )
    await attempts.save_answer(opened.request_id, answer)
    await attempts.complete(order.transaction_id, detail=f"said {text}")
    record = await till.store.payments.record(order.transaction_id)
    assert record.receipt.token == till.receipt().token


async def test_a_sale_whose_token_is_awaited_is_left_by_its_delivery_only(till, attempts):
    order, _ = await till.paid()
    opened = await till.sent(order)
    await attempts.save_answer(opened.request_id, AWAITED)
    till.clock.advance(GRACE + PROOF_DISTANCE)
    for answer in (PROCESSING, DECLINED, NOT_SOLD):
        kept = await attempts.save_answer(opened.request_id, answer)
        assert kept.outcome == AWAITED.outcome
    assert (await till.kinds(order.transaction_id)).count("late_truth") == 2
    assert (await attempts.save_answer(opened.request_id, till.delivery())).outcome.kind == (
        "delivered"
    )


async def test_the_first_certain_outcome_stays_and_its_contradiction_is_told_once(till, attempts):
    """I12, fault 38."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    first = await attempts.save_answer(opened.request_id, DECLINED)
    for _ in range(2):
        kept = await attempts.save_answer(opened.request_id, till.delivery())
        assert kept == first
    assert (await till.kinds(order.transaction_id)).count("late_truth") == 1
    record = await till.store.payments.record(order.transaction_id)
    assert record.receipt == till.receipt()


async def test_giving_a_provider_up_settles_its_attempt_and_frees_the_order(till, attempts):
    order, _ = await till.paid()
    await till.attempt(order)
    for _ in range(2):
        await attempts.settle_unsold(order.transaction_id, 1, "offline")
        assert await till.status(order) is BillStatus.PROVIDER_FAILED
    assert isinstance((await till.attempt(order)).outcome, NotSold)
    second = await till.attempt(order, 2)
    assert second.number == 2


async def test_giving_up_again_does_not_disturb_the_next_attempt(till, attempts):
    """Fault 57: the repetition of a step arrives after the order has gone on."""
    order, _ = await till.given_up()
    await till.attempt(order, 2)
    await attempts.settle_unsold(order.transaction_id, 1, "offline")
    assert await till.status(order) is BillStatus.PROCESSING_BILL


async def test_giving_up_does_not_disturb_a_refund_that_waits_for_a_person(till, attempts):
    """Fault 57: even where the repetition names an attempt that nobody ever opened."""
    order, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    await till.store.refunds.hold(refund.refund_id, "no trustline")
    for number in (1, 2):
        await attempts.settle_unsold(order.transaction_id, number, "offline")
        assert await till.status(order) is BillStatus.NEEDS_REVIEW
    with pytest.raises(RefusedError, match="given back"):
        await till.move(order, BillStatus.VERIFYING_ACCOUNT)


async def test_a_provider_that_declined_is_given_up_with_its_own_words(till, attempts):
    order, _ = await till.paid()
    opened = await till.sent(order)
    await attempts.save_answer(opened.request_id, DECLINED)
    await attempts.settle_unsold(order.transaction_id, 1, "it declined")
    assert (await till.attempt(order)).outcome == DECLINED.outcome
    assert await till.status(order) is BillStatus.PROVIDER_FAILED


async def test_a_provider_that_was_never_asked_can_be_given_up(till, attempts):
    """The database was away whenever the attempt was to be opened."""
    order, _ = await till.paid()
    for _ in range(2):
        await attempts.settle_unsold(order.transaction_id, 1, "the database was away")
        assert await till.status(order) is BillStatus.PROVIDER_FAILED


@pytest.mark.parametrize("answer", [AWAITED, "delivery"])
@pytest.mark.parametrize("actor", ["service", "ada"])
async def test_what_is_known_as_sold_is_not_given_up(till, attempts, answer, actor):
    """I3: whoever wishes it."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    said = till.delivery() if answer == "delivery" else answer
    await attempts.save_answer(opened.request_id, said)
    with pytest.raises(RefusedError, match="is sold"):
        await attempts.settle_unsold(order.transaction_id, 1, "a wish", actor=actor)


@pytest.mark.parametrize("answer", [None, PROCESSING])
async def test_what_may_be_sold_is_given_up_by_a_person_only(till, attempts, answer):
    """I13."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    if answer:
        await attempts.save_answer(opened.request_id, answer)
    with pytest.raises(RefusedError, match="a person decides"):
        await attempts.settle_unsold(order.transaction_id, 1, "enough waited")
    await attempts.settle_unsold(order.transaction_id, 1, "I have asked them", actor="ada")
    record = await till.store.payments.record(order.transaction_id)
    assert record.order.status is BillStatus.PROVIDER_FAILED
    assert record.events[-1].actor == "ada"
