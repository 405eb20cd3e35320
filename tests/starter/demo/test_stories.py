"""The stories' plans against the sandbox's own behaviour: none waits for something that cannot happen."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from billpay.domain.accounts import AccountRefused, ProductNotSold
from billpay.domain.bills import BillType
from billpay.domain.ids import LAGOS
from billpay.domain.orders import OrderRow, due_for, read_order
from billpay.domain.outcomes import Declined, Delivered, NeverSeen
from billpay.domain.routing import route
from billpay.domain.statuses import BillStatus, may_follow
from billpay.failures import Ambiguous, Unavailable
from billpay.providers import build_providers
from billpay.providers.base import Purchase
from billpay.sandbox.identities import payer
from billpay.sandbox.scripts import Says
from billpay.settings import load_settings
from starter.demo.stories import READ_TIMEOUT_SECONDS, STORIES
from starter.ordering import read_typed
from starter.pricing import PRICED, priced
from tests.fixtures.sandbox import Sandbox
from workflows.policies import CONFIRM_PAYMENT, FIRST_QUESTION_AFTER, PURCHASE_RHYTHM

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND_QUESTION_AFTER = CONFIRM_PAYMENT["retry_policy"].initial_interval
QUESTIONS = 2

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)


class Customer:
    """Carries a story out in a world of its own, in the service's rhythm, on a clock that only it moves."""

    def __init__(self, story, stage):
        self.now = START
        self.story = story
        self.world = Sandbox(stage=stage, http=stage.http, clock=lambda: self.now)
        self.world.start()
        for shop, script in story.scripts.items():
            words = script.model_dump(mode="json", exclude_none=True)
            self.world.tell(f"/world/{shop}/accounts/{story.account}", words)
        # A silent provider is silent after a second as well.
        timeouts = {"VTPASS_READ_TIMEOUT_SECONDS": "1", "FLUTTERWAVE_READ_TIMEOUT_SECONDS": "1"}
        self.providers = build_providers(load_settings({**self.world.environment, **timeouts}))
        self.bought_from = []
        self.sent = self.asked = 0

    def wait(self, duration):
        self.now += duration

    async def live(self):
        """Order and pay; answers how it ends."""
        try:
            return await self.serve(await self.order())
        finally:
            for provider in self.providers.values():
                await provider.close()

    async def order(self):
        new = read_typed(self.story.typed(payer(1).public_key))
        if new.bill_type in PRICED:
            new = await priced(new, self.providers)
        row = OrderRow(
            transaction_id=UUID(int=1),
            wallet_address=new.wallet_address,
            bill_type=new.bill_type,
            account_number=new.account_number,
            requested_provider=new.provider or "",
            due=due_for(new.bill_type, new.bill_amount),
            metadata=new.metadata(),
            status=BillStatus.PENDING_PAYMENT,
            created_at=START,
            expires_at=START,
        )
        return read_order(row)

    async def serve(self, order):
        """Ask one provider after the other."""
        self.purchase = Purchase.of(order)
        for name in route(order, lambda _: None).sellers:
            self.provider = self.providers[name]
            verdict = await self.provider.verify_account(self.purchase)
            if isinstance(verdict, AccountRefused):
                break
            if not isinstance(verdict, ProductNotSold) and await self.buy():
                return BillStatus.COMPLETED
        return BillStatus.REFUNDED

    async def buy(self):
        """Answer whether this provider has sold it."""
        self.bought_from.append(self.provider.name)
        stamp = self.now.astimezone(LAGOS).strftime("%Y%m%d%H%M")
        self.request_id = f"{stamp}demo{len(self.bought_from)}"
        pause = PURCHASE_RHYTHM.initial_interval
        for tries in range(1, PURCHASE_RHYTHM.maximum_attempts + 1):
            try:
                if isinstance(await self.send(), Delivered):
                    return True
                return await self.confirm()
            except Ambiguous:
                return await self.confirm()
            except Unavailable:
                if tries < PURCHASE_RHYTHM.maximum_attempts:
                    self.wait(pause)
                    pause = min(pause * 6, PURCHASE_RHYTHM.maximum_interval)
                    assert isinstance(await self.ask(), NeverSeen)
        return False

    async def send(self):
        self.sent += 1
        script = self.story.scripts.get(self.provider.name)
        try:
            return (await self.provider.buy(self.purchase, self.request_id)).outcome
        finally:
            if script is not None and script.pay is Says.TIMEOUT:
                self.wait(timedelta(seconds=READ_TIMEOUT_SECONDS))

    async def ask(self):
        self.asked += 1
        return (await self.provider.requery(self.purchase, self.request_id)).outcome

    async def confirm(self):
        self.wait(FIRST_QUESTION_AFTER)
        for _ in range(QUESTIONS):
            outcome = await self.ask()
            if isinstance(outcome, Delivered | Declined):
                return isinstance(outcome, Delivered)
            self.wait(SECOND_QUESTION_AFTER)
        pytest.fail("it is still uncertain after the last question that the demo waits for")


@each_story
async def test_the_sandbox_lets_the_story_happen(story, sandbox_stage):
    customer = Customer(story, sandbox_stage)
    assert await customer.live() is story.ends_as
    assert (customer.sent, customer.asked) == (story.sent, story.asked)
    assert tuple(customer.bought_from) == tuple(story.bought_from)


@each_story
async def test_what_really_happens_is_what_the_story_ends_with(story, sandbox_stage):
    """I3, I4 and I17, at both providers together."""
    customer = Customer(story, sandbox_stage)
    ends_as = await customer.live()
    everything = [*customer.world.truth_flutterwave(), *customer.world.truth_vtpass()]
    sold = [row for row in everything if row["happened"] == "sold"]
    assert len(sold) == (1 if ends_as is BillStatus.COMPLETED else 0)
    assert all(row["amount_kobo"] == customer.purchase.amount for row in sold)


@each_story
def test_a_storys_path_follows_the_table_of_transitions(story):
    assert all(may_follow(current, following) for current, following in pairwise(story.path))
    assert story.ends_as.is_terminal


@pytest.mark.parametrize("title", ["Silent provider", "Second provider"])
def test_a_provider_in_doubt_decides_well_between_the_two_questions(title):
    """A loaded machine asks late: a question must not come upon the moment of decision."""
    story = next(story for story in STORIES if story.title == title)
    (script,) = story.scripts.values()
    decided = timedelta(seconds=script.settles_after_seconds)
    is_silent = script.pay is Says.TIMEOUT
    first = FIRST_QUESTION_AFTER + timedelta(seconds=READ_TIMEOUT_SECONDS if is_silent else 0)
    assert decided - first >= timedelta(seconds=25)
    assert first + SECOND_QUESTION_AFTER - decided >= timedelta(seconds=25)


def test_no_two_stories_look_alike_to_a_provider():
    """Fault 41: the same service for the same account within 30 seconds is refused."""
    sold = {(story.bill_type, story.biller, story.account) for story in STORIES}
    assert len(sold) == len(STORIES)


def test_a_script_of_one_story_changes_no_other():
    """A script is an account's, whatever is bought for it."""
    scripted = [story.account for story in STORIES if story.scripts]
    everybody = [story.account for story in STORIES]
    assert all(everybody.count(account) == 1 for account in scripted)


def test_the_stories_cover_every_bill_type_and_both_ends():
    assert {story.bill_type for story in STORIES} == set(BillType)
    assert {story.ends_as for story in STORIES} == {BillStatus.COMPLETED, BillStatus.REFUNDED}


def test_one_story_falls_back_to_the_second_provider():
    assert ["flutterwave", "vtpass"] in [list(story.bought_from) for story in STORIES]


def test_titles_tell_the_stories_apart():
    assert len({story.title for story in STORIES}) == len(STORIES)
