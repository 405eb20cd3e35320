"""Asking again, on the real store and against the simulated VTPass over HTTP, while days pass on a movable clock."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio

from billpay.domain.cases import CaseKind, Standing
from billpay.domain.follow_ups import (
    QUESTIONS_AT_ONCE,
    RUN_LASTS,
    SILENCES,
    SOLD_AGES,
    UNSOLD_AGES,
    FollowUpReport,
)
from billpay.domain.outcomes import Answer, Declined, NeverSeen, Whose
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import PurchaseStep
from billpay.failures import Failure, Misconfigured, Unavailable
from billpay.following_up import FollowUps
from tests.activities.placing import meter_order, new_order, verified
from tests.billpay.buying.market import Market, adapter
from tests.fixtures.postgres import MovableClock
from tests.fixtures.sandbox import Sandbox, Stage

DECLINED = Declined(reason="the product is off", whose=Whose.PROVIDER)
NEVER_SEEN = NeverSeen()
MOMENT = timedelta(seconds=1)


@dataclass
class Aftermath(Market):
    """A market in which days pass after the purchases."""

    @property
    def follow_ups(self) -> FollowUps:
        return self.asking({ProviderName.VTPASS: self.vtpass})

    def asking(self, providers: Any, store: Any = None) -> FollowUps:
        return FollowUps(store=store or self.store, providers=providers, clock=self.clock)

    async def bought(self, new: Any) -> PurchaseStep:
        """Buy, or try to; a person gives up what is not answered."""
        _, step = await self.order(new)
        if isinstance(await self.pay(step), Failure):
            await self.store.attempts.settle_unsold(step.transaction_id, 1, "given up", actor="ada")
        return step

    async def whole(self, step: PurchaseStep) -> Any:
        """Want the order's deposit back."""
        record = await self.store.payments.record(step.transaction_id)
        credit = record.deposits[0].credit
        return await self.store.refunds.open(
            operation_id=credit.operation_id,
            purpose=RefundPurpose.WHOLE,
            amount=credit.amount,
            reason="nothing was sold",
        )

    def settle(self, step: PurchaseStep, truth: str) -> None:
        """Let the shop's staff settle a sale otherwise than it was said."""
        self.shop.tell(f"/world/vtpass/sales/{step.request_id}", {"truth": truth})

    def questions(self) -> int:
        return sum(row["requeries"] for row in self.shop.truth_vtpass())

    async def days_pass(self, until: timedelta) -> None:
        """Ask whatever is due every half an hour, for as long as this."""
        for _ in range(until // timedelta(minutes=30)):
            self.clock.advance(timedelta(minutes=30))
            await self.follow_ups.ask_due()


@pytest.fixture
def shop(sandbox_stage: Stage, clock: MovableClock) -> Iterator[Sandbox]:
    with httpx.Client(timeout=40) as http:
        world = Sandbox(stage=sandbox_stage, http=http, clock=clock)
        world.start()
        yield world


@pytest_asyncio.fixture
async def market(shop, store, clock) -> AsyncIterator[Aftermath]:
    vtpass = adapter(shop.vtpass_url)
    yield Aftermath(shop, store, clock, vtpass)
    await vtpass.close()


# What is found out


async def test_a_sale_that_comes_after_the_refund_is_found_and_its_token_kept(market):
    """I7, I12, fault 38: the shop failed it, staff delivered it a day later."""
    step = await market.bought(meter_order("620000000000"))
    market.clock.advance(timedelta(seconds=40))
    await market.store.attempts.save_answer(step.request_id, Answer(outcome=DECLINED, body="016"))
    await market.store.attempts.settle_unsold(step.transaction_id, 1, "it declined")
    refund = await market.whole(step)
    await market.days_pass(timedelta(hours=20))
    assert await market.store.cases.all() == []
    market.settle(step, "delivered")
    await market.days_pass(timedelta(hours=6))
    (case,) = await market.store.cases.all()
    assert (case.kind, case.standing) == (CaseKind.SOLD_AFTER_ALL, Standing.HELD_BACK)
    assert (await market.store.refunds.get(refund.refund_id)).status == "held"
    record = await market.store.payments.record(step.transaction_id)
    assert record.order.status is BillStatus.NEEDS_REVIEW
    (sale,) = [row for row in market.shop.truth_vtpass() if row["happened"] == "sold"]
    assert [record.receipt.token] == sale["tokens"]
    assert record.messages == []
    assert market.shop.messages() == []


async def test_a_sale_that_was_denied_until_later_is_found(market):
    """Fault 39: the shop knows nothing of it for two hours, and a person believes that too early."""
    market.shop.script("08030000001", pay="reset", appears_after_seconds=7200)
    step = await market.bought(new_order("08030000001"))
    await market.days_pass(timedelta(hours=1.5))
    assert await market.store.cases.all() == []
    await market.days_pass(timedelta(hours=5))
    (case,) = await market.store.cases.all()
    assert (case.subject, case.loss) == (step.request_id, 0)


async def test_a_purchase_that_is_reversed_a_day_later_is_found(market):
    """Fault 38: delivered stays delivered, and a person is told."""
    step = await market.bought(new_order("08011111111"))
    await market.store.attempts.complete(step.transaction_id, detail="delivered")
    await market.days_pass(timedelta(hours=2))
    market.settle(step, "failed")
    await market.days_pass(timedelta(hours=24))
    (case,) = await market.store.cases.all()
    assert (case.kind, case.loss) == (CaseKind.REVERSED, 50_000)
    assert (await market.store.orders.row(step.transaction_id)).status is BillStatus.COMPLETED


@pytest.mark.parametrize(
    ("account", "ages"), [("610000000000", UNSOLD_AGES), ("08011111111", SOLD_AGES)]
)
async def test_nothing_is_asked_before_its_age_nor_after_the_last(market, account, ages):
    """Asked at each age once, for 72 hours; and nothing changes where the provider says the same."""
    step = await market.bought(new_order(account))
    before = await market.store.payments.record(step.transaction_id)
    asked = market.questions()
    for age, last in zip(ages, (timedelta(0), *ages), strict=False):
        market.clock.advance(age - last - MOMENT)
        assert await market.follow_ups.ask_due() == FollowUpReport()
        market.clock.advance(MOMENT)
        assert await market.follow_ups.ask_due() == FollowUpReport(answered=1)
    assert market.questions() - asked == len(ages)
    market.clock.advance(timedelta(days=30))
    assert await market.follow_ups.ask_due() == FollowUpReport()
    after = await market.store.payments.record(step.transaction_id)
    assert after == before
    assert await market.store.cases.all() == []


async def test_asking_twice_at_once_does_no_harm(market):
    """Two runs overlap after a worker was thought dead."""
    step = await market.bought(meter_order("620000000000"))
    market.clock.advance(timedelta(seconds=40))
    await market.store.attempts.save_answer(step.request_id, Answer(outcome=DECLINED, body="016"))
    market.settle(step, "delivered")
    market.clock.advance(UNSOLD_AGES[0])
    await asyncio.gather(*(market.follow_ups.ask_due() for _ in range(3)))
    assert len(await market.store.cases.all()) == 1
    assert await market.follow_ups.ask_due() == FollowUpReport()


# Who stands in whose way


@dataclass
class Scripted:
    """A provider that answers, or does not, as told."""

    clock: MovableClock
    says: Any = NEVER_SEEN
    asked: list[str] = field(default_factory=list)
    takes: timedelta = timedelta(0)

    async def requery(self, purchase, request_id, provider_reference=None) -> Answer:
        self.asked.append(request_id)
        self.clock.advance(self.takes)
        said = self.says(request_id) if callable(self.says) else self.says
        if isinstance(said, Exception):
            raise said
        return Answer(outcome=said, body="said")


async def waiting(market, count: int, provider: ProviderName = ProviderName.VTPASS) -> list[str]:
    """That many declined attempts, all of them due."""
    request_ids = []
    for _ in range(count):
        order = await verified(market.store, market.clock, new_order())
        opened = await market.store.attempts.open(
            transaction_id=order.transaction_id,
            number=1,
            provider=provider,
            request_id=f"request-{order.transaction_id}",
        )
        await market.store.attempts.mark_sent(opened.request_id)
        await market.store.attempts.save_answer(
            opened.request_id, Answer(outcome=DECLINED, body="016")
        )
        market.clock.advance(timedelta(milliseconds=1))
        request_ids.append(opened.request_id)
    market.clock.advance(UNSOLD_AGES[0])
    return request_ids


async def test_a_provider_is_asked_a_bounded_number_of_questions_at_once(market):
    """An outage has settled many attempts in one minute: its provider is not flooded afterwards."""
    request_ids = await waiting(market, QUESTIONS_AT_ONCE + 3)
    provider = Scripted(market.clock)
    asking = market.asking({ProviderName.VTPASS: provider})
    assert (await asking.ask_due()).answered == QUESTIONS_AT_ONCE
    assert (await asking.ask_due()).answered == 3
    assert provider.asked == request_ids


async def test_a_silent_provider_does_not_stop_the_questions_to_others(market):
    """Nor is it asked over and over: a few questions without an answer are enough for one run."""
    await waiting(market, SILENCES + 2)
    others = await waiting(market, 2, ProviderName.FLUTTERWAVE)
    silent = Scripted(market.clock, says=Unavailable("no answer"))
    answering = Scripted(market.clock)
    asking = market.asking({ProviderName.VTPASS: silent, ProviderName.FLUTTERWAVE: answering})
    report = await asking.ask_due()
    assert report == FollowUpReport(answered=2, unanswered=SILENCES)
    assert answering.asked == others
    assert len(silent.asked) == SILENCES


async def test_what_a_silent_provider_was_not_asked_comes_first_the_next_time(market):
    """Three attempts that are never answered must not keep the others from being asked."""
    request_ids = await waiting(market, SILENCES + 2)
    never = set(request_ids[:SILENCES])
    provider = Scripted(
        market.clock, says=lambda name: Unavailable("no answer") if name in never else NEVER_SEEN
    )
    asking = market.asking({ProviderName.VTPASS: provider})
    await asking.ask_due()
    market.clock.advance(timedelta(minutes=5))
    assert (await asking.ask_due()).answered == 2
    assert provider.asked[SILENCES:] == request_ids[SILENCES:]


async def test_a_refused_key_is_a_silence(market):
    await waiting(market, 1)
    refusing = Scripted(market.clock, says=Misconfigured("it refuses our keys"))
    report = await market.asking({ProviderName.VTPASS: refusing}).ask_due()
    assert report == FollowUpReport(unanswered=1)


async def test_a_provider_that_is_not_configured_any_more_is_asked_when_it_is_again(market):
    """Fault 63."""
    request_ids = await waiting(market, 1)
    assert await market.asking({}).ask_due() == FollowUpReport()
    market.clock.advance(timedelta(days=30))
    provider = Scripted(market.clock)
    assert (await market.asking({ProviderName.VTPASS: provider}).ask_due()).answered == 1
    assert provider.asked == request_ids


async def test_a_poisoned_attempt_delays_nobody_but_itself(market, caplog):
    """Fault 67, I18: what it broke with may hold a token, so only its name is logged."""
    first, poisoned, last = await waiting(market, 3)
    secret = "01234567890123456789"
    provider = Scripted(
        market.clock,
        says=lambda name: KeyError(secret) if name == poisoned else NEVER_SEEN,
    )
    asking = market.asking({ProviderName.VTPASS: provider})
    assert await asking.ask_due() == FollowUpReport(answered=2, broken=1)
    assert provider.asked == [first, poisoned, last]
    assert poisoned in caplog.text
    assert secret not in caplog.text
    assert await asking.ask_due() == FollowUpReport()


async def test_an_order_that_cannot_be_read_any_more_delays_nobody_but_itself(market, database_url):
    first, last = await waiting(market, 2)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE transactions SET metadata = '{}' WHERE transaction_id ="
            " (SELECT transaction_id FROM attempts WHERE request_id = %s)",
            [first],
        )
        connection.execute(
            "UPDATE bill_payments SET account_number = '?' WHERE transaction_id ="
            " (SELECT transaction_id FROM attempts WHERE request_id = %s)",
            [first],
        )
    provider = Scripted(market.clock)
    report = await market.asking({ProviderName.VTPASS: provider}).ask_due()
    assert report == FollowUpReport(answered=1, broken=1)
    assert provider.asked == [last]


async def test_a_run_that_lasts_too_long_leaves_the_rest_to_the_next(market):
    """A step must end before its time is up, whatever the provider takes for an answer."""
    await waiting(market, 3)
    slow = Scripted(market.clock, takes=RUN_LASTS)
    asking = market.asking({ProviderName.VTPASS: slow})
    for _ in range(3):
        assert (await asking.ask_due()).answered == 1


async def test_a_stopping_worker_begins_no_new_question(market):
    await waiting(market, 2)
    provider = Scripted(market.clock)
    asking = market.asking({ProviderName.VTPASS: provider})
    report = await asking.ask_due(is_stopping=lambda: bool(provider.asked))
    assert report == FollowUpReport(answered=1)


async def test_a_database_that_is_away_fails_the_run_and_loses_no_question(market):
    """It says nothing about the provider, so nothing is planned anew by it."""
    request_ids = await waiting(market, 1)

    class Away:
        orders = market.store.orders
        attempts = market.store.attempts

        class follow_ups:  # noqa: N801  the store's own name
            due = market.store.follow_ups.due

            @staticmethod
            async def plan(*_, **__):
                raise Unavailable("the database gave no answer")

    provider = Scripted(market.clock)
    with pytest.raises(Unavailable, match="database"):
        await market.asking({ProviderName.VTPASS: provider}, Away).ask_due()
    assert (await market.asking({ProviderName.VTPASS: provider}).ask_due()).answered == 1
    assert provider.asked == request_ids * 2
