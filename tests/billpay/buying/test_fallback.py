"""The first provider is down, the second one sells: what customers get, and how long they wait for it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from billpay.breakers import Breakers
from billpay.buying import Buyer
from billpay.domain.outcomes import Delivered
from billpay.failures import Ambiguous, Unavailable
from billpay.providers.base import Purchase
from tests.activities.placing import meter_order
from tests.billpay.buying.customers import FIRST, RULES, SECOND, WAITS, Customers, Served, everybody
from tests.billpay.buying.market import adapter


@pytest.mark.parametrize("down", [httpx.ConnectError, httpx.ReadTimeout])
async def test_after_the_first_failures_nobody_waits_for_a_provider_that_is_down(
    customers, told, down
):
    """All are served; two find out, the others never knock."""
    customers.line.down = down
    served = await everybody(customers, 2)
    assert [one.by for one in served] == [SECOND, SECOND]
    assert [one.waited for one in served] == [sum(WAITS), WAITS[0]]
    knocked = len(customers.line.calls)
    assert knocked == RULES.minimum_calls
    assert await everybody(customers, 5) == [Served(SECOND, 0)] * 5
    assert len(customers.line.calls) == knocked
    assert told() == (1, 0)


async def test_a_provider_that_verifies_and_does_not_sell_is_asked_last_as_well(customers, clock):
    customers.line.down, customers.line.only = httpx.ConnectError, "/pay"
    served = await everybody(customers, 2)
    assert [one.by for one in served] == [SECOND, SECOND]
    assert [one.waited for one in served] == [sum(WAITS), WAITS[0]]
    assert await everybody(customers, 3) == [Served(SECOND, 0)] * 3
    assert customers.line.calls.count("/vtpass/api/pay") == RULES.minimum_calls
    clock.advance(RULES.probe_after)
    assert await everybody(customers, 3) == [Served(SECOND, 0)] * 3
    assert customers.line.calls.count("/vtpass/api/pay") == RULES.minimum_calls + 1


async def test_another_biller_of_the_same_provider_is_asked_as_ever(customers):
    """Its breaker is its own."""
    customers.line.down = httpx.ConnectError
    await everybody(customers, 2)
    customers.line.down = None
    assert await customers.served("ekedc") == Served(FIRST, 0)
    assert await customers.served() == Served(SECOND, 0)


async def test_one_customer_after_a_while_finds_it_still_down_and_waits_for_no_repetition(
    customers, clock, told
):
    customers.line.down = httpx.ConnectError
    await everybody(customers, 2)
    knocked = len(customers.line.calls)
    for _ in range(3):
        clock.advance(RULES.probe_after)
        assert await everybody(customers, 4) == [Served(SECOND, 0)] * 4
        knocked += 1
        assert len(customers.line.calls) == knocked
    assert told() == (1, 0)


async def test_one_customer_after_a_while_finds_it_back_and_everybody_follows(
    customers, clock, told
):
    customers.line.down = httpx.ConnectError
    await everybody(customers, 3)
    customers.line.down = None
    assert await everybody(customers, 2) == [Served(SECOND, 0)] * 2
    clock.advance(RULES.probe_after)
    assert await everybody(customers, 3) == [Served(FIRST, 0)] * 3
    assert told() == (1, 1)


async def test_where_both_are_down_both_are_asked(customers):
    """An open breaker refunds nobody: who has no other is asked as often as ever."""
    customers.line.down = httpx.ConnectError
    await everybody(customers, 2)
    nobody, knocked = adapter("http://127.0.0.1:1"), len(customers.line.calls)
    both = Customers(customers.market, customers.line, customers.first, nobody)
    assert (await both.served()).by is None
    assert len(customers.line.calls) == knocked + len(WAITS) + 1
    await nobody.close()


async def test_a_worker_that_gives_way_does_not_close_what_another_one_has_sent(customers):
    """Fault 57: both began before either had sent; one sold and died, the other could not reach the shop."""
    customers.line.down = httpx.ConnectError
    await everybody(customers, 2)
    customers.line.down = None
    account, market = "45999999999", customers.market
    market.shop.script(account, pay="delivered", appears_after_seconds=50)
    order, step = await market.order(meter_order(account))
    step = step.model_copy(update={"provider": FIRST, "others": (SECOND,)})
    ready, gate = asyncio.Event(), asyncio.Event()

    class Slow:
        """Marks the attempt as sent only after the other worker has sold and died."""

        async def mark_sent(self, request_id: str) -> None:
            ready.set()
            await gate.wait()
            customers.line.down = httpx.ConnectError
            await market.store.attempts.mark_sent(request_id)

        def __getattr__(self, name: str) -> Any:
            return getattr(market.store.attempts, name)

    slow = SimpleNamespace(
        orders=market.store.orders, attempts=Slow(), catalogue=market.store.catalogue
    )
    late = Buyer(
        store=slow,
        providers={FIRST: customers.first},
        clock=market.clock,
        breakers=Breakers(store=market.store.breakers, rules=RULES),
    )
    waiting = asyncio.create_task(late.pay(step, is_repetition=False))
    await ready.wait()
    await market.store.attempts.mark_sent(step.request_id)
    await customers.first.buy(Purchase.of(order), step.request_id)
    gate.set()
    with pytest.raises((Unavailable, Ambiguous)):
        await waiting
    customers.line.down = None
    assert isinstance(await market.certainty(step, customers.buyer), Delivered)
    assert market.agrees(account, Delivered(provider_reference=""))
