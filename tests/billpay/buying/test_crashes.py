"""Workers that die at any moment, and workers that are not as dead as they were thought to be."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from billpay.domain.attempts import GRACE
from billpay.domain.ids import request_id
from billpay.domain.outcomes import Delivered, NotSold, Outcome, Settled
from billpay.domain.steps import PurchaseStep
from billpay.failures import Ambiguous, Failure, Unavailable
from tests.activities.placing import new_order
from tests.billpay.buying.market import (
    CrashedError,
    Fuse,
    Market,
    adapter,
    die_after_buying,
    mortal,
)


async def carry_on(market: Market, step: PurchaseStep, how: str) -> Outcome | Failure:
    """Do what happens to a step whose worker died."""
    if how == "asked about":
        return await market.certainty(step)
    if how == "reset":
        # A new run of the workflow offers a new name, and knows nothing of the first sending.
        market.clock.advance(timedelta(minutes=1))
        renamed = request_id(f"bill-{step.transaction_id}", step.number, market.clock.now)
        return await market.settle(step.model_copy(update={"request_id": renamed}))
    said = await market.pay(step, again=True)
    is_final = isinstance(said, Settled | Unavailable)
    return said if is_final else await market.certainty(step)


@pytest.mark.parametrize("how", ["repeated", "reset", "asked about"])
@pytest.mark.parametrize("says", ["delivered", "html", "closed", "offline"])
async def test_a_worker_may_die_at_any_moment_of_a_purchase(market, says, how):
    """I4, I14, faults 56 and 58: at every call, before and after it; the next worker ends as the truth does."""
    moments = 0
    for at in range(1, 20):
        for after in (False, True):
            account = f"0803{at:06d}{int(after)}"
            market.shop.script(account, pay=says)
            _, step = await market.order(new_order(account))
            fuse = Fuse(at=at, after=after)
            try:
                await mortal(market, fuse).pay(step, is_repetition=False)
            except (CrashedError, Unavailable, Ambiguous):
                moments += 1
            assert market.agrees(account, await carry_on(market, step, how))
        if not fuse.is_blown:
            break
    assert moments >= 8


@pytest.mark.parametrize(("says", "ends"), [("reset", Delivered), ("closed", NotSold)])
@pytest.mark.parametrize("after", [False, True])
async def test_a_worker_may_die_at_any_moment_of_a_question(market, says, ends, after):
    """Fault 56."""
    moments = 0
    for at in range(1, 40):
        account = f"0806{at:07d}"
        market.shop.script(account, pay=says)
        _, step = await market.order(new_order(account))
        with pytest.raises(Ambiguous):
            await market.buyer.pay(step, is_repetition=False)
        market.clock.advance(GRACE)
        fuse = Fuse(at=at, after=after)
        with suppress(CrashedError):
            await market.certainty(step, mortal(market, fuse))
        outcome = await market.certainty(step)
        assert isinstance(outcome, ends)
        assert market.agrees(account, outcome)
        if not fuse.is_blown:
            break
        moments += 1
    assert moments >= 4


@pytest.mark.parametrize("hidden_seconds", [0, 45])
@pytest.mark.parametrize("says", ["delivered", "reset", "closed", "timeout", "offline"])
async def test_two_workers_at_once_buy_once(market, says, hidden_seconds):
    """I4, fault 57: the first was thought dead and is not."""
    account = "08037777777"
    market.shop.script(account, pay=says, appears_after_seconds=hidden_seconds)
    _, step = await market.order(new_order(account))
    await asyncio.gather(
        market.buyer.pay(step, is_repetition=False),
        market.buyer.pay(step, is_repetition=True),
        market.buyer.pay(step, is_repetition=False),
        return_exceptions=True,
    )
    assert len({row["request_id"] for row in market.rows(account)}) <= 1
    assert market.agrees(account, await market.certainty(step))


async def test_a_worker_that_failed_to_send_does_not_speak_for_the_one_that_sent(market):
    """Fault 57: both began before either had sent; one sold and died, the other could not reach the shop."""
    account = "08038888888"
    market.shop.script(account, pay="delivered")
    _, step = await market.order(new_order(account))
    nobody = adapter("http://127.0.0.1:1")
    gate = asyncio.Event()

    class Slow:
        """Marks the attempt as sent only after the other worker has sold and died."""

        async def mark_sent(self, request_id: str) -> None:
            await gate.wait()
            await market.store.attempts.mark_sent(request_id)

        def __getattr__(self, name: str) -> Any:
            return getattr(market.store.attempts, name)

    store = SimpleNamespace(orders=market.store.orders, attempts=Slow())
    late = asyncio.create_task(market.buying_through(nobody, store).pay(step, is_repetition=False))
    await die_after_buying(market, step)
    gate.set()
    with pytest.raises((Unavailable, Ambiguous)):
        await late
    outcome = await market.certainty(step)
    assert isinstance(outcome, Delivered)
    assert market.agrees(account, outcome)
    await nobody.close()
