import asyncio
from uuid import UUID

import pytest

from billpay.domain.ids import transaction_id_from_memo
from billpay.domain.statuses import BillStatus
from billpay.sandbox import identities
from starter.local.ports import LOOPBACK, any_free_port

WALLET = ("--wallet", identities.payer(1).public_key)
ELECTRICITY = ("order", "electricity", "--disco", "ekedc", "--meter", "1111111111111")
PREPAID = (*ELECTRICITY, "--type", "prepaid", "--amount", "5000", *WALLET)


def test_an_electricity_order_is_stored_and_told_how_to_be_paid(here):
    told = here.json(*PREPAID)
    assert told["amount_due"] == "5030"
    assert told["asset_code"] == "cNGN"
    assert told["destination"] == identities.treasury().public_key
    assert told["payment_link"].startswith("web+stellar:pay?")
    assert told["status"] == "pending_payment"
    assert transaction_id_from_memo(told["memo"].encode()) == UUID(told["transaction_id"])


async def test_what_was_told_is_what_was_stored(here, store):
    told = await asyncio.to_thread(here.json, *PREPAID)
    order = await store.orders.get(UUID(told["transaction_id"]))
    assert order.memo == told["memo"]
    assert order.account_number == "1111111111111"
    assert order.expires_at.isoformat() == told["expires_at"]
    assert order.wallet_address == WALLET[1]
    assert order.status is BillStatus.PENDING_PAYMENT


def test_airtime_carries_no_fee(here):
    told = here.json("order", "airtime", "--phone", "08031234567", "--amount", "500", *WALLET)
    assert (told["amount_due"], told["biller"]) == ("500", "mtn")


def test_a_data_plan_takes_its_price_from_the_provider(here):
    told = here.json("order", "data", "--phone", "08031234567", "--plan", "mtn-50mb-200", *WALLET)
    assert (told["amount_due"], told["product_code"]) == ("200", "mtn-50mb-200")


def test_a_tv_package_takes_its_price_from_the_provider(here):
    dstv = ("--smartcard", "1212121212", "--package", "dstv79", "--provider", "vtpass")
    told = here.json("order", "cable", *dstv, *WALLET)
    assert told["product_code"] == "dstv79"
    assert told["amount_due"] == told["bill_amount_naira"].removesuffix(".00")


def test_a_person_gets_a_drawing_for_their_phone(here):
    shown = here.command(*PREPAID)
    assert shown.exit_code == 0
    assert "5,030 cNGN" in shown.stdout
    assert "▀" in shown.stdout


ELSEWHERE = ("order", "electricity", "--amount", "5000", *WALLET)
IMPOSSIBLE = {
    "wallet": (*ELECTRICITY, "--amount", "5000", "--wallet", "GABC"),
    "disco": (*ELSEWHERE, "--meter", "1111111111111", "--disco", "kedc"),
    "meter": (*ELSEWHERE, "--meter", "12", "--disco", "ekedc"),
    "decimals": (*ELECTRICITY, "--amount", "5000.001", *WALLET),
    "sign": (*ELECTRICITY, "--amount=-1", *WALLET),
    "limit": (*ELECTRICITY, "--amount", "9999999", *WALLET),
    "provider": (*PREPAID, "--provider", "paypal"),
    "phone": ("order", "airtime", "--phone", "123", "--amount", "500", *WALLET),
    "option": (*ELSEWHERE, "--meter", "1111111111111"),
}


@pytest.mark.parametrize("words", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_impossible_input_ends_in_one_line_and_exit_code_2_and_stores_nothing(
    here, store, words
):
    refused = await asyncio.to_thread(here.command, *words, "--json")
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert await store.payments.transaction_ids() == []


async def test_an_unknown_plan_lists_the_plans_and_stores_nothing(here, store):
    words = ("order", "data", "--phone", "08031234567", "--plan", "mtn-all", *WALLET)
    refused = await asyncio.to_thread(here.command, *words)
    assert refused.exit_code == 2
    assert "mtn-50mb-200" in refused.stderr
    assert "mtn-xtradata-200" in refused.stderr
    assert await store.payments.transaction_ids() == []


def test_impossible_input_is_refused_even_where_there_is_no_database(command):
    assert command(*IMPOSSIBLE["meter"]).exit_code == 2


def test_without_a_database_one_line_says_what_to_do(command):
    failed = command(*PREPAID)
    assert failed.exit_code == 1
    assert "make up" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_a_database_that_gives_no_answer_is_said_in_one_line(here, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://a:b@{LOOPBACK}:{any_free_port()}/c")
    failed = here.command(*PREPAID)
    assert failed.exit_code == 1
    assert len(failed.stderr.splitlines()) == 1


def test_an_outdated_schema_is_said_with_the_command_that_helps(
    here, empty_database_url, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    failed = here.command(*PREPAID)
    assert failed.exit_code == 1
    assert "python -m starter migrate" in failed.stderr
    migrated = here.command("migrate")
    assert migrated.exit_code == 0
    assert here.json(*PREPAID)["amount_due"] == "5030"


def test_a_wrong_setting_is_said_by_its_name(here, monkeypatch):
    monkeypatch.setenv("BILL_PROCESSOR_BATCH_SIZE", "many")
    failed = here.command(*PREPAID)
    assert failed.exit_code == 1
    assert "BILL_PROCESSOR_BATCH_SIZE" in failed.stderr
