"""Buying and asking, as a worker runs them."""

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.confirm import ConfirmActivities
from activities.crossing import STILL_CONFIRMING
from activities.pay import PayActivities
from billpay.buying import Buyer
from billpay.domain.outcomes import Declined, Delivered, NeverSeen, NotSold, Processing
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import AbandonAttempt
from tests.activities.conftest import failing, run
from tests.activities.placing import new_order, purchase_step, verified


@pytest.fixture
def buyer(store, vtpass, clock) -> Buyer:
    return Buyer(store=store, providers={ProviderName.VTPASS: vtpass}, clock=clock)


@pytest.fixture
def paying(store, buyer) -> PayActivities:
    return PayActivities(buyer, store)


@pytest.fixture
def confirming(buyer) -> ConfirmActivities:
    return ConfirmActivities(buyer)


@pytest.fixture
def step(store, clock):
    async def make(account: str = "08011111111"):
        return purchase_step(await verified(store, clock, new_order(account)), clock)

    return make


async def test_a_purchase_may_be_repeated_and_is_made_once(paying, step, shop):
    """I4."""
    attempt = await step()
    first = await run(paying.pay_bill, attempt)
    assert isinstance(first, Delivered)
    for again in (1, 2):
        assert await run(paying.pay_bill, attempt, attempt=again) == first
    assert [row["pay_calls"] for row in shop.truth_vtpass()] == [1]


@pytest.mark.parametrize(
    ("account", "word"),
    [("600000000000", "Unavailable"), ("630000000000", "Ambiguous"), ("400000000000", "Ambiguous")],
)
async def test_a_failed_purchase_is_told_by_what_may_follow(paying, step, account, word):
    assert await failing(paying.pay_bill, await step(account)) == word


async def test_an_empty_float_is_told_as_our_own_fault(paying, step, shop):
    shop.tell("/world/vtpass/wallet", {"balance_kobo": 0})
    assert await failing(paying.pay_bill, await step()) == "Misconfigured"


async def test_a_bug_while_buying_counts_as_doubt(step, store, clock):
    """Anything unforeseen may have struck after the money moved."""

    class Broken:
        async def buy(self, *_):
            raise KeyError("a bug")

    paying = PayActivities(
        Buyer(store=store, providers={ProviderName.VTPASS: Broken()}, clock=clock), store
    )
    assert await failing(paying.pay_bill, await step()) == "Ambiguous"


async def test_a_later_run_asks_before_it_buys(paying, step, shop):
    """Fault 30, under the policy's repetition."""
    attempt = await step("630000000000")
    assert await failing(paying.pay_bill, attempt) == "Ambiguous"
    assert isinstance(await run(paying.pay_bill, attempt, attempt=2), Delivered)
    assert [row["pay_calls"] for row in shop.truth_vtpass()] == [1]


async def test_a_provider_is_given_up_once(paying, step, records):
    attempt = await step("08030000000")
    assert isinstance(await run(paying.pay_bill, attempt), Declined)
    request = AbandonAttempt(attempt=attempt, detail="it declined")
    for again in (1, 2):
        await run(paying.abandon_attempt, request, attempt=again)
    events = (await records.of(attempt.transaction_id)).events
    assert [e.status_to for e in events].count(BillStatus.PROVIDER_FAILED) == 1


async def test_what_was_sold_is_not_given_up(paying, step):
    """I3: what follows would be a refund."""
    attempt = await step()
    await run(paying.pay_bill, attempt)
    request = AbandonAttempt(attempt=attempt, detail="a mistake", actor="ada")
    assert await failing(paying.abandon_attempt, request) == "Ambiguous"


async def test_what_may_be_sold_is_given_up_on_a_persons_word_only(paying, step, records):
    """I13, I16."""
    attempt = await step("630000000000")
    assert await failing(paying.pay_bill, attempt) == "Ambiguous"
    request = AbandonAttempt(attempt=attempt, detail="the provider's staff says no")
    assert await failing(paying.abandon_attempt, request) == "Ambiguous"
    await run(paying.abandon_attempt, request.model_copy(update={"actor": "ada"}))
    last = (await records.of(attempt.transaction_id)).events[-1]
    assert (last.status_to, last.actor) == (BillStatus.PROVIDER_FAILED, "ada")


async def test_waiting_for_certainty_is_no_alarm_and_ends_with_it(
    paying, confirming, step, clock, shop
):
    """I13: the policy asks again, for as long as it takes."""
    attempt = await step("201000000000")
    assert isinstance(await run(paying.pay_bill, attempt), Processing)
    with pytest.raises(ApplicationError) as waiting:
        await run(confirming.confirm_payment, attempt)
    assert (waiting.value.type, waiting.value.category) == (
        STILL_CONFIRMING,
        ApplicationErrorCategory.BENIGN,
    )
    assert not waiting.value.non_retryable
    clock.now = clock.now.replace(minute=1)
    certain = await run(confirming.confirm_payment, attempt, attempt=2)
    assert isinstance(certain, Delivered)
    assert await run(confirming.confirm_payment, attempt, attempt=3) == certain
    assert [row["pay_calls"] for row in shop.truth_vtpass()] == [1]


async def test_a_person_is_told_what_the_provider_says_certain_or_not(paying, confirming, step):
    attempt = await step("201000000000")
    await run(paying.pay_bill, attempt)
    assert isinstance(await run(confirming.ask_provider, attempt), Processing)
    denied = await step("640000000000")
    assert await failing(paying.pay_bill, denied) == "Ambiguous"
    assert isinstance(await run(confirming.ask_provider, denied), NeverSeen)


async def test_asking_about_what_nobody_sent_closes_it(confirming, step, shop):
    attempt = await step()
    closed = await run(confirming.confirm_payment, attempt)
    assert isinstance(closed, NotSold)
    assert await run(confirming.confirm_payment, attempt, attempt=2) == closed
    assert shop.truth_vtpass() == []


async def test_being_unable_to_ask_is_repeated_and_decides_nothing(step, store, clock, paying):
    attempt = await step("630000000000")
    assert await failing(paying.pay_bill, attempt) == "Ambiguous"
    nobody = ConfirmActivities(Buyer(store=store, providers={}, clock=clock))
    assert await failing(nobody.confirm_payment, attempt) == "Misconfigured"
    assert await failing(nobody.ask_provider, attempt) == "Misconfigured"
