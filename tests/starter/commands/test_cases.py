"""Everything that waits for a person, as an operator reads and closes it."""

import asyncio
import getpass
from datetime import timedelta

import pytest
import pytest_asyncio

from billpay.domain.outcomes import Answer, Declined, Delivered, Receipt, Whose
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token, spoken_token
from billpay.ledger.base import CreditPage, UnreadableRecord
from tests.activities.placing import TREASURY, meter_order, verified

TOKEN = Token("01234567890123456789")
WHY = ("--reason", "they will credit us", "--actor", "ada")
REQUEST_ID = "202603021000abc"


async def ask(run, *words):
    return await asyncio.to_thread(run, *words)


@pytest_asyncio.fixture
async def sold_late(store, clock):
    """An order that was sold after all while its refund was wanted, so that the refund is held."""
    order = await verified(store, clock, meter_order())
    transaction_id = order.transaction_id
    await store.attempts.open(
        transaction_id=transaction_id,
        number=1,
        provider=ProviderName.VTPASS,
        request_id=REQUEST_ID,
    )
    await store.attempts.mark_sent(REQUEST_ID)
    declined = Declined(reason="the product is off", whose=Whose.PROVIDER)
    await store.attempts.save_answer(REQUEST_ID, Answer(outcome=declined, body="016"))
    await store.attempts.settle_unsold(transaction_id, 1, "it declined")
    credit = (await store.payments.record(transaction_id)).deposits[0].credit
    await store.refunds.open(
        operation_id=credit.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=credit.amount,
        reason="nothing was sold",
    )
    answer = Answer(
        outcome=Delivered(provider_reference="VT-1"),
        receipt=Receipt(provider_reference="VT-1", token=TOKEN),
        body=f"token {TOKEN}",
    )
    await store.attempts.save_answer(REQUEST_ID, answer)
    return order


@pytest_asyncio.fixture
async def reversed_order(store, clock):
    """A delivered order of 5,000 naira that its provider has reversed."""
    order = await verified(store, clock, meter_order())
    opened = await store.attempts.open(
        transaction_id=order.transaction_id,
        number=1,
        provider=ProviderName.VTPASS,
        request_id="202603021000xyz",
    )
    await store.attempts.mark_sent(opened.request_id)
    delivered = Answer(outcome=Delivered(provider_reference="VT-2"), body="000")
    await store.attempts.save_answer(opened.request_id, delivered)
    await store.attempts.complete(order.transaction_id, detail="delivered")
    declined = Declined(reason="reversed", whose=Whose.PROVIDER)
    await store.attempts.save_answer(opened.request_id, Answer(outcome=declined, body="040"))
    return order


@pytest_asyncio.fixture
async def parked(store):
    """Something in the treasury that no deposit can be made of."""
    record = UnreadableRecord(
        operation_id="4294967301", transaction_hash=None, body="{}", reason="no amount in it"
    )
    page = CreditPage(credits=(), cursor="4294967301", is_full=False, unreadable=(record,))
    await store.deposits.record_page(TREASURY, page)
    return record.operation_id


@pytest.mark.parametrize("words", [(), ("--all",)])
async def test_where_nothing_waits_it_says_so(here, words):
    assert (await ask(here.command, "cases", *words)).stdout == "nothing waits for a person\n"
    assert await ask(here.json, "cases", *words) == {"cases": [], "payments": []}


async def test_a_person_sees_in_one_place_what_waits_and_what_may_be_done(
    here, sold_late, reversed_order, parked
):
    """I19."""
    told = (await ask(here.command, "cases")).stdout
    for words in (
        "cases (₦5,000 lost so far)",
        f"sold after all: {sold_late.transaction_id}",
        f"vtpass now says delivered about {REQUEST_ID}, after declined",
        "leave the refund held",
        f"reversed, ₦5,000 lost: {reversed_order.transaction_id}",
        f"parked credit: {parked}",
        "no amount in it",
        "payments that wait for a decision",
        f"refund held: vtpass now says delivered about {REQUEST_ID}",
    ):
        assert words in told


async def test_programs_get_whole_kobo_and_no_secret(here, sold_late, reversed_order):
    """I18: the case of a token that came late does not show it."""
    told = await ask(here.json, "cases")
    late, reversal = told["cases"]
    assert (late["kind"], late["loss_kobo"], late["standing"]) == (
        "sold_after_all",
        0,
        "held_back",
    )
    assert (reversal["kind"], reversal["loss_kobo"]) == ("reversed", 500_000)
    (payment,) = told["payments"]
    assert payment["transaction_id"] == str(sold_late.transaction_id)
    assert payment["status"] == BillStatus.NEEDS_REVIEW
    text = (await ask(here.command, "cases", "--all")).stdout
    assert TOKEN not in repr(told)
    assert TOKEN not in text
    assert spoken_token(TOKEN) not in text


async def test_the_late_token_is_shown_to_whoever_hands_it_over(here, sold_late):
    """I7: not told by machine, and had whenever it is asked for."""
    shown = await ask(here.command, "show", str(sold_late.transaction_id), "--reveal-token")
    assert spoken_token(TOKEN) in shown.stdout
    assert (await ask(here.json, "show", str(sold_late.transaction_id)))["messages"] == []


async def test_a_case_is_closed_with_who_and_why_and_listed_on_demand(here, reversed_order, store):
    """I16."""
    (case,) = (await ask(here.json, "cases"))["cases"]
    number = str(case["case_id"])
    before = await store.payments.record(reversed_order.transaction_id)
    closed = await ask(here.command, "cases", "close", number, *WHY)
    assert closed.stdout == "closed by ada: they will credit us\n"
    again = await ask(here.command, "cases", "close", number, "--reason", "again")
    assert again.stdout == closed.stdout
    assert (await ask(here.json, "cases"))["cases"] == []
    (listed,) = (await ask(here.json, "cases", "--all"))["cases"]
    assert (listed["closed_by"], listed["resolution"]) == ("ada", "they will credit us")
    assert listed["advice"] is None
    told = (await ask(here.command, "cases", "--all")).stdout
    assert "closed cases" in told
    assert "by ada: they will credit us" in told
    after = await store.payments.record(reversed_order.transaction_id)
    assert (after.order, after.deposits, after.refunds) == (
        before.order,
        before.deposits,
        before.refunds,
    )


async def test_whoever_is_logged_in_closes_a_case_unless_somebody_is_named(here, parked):
    (case,) = (await ask(here.json, "cases"))["cases"]
    words = ("cases", "close", str(case["case_id"]), "--reason", "returned by hand")
    assert getpass.getuser() in (await ask(here.command, *words)).stdout


async def test_a_case_whose_money_is_held_is_not_closed(here, store, clock):
    """I19."""
    order = await verified(store, clock, meter_order())
    credit = (await store.payments.record(order.transaction_id)).deposits[0].credit
    await store.orders.change_status(
        order.transaction_id, BillStatus.PROVIDER_FAILED, detail="offline"
    )
    refund = await store.refunds.open(
        operation_id=credit.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=credit.amount,
        reason="nothing was sold",
    )
    await store.refunds.hold(refund.refund_id, "no trustline")
    clock.advance(timedelta(hours=1))
    (case,) = (await ask(here.json, "cases"))["cases"]
    refused = await ask(here.command, "cases", "close", str(case["case_id"]), *WHY)
    assert refused.exit_code == 1
    assert "still held" in refused.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("4711", *WHY), 1),
        (("4711", "--reason", "  "), 2),
        (("no number", *WHY), 2),
        (("4711",), 2),
    ],
)
async def test_what_cannot_be_closed_is_refused_in_one_line(here, words, code):
    refused = await ask(here.command, "cases", "close", *words)
    assert refused.exit_code == code
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
