"""Breakers on the real database, seen by several workers at once."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from billpay.domain.breaker import (
    EVERYTHING,
    PROBE_LAPSES_AFTER,
    BreakerRules,
    Call,
    Heard,
    Line,
    Question,
)
from billpay.domain.routing import ProviderName
from billpay.store import Store
from billpay.store.breaker_tables import RING
from billpay.store.breakers import BREAKER_CLOSED, BREAKER_OPENED
from tests.fixtures.postgres import SEALING_KEY

FLUTTERWAVE, VTPASS = ProviderName.FLUTTERWAVE, ProviderName.VTPASS
LINE, OTHER_LINE = Line("electricity/ekedc"), Line("airtime/mtn")
RULES = BreakerRules(
    window=timedelta(minutes=5),
    minimum_calls=5,
    failure_share=0.5,
    probe_after=timedelta(seconds=60),
)
ADA, BOLA = UUID(int=1), UUID(int=2)


@pytest_asyncio.fixture
async def other_worker(database_url, clock) -> AsyncIterator[Store]:
    """A second worker on the same database."""
    opened = await Store.open(database_url, sealing_key=SEALING_KEY, clock=clock)
    yield opened
    await opened.close()


def call(heard=Heard.FAILED, order=ADA, **changes) -> Call:
    facts = {
        "provider": FLUTTERWAVE,
        "line": LINE,
        "question": Question.PAY,
        "transaction_id": order,
        "heard": heard,
        "detail": "" if heard is Heard.ANSWERED else "no answer in time",
    }
    return Call(**facts | changes)


async def hear(store, *calls: Call):
    """Record these calls one after the other, and answer what the last one came to."""
    recorded = None
    for one in calls:
        recorded = await store.breakers.record(one, RULES)
    return recorded


async def trip(store, line=LINE, provider=FLUTTERWAVE):
    return await hear(store, *[call(line=line, provider=provider)] * RULES.minimum_calls)


async def events(sql) -> list[tuple[str, str]]:
    return await sql.rows("SELECT kind, detail FROM payment_events ORDER BY id")


async def counted(sql) -> list[tuple[int, int]]:
    return await sql.rows("SELECT calls, failures FROM provider_calls ORDER BY minute")


# Counting


async def test_calls_are_added_up_by_the_minute(store, clock, sql):
    await hear(store, call(), call(Heard.ANSWERED), call(Heard.ANSWERED))
    clock.advance(timedelta(minutes=1))
    await hear(store, call(Heard.ANSWERED))
    assert await counted(sql) == [(3, 1), (1, 0)]


async def test_lines_questions_and_providers_are_counted_apart(store):
    """MTN's airtime may fail while everything else works, and a meter may be verified by who sells nothing."""
    for changes in ({"line": OTHER_LINE}, {"question": Question.VERIFY}, {"provider": VTPASS}):
        assert not (await hear(store, *[call(**changes)] * 4)).is_open
    assert not (await hear(store, *[call()] * 4)).is_open
    assert (await hear(store, call())).is_open
    assert await store.breakers.open_at(LINE) == {FLUTTERWAVE}
    assert await store.breakers.open_at(OTHER_LINE) == frozenset()


async def test_what_is_older_than_the_window_does_not_count(store, clock):
    await hear(store, *[call()] * 4)
    clock.advance(RULES.window + timedelta(minutes=1))
    assert not (await hear(store, call())).is_open


async def test_what_is_inside_the_window_does(store, clock):
    for _ in range(4):
        await hear(store, call())
        clock.advance(timedelta(minutes=1))
    assert (await hear(store, call())).is_open


async def test_an_outage_is_noticed_however_much_was_sold_just_before(store):
    await hear(store, *[call(Heard.ANSWERED)] * 20)
    assert not (await hear(store, *[call()] * 4)).is_open
    assert (await hear(store, call())).is_open


async def test_an_answer_in_between_ends_the_row(store, sql):
    await hear(store, *[call(Heard.ANSWERED)] * 20, *[call()] * 4, call(Heard.ANSWERED))
    assert not (await hear(store, *[call()] * 4)).is_open
    assert await sql.value("SELECT in_a_row FROM provider_calls") == 4


async def test_a_row_does_not_reach_over_a_minute(store, clock):
    """An hour with one failure in each minute is no outage."""
    await hear(store, *[call(Heard.ANSWERED)] * 20, *[call()] * 4)
    clock.advance(timedelta(minutes=1))
    assert not (await hear(store, call())).is_open


async def test_a_minute_takes_the_place_of_one_that_nobody_needs_any_more(store, clock, sql):
    """Nothing has to be cleared away, however long a line is never broken."""
    for _ in range(RING + 3):
        await hear(store, call(Heard.ANSWERED))
        clock.advance(timedelta(minutes=1))
    assert await counted(sql) == [(1, 0)] * RING


async def test_a_clock_that_ran_ahead_has_counted_nothing_yet(store, clock):
    """Fault 60."""
    clock.advance(timedelta(minutes=30))
    await hear(store, *[call()] * 4)
    clock.advance(-timedelta(minutes=30))
    assert not (await hear(store, call())).is_open


async def test_trouble_with_our_account_counts_for_no_line(store, sql):
    await hear(store, *[call(Heard.OUR_ACCOUNT)] * 6)
    assert await counted(sql) == [(0, 0)]
    assert [one.line for one in await store.breakers.all() if one.is_open] == [EVERYTHING]


# Opening and closing


async def test_an_operator_is_told_of_an_opening_once(store, sql):
    """Not once for every order that finds it open."""
    recorded = await trip(store)
    (change,) = recorded.changes
    assert change.kind == BREAKER_OPENED
    again = await trip(store)
    assert (again.is_open, again.changes) == (True, ())
    why = "5 of 5 purchases failed within 300 s, 5 in a row, last: no answer in time"
    assert await events(sql) == [(BREAKER_OPENED, f"flutterwave electricity/ekedc: {why}")]
    assert change.detail == f"flutterwave electricity/ekedc: {why}"


async def test_the_event_belongs_to_no_payment(store, sql):
    await trip(store)
    (owner,) = await sql.rows("SELECT transaction_id, operation_id, actor FROM payment_events")
    assert owner == (None, None, "service")


async def test_an_empty_float_opens_every_line_at_once(store, sql):
    """Fault 43."""
    empty = call(Heard.OUR_ACCOUNT, detail="our float is empty")
    assert (await hear(store, empty)).is_open
    for line in (LINE, OTHER_LINE):
        assert await store.breakers.open_at(line) == {FLUTTERWAVE}
    assert await events(sql) == [(BREAKER_OPENED, "flutterwave everything: our float is empty")]


async def test_the_probe_closes_it_and_an_operator_is_told_once(store, clock, sql):
    await trip(store)
    clock.advance(RULES.probe_after)
    assert await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)
    verified = await hear(store, call(Heard.ANSWERED, question=Question.VERIFY))
    assert (verified.is_open, verified.changes) == (True, ())
    sold = await hear(store, call(Heard.ANSWERED))
    assert not sold.is_open
    assert await hear(store, call(Heard.ANSWERED)) == type(sold)(is_open=False)
    assert [kind for kind, _ in await events(sql)] == [BREAKER_OPENED, BREAKER_CLOSED]
    assert str(ADA) in sold.changes[0].detail
    assert await store.breakers.open_at(LINE) == frozenset()


async def test_what_led_to_an_opening_does_not_lead_to_the_next(store, clock):
    """One failure right after it closed is one of one, not one of six."""
    await trip(store)
    clock.advance(RULES.probe_after)
    await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)
    await hear(store, call(Heard.ANSWERED))
    assert not (await hear(store, *[call()] * 4)).is_open
    assert (await hear(store, call())).is_open


async def test_one_order_closes_what_it_tried_the_line_and_everything(store, clock, sql):
    await trip(store)
    await hear(store, call(Heard.OUR_ACCOUNT))
    clock.advance(RULES.probe_after)
    assert await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)
    await hear(store, call(Heard.ANSWERED))
    assert [one.is_open for one in await store.breakers.all()] == [False, False]
    assert [kind for kind, _ in await events(sql)].count(BREAKER_CLOSED) == 2


async def test_a_late_answer_to_another_order_does_not_close_it(store):
    await trip(store)
    assert (await hear(store, call(Heard.ANSWERED, BOLA))).is_open
    assert await store.breakers.open_at(LINE) == {FLUTTERWAVE}


# The probe


async def test_the_probe_is_for_all_that_is_open_or_for_nothing(store, clock):
    await trip(store)
    clock.advance(RULES.probe_after)
    await hear(store, call(Heard.OUR_ACCOUNT))
    assert not await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)
    assert {one.probing for one in await store.breakers.all()} == {None}
    clock.advance(RULES.probe_after)
    assert await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)
    assert {one.probing for one in await store.breakers.all()} == {ADA}


async def test_what_is_closed_again_is_everybodys(store):
    assert await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)
    assert await store.breakers.claim_probe(FLUTTERWAVE, LINE, BOLA)
    assert await store.breakers.all() == []


async def test_an_order_that_tries_it_may_ask_again(store, clock):
    """Fault 56: its worker died between the claim and the answer."""
    await trip(store)
    clock.advance(RULES.probe_after)
    for _ in range(2):
        assert await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)
    clock.advance(PROBE_LAPSES_AFTER)
    assert await store.breakers.claim_probe(FLUTTERWAVE, LINE, BOLA)
    assert not await store.breakers.claim_probe(FLUTTERWAVE, LINE, ADA)


@pytest.mark.parametrize("is_everything", [False, True])
async def test_of_many_orders_at_two_workers_one_tries_it(
    store, other_worker, clock, is_everything
):
    await (hear(store, call(Heard.OUR_ACCOUNT)) if is_everything else trip(store))
    clock.advance(RULES.probe_after)
    orders = [UUID(int=number) for number in range(1, 17)]
    claims = await asyncio.gather(
        *(
            worker.breakers.claim_probe(FLUTTERWAVE, LINE, order)
            for order in orders
            for worker in (store, other_worker)
        )
    )
    by_order = {
        order: (first, second)
        for order, first, second in zip(orders, claims[::2], claims[1::2], strict=True)
    }
    winners = [order for order, won in by_order.items() if any(won)]
    assert len(winners) == 1
    assert by_order[winners[0]] == (True, True)


# Several workers


async def test_two_workers_that_fail_at_once_open_it_once(store, other_worker, sql):
    calls = [
        worker.breakers.record(call(order=UUID(int=number)), RULES)
        for number in range(12)
        for worker in (store, other_worker)
    ]
    recorded = await asyncio.gather(*calls)
    assert sum(len(one.changes) for one in recorded) == 1
    assert len(await events(sql)) == 1


async def test_what_one_worker_heard_every_worker_knows(store, other_worker):
    await hear(store, call(), call(), call())
    assert (await hear(other_worker, call(), call())).is_open
    assert await store.breakers.open_at(LINE) == {FLUTTERWAVE}


async def test_workers_that_count_claim_and_decide_at_once_never_block_each_other(
    store, other_worker, clock, sql
):
    """A deadlock would end as a failure of one of them."""
    chance = random.Random(7)
    heard = [Heard.FAILED, Heard.FAILED, Heard.ANSWERED, Heard.OUR_ACCOUNT]
    for _ in range(10):
        moves = []
        for worker in (store, other_worker) * 8:
            order, line = UUID(int=chance.randint(1, 4)), chance.choice([LINE, OTHER_LINE])
            moves.append(worker.breakers.claim_probe(FLUTTERWAVE, line, order))
            moves.append(
                worker.breakers.record(call(chance.choice(heard), order, line=line), RULES)
            )
        await asyncio.gather(*moves)
        clock.advance(RULES.probe_after)
    kinds = [kind for kind, _ in await events(sql)]
    is_open = sum(one.is_open for one in await store.breakers.all())
    assert kinds.count(BREAKER_OPENED) - kinds.count(BREAKER_CLOSED) == is_open
