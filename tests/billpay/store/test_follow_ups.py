"""Which purchases are asked about again, and when: all that were ever sent, once they are settled."""

from datetime import timedelta

import pytest

from billpay.domain.follow_ups import SOLD_AGES, UNSOLD_AGES
from billpay.domain.outcomes import Answer, Declined, Postponed, Processing, TokenAwaited, Whose
from billpay.domain.routing import ProviderName

MOMENT = timedelta(seconds=1)
UNSETTLED = [
    None,
    Answer(outcome=Processing(), body="099"),
    Answer(outcome=TokenAwaited(provider_reference="VT-1"), body="000"),
]
UNSOLD = [
    Declined(reason="the product is off", whose=Whose.PROVIDER),
    Postponed(reason="a look-alike", retry_after_seconds=30),
]


@pytest.fixture
def follow_ups(store):
    return store.follow_ups


@pytest.fixture
def due(follow_ups):
    async def names(provider=ProviderName.VTPASS, limit=50):
        return [one.request_id for one in await follow_ups.due(provider, limit)]

    return names


async def settled(till, outcome):
    """An attempt that was sent and is settled now."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    await till.store.attempts.save_answer(opened.request_id, Answer(outcome=outcome, body="said"))
    return opened.request_id


async def abandoned(till, number=1):
    """An attempt that was sent and that a person gave up."""
    order, _ = await till.paid()
    opened = await till.sent(order, number)
    await till.store.attempts.settle_unsold(order.transaction_id, number, "enough", actor="ada")
    return opened.request_id


@pytest.mark.parametrize("outcome", UNSOLD)
async def test_what_was_not_sold_is_due_ten_minutes_after_it_was_settled(till, due, outcome):
    request_id = await settled(till, outcome)
    till.clock.advance(UNSOLD_AGES[0] - MOMENT)
    assert await due() == []
    till.clock.advance(MOMENT)
    assert await due() == [request_id]
    assert await due(ProviderName.FLUTTERWAVE) == []


async def test_what_was_given_up_in_doubt_is_due_likewise(till, due):
    """The likeliest to turn out as sold: only a person's word says that it was not."""
    request_id = await abandoned(till)
    till.clock.advance(UNSOLD_AGES[0])
    assert await due() == [request_id]


async def test_what_was_sold_is_due_later(till, follow_ups, due):
    _, _, attempt = await till.sold()
    till.clock.advance(SOLD_AGES[0] - MOMENT)
    assert await due() == []
    till.clock.advance(MOMENT)
    (found,) = await follow_ups.due(ProviderName.VTPASS, 50)
    assert (found.request_id, found.was_sold) == (attempt.request_id, True)
    assert found.provider_reference == "VT-1"


@pytest.mark.parametrize("answer", UNSETTLED)
async def test_what_is_not_settled_is_its_workflows_business(till, due, answer):
    order, _ = await till.paid()
    opened = await till.sent(order)
    if answer:
        await till.store.attempts.save_answer(opened.request_id, answer)
    till.clock.advance(timedelta(days=10))
    assert await due() == []


async def test_what_was_never_sent_is_not_asked_about(till, due):
    order, _ = await till.paid()
    opened = await till.attempt(order)
    await till.store.attempts.close_unsent(opened.request_id)
    till.clock.advance(timedelta(days=1))
    assert await due() == []


async def test_a_sending_that_is_said_to_have_had_no_effect_is_asked_about(till, due):
    """Whoever says so may be wrong: a biller that was called offline may have sold it."""
    order, _ = await till.paid()
    opened = await till.sent(order)
    await till.store.attempts.mark_unsent(opened.request_id)
    await till.store.attempts.settle_unsold(order.transaction_id, 1, "offline")
    till.clock.advance(UNSOLD_AGES[0])
    assert await due() == [opened.request_id]


async def test_a_planned_question_is_due_when_its_time_has_come(till, follow_ups, due):
    request_id = await abandoned(till)
    till.clock.advance(UNSOLD_AGES[0])
    (found,) = await follow_ups.due(ProviderName.VTPASS, 50)
    await follow_ups.plan(found, till.clock() + timedelta(hours=2), was_answered=True)
    till.clock.advance(timedelta(hours=2) - MOMENT)
    assert await due() == []
    till.clock.advance(MOMENT)
    assert await due() == [request_id]


@pytest.mark.parametrize("was_answered", [True, False])
async def test_the_last_question_ends_them_and_a_missing_answer_is_told(
    till, follow_ups, due, was_answered
):
    """I19: that nobody could make sure is not passed over in silence."""
    await abandoned(till)
    till.clock.advance(UNSOLD_AGES[-1])
    (found,) = await follow_ups.due(ProviderName.VTPASS, 50)
    for _ in range(2):
        await follow_ups.plan(found, None, was_answered=was_answered)
    till.clock.advance(timedelta(days=100))
    assert await due() == []
    told = (await till.kinds(found.transaction_id)).count("follow_up_unanswered")
    assert told == (0 if was_answered else 1)


async def test_those_that_wait_longest_come_first_and_not_all_at_once(till, due):
    """A provider is not flooded after an outage."""
    waiting = []
    for _ in range(3):
        waiting.append(await abandoned(till))
        till.clock.advance(MOMENT)
    till.clock.advance(UNSOLD_AGES[0])
    assert await due(limit=2) == waiting[:2]
    assert await due() == waiting


async def test_an_attempt_sent_again_has_one_row(till, sql):
    order, _ = await till.paid()
    opened = await till.sent(order)
    await till.store.attempts.mark_sent(opened.request_id)
    assert await sql.value("SELECT count(*) FROM follow_ups") == 1
