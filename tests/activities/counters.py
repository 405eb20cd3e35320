"""Two providers that say what they are told to, and orders that come to them."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from activities.verify import REROUTED, VerifyActivities
from billpay.breakers import Breakers
from billpay.domain.accounts import AccountOk, AccountVerdict
from billpay.domain.breaker import BreakerRules, Question, line_of
from billpay.domain.deposits import DepositPolicy, ReturnIt
from billpay.domain.orders import Order
from billpay.domain.routing import ProviderName
from billpay.domain.steps import Payable, VerifyAccount, VerifyPayment
from billpay.failures import Failure, Unavailable
from billpay.store import Store
from tests.activities.conftest import run
from tests.activities.placing import meter_order, paid

VTPASS, FLUTTERWAVE, PAYSTACK = ProviderName
RULES = BreakerRules(
    window=timedelta(minutes=5),
    minimum_calls=3,
    failure_share=0.5,
    probe_after=timedelta(seconds=60),
)
DOWN = Unavailable("it gave no answer in time")


@dataclass
class Counter:
    """A provider that sells what it is told to, and says what it is told to say."""

    name: ProviderName
    said: AccountVerdict | Failure = field(default_factory=AccountOk)
    does_sell: bool = True
    asked: int = 0

    def sells(self, *_: Any) -> bool:
        return self.does_sell

    async def verify_account(self, _: Any) -> AccountVerdict:
        self.asked += 1
        if isinstance(self.said, Failure):
            raise self.said
        return self.said


@dataclass
class Counters:
    """The two providers, and an order that comes to them."""

    store: Store
    clock: Any
    flutterwave: Counter = field(default_factory=lambda: Counter(FLUTTERWAVE))
    vtpass: Counter = field(default_factory=lambda: Counter(VTPASS))

    @cached_property
    def breakers(self) -> Breakers:
        return Breakers(store=self.store.breakers, rules=RULES)

    @cached_property
    def steps(self) -> VerifyActivities:
        providers = {FLUTTERWAVE: self.flutterwave, VTPASS: self.vtpass}
        return VerifyActivities(self.store, providers, DepositPolicy(), self.breakers)

    async def order(self, **wishes: Any) -> Order:
        return await paid(self.store, self.clock, meter_order(**wishes))

    async def route(self, order: Order) -> tuple[ProviderName, ...]:
        answer = await self.verdict(order)
        assert isinstance(answer, Payable)
        return answer.route

    async def verdict(self, order: Order) -> Payable | ReturnIt:
        record = await self.store.payments.record(order.transaction_id)
        request = VerifyPayment(
            transaction_id=order.transaction_id,
            operation_id=record.deposits[0].credit.operation_id,
        )
        answer: Payable | ReturnIt = await run(self.steps.verify_payment, request)
        return answer

    async def notes(self, order: Order) -> list[str]:
        events = (await self.store.payments.record(order.transaction_id)).events
        return [event.detail for event in events if event.kind == REROUTED]

    async def purchase(self, order: Order, said: Any) -> None:
        """Let an order's purchase at Flutterwave end like this."""
        await self.breakers.count(
            said,
            by=FLUTTERWAVE,
            line=line_of(order.bill_type, order.biller),
            question=Question.PAY,
            transaction_id=order.transaction_id,
        )

    async def trip(self) -> None:
        """Let Flutterwave fail until its breaker opens."""
        order = await self.order()
        for _ in range(RULES.minimum_calls):
            await self.purchase(order, DOWN)


def account(order: Order, *others: ProviderName, provider=FLUTTERWAVE) -> VerifyAccount:
    return VerifyAccount(transaction_id=order.transaction_id, provider=provider, others=others)
