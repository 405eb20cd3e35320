"""Our float is empty or our key refused at the first provider: everybody is served by the second one at once."""

from datetime import timedelta
from typing import Any

import pytest

from billpay.domain.money import naira
from billpay.domain.outcomes import Delivered
from billpay.failures import Ambiguous, Misconfigured
from billpay.floats import Floats
from billpay.providers.vtpass import VTPass
from tests.activities.placing import new_order
from tests.billpay.buying.customers import FIRST, RULES, SECOND, Customers, Served, adapter_over
from tests.billpay.buying.market import die_after_buying


class Poor:
    """A provider at which our float is what the test says."""

    def __init__(self, provider: VTPass, balance: str) -> None:
        self._provider = provider
        self.balance = naira(balance)

    async def float_balance(self) -> Any:
        return self.balance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)


async def test_an_empty_float_sends_nothing_and_everybody_is_served_elsewhere(
    customers, clock, told
):
    """Fault 43: no refund storm, and no purchase that is refused for want of money."""
    poor = Poor(customers.first, "900")
    shop = Customers(customers.market, customers.line, poor)
    assert await shop.served() == Served(SECOND, 0)
    knocked = list(customers.line.calls)
    assert not [path for path in knocked if path.endswith("/pay")]
    assert await shop.served() == Served(SECOND, 0)
    assert await shop.served("ekedc") == Served(SECOND, 0)
    assert customers.line.calls == knocked
    poor.balance = naira("100000")
    clock.advance(RULES.probe_after)
    assert await shop.served() == Served(FIRST, 0)
    assert told() == (1, 1)


async def test_an_order_that_is_too_large_for_the_float_goes_elsewhere_alone(customers, told):
    """I22."""
    shop = Customers(customers.market, customers.line, Poor(customers.first, "6500"))
    assert await shop.served(amount="5501") == Served(SECOND, 0)
    assert await shop.served(amount="5500") == Served(FIRST, 0)
    assert told() == (0, 0)


async def test_an_empty_float_is_no_refusal_of_what_was_sent_before(market):
    """The float ran out between a sending whose worker died and its repetition."""
    account = "08031111111"
    market.shop.script(account, pay="delivered", appears_after_seconds=50)
    _, step = await market.order(new_order(account))
    await die_after_buying(market, step)
    floats = Floats(
        providers={SECOND: Poor(market.vtpass, "0")},
        reserve=naira("0"),
        ask_every=timedelta(seconds=60),
        clock=market.clock,
    )
    with pytest.raises(Ambiguous, match="too low"):
        await market.buying_through(market.vtpass, floats=floats).pay(step, is_repetition=True)
    assert market.agrees(account, await market.certainty(step))


async def test_a_refused_purchase_is_not_taken_off_the_float(market):
    floats = Floats(
        providers={SECOND: Poor(market.vtpass, "1000")},
        reserve=naira("0"),
        ask_every=timedelta(days=1),
        clock=market.clock,
    )
    buyer = market.buying_through(market.vtpass, floats=floats)
    for account in ("08030000000", "08030000001", "600000000000", "08011111111"):
        _, step = await market.order(new_order(account, amount=naira("1000")))
        said = await market.pay(step, buyer)
        assert not isinstance(said, Misconfigured)
    assert isinstance(said, Delivered)


async def test_a_refused_key_is_found_out_by_one_customer(customers, told):
    """Fault 44."""
    locked = adapter_over(customers.market, customers.line, "SK_of_yesterday")
    shop = Customers(customers.market, customers.line, locked)
    assert await shop.served() == Served(SECOND, 0)
    knocked = len(customers.line.calls)
    assert knocked == 1
    assert await shop.served("ekedc") == Served(SECOND, 0)
    assert len(customers.line.calls) == knocked
    assert told() == (1, 0)
    await locked.close()
