"""The stories' plans against the sandbox's own behaviour: none waits for something that cannot happen."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from billpay.domain.bills import BillType
from billpay.domain.ids import LAGOS
from billpay.domain.orders import OrderRow, due_for, read_order
from billpay.domain.statuses import BillStatus, may_follow
from billpay.providers.base import Purchase
from billpay.providers.vtpass_catalogue import refusal_before_asking, service_id
from billpay.providers.vtpass_requests import pay_body, verify_body
from billpay.sandbox.identities import payer
from billpay.sandbox.journal import Journal
from billpay.sandbox.vtpass_catalogue import SERVICES
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_shop import Shop
from billpay.sandbox.scripts import Says
from starter.demo.stories import READ_TIMEOUT_SECONDS, STORIES
from starter.ordering import read_typed
from workflows.policies import CONFIRM_PAYMENT, FIRST_QUESTION_AFTER, PURCHASE_RHYTHM

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND_QUESTION_AFTER = CONFIRM_PAYMENT["retry_policy"].initial_interval

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)


def purchase_of(story):
    """What the story's order wants bought, read back as the worker reads it."""
    new = read_typed(story.typed(payer(1).public_key))
    amount = new.bill_amount or price_of(new)
    row = OrderRow(
        transaction_id=UUID(int=1),
        wallet_address=new.wallet_address,
        bill_type=new.bill_type,
        account_number=new.account_number,
        requested_provider="vtpass",
        due=due_for(new.bill_type, amount),
        metadata=new.metadata(),
        status=BillStatus.PENDING_PAYMENT,
        created_at=START,
        expires_at=START,
    )
    return Purchase.of(read_order(row))


def price_of(new):
    """What the provider's list says."""
    return SERVICES[service_id(new.bill_type, new.biller)].variation(new.product_code).price


class Customer:
    """Carries a story out at a shop of its own, in the service's rhythm, on a clock that only it moves."""

    def __init__(self, story):
        self.now = START
        self.shop = Shop(lambda: self.now, Journal(None))
        if story.script:
            self.shop.script(story.account, story.script)
        self.purchase = purchase_of(story)
        self.request_id = START.astimezone(LAGOS).strftime("%Y%m%d%H%M") + "demo"
        self.waits = []
        self.sent = self.asked = 0

    def wait(self, duration):
        self.now += duration

    def is_refused(self):
        if self.purchase.bill_type in (BillType.AIRTIME, BillType.DATA):
            return refusal_before_asking(self.purchase, is_live=False) is not None
        return "error" in self.shop.verify(verify_body(self.purchase))

    def buy(self):
        self.sent += 1
        says = self.shop.pay(pay_body(self.purchase, self.request_id)).says
        if says is Says.TIMEOUT:
            self.wait(timedelta(seconds=READ_TIMEOUT_SECONDS))
        return says

    def ask(self):
        """Answer the sale's status; None where the provider has never seen it."""
        self.asked += 1
        try:
            answer = self.shop.requery(self.request_id)
        except Refusal:
            return None
        return answer["content"]["transactions"]["status"]

    def confirm(self):
        self.wait(FIRST_QUESTION_AFTER)
        for pause in (SECOND_QUESTION_AFTER, SECOND_QUESTION_AFTER):
            if self.ask() == "delivered":
                return BillStatus.COMPLETED
            self.wait(pause)
        return BillStatus.PROVIDER_PROCESSING

    def pay(self):
        """Answer how it ends."""
        if self.is_refused():
            return BillStatus.REFUNDED
        pause = PURCHASE_RHYTHM.initial_interval
        for _ in range(PURCHASE_RHYTHM.maximum_attempts):
            says = self.buy()
            if says is Says.DELIVERED:
                return BillStatus.COMPLETED
            if says is not Says.OFFLINE:
                return self.confirm()
            if self.sent < PURCHASE_RHYTHM.maximum_attempts:
                self.wait(pause)
                pause = min(pause * 6, PURCHASE_RHYTHM.maximum_interval)
                assert self.ask() is None
        return BillStatus.REFUNDED


@each_story
def test_the_sandbox_lets_the_story_happen(story):
    customer = Customer(story)
    assert customer.pay() is story.ends_as
    assert (customer.sent, customer.asked) == (story.sent, story.asked)


@each_story
def test_what_really_happens_is_what_the_story_ends_with(story):
    customer = Customer(story)
    ends_as = customer.pay()
    sold = [row for row in customer.shop.truth() if row["happened"] == "sold"]
    assert len(sold) == (1 if ends_as is BillStatus.COMPLETED else 0)
    assert all(row["amount_kobo"] == customer.purchase.amount for row in sold)


@each_story
def test_a_storys_path_follows_the_table_of_transitions(story):
    assert all(may_follow(current, following) for current, following in pairwise(story.path))
    assert story.ends_as.is_terminal


def test_the_silent_provider_decides_well_between_the_two_questions():
    """A loaded machine asks late: a question must not come upon the moment of decision."""
    story = next(story for story in STORIES if story.script)
    decided = timedelta(seconds=story.script.settles_after_seconds)
    first = timedelta(seconds=READ_TIMEOUT_SECONDS) + FIRST_QUESTION_AFTER
    assert decided - first >= timedelta(seconds=25)
    assert first + SECOND_QUESTION_AFTER - decided >= timedelta(seconds=25)


def test_no_two_stories_look_alike_to_the_provider():
    """Fault 41: the same service for the same account within 30 seconds is refused."""
    sold = [(story.bill_type, story.biller, story.account) for story in STORIES]
    assert len(set(sold)) == len(STORIES) == 7


def test_the_stories_cover_every_bill_type_and_both_ends():
    assert {story.bill_type for story in STORIES} == set(BillType)
    assert {story.ends_as for story in STORIES} == {BillStatus.COMPLETED, BillStatus.REFUNDED}


def test_titles_tell_the_stories_apart():
    assert len({story.title for story in STORIES}) == len(STORIES)
