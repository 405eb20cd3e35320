"""The database gives no answer in the middle of a purchase: what was sold must never look like nothing."""

from types import SimpleNamespace
from typing import Any

import pytest

from billpay.domain.outcomes import Delivered
from billpay.domain.statuses import BillStatus
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from tests.activities.placing import new_order
from tests.billpay.buying.market import Fuse, adapter, die_after_buying, writing_badly


class Mute:
    """A part of the store of which some methods give no answer."""

    def __init__(self, inner: Any, *methods: str) -> None:
        self._inner, self._methods = inner, methods

    def __getattr__(self, name: str) -> Any:
        if name not in self._methods:
            return getattr(self._inner, name)

        async def silent(*_: Any, **__: Any) -> None:
            raise Unavailable("the database gave no answer")

        return silent


def without(market, provider, *methods: str):
    """A worker whose store gives no answer to these."""
    store = market.store
    orders, attempts = Mute(store.orders, *methods), Mute(store.attempts, *methods)
    return market.buying_through(provider, SimpleNamespace(orders=orders, attempts=attempts))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "says", ["delivered", "processing", "reset", "closed", "offline", "failed"]
)
async def test_whatever_the_database_does_not_answer_a_sale_is_never_denied(market, says, after):
    """I4, fault 59: at every call to the store, with its commit made and not made."""
    failed = 0
    for at in range(1, 20):
        account = f"0803{at:06d}{int(after)}"
        market.shop.script(account, pay=says)
        _, step = await market.order(new_order(account))
        fuse = Fuse(at=at, after=after, error=Unavailable)
        said = await market.pay(step, writing_badly(market, fuse))
        if isinstance(said, Unavailable | Misconfigured):
            assert market.sold(account) == []
        failed += isinstance(said, Unavailable | Misconfigured | Ambiguous)
        said = await market.settle(step)
        assert market.agrees(account, said)
        if not fuse.is_blown:
            break
    assert failed >= 3


async def test_an_answer_that_cannot_be_kept_is_doubt(market):
    """I7: the token is at the shop and not in our records; only asking may follow."""
    account = "08011111111"
    _, step = await market.order(new_order(account))
    with pytest.raises(Ambiguous, match="could not be written down"):
        await without(market, market.vtpass, "save_answer").pay(step, is_repetition=False)
    assert len(market.sold(account)) == 1
    assert isinstance(await market.certainty(step), Delivered)


async def test_an_answer_to_a_question_that_cannot_be_kept_is_doubt(market):
    _, step = await market.order(new_order("630000000000"))
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=False)
    mute = without(market, market.vtpass, "save_answer")
    with pytest.raises(Ambiguous, match="could not be written down"):
        await mute.pay(step, is_repetition=True)
    with pytest.raises(Ambiguous, match="could not be written down"):
        await mute.confirm(step)


async def test_doubt_that_cannot_be_shown_stays_doubt(market):
    """What the order looks like is a courtesy; that it may be sold is not."""
    account = "630000000000"
    _, step = await market.order(new_order(account))
    with pytest.raises(Ambiguous):
        await without(market, market.vtpass, "change_status").pay(step, is_repetition=False)
    assert await market.status(step) is BillStatus.PROCESSING_BILL
    assert market.agrees(account, await market.certainty(step))


async def test_a_sending_whose_failing_cannot_be_noted_is_doubt(market):
    """By our records it was sent, and they are what the next worker reads."""
    _, step = await market.order(new_order())
    nobody = adapter("http://127.0.0.1:1")
    with pytest.raises(Ambiguous):
        await without(market, nobody, "mark_unsent").pay(step, is_repetition=False)
    await nobody.close()


async def test_a_sending_that_cannot_be_noted_is_not_made(market):
    """I14."""
    _, step = await market.order(new_order())
    with pytest.raises(Unavailable):
        await without(market, market.vtpass, "mark_sent").pay(step, is_repetition=False)
    assert market.rows("08011111111") == []


async def test_a_repetition_that_cannot_be_noted_says_nothing_about_what_was_sent_before(market):
    account = "08031111111"
    market.shop.script(account, pay="delivered", appears_after_seconds=50)
    _, step = await market.order(new_order(account))
    await die_after_buying(market, step)
    with pytest.raises(Ambiguous):
        await without(market, market.vtpass, "mark_sent").pay(step, is_repetition=True)
    assert market.agrees(account, await market.certainty(step))
