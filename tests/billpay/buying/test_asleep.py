"""Workers that fall asleep between noting a purchase and making it: stopped, swapped out, on a suspended machine."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from billpay.buying import LEAVES_WITHIN
from billpay.clock import system_stopwatch
from billpay.domain.attempts import GRACE
from billpay.domain.outcomes import Delivered, NotSold
from billpay.failures import Ambiguous, Unavailable
from tests.activities.placing import new_order
from tests.billpay.buying.market import Market

ACCOUNT = "08011111111"
A_MOMENT = timedelta(seconds=1)


class Sleeper:
    """The attempts of a worker that falls asleep once a sending is noted; the world goes on meanwhile."""

    def __init__(self, market: Market, sleeps: timedelta, meanwhile: Any = None) -> None:
        self._market, self._sleeps, self._meanwhile = market, sleeps, meanwhile
        self._passed = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market.store.attempts, name)

    def stopwatch(self) -> float:
        return self._passed

    async def mark_sent(self, request_id: str) -> None:
        await self._market.store.attempts.mark_sent(request_id)
        if self._meanwhile is not None:
            self._meanwhile = await self._meanwhile()
        self._passed += self._sleeps.total_seconds()

    @property
    def buyer(self):
        store = SimpleNamespace(orders=self._market.store.orders, attempts=self)
        return self._market.buying_through(self._market.vtpass, store, stopwatch=self.stopwatch)


async def test_what_was_proven_unsold_while_its_worker_slept_is_not_bought_when_it_wakes(market):
    """I3, I4: the customer has their money back by then."""
    _, step = await market.order(new_order(ACCOUNT))
    sleeper = Sleeper(market, timedelta(minutes=5), lambda: market.certainty(step))
    said = await market.pay(step, sleeper.buyer)
    assert market.rows(ACCOUNT) == []
    assert isinstance(said, Unavailable)
    assert isinstance(await market.buyer.confirm(step), NotSold)


async def test_after_too_long_a_sleep_nothing_was_sent_and_the_attempt_may_be_repeated(market):
    _, step = await market.order(new_order(ACCOUNT))
    said = await market.pay(step, Sleeper(market, LEAVES_WITHIN + A_MOMENT).buyer)
    assert isinstance(said, Unavailable)
    assert market.rows(ACCOUNT) == []
    assert isinstance(await market.pay(step, again=True), Delivered)


async def test_an_earlier_sending_stays_in_doubt_however_long_its_repetition_slept(market):
    """Fault 58: what the first sending did is not undone by the second one's staying at home."""
    market.shop.script(ACCOUNT, pay="closed")
    _, step = await market.order(new_order(ACCOUNT))
    assert isinstance(await market.pay(step), Ambiguous)
    said = await market.pay(step, Sleeper(market, timedelta(minutes=5)).buyer, again=True)
    assert isinstance(said, Ambiguous)
    assert market.agrees(ACCOUNT, await market.certainty(step))


@pytest.mark.parametrize("sleeps", [timedelta(0), LEAVES_WITHIN])
async def test_a_worker_that_was_only_slow_buys(market, sleeps):
    _, step = await market.order(new_order(ACCOUNT))
    assert isinstance(await market.pay(step, Sleeper(market, sleeps).buyer), Delivered)


async def test_what_a_sleeping_worker_spent_of_our_float_is_given_back(market):
    spent: list[int] = []

    async def spend(_, amount):
        spent.append(amount)

    floats = SimpleNamespace(spend=spend, give_back=lambda _, amount: spent.remove(amount))
    _, step = await market.order(new_order(ACCOUNT))
    sleeper = Sleeper(market, GRACE)
    buyer = sleeper.buyer
    buyer._floats = floats
    assert isinstance(await market.pay(step, buyer), Unavailable)
    assert spent == []


def test_no_denial_counts_before_the_last_moment_at_which_a_purchase_may_leave():
    assert LEAVES_WITHIN < GRACE


def test_the_stopwatch_goes_forward():
    begun = system_stopwatch()
    while system_stopwatch() == begun:
        pass
    assert system_stopwatch() > begun
