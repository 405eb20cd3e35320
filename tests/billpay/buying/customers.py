"""A worker with two providers, and the customers it serves.

Both providers are VTPass's adapter on the simulated shop: the first, under Flutterwave's name, reaches it only while a
test lets it. The steps are those of a worker; the workflow's part is played by `Customers.served`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
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
from billpay.failures import Failure, Unavailable
from billpay.floats import Floats
from billpay.providers.vtpass import VTPass
from billpay.sandbox import identities
from billpay.settings import load_settings
from tests.activities.conftest import run
from tests.activities.placing import meter_order, paid, purchase_step
from tests.billpay.buying.market import Market

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


async def everybody(customers, count: int) -> list[Served]:
    return [await customers.served() for _ in range(count)]
