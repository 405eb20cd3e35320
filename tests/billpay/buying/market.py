"""One shop, one store, whoever buys, and workers that die at a chosen moment.

The world's clock is moved by hand: the shop, the store and the buyer live by the same one.
"""

import inspect
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from billpay.buying import Buyer
from billpay.domain.orders import Order
from billpay.domain.outcomes import Delivered, Outcome, Settled
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import PurchaseStep
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable
from billpay.providers.vtpass import VTPass
from billpay.sandbox import identities
from billpay.store import RefusedError, Store
from billpay.store.status import IllegalTransitionError
from tests.activities.placing import purchase_step, verified
from tests.fixtures.postgres import MovableClock
from tests.fixtures.sandbox import Sandbox

ANSWER_SECONDS = 0.5
"""How long the shop may hold an answer here before it counts as lost."""

BETWEEN_QUESTIONS = timedelta(seconds=65)
QUESTIONS = 10


def adapter(base_url: str) -> VTPass:
    return VTPass(
        base_url=base_url,
        api_key=SecretStr(identities.vtpass_api_key()),
        public_key=SecretStr(identities.vtpass_public_key()),
        secret_key=SecretStr(identities.vtpass_secret_key()),
        read_timeout_seconds=ANSWER_SECONDS,
    )


@dataclass
class Market:
    """One shop, one store and whoever buys."""

    shop: Sandbox
    store: Store
    clock: MovableClock
    vtpass: VTPass

    @property
    def buyer(self) -> Buyer:
        """A worker like any other."""
        return self.buying_through(self.vtpass)

    def buying_through(self, provider: Any, store: Any = None, **more: Any) -> Buyer:
        providers = {ProviderName.VTPASS: provider} if provider else {}
        store = store or self.store
        return Buyer(store=store, providers=providers, clock=self.clock, **more)

    async def order(self, new: Any) -> tuple[Order, PurchaseStep]:
        order = await verified(self.store, self.clock, new)
        return order, purchase_step(order, self.clock)

    async def status(self, step: PurchaseStep) -> BillStatus:
        return (await self.store.orders.row(step.transaction_id)).status

    async def pay(self, step: PurchaseStep, buyer: Buyer | None = None, *, again: bool = False):
        """Answer as the step's border does: a failure as itself, and a refusal by our own records as doubt."""
        try:
            return await (buyer or self.buyer).pay(step, is_repetition=again)
        except Failure as failure:
            return failure
        except (IllegalTransitionError, RefusedError) as unforeseen:
            return Ambiguous(str(unforeseen))

    async def settle(self, step: PurchaseStep) -> Outcome | Failure:
        """Do as the workflow does: three attempts, then questions until it is certain."""
        said = await self.pay(step)
        for _ in range(2):
            if not isinstance(said, Unavailable):
                break
            self.clock.advance(timedelta(seconds=10))
            said = await self.pay(step, again=True)
        is_final = isinstance(said, Settled | Unavailable | Misconfigured)
        return said if is_final else await self.certainty(step)

    async def certainty(self, step: PurchaseStep, buyer: Buyer | None = None) -> Outcome:
        buyer = buyer or self.buyer
        for _ in range(QUESTIONS):
            self.clock.advance(BETWEEN_QUESTIONS)
            try:
                outcome = await buyer.confirm(step)
            except Unavailable:
                continue
            if isinstance(outcome, Settled):
                return outcome
        return pytest.fail("the shop never became certain")

    def sold(self, account: str) -> list[dict[str, Any]]:
        return [row for row in self.rows(account) if row["happened"] == "sold"]

    def rows(self, account: str) -> list[dict[str, Any]]:
        return [row for row in self.shop.truth_vtpass() if row["account"] == account]

    def agrees(self, account: str, outcome: Outcome | Failure) -> bool:
        """Whether what we believe is what happened: at most one sale (I4), known to us exactly when there is one."""
        happened = [row["happened"] for row in self.rows(account)]
        assert happened.count("sold") <= 1
        assert "pending" not in happened
        return isinstance(outcome, Delivered) == ("sold" in happened)


class CrashedError(Exception):
    """The worker died here."""


class Fuse:
    """Counts the calls that go out, and kills the worker at one of them: before it is made, or after.

    With another error than the worker's death, the call fails so.
    """

    def __init__(self, *, at: int, after: bool, error: type[Exception] = CrashedError) -> None:
        self.at, self.after, self.error, self.calls = at, after, error, 0

    def wire(self, inner: Any) -> Any:
        return _Wired(self, inner)

    @property
    def is_blown(self) -> bool:
        return self.calls >= self.at


class _Wired:
    def __init__(self, fuse: Fuse, inner: Any) -> None:
        self._fuse, self._inner = fuse, inner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        fuse = self._fuse

        async def call(*args: Any, **kwargs: Any) -> Any:
            fuse.calls += 1
            is_last = fuse.calls == fuse.at
            if is_last and not fuse.after:
                raise fuse.error(name)
            answer = await method(*args, **kwargs)
            if is_last:
                raise fuse.error(name)
            return answer

        return call if inspect.iscoroutinefunction(method) else method


def mortal(market: Market, fuse: Fuse) -> Buyer:
    """A worker that dies when its fuse blows."""
    store = market.store
    wired = SimpleNamespace(orders=fuse.wire(store.orders), attempts=fuse.wire(store.attempts))
    return market.buying_through(fuse.wire(market.vtpass), wired)


def writing_badly(market: Market, fuse: Fuse) -> Buyer:
    """A worker whose database gives no answer when its fuse blows; everything else works."""
    store = market.store
    wired = SimpleNamespace(orders=fuse.wire(store.orders), attempts=fuse.wire(store.attempts))
    return market.buying_through(market.vtpass, wired)


async def die_after_buying(market: Market, step: PurchaseStep) -> None:
    """Let a worker die with the shop's answer in its hands."""
    with pytest.raises(CrashedError, match="buy"):
        await mortal(market, Fuse(at=4, after=True)).pay(step, is_repetition=False)
