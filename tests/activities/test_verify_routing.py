"""Who is asked about an order, and what becomes of those who gave no answer lately."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from activities.verify import VerifyActivities
from billpay.breakers import Breakers
from billpay.domain.accounts import AccountOk, AccountRefused, ProductNotSold
from billpay.domain.bills import BillType
from billpay.domain.deposits import DepositPolicy
from billpay.domain.outcomes import Delivered
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import AccountAnswer
from billpay.failures import Misconfigured, Unavailable
from tests.activities.conftest import failing, run
from tests.activities.counters import DOWN, FLUTTERWAVE, RULES, VTPASS, Counters, account
from tests.activities.placing import new_order, paid


@pytest.fixture
def counters(store, clock) -> Counters:
    return Counters(store, clock)


# Who is asked


async def test_who_does_not_sell_the_biller_is_passed_over_and_the_timeline_says_so(counters):
    counters.flutterwave.does_sell = False
    order = await counters.order()
    assert await counters.route(order) == (VTPASS,)
    told = "vtpass is asked first: flutterwave sells no electricity of ikedc"
    assert await counters.notes(order) == [told]


async def test_nothing_is_told_where_everybody_keeps_the_usual_place(counters):
    order = await counters.order()
    assert await counters.route(order) == (FLUTTERWAVE, VTPASS)
    assert await counters.notes(order) == []


async def test_who_failed_too_often_is_asked_last_and_the_timeline_says_so(counters):
    await counters.trip()
    order = await counters.order()
    assert await counters.route(order) == (VTPASS, FLUTTERWAVE)
    (told,) = await counters.notes(order)
    assert told.startswith("vtpass is asked first: flutterwave failed too often lately")


async def test_who_alone_sells_it_is_asked_however_often_it_failed(counters):
    """An open breaker refunds nobody."""
    counters.vtpass.does_sell = False
    await counters.trip()
    order = await counters.order()
    assert await counters.route(order) == (FLUTTERWAVE,)
    assert await counters.notes(order) == []


async def test_one_order_tries_it_again_in_its_usual_place_until_it_has_sold(counters, clock):
    """Half-open: the others do not wait for the news."""
    await counters.trip()
    clock.advance(RULES.probe_after)
    first, second = await counters.order(), await counters.order()
    assert await counters.route(first) == (FLUTTERWAVE, VTPASS)
    assert await counters.route(second) == (VTPASS, FLUTTERWAVE)
    assert await counters.route(first) == (FLUTTERWAVE, VTPASS)
    await counters.purchase(first, Delivered(provider_reference="FLW-1"))
    assert await counters.route(await counters.order()) == (FLUTTERWAVE, VTPASS)


async def test_who_comes_later_anyway_is_not_tried_for_the_news(counters, clock):
    """An order that names VTPass would hold the probe and never come to Flutterwave."""
    await counters.trip()
    clock.advance(RULES.probe_after)
    assert await counters.route(await counters.order(provider=VTPASS)) == (VTPASS, FLUTTERWAVE)
    assert await counters.route(await counters.order()) == (FLUTTERWAVE, VTPASS)


# What is counted


async def test_verifications_that_fail_open_the_breaker(counters):
    counters.flutterwave.said = DOWN
    order = await counters.order()
    for attempt in range(1, RULES.minimum_calls + 1):
        assert await counters.route(await counters.order()) == (FLUTTERWAVE, VTPASS)
        assert (
            await failing(counters.steps.verify_account, account(order), attempt=attempt)
            == "Unavailable"
        )
    assert await counters.route(await counters.order()) == (VTPASS, FLUTTERWAVE)


@pytest.mark.parametrize("said", [AccountRefused(reason="no such meter"), AccountOk()])
async def test_answers_open_nothing_a_customers_wrong_meter_least_of_all(counters, said):
    counters.flutterwave.said = said
    for _ in range(RULES.minimum_calls * 2):
        await run(counters.steps.verify_account, account(await counters.order()))
    assert await counters.route(await counters.order()) == (FLUTTERWAVE, VTPASS)


async def test_a_refused_key_has_every_line_asked_elsewhere_at_once(counters):
    """Fault 44: the first customer finds out, nobody after them."""
    counters.flutterwave.said = Misconfigured("our secret key was refused")
    refused = await counters.order()
    assert await failing(counters.steps.verify_account, account(refused, VTPASS)) == "Misconfigured"
    assert await counters.route(await counters.order()) == (VTPASS, FLUTTERWAVE)
    assert await counters.route(await counters.order(biller="ekedc")) == (VTPASS, FLUTTERWAVE)


async def test_the_operator_reads_of_a_change_in_the_log_once(counters, caplog):
    with caplog.at_level(logging.WARNING, logger="billpay.breakers"):
        await counters.trip()
        await counters.trip()
    (line,) = [record.message for record in caplog.records if record.name == "billpay.breakers"]
    assert line.startswith("breaker_opened: flutterwave electricity/ikedc: 3 of 3 purchases failed")


async def test_what_cannot_be_counted_is_logged_and_hinders_nobody(counters, store, clock, caplog):
    """A verification is as good without it, and so is a purchase."""

    class Silent:
        async def record(self, *_: Any) -> None:
            raise Unavailable("the database gave no answer")

    deaf = Breakers(store=Silent(), rules=RULES)
    steps = VerifyActivities(store, {FLUTTERWAVE: counters.flutterwave}, DepositPolicy(), deaf)
    order = await counters.order()
    assert await run(steps.verify_account, account(order)) == AccountAnswer(refused=None)
    assert "a call to flutterwave was not counted: Unavailable" in caplog.text


async def test_what_our_own_records_do_not_answer_is_no_failure_of_the_provider(
    counters, store, clock
):
    """They are asked for the product's code before the provider is asked about the account."""

    class Silent:
        async def code_at(self, *_: Any) -> None:
            raise Unavailable("the database gave no answer")

    bundle = new_order(bill_type=BillType.DATA, amount=1000_00, product_code="mtn-1gb")
    order = await paid(store, clock, bundle)
    mute = SimpleNamespace(orders=store.orders, catalogue=Silent())
    steps = VerifyActivities(
        mute, {FLUTTERWAVE: counters.flutterwave}, DepositPolicy(), counters.breakers
    )
    for attempt in range(1, RULES.minimum_calls + 2):
        step = account(order, VTPASS)
        assert await failing(steps.verify_account, step, attempt=attempt) == "Unavailable"
    assert await store.breakers.all() == []


# Passed over


async def test_nobody_waits_for_repetitions_at_who_fails_everybody(counters, records):
    """It was asked once, it gave no answer to anybody, and there is somebody else to ask."""
    await counters.trip()
    counters.flutterwave.said = DOWN
    order = await counters.order()
    answer = await run(counters.steps.verify_account, account(order, VTPASS))
    assert answer.refused is None
    assert DOWN.detail in answer.passed_over
    assert counters.flutterwave.asked == 1
    assert await records.status(order.transaction_id) == BillStatus.PROVIDER_FAILED
    again = await run(counters.steps.verify_account, account(order, VTPASS), attempt=2)
    assert again == answer
    vtpass_answer = await run(counters.steps.verify_account, account(order, provider=VTPASS))
    assert vtpass_answer == AccountAnswer(refused=None)


async def test_the_last_one_is_asked_as_often_as_ever(counters):
    """An open breaker shortens nobody's way to a refund."""
    await counters.trip()
    counters.flutterwave.said = DOWN
    order = await counters.order()
    assert await failing(counters.steps.verify_account, account(order)) == "Unavailable"


async def test_a_single_failure_is_repeated_as_ever(counters):
    counters.flutterwave.said = DOWN
    order = await counters.order()
    assert await failing(counters.steps.verify_account, account(order, VTPASS)) == "Unavailable"


async def test_who_answers_is_bought_from_though_its_breaker_is_open(counters):
    await counters.trip()
    order = await counters.order()
    answer = await run(counters.steps.verify_account, account(order, VTPASS))
    assert answer == AccountAnswer(refused=None)


async def test_a_product_that_one_does_not_sell_is_the_next_ones(counters, records):
    counters.flutterwave.said = ProductNotSold(reason="DStv Compact is not on its menu")
    order = await counters.order()
    answer = await run(counters.steps.verify_account, account(order, VTPASS))
    assert answer.refused is None
    assert answer.passed_over == "flutterwave does not sell it: DStv Compact is not on its menu"
    events = (await records.of(order.transaction_id)).events
    assert events[-1].status_to == BillStatus.PROVIDER_FAILED
    assert events[-1].detail == f"passed over: {answer.passed_over}"
