"""How much one server is asked, on a clock that is moved by hand."""

import asyncio

import pytest

from billpay.failures import Unavailable
from billpay.ledger.budget import (
    READ_PATIENCE_SECONDS,
    URGENT_PATIENCE_SECONDS,
    RequestBudget,
    budget_of,
)
from tests.billpay.ledger import wire
from tests.billpay.ledger.wire import as_http, horizon, problem


class Time:
    """A clock that sleeping moves."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def time():
    return Time()


def budget(time, *, per_hour=3_600, burst=10):
    return RequestBudget(per_hour=per_hour, burst=burst, monotonic=time, sleep=time.sleep)


async def read(granted, times=1):
    for _ in range(times):
        await granted.enter(moves_money=False, is_urgent=False)


async def prove(granted, times=1):
    for _ in range(times):
        await granted.enter(moves_money=False, is_urgent=True)


async def submit(granted, times=1):
    for _ in range(times):
        await granted.enter(moves_money=True, is_urgent=True)


async def test_a_burst_is_free_and_then_everyone_waits_for_the_rate(time):
    granted = budget(time)
    await prove(granted, 10)
    assert time.now == 1_000
    await prove(granted, 3)
    assert time.now == pytest.approx(1_003)


async def test_reading_leaves_a_part_of_the_burst_to_money_and_proofs(time):
    """A backlog of pages must not keep a refund from being sent or looked up."""
    granted = budget(time)
    await read(granted, 8)
    assert time.now == 1_000
    await prove(granted)
    await submit(granted)
    assert time.now == 1_000
    await read(granted)
    assert time.now > 1_002, "reading waits until the kept part is whole again"


async def test_an_hour_never_sees_more_than_was_granted_and_the_burst(time):
    granted = budget(time, per_hour=60)
    asked = 0
    while time.now < 4_600:
        try:
            await read(granted)
            asked += 1
        except Unavailable as failure:
            await time.sleep(failure.retry_after_seconds)
    assert 60 <= asked <= 70


async def test_who_would_wait_too_long_is_told_to_come_back(time):
    granted = budget(time, per_hour=6)
    await submit(granted, 10)
    with pytest.raises(Unavailable, match="REQUESTS_PER_HOUR") as raised:
        await submit(granted)
    assert raised.value.retry_after_seconds == pytest.approx(600)
    assert time.now == 1_000


async def test_what_is_urgent_waits_longer():
    assert URGENT_PATIENCE_SECONDS > READ_PATIENCE_SECONDS


async def test_a_server_that_asks_for_patience_is_not_read_from_until_then(time):
    """Fault 8: asking on would only have it ask for more patience."""
    granted = budget(time)
    granted.close_for(60)
    granted.close_for(1)
    for asking in (read, prove):
        with pytest.raises(Unavailable, match="slow down") as raised:
            await asking(granted)
        assert raised.value.retry_after_seconds == pytest.approx(60)
    await submit(granted)
    await time.sleep(60)
    await read(granted)


async def test_those_who_wait_at_once_share_the_rate(time):
    granted = budget(time)
    await asyncio.gather(*(submit(granted) for _ in range(15)))
    assert time.now >= 1_005


def test_every_source_of_a_server_shares_one_budget():
    one = budget_of("https://Horizon.test/some/key", 3_600)
    assert budget_of("https://horizon.test", 3_600) is one
    assert budget_of("https://user:key@horizon.test", 3_600) is one
    assert budget_of("https://other.test", 3_600) is not one


def test_a_server_may_be_asked_without_bound():
    assert budget_of("https://horizon.test", 0) is None


async def test_every_request_of_horizon_is_counted(time):
    granted = budget(time, burst=5)
    async with horizon({"/": wire.root()}, budget=granted) as (source, server):
        for _ in range(6):
            await source.tip()
    assert len(server.asked) == 6
    assert time.now > 1_000


async def test_a_429_keeps_every_source_of_that_server_from_reading(time):
    """Fault 8: the watcher's 429 holds back whoever else reads there, and no submission."""
    granted = budget(time)
    slow_down = as_http(problem(429, "rate_limit_exceeded"), Retry_After="30")
    answers = {"/": slow_down, "/transactions": wire.transaction()}
    async with (
        horizon(answers, budget=granted) as (source, server),
        horizon(answers, budget=granted) as (other, other_server),
    ):
        for asked in (source, other):
            with pytest.raises(Unavailable) as raised:
                await asked.tip()
            assert raised.value.retry_after_seconds == pytest.approx(30)
        assert (await other.submit("AAAA==", wire.HASH)).successful
    assert server.paths() == ["GET /"]
    assert "GET /" not in other_server.paths()
