import asyncio
import hashlib
from datetime import timedelta

import psycopg
import pytest_asyncio
from stellar_sdk import MuxedAccount

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.deposits import Credit
from billpay.domain.messages import Message, MessageKind
from billpay.domain.money import Kobo, Stroops
from billpay.domain.outcomes import Answer, Delivered, Receipt
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token, spoken_token
from billpay.ledger.base import CreditPage
from billpay.sandbox import identities
from billpay.store.orders import NewOrder

CUSTOMER = identities.payer(1).public_key
TOKEN = Token("01234567890123456789")
STRAY_OPERATION = "4294971393"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def place(store, **changes):
    facts = {
        "wallet_address": CUSTOMER,
        "bill_type": BillType.ELECTRICITY,
        "biller": BillerCode("ekedc"),
        "account_number": "1111111111111",
        "bill_amount": Kobo(500_000),
        "meter_type": MeterType.PREPAID,
    }
    return await store.orders.place(NewOrder(**facts | changes))


def credit(clock, operation_id, amount, memo):
    return Credit(
        operation_id=operation_id,
        paging_token=operation_id,
        transaction_hash=hashlib.sha256(operation_id.encode()).hexdigest(),
        ledger=7,
        closed_at=clock(),
        payer=CUSTOMER,
        amount=amount,
        memo=memo,
        memo_type="text",
    )


async def record(store, arrived):
    page = CreditPage(credits=(arrived,), cursor=arrived.operation_id, is_full=False)
    await store.deposits.record_page(identities.treasury().public_key, page)


@pytest_asyncio.fixture
async def delivered(store, clock):
    """An order whose token has been bought and told."""
    order = await place(store)
    await record(store, credit(clock, "4294967297", order.due, order.memo.encode()))
    transaction_id = order.transaction_id
    await store.orders.change_status(
        transaction_id, BillStatus.VERIFYING_ACCOUNT, detail="asking vtpass"
    )
    opened = await store.attempts.open(
        transaction_id=transaction_id,
        number=1,
        provider=ProviderName.VTPASS,
        request_id="202603021000abc",
    )
    await store.attempts.mark_sent(opened.request_id)
    answer = Answer(
        outcome=Delivered(provider_reference="VT-1"),
        receipt=Receipt(provider_reference="VT-1", token=TOKEN, units="79.9 kWh"),
    )
    await store.attempts.save_answer(opened.request_id, answer)
    await store.attempts.complete(transaction_id, detail="vtpass delivered as VT-1")
    message = Message(
        message_id=f"bill-{transaction_id}:completed:1",
        kind=MessageKind.COMPLETED,
        transaction_id=transaction_id,
        operation_id=None,
        wallet_address=CUSTOMER,
        subject="Your electricity token",
        body=f"Token: {spoken_token(TOKEN)}",
    )
    await store.messages.save(message)
    return order


@pytest_asyncio.fixture
async def stray(store, clock):
    """A deposit whose memo names nothing, with bytes that would move a terminal's cursor."""
    await record(store, credit(clock, STRAY_OPERATION, Stroops(70_000_000), b"hi \x1b[2J\xff"))
    return STRAY_OPERATION


async def ask(run, *words):
    return await asyncio.to_thread(run, *words)


async def test_everything_about_a_payment_is_one_document(here, delivered):
    told = await ask(here.json, "show", str(delivered.transaction_id))
    assert told["status"] == "completed"
    assert told["memo"] == delivered.memo
    assert told["amount_due"] == "5030.0000000"
    assert told["provider_reference"] == "VT-1"
    assert told["workflow_id"] == f"bill-{delivered.transaction_id}"
    assert told["deposits"][0]["payer"] == CUSTOMER
    assert told["deposits"][0]["disposition"] == "delivered"
    assert told["attempts"][0]["outcome"]["kind"] == "delivered"
    assert told["receipt"]["units"] == "79.9 kWh"
    moves = [event["to"] for event in told["timeline"] if event["to"]]
    assert moves[-1] == "completed"
    assert moves == sorted(moves, key=moves.index)


async def test_a_payment_is_found_by_its_memo_too(here, delivered):
    told = await ask(here.json, "show", delivered.memo)
    assert told["transaction_id"] == str(delivered.transaction_id)


async def test_the_other_ways_to_pay_an_order_are_told(here, delivered):
    """Fault 17."""
    told = await ask(here.json, "show", delivered.memo)
    address = MuxedAccount(identities.treasury().public_key, delivered.alias).account_muxed
    assert (told["memo_id"], told["muxed_address"]) == (str(delivered.alias), address)
    text = (await ask(here.command, "show", delivered.memo)).stdout
    assert str(delivered.alias) in text
    assert address in text


async def test_dust_that_is_kept_has_no_workflow_and_waits_for_nobody(here, store, clock):
    kept = credit(clock, "4294971394", Stroops(5_000_000), None)
    await record(store, kept.model_copy(update={"memo_type": "none", "alias": 7}))
    told = await ask(here.json, "show", "4294971394")
    assert (told["disposition"], told["stray_reason"], told["workflow_id"], told["alias"]) == (
        "kept",
        "dust",
        None,
        "7",
    )
    assert "alias 7" in (await ask(here.command, "show", "4294971394")).stdout
    assert (await ask(here.json, "list"))["stray_deposits"] == []


async def test_a_token_is_shown_only_on_demand(here, delivered):
    """I18: neither in the document nor in the text, nor inside the message that carried it."""
    memo = delivered.memo
    for words in (("show", memo, "--json"), ("show", memo)):
        told = (await ask(here.command, *words)).stdout
        assert TOKEN not in told
        assert spoken_token(TOKEN) not in told
        assert "6789" in told
        told = (await ask(here.command, *words, "--reveal-token")).stdout
        assert spoken_token(TOKEN) in told


async def test_a_person_reads_the_whole_story(here, delivered):
    told = (await ask(here.command, "show", delivered.memo)).stdout
    for words in (
        "₦5,000 EKEDC electricity",
        "completed",
        delivered.memo,
        "5,030 cNGN from",
        "1. vtpass 202603021000abc",
        "Your electricity token",
        "-> verifying_account: asking vtpass",
    ):
        assert words in told


async def test_a_stray_deposit_is_shown_by_its_operation_id(here, stray):
    told = await ask(here.json, "show", stray)
    assert told["stray_reason"] == "unknown_memo"
    assert told["workflow_id"] == f"deposit-{stray}"


async def test_a_memo_cannot_write_to_the_terminal(here, stray):
    """Fault 15: anybody may send any bytes."""
    for words in (("show", stray), ("show", stray, "--json"), ("list",)):
        assert "\x1b" not in (await ask(here.command, *words)).stdout


async def test_what_does_not_exist_is_said_in_one_line(here):
    for name in (UNKNOWN, "123"):
        told = await ask(here.command, "show", name)
        assert told.exit_code == 1
        assert len(told.stderr.splitlines()) == 1


def test_what_names_no_payment_is_impossible(command):
    for name in ("yesterday", "BILL-JxzXLGBN8zMLPtNRcqv14", "bill-JxzXLGBN8zMLPtNRcqv14M", ""):
        assert command("show", name).exit_code == 2


async def test_payments_are_listed_by_status_and_the_newest_first(here, store, clock, delivered):
    older = await place(store)
    clock.advance(timedelta(minutes=1))
    newer = await place(store)
    told = (await ask(here.command, "list")).stdout
    lines = told.splitlines()
    assert lines.index("pending_payment") < lines.index("completed")
    assert told.index(str(newer.transaction_id)) < told.index(str(older.transaction_id))
    assert str(delivered.transaction_id) in told


async def test_payments_of_one_status_are_picked_out(here, store, delivered):
    await place(store)
    told = await ask(here.json, "list", "--status", "completed")
    assert [payment["memo"] for payment in told["payments"]] == [delivered.memo]


async def test_only_so_many_are_listed(here, store, clock):
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        newest = await place(store)
    told = await ask(here.json, "list", "--limit", "1")
    assert [payment["transaction_id"] for payment in told["payments"]] == [
        str(newest.transaction_id)
    ]


async def test_money_without_an_order_is_listed_until_it_is_returned(here, stray):
    told = await ask(here.json, "list")
    assert [deposit["operation_id"] for deposit in told["stray_deposits"]] == [stray]


async def test_an_order_that_can_never_be_served_is_listed_too(here, store, database_url):
    """Orders come from plain SQL as well, so a bad one must not hide the others."""
    order = await place(store)
    await spoil(database_url, order.transaction_id)
    told = await ask(here.json, "list")
    assert "cannot be served" in told["payments"][0]["title"]
    assert (await ask(here.command, "show", str(order.transaction_id))).exit_code == 0


async def spoil(database_url, transaction_id):
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(
            "UPDATE bill_payments SET account_number = 'none' WHERE transaction_id = %s",
            [transaction_id],
        )


def test_a_status_nobody_knows_is_refused_with_those_there_are(command):
    refused = command("list", "--status", "paid")
    assert refused.exit_code == 2
    assert "needs_review" in refused.stderr
