import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billpay.domain.breaker import concerns_our_account
from billpay.domain.money import Kobo, naira
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured, Unavailable
from billpay.floats import Floats

VTPASS = ProviderName.VTPASS
TEN_THOUSAND = naira("10000")
RESERVE, EVERY = naira("1000"), timedelta(seconds=60)


@dataclass
class Wallet:
    """A provider that only tells our balance."""

    balance: Any = TEN_THOUSAND
    asked: int = 0

    async def float_balance(self) -> Kobo:
        self.asked += 1
        if isinstance(self.balance, Exception):
            raise self.balance
        return self.balance


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()


@pytest.fixture
def floats(wallet, clock) -> Floats:
    return Floats(providers={VTPASS: wallet}, reserve=RESERVE, ask_every=EVERY, clock=clock)


async def spend(floats, amount: str) -> None:
    await floats.spend(VTPASS, naira(amount))


async def test_the_balance_may_be_spent_down_to_the_reserve(floats):
    await spend(floats, "9000")
    with pytest.raises(Misconfigured) as refusal:
        await spend(floats, "0.01")
    assert refusal.value.detail == (
        "our float at vtpass is ₦1,000: too low for ₦0.01 and a reserve of ₦1,000"
    )
    assert concerns_our_account(refusal.value)


async def test_it_is_asked_once_in_a_while_and_what_was_spent_since_is_known(floats, wallet, clock):
    """I22."""
    await spend(floats, "5000")
    clock.advance(EVERY - timedelta(seconds=1))
    await spend(floats, "4000")
    with pytest.raises(Misconfigured):
        await spend(floats, "1")
    assert wallet.asked == 1
    clock.advance(timedelta(seconds=1))
    await spend(floats, "9000")
    assert wallet.asked == 2


async def test_a_float_that_was_filled_up_is_noticed(floats, wallet, clock):
    wallet.balance = Kobo(0)
    with pytest.raises(Misconfigured):
        await spend(floats, "1")
    wallet.balance = naira("5000")
    clock.advance(EVERY)
    await spend(floats, "4000")


async def test_what_was_not_sold_is_not_spent(floats):
    await spend(floats, "9000")
    floats.give_back(VTPASS, naira("9000"))
    await spend(floats, "9000")


async def test_giving_back_what_was_spent_before_the_last_look_adds_nothing(floats):
    await spend(floats, "100")
    floats.give_back(VTPASS, naira("5000"))
    with pytest.raises(Misconfigured):
        await spend(floats, "9000.01")


@pytest.mark.parametrize("silence", [Unavailable("down"), KeyError("a bug"), TimeoutError()])
async def test_a_float_that_cannot_be_asked_stops_no_purchase(floats, wallet, caplog, silence):
    wallet.balance = silence
    with caplog.at_level(logging.WARNING):
        await spend(floats, "1000000")
        await spend(floats, "1000000")
    assert wallet.asked == 1
    assert "the float at vtpass is not known" in caplog.text
    assert not floats.is_empty(VTPASS)


async def test_a_float_is_empty_when_nothing_above_the_reserve_is_left(floats):
    """One order that is too large says nothing about the others."""
    with pytest.raises(Misconfigured):
        await spend(floats, "1000000")
    assert not floats.is_empty(VTPASS)
    await spend(floats, "8999.99")
    assert not floats.is_empty(VTPASS)
    await spend(floats, "0.01")
    assert floats.is_empty(VTPASS)


async def test_of_many_who_ask_at_once_one_asks(floats, wallet):
    said = await asyncio.gather(*(spend(floats, "2000") for _ in range(7)), return_exceptions=True)
    assert wallet.asked == 1
    assert [type(one).__name__ for one in said].count("Misconfigured") == 3


@given(
    st.integers(0, 10_000),
    st.integers(0, 2_000),
    st.lists(st.integers(1, 3_000), max_size=20),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
async def test_never_more_is_spent_than_the_balance_without_the_reserve(
    clock, balance, reserve, amounts
):
    """I22."""
    wallet = Wallet(Kobo(balance))
    floats = Floats(providers={VTPASS: wallet}, reserve=Kobo(reserve), ask_every=EVERY, clock=clock)
    spent = 0
    for amount in amounts:
        try:
            await floats.spend(VTPASS, Kobo(amount))
        except Misconfigured:
            assert spent + amount > balance - reserve
        else:
            spent += amount
    assert spent <= max(balance - reserve, 0)
