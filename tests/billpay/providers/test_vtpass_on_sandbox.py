"""VTPass's own rules, on its sandbox over a real socket: look-alikes, midnight, and every way of handing over tokens.

What every provider must do is in `tests/conformance`; what was really sold is the judge here too.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from billpay.domain.bills import BILLERS, BillerCode, BillType, MeterType
from billpay.domain.ids import request_id
from billpay.domain.money import Kobo
from billpay.domain.outcomes import Delivered, Postponed, TokenAwaited
from billpay.failures import Misconfigured
from billpay.providers.vtpass import VTPass
from billpay.sandbox import identities
from billpay.sandbox.journal import Journal
from billpay.sandbox.shop_world import shop_world_router
from billpay.sandbox.vtpass import vtpass_router
from billpay.sandbox.vtpass_receipts import TOKEN_DELAYS
from billpay.sandbox.vtpass_shop import Shop

METER, OLD_METER, CARD, PHONE = "1234567890", "1111111111111", "1212121212", "08011111111"
KEY_CHANGE_METER = "680000000000"
DISCOS = [one.code for one in BILLERS if BillType.ELECTRICITY in one.bill_types]
LATE = {"kedco", "abedc"}
"""Discos whose token follows the sale."""


class World:
    """VTPass on a socket, an adapter to it, and a clock that both the shop and the request ids go by."""

    def __init__(self, stage, clock):
        self.stage, self.clock = stage, clock
        self.shop = Shop(clock, Journal(None))
        stage.app = FastAPI()
        stage.app.include_router(vtpass_router(self.shop), prefix="/vtpass/api")
        stage.app.include_router(shop_world_router(self.shop), prefix="/world")
        self.vtpass = VTPass(
            base_url=f"{stage.url}/vtpass",
            api_key=SecretStr(identities.vtpass_api_key()),
            public_key=SecretStr(identities.vtpass_public_key()),
            secret_key=SecretStr(identities.vtpass_secret_key()),
        )
        self.numbers = 0

    def new_id(self):
        self.numbers += 1
        return request_id("bill-vtpass", self.numbers, self.clock())

    def wait(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))

    async def buy(self, purchase, name=None):
        name = name or self.new_id()
        return name, await self.vtpass.buy(purchase, name)

    def truth(self, name):
        rows = self.stage.http.get(f"{self.stage.url}/world/truth/vtpass").json()
        return next(row for row in rows if row["request_id"] == name)


@pytest_asyncio.fixture
async def world(sandbox_stage, clock):
    world = World(sandbox_stage, clock)
    yield world
    await world.vtpass.close()


# Tokens


@pytest.mark.parametrize("disco", DISCOS)
async def test_every_disco_hands_its_token_over(world, purchase, disco):
    """I7, faults 45 and 46: sold without a token is never plain delivered, whatever the disco calls it."""
    power = purchase(biller=disco, account_number=METER)
    assert (await world.vtpass.verify_account(power)).kind == "ok"
    name, answer = await world.buy(power)
    assert type(answer.outcome) is (TokenAwaited if disco in LATE else Delivered)
    world.wait(max(TOKEN_DELAYS.values()))
    for _ in range(2):
        told = await world.vtpass.requery(power, name)
        assert isinstance(told.outcome, Delivered)
        assert [told.receipt.token] == world.truth(name)["tokens"]
        assert told.receipt.units or disco in {"bedc", "abedc", "yedc", "kaedco"}


async def test_a_bonus_token_is_kept_beside_the_token(world, purchase):
    name, answer = await world.buy(purchase(biller=BillerCode("ekedc"), account_number=OLD_METER))
    tokens = [answer.receipt.token, answer.receipt.bonus_token]
    assert tokens == world.truth(name)["tokens"]


async def test_key_change_tokens_are_kept_in_the_order_in_which_they_are_typed(world, purchase):
    """Since 2024 a meter may need two tokens more before it takes the one that was paid for."""
    power = purchase(account_number=KEY_CHANGE_METER)
    name, answer = await world.buy(power)
    told = await world.vtpass.requery(power, name)
    for receipt in (answer.receipt, told.receipt):
        assert [receipt.token, *receipt.key_change_tokens] == world.truth(name)["tokens"]
        assert len(receipt.key_change_tokens) == 2


async def test_a_postpaid_meter_is_paid_without_a_token(world, purchase):
    power = purchase(account_number="1010101010101", meter_type=MeterType.POSTPAID)
    name, answer = await world.buy(power)
    assert isinstance(answer.outcome, Delivered)
    assert (answer.receipt.token, world.truth(name)["tokens"]) == (None, [])


# Two purchases that look alike


async def test_a_look_alike_waits_and_is_bought_under_a_new_id(world, purchase):
    """Fault 41: an honest second purchase is delayed, not refunded."""
    airtime = purchase(BillType.AIRTIME, account_number=PHONE)
    await world.buy(airtime)
    world.wait(29)
    refused, answer = await world.buy(airtime)
    assert isinstance(answer.outcome, Postponed)
    assert answer.outcome.retry_after_seconds > 30
    asked = await world.vtpass.requery(airtime, refused)
    assert isinstance(asked.outcome, Postponed)
    assert (world.truth(refused)["happened"], world.truth(refused)["charged_kobo"]) == (
        "refused",
        0,
    )
    world.wait(answer.outcome.retry_after_seconds)
    _, again = await world.buy(airtime)
    assert isinstance(again.outcome, Delivered)


async def test_another_account_or_service_is_no_look_alike(world, purchase):
    airtime = purchase(BillType.AIRTIME, account_number=PHONE)
    for other in (airtime, replace(airtime, account_number="08012345678")):
        assert isinstance((await world.buy(other))[1].outcome, Delivered)
    glo = replace(airtime, biller=BillerCode("glo"))
    assert isinstance((await world.buy(glo))[1].outcome, Delivered)


# Midnight in Lagos


BEFORE_MIDNIGHT = datetime(2026, 3, 2, 22, 59, 30, tzinfo=UTC)
"""Lagos is an hour ahead."""


async def test_an_id_that_arrives_after_midnight_sells_nothing_and_a_new_one_does(world, purchase):
    """Fault 42."""
    world.clock.now = BEFORE_MIDNIGHT
    airtime = purchase(BillType.AIRTIME, account_number=PHONE)
    name = world.new_id()
    assert name.startswith("202603022359")
    world.wait(60)
    _, late = await world.buy(airtime, name)
    assert isinstance(late.outcome, Postponed)
    assert (late.outcome.code, world.truth(name)["happened"]) == ("085", "refused")
    name, answer = await world.buy(airtime)
    assert name.startswith("20260303")
    assert isinstance(answer.outcome, Delivered)


async def test_what_was_bought_yesterday_can_be_asked_about_and_never_bought_again(world, purchase):
    """Fault 42: its refusal today says nothing of yesterday, so whoever repeats a purchase asks first."""
    world.clock.now = BEFORE_MIDNIGHT
    airtime = purchase(BillType.AIRTIME, account_number=PHONE)
    name, _ = await world.buy(airtime)
    world.wait(60)
    assert isinstance((await world.vtpass.requery(airtime, name)).outcome, Delivered)
    _, again = await world.buy(airtime, name)
    assert isinstance(again.outcome, Postponed)
    assert (world.truth(name)["happened"], world.truth(name)["pay_calls"]) == ("sold", 2)


async def test_a_refused_date_says_nothing_when_it_answers_a_question(world, purchase):
    world.stage.http.post(
        f"{world.stage.url}/world/vtpass/accounts/{PHONE}", json={"pay": "code", "code": "085"}
    )
    airtime = purchase(BillType.AIRTIME, account_number=PHONE)
    name, _ = await world.buy(airtime)
    with pytest.raises(Misconfigured):
        await world.vtpass.requery(airtime, name)


# Television


@pytest.mark.parametrize(
    ("biller", "code", "naira"),
    [
        ("dstv", "dstv79", 7900),
        ("gotv", "gotv-max", 3600),
        ("startimes", "nova", 900),
        ("startimes", "ewallet", 1234),
        ("showmax", "full_3", 8400),
    ],
)
async def test_a_package_is_sold_at_its_price(world, purchase, biller, code, naira):
    wanted = purchase(
        BillType.CABLE_TV,
        biller=BillerCode(biller),
        account_number=PHONE if biller == "showmax" else CARD,
        product_code=code,
        amount=Kobo(naira * 100),
    )
    assert (await world.vtpass.verify_account(wanted)).kind == "ok"
    name, answer = await world.buy(wanted)
    assert isinstance(answer.outcome, Delivered)
    assert world.truth(name)["amount_kobo"] == wanted.amount
    assert "instead of" not in answer.outcome.code


async def test_a_renewal_costs_what_the_biller_says_and_not_the_list(world, purchase):
    renewal = purchase(BillType.CABLE_TV, account_number=METER, amount=Kobo(740_000))
    verdict = await world.vtpass.verify_account(renewal)
    assert (verdict.kind, verdict.renewal_amount) == ("ok", 740_000)
    name, _ = await world.buy(renewal)
    world.wait(20)
    assert isinstance((await world.vtpass.requery(renewal, name)).outcome, Delivered)
    assert (world.truth(name)["variation"], world.truth(name)["amount_kobo"]) == (None, 740_000)
