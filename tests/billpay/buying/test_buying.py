"""Buying once, on the real store and against the simulated VTPass over HTTP; what was really sold is the judge."""

from datetime import timedelta
from typing import Any

import pytest

from billpay.domain.attempts import GRACE, PROOF_DISTANCE
from billpay.domain.bills import MeterType
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    NotSold,
    Postponed,
    Processing,
    TokenAwaited,
)
from billpay.domain.statuses import BillStatus
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from tests.activities.placing import meter_order, new_order, purchase_step
from tests.billpay.buying.market import adapter, die_after_buying

# Every account ends right


@pytest.mark.parametrize(
    ("account", "ends"),
    [
        ("08011111111", Delivered),
        ("08012345678", Delivered),
        ("201000000000", Delivered),
        ("300000000000", Delivered),
        ("400000000000", Delivered),
        ("500000000000", Declined),
        ("600000000000", Unavailable),
        ("610000000000", Declined),
        ("620000000000", Declined),
        ("630000000000", Delivered),
        ("640000000000", NotSold),
        ("650000000000", Delivered),
        ("660000000000", Delivered),
        ("670000000000", Delivered),
        ("08030000000", Declined),
    ],
)
async def test_whatever_the_shop_says_the_record_ends_as_the_truth(market, account, ends):
    """I4, I13, faults 30 to 35, 37, 38, 40: timeouts, resets, HTML, half an answer, none at all."""
    order, step = await market.order(new_order(account))
    outcome = await market.settle(step)
    assert isinstance(outcome, ends)
    assert market.agrees(account, outcome)
    for row in market.sold(account):
        assert row["amount_kobo"] == order.bill_amount


@pytest.mark.parametrize(
    ("account", "biller", "meter"),
    [
        ("1111111111111", "ekedc", MeterType.PREPAID),
        ("1111111111111", "ikedc", MeterType.PREPAID),
        ("680000000000", "ikedc", MeterType.PREPAID),
        ("1111111111111", "yedc", MeterType.PREPAID),
        ("1111111111111", "kedco", MeterType.PREPAID),
        ("1010101010101", "ikedc", MeterType.POSTPAID),
        ("300000000000", "aedc", MeterType.PREPAID),
        ("660000000000", "phed", MeterType.PREPAID),
    ],
)
async def test_every_token_the_disco_gave_is_the_customers(market, account, biller, meter):
    """I7, faults 45 and 46: whichever field it came in, and however late."""
    _, step = await market.order(meter_order(account, biller, meter_type=meter))
    outcome = await market.settle(step)
    assert market.agrees(account, outcome)
    await market.store.attempts.complete(step.transaction_id, detail="delivered")
    receipt = (await market.store.payments.record(step.transaction_id)).receipt
    (sale,) = market.sold(account)
    ours = [*receipt.key_change_tokens, receipt.token, receipt.bonus_token]
    assert sorted(filter(None, ours)) == sorted(sale["tokens"])
    assert (receipt.token is not None) == (meter is MeterType.PREPAID)


async def test_a_token_that_is_late_is_asked_for_until_it_comes(market):
    """Fault 45."""
    market.shop.script("1111111111111", token_after_seconds=100)
    _, step = await market.order(meter_order())
    outcome = await market.buyer.pay(step, is_repetition=False)
    assert isinstance(outcome, TokenAwaited)
    assert await market.status(step) is BillStatus.PROVIDER_PROCESSING
    market.clock.advance(timedelta(seconds=99))
    assert isinstance(await market.buyer.confirm(step), TokenAwaited)
    market.clock.advance(timedelta(seconds=1))
    assert isinstance(await market.buyer.confirm(step), Delivered)


# Asking before repeating


async def test_a_lost_answer_is_asked_about_and_never_bought_again(market):
    """Fault 30."""
    account = "300000000000"
    _, step = await market.order(new_order(account))
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=False)
    assert await market.status(step) is BillStatus.PROVIDER_PROCESSING
    assert isinstance(await market.buyer.pay(step, is_repetition=True), Processing)
    market.clock.advance(timedelta(seconds=30))
    assert isinstance(await market.buyer.pay(step, is_repetition=True), Delivered)
    assert [row["pay_calls"] for row in market.rows(account)] == [1]


async def test_what_is_settled_is_neither_bought_nor_asked_about_again(market):
    _, step = await market.order(new_order())
    outcome = await market.buyer.pay(step, is_repetition=False)
    for is_repetition in (False, True):
        assert await market.buyer.pay(step, is_repetition=is_repetition) == outcome
    assert await market.buyer.confirm(step) == outcome
    (row,) = market.rows("08011111111")
    assert (row["pay_calls"], row["requeries"]) == (1, 0)


async def test_a_shop_that_cannot_be_reached_is_bought_from_on_the_repetition(market):
    """Nothing was sent, so nothing is in doubt."""
    _, step = await market.order(new_order())
    nobody = adapter("http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        await market.buying_through(nobody).pay(step, is_repetition=False)
    assert await market.status(step) is BillStatus.RETRY_SCHEDULED
    with pytest.raises(Unavailable):
        await market.buying_through(nobody).pay(step, is_repetition=True)
    outcome = await market.buyer.pay(step, is_repetition=True)
    assert market.agrees("08011111111", outcome)
    assert isinstance(outcome, Delivered)
    await nobody.close()


async def test_a_sent_purchase_that_cannot_be_asked_about_stays_in_doubt(market):
    account = "630000000000"
    _, step = await market.order(new_order(account))
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=False)
    nobody = adapter("http://127.0.0.1:1")
    with pytest.raises(Ambiguous):
        await market.buying_through(nobody).pay(step, is_repetition=True)
    with pytest.raises(Unavailable):
        await market.buying_through(nobody).confirm(step)
    assert market.agrees(account, await market.certainty(step))
    await nobody.close()


@pytest.mark.parametrize("refusal", [Misconfigured("our float is empty"), Unavailable("down")])
async def test_a_refused_repetition_says_nothing_about_what_was_sent_before(market, refusal):
    """Fault 43: the float ran out, or the shop went down, after the first sending, which was sold."""
    account = "08031111111"
    market.shop.script(account, pay="delivered", appears_after_seconds=50)
    _, step = await market.order(new_order(account))
    await die_after_buying(market, step)

    class Refusing:
        async def buy(self, *_: Any) -> None:
            raise refusal

        requery = staticmethod(market.vtpass.requery)

    with pytest.raises(Ambiguous):
        await market.buying_through(Refusing()).pay(step, is_repetition=True)
    outcome = await market.certainty(step)
    assert isinstance(outcome, Delivered)
    assert market.agrees(account, outcome)


async def test_an_empty_float_is_ours_and_sells_nothing(market):
    """Fault 43."""
    market.shop.tell("/world/vtpass/wallet", {"balance_kobo": 0})
    _, step = await market.order(new_order())
    failure = await market.settle(step)
    assert isinstance(failure, Misconfigured)
    assert market.agrees("08011111111", failure)
    await market.store.attempts.settle_unsold(step.transaction_id, step.number, "no float")
    assert await market.status(step) is BillStatus.PROVIDER_FAILED


async def test_a_provider_removed_by_configuration_leaves_its_sale_in_doubt(market):
    """Fault 63."""
    _, step = await market.order(new_order("630000000000"))
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=False)
    nobody = market.buying_through(None)
    with pytest.raises(Misconfigured):
        await nobody.confirm(step)
    with pytest.raises(Misconfigured):
        await nobody.pay(step, is_repetition=True)
    assert isinstance(await market.certainty(step), Delivered)


async def test_the_same_purchase_by_another_customer_waits_and_is_then_made(market):
    """Fault 41: two orders for one phone within half a minute are two orders."""
    account = "08011111111"
    _, first = await market.order(new_order(account))
    order, second = await market.order(new_order(account))
    assert isinstance(await market.buyer.pay(first, is_repetition=False), Delivered)
    refused = await market.buyer.pay(second, is_repetition=False)
    assert isinstance(refused, Postponed)
    await market.store.attempts.settle_unsold(second.transaction_id, 1, refused.reason)
    market.clock.advance(timedelta(seconds=refused.retry_after_seconds))
    again = purchase_step(order, market.clock, number=2)
    assert isinstance(await market.buyer.pay(again, is_repetition=False), Delivered)
    assert len(market.sold(account)) == 2


async def test_a_purchase_begun_before_midnight_keeps_its_name_the_day_after(market):
    """Fault 42: by Lagos time. An old name is refused whatever became of it, so that refusal proves nothing."""
    account = "08032222222"
    market.clock.now = market.clock.now.replace(hour=22, minute=59)
    market.shop.script(account, pay="delivered", appears_after_seconds=300)
    _, step = await market.order(new_order(account))
    await die_after_buying(market, step)
    market.clock.advance(timedelta(minutes=2))
    with pytest.raises(Ambiguous, match="today's date"):
        await market.buyer.pay(step, is_repetition=True)
    market.clock.advance(timedelta(minutes=4))
    outcome = await market.buyer.pay(step, is_repetition=True)
    assert isinstance(outcome, Delivered)
    assert market.agrees(account, outcome)


async def test_a_purchase_first_sent_the_day_after_is_made_under_a_new_name(market):
    """Fault 42: it waited while its name grew old."""
    market.clock.now = market.clock.now.replace(hour=22, minute=59)
    order, step = await market.order(new_order())
    market.clock.advance(timedelta(minutes=2))
    refused = await market.buyer.pay(step, is_repetition=False)
    assert isinstance(refused, Postponed)
    await market.store.attempts.settle_unsold(step.transaction_id, 1, refused.reason)
    again = purchase_step(order, market.clock, number=2)
    assert market.agrees("08011111111", await market.buyer.pay(again, is_repetition=False))
    assert len(market.sold("08011111111")) == 1


async def test_a_doubtful_purchase_that_the_shop_denies_is_sent_again_under_its_name(market):
    """A worker that dies after it has noted its doubt is repeated as well; so is a workflow that was reset."""
    account = "640000000000"
    _, step = await market.order(new_order(account))
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=False)
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=True)


# What proves that nothing was sold


async def test_denials_that_come_too_early_prove_nothing(market):
    """Fault 39: the shop denies a sale for a while after it was made."""
    account = "08033333333"
    hidden = GRACE + PROOF_DISTANCE - timedelta(seconds=1)
    market.shop.script(account, pay="reset", appears_after_seconds=hidden.total_seconds())
    _, step = await market.order(new_order(account))
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=False)
    sent = market.clock.now
    while market.clock.now - sent < hidden - timedelta(seconds=10):
        market.clock.advance(timedelta(seconds=10))
        assert isinstance(await market.buyer.confirm(step), NeverSeen)
    outcome = await market.certainty(step)
    assert isinstance(outcome, Delivered)
    assert market.agrees(account, outcome)


async def test_two_denials_far_enough_apart_prove_it(market):
    _, step = await market.order(new_order("640000000000"))
    with pytest.raises(Ambiguous):
        await market.buyer.pay(step, is_repetition=False)
    said = []
    for wait in (GRACE - timedelta(seconds=1), timedelta(seconds=1), PROOF_DISTANCE):
        market.clock.advance(wait)
        said.append(type(await market.buyer.confirm(step)))
    assert said == [NeverSeen, NeverSeen, NotSold]
    assert market.agrees("640000000000", NotSold())


async def test_an_attempt_that_nobody_sent_is_closed_by_the_question(market):
    """Whoever is asked to confirm it makes sure that nobody sends it any more."""
    _, step = await market.order(new_order())
    outcome = await market.buyer.confirm(step)
    assert isinstance(outcome, NotSold)
    assert await market.buyer.pay(step, is_repetition=False) == outcome
    assert market.agrees("08011111111", outcome)
