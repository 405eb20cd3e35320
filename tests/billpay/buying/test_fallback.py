"""The first provider fails, the second one sells: what customers get, and how long they wait for it.

Both providers are VTPass's adapter on the simulated shop: the first, under Flutterwave's name, reaches it only while a
test lets it. The steps are those of a worker; the workflow's part is played by `Customers.served`.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError

from activities.verify import VerifyActivities
from billpay.breakers import Breakers
from billpay.buying import Buyer
from billpay.domain.deposits import DepositPolicy
from billpay.domain.money import naira
from billpay.domain.outcomes import Delivered
from billpay.domain.routing import ProviderName
from billpay.domain.steps import PurchaseStep, VerifyAccount, VerifyPayment
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable
from billpay.floats import Floats
from billpay.providers.base import Purchase
from billpay.providers.vtpass import VTPass
from billpay.sandbox import identities
from billpay.settings import load_settings
from billpay.store.breakers import BREAKER_CLOSED, BREAKER_OPENED
from tests.activities.conftest import run
from tests.activities.placing import meter_order, new_order, paid, purchase_step
from tests.billpay.buying.market import Market, adapter, die_after_buying

FIRST, SECOND = ProviderName.FLUTTERWAVE, ProviderName.VTPASS
RULES = load_settings({}).breaker_rules()
WAITS = (10, 60)
"""How far apart a step without an answer is repeated (`workflows.policies.PURCHASE_RHYTHM`)."""


class Switch(httpx.AsyncBaseTransport):
    """The line to the first provider: through to the shop, or cut."""

    def __init__(self) -> None:
        self.down: type[httpx.TransportError] | None = None
        self.only = ""
        """Where the line is cut only for one path."""

        self.calls: list[str] = []
        self._through = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.path)
        if self.down is not None and request.url.path.endswith(self.only):
            raise self.down("the line is cut", request=request)
        return await self._through.handle_async_request(request)

    async def aclose(self) -> None:
        await self._through.aclose()


@dataclass
class Served:
    """How one customer fared."""

    by: ProviderName | None
    waited: int
    """Seconds spent on repetitions, by the policy's rhythm."""


@dataclass
class Customers:
    """A worker with two providers, and the customers it serves."""

    market: Market
    line: Switch
    first: Any
    second: Any = None
    accounts: Any = field(default_factory=lambda: iter(range(45_000_000_000, 46_000_000_000)))

    def __post_init__(self) -> None:
        store, clock = self.market.store, self.market.clock
        providers = {FIRST: self.first, SECOND: self.second or self.market.vtpass}
        breakers = Breakers(store=store.breakers, rules=RULES)
        floats = Floats(
            providers=providers,
            reserve=naira("1000"),
            ask_every=timedelta(seconds=60),
            clock=clock,
        )
        self.buyer = Buyer(
            store=store, providers=providers, clock=clock, breakers=breakers, floats=floats
        )
        self.steps = VerifyActivities(store, providers, DepositPolicy(), breakers)

    async def served(self, biller: str = "ikedc", amount: str = "5000") -> Served:
        """Serve one customer as the workflow does; an account of their own delivers."""
        account = str(next(self.accounts))
        self.market.shop.script(account, pay="delivered")
        store, clock = self.market.store, self.market.clock
        order = await paid(store, clock, meter_order(account, biller, amount=naira(amount)))
        record = await store.payments.record(order.transaction_id)
        deposit = record.deposits[0].credit.operation_id
        request = VerifyPayment(transaction_id=order.transaction_id, operation_id=deposit)
        payable = await run(self.steps.verify_payment, request)
        waited = 0
        for number, name in enumerate(payable.route, start=1):
            ask = VerifyAccount(
                transaction_id=order.transaction_id, provider=name, others=payable.route[number:]
            )
            answer, seconds = await self._repeated(self._verify, ask)
            waited += seconds
            if answer is None:
                await store.orders.change_status(
                    order.transaction_id, "provider_failed", detail="the workflow gave it up"
                )
                continue
            if answer.passed_over:
                continue
            step = purchase_step(order, clock, number).model_copy(
                update={"provider": name, "others": payable.route[number:]}
            )
            outcome, seconds = await self._repeated(self._pay, step)
            waited += seconds
            if isinstance(outcome, Delivered):
                return Served(name, waited)
            await store.attempts.settle_unsold(step.transaction_id, number, "given up")
        return Served(None, waited)

    async def _verify(self, step: VerifyAccount, attempt: int) -> Any:
        return await run(self.steps.verify_account, step, attempt=attempt)

    async def _pay(self, step: PurchaseStep, attempt: int) -> Any:
        return await self.buyer.pay(step, is_repetition=attempt > 1)

    async def _repeated(self, act: Any, step: Any) -> tuple[Any, int]:
        """Do it as often as the policy does; answers None where nothing was sold, and how long it took."""
        waited = 0
        for attempt, wait in enumerate((*WAITS, None), start=1):
            try:
                return await act(step, attempt), waited
            except ApplicationError as failure:
                is_final = failure.type != "Unavailable"
            except Failure as failure:
                is_final = not isinstance(failure, Unavailable)
            if is_final or wait is None:
                break
            waited += wait
            self.market.clock.advance(timedelta(seconds=wait))
        return None, waited


def adapter_over(market: Market, transport: httpx.AsyncBaseTransport, secret: str) -> VTPass:
    return VTPass(
        base_url=market.shop.vtpass_url,
        api_key=SecretStr(identities.vtpass_api_key()),
        public_key=SecretStr(identities.vtpass_public_key()),
        secret_key=SecretStr(secret),
        read_timeout_seconds=0.5,
        transport=transport,
    )


@pytest_asyncio.fixture
async def customers(market) -> AsyncIterator[Customers]:
    line = Switch()
    first = adapter_over(market, line, identities.vtpass_secret_key())
    yield Customers(market, line, first)
    await first.close()


@pytest.fixture
def told(database_url):
    """How often an operator was told of an opening and of a closing."""

    def count() -> tuple[int, int]:
        with psycopg.connect(database_url) as connection:
            kinds = [kind for (kind,) in connection.execute("SELECT kind FROM payment_events")]
        return kinds.count(BREAKER_OPENED), kinds.count(BREAKER_CLOSED)

    return count


async def everybody(customers, count: int) -> list[Served]:
    return [await customers.served() for _ in range(count)]


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


# Our account there


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
