"""The adapter against the simulated Flutterwave over real sockets: what it believes against what really happened."""

import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from billpay.domain.accounts import AccountOk, AccountRefused, ProductNotSold
from billpay.domain.bills import BILLERS, BillerCode, BillType, MeterType
from billpay.domain.money import Kobo, naira
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    Processing,
    TokenAwaited,
    Whose,
)
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.providers.flutterwave import Flutterwave
from billpay.providers.flutterwave_catalogue import MemoryCatalogue
from billpay.sandbox.flutterwave import RETRY_AFTER_SECONDS, flutterwave_router
from billpay.sandbox.flutterwave_shop import FlutterwaveShop
from billpay.sandbox.identities import flutterwave_secret_key
from billpay.sandbox.journal import Journal
from billpay.sandbox.shop_world import shop_world_router

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
REQUEST_ID = "202603021200abcdef123456"
PREPAID = "1111111111111"
PHONE = "08011111111"
CARD = "1212121212"
PATIENCE_SECONDS = 1.0
"""How long the adapter waits for an answer that never comes."""


class Hands:
    """A clock that a test moves, for both sides of the wire."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += timedelta(seconds=seconds)


class World:
    """Flutterwave on a socket, and the switches behind it."""

    def __init__(self, stage, hands, account=""):
        self.url, self.hands = stage.url, hands
        self.shop = FlutterwaveShop(hands, Journal(None), account)
        stage.app = FastAPI()
        stage.app.include_router(flutterwave_router(self.shop), prefix="/flutterwave/v3")
        stage.app.include_router(shop_world_router(self.shop), prefix="/world")

    def adapter(self, key=None, patience_seconds=30.0, **changes):
        return Flutterwave(
            base_url=f"{self.url}/flutterwave",
            secret_key=SecretStr(key or flutterwave_secret_key()),
            read_timeout_seconds=patience_seconds,
            clock=self.hands,
            **changes,
        )

    def switch(self, path, body):
        httpx.post(f"{self.url}/world/flutterwave/{path}", json=body).raise_for_status()

    def script(self, account, **words):
        self.switch(f"accounts/{account}", words)

    def truths(self):
        return httpx.get(f"{self.url}/world/truth/flutterwave").json()

    def truth(self, request_id=REQUEST_ID):
        return next(row for row in self.truths() if row["request_id"] == request_id)


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def world(sandbox_stage, hands):
    return World(sandbox_stage, hands)


@pytest.fixture
async def flutterwave(world):
    adapter = world.adapter()
    yield adapter
    await adapter.close()


async def settle_in_haste(world, buying):
    """Buy with little patience; what can be bought is found out patiently before."""
    catalogue = MemoryCatalogue()
    patient = world.adapter(catalogue=catalogue)
    await patient._menu.listing(buying.bill_type, buying.biller)
    await patient.close()
    hasty = world.adapter(catalogue=catalogue, patience_seconds=PATIENCE_SECONDS)
    try:
        return await settle(hasty, buying)
    finally:
        await hasty.close()


async def settle(adapter, buying):
    """Buy, and answer what is known then: the outcome, or the doubt that stands in its place."""
    try:
        return (await adapter.buy(buying, REQUEST_ID)).outcome
    except Ambiguous as doubt:
        return doubt


# Delivery


@pytest.mark.parametrize(
    ("bill_type", "changes"),
    [
        (BillType.AIRTIME, {"account_number": PHONE}),
        (BillType.ELECTRICITY, {"account_number": PREPAID}),
        (
            BillType.ELECTRICITY,
            {"account_number": "1010101010101", "meter_type": MeterType.POSTPAID},
        ),
        (BillType.CABLE_TV, {"account_number": CARD}),
        (
            BillType.CABLE_TV,
            {"account_number": CARD, "product_code": "dstv-compact", "amount": naira("7900")},
        ),
        (BillType.DATA, {"account_number": PHONE, "product_code": "mtn-15gb-data-purchase"}),
    ],
)
async def test_a_payment_is_accepted_and_only_its_status_delivers(
    world, flutterwave, purchase, bill_type, changes
):
    """The envelope trap: "Bill payment successful" is no delivery."""
    buying = purchase(bill_type, **changes)
    assert isinstance(await flutterwave.verify_account(buying), AccountOk)
    paid = await flutterwave.buy(buying, REQUEST_ID)
    assert isinstance(paid.outcome, Processing)
    told = await flutterwave.requery(buying, REQUEST_ID)
    assert isinstance(told.outcome, Delivered)
    assert told.outcome.code == "successful 200"
    assert told.outcome.provider_reference == paid.outcome.provider_reference
    truth = world.truth()
    assert (truth["happened"], truth["pay_calls"]) == ("sold", 1)
    assert truth["amount_kobo"] == buying.amount
    assert truth["charged_kobo"] == told.receipt.charged
    assert truth["tokens"] == ([told.receipt.token] if buying.wants_token else [])


@pytest.mark.parametrize(
    "biller", ["ekedc", "ikedc", "ibedc", "eedc", "phed", "bedc", "jed", "aedc"]
)
async def test_every_discos_token_is_read_exactly(world, flutterwave, purchase, biller):
    """I7, fault 46: an object, groups, text around it, a leading zero."""
    buying = purchase(biller=BillerCode(biller), account_number=PREPAID)
    paid = await flutterwave.buy(buying, REQUEST_ID)
    told = await flutterwave.requery(buying, REQUEST_ID)
    assert isinstance(told.outcome, Delivered)
    assert paid.receipt.token == told.receipt.token
    assert world.truth()["tokens"] == [told.receipt.token]


async def test_a_token_that_comes_later_is_waited_for(world, flutterwave, purchase, hands):
    """Fault 45: sold, and neither complete nor refunded before its token is here."""
    buying = purchase(account_number="680000000000")
    paid = await flutterwave.buy(buying, REQUEST_ID)
    assert (type(paid.outcome), paid.receipt) == (Processing, None)
    told = await flutterwave.requery(buying, REQUEST_ID)
    assert isinstance(told.outcome, TokenAwaited)
    hands.pass_seconds(30)
    told = await flutterwave.requery(buying, REQUEST_ID)
    assert isinstance(told.outcome, Delivered)
    assert [told.receipt.token] == world.truth()["tokens"]


async def test_a_sale_that_is_taken_back_is_told_as_declined(world, flutterwave, purchase, hands):
    """Fault 38: what was delivered before is for a person to weigh; the adapter says what is said now."""
    buying = purchase(BillType.AIRTIME, account_number="690000000000")
    await flutterwave.buy(buying, REQUEST_ID)
    assert isinstance((await flutterwave.requery(buying, REQUEST_ID)).outcome, Delivered)
    hands.pass_seconds(60)
    told = (await flutterwave.requery(buying, REQUEST_ID)).outcome
    assert told == Declined(
        code="reversed", reason="The provider reversed the purchase", whose=Whose.PROVIDER
    )
    assert (world.truth()["happened"], world.truth()["charged_kobo"]) == ("failed", 0)


# Answers that do not come, and what is behind them


@pytest.mark.parametrize("bill_type", [BillType.AIRTIME, BillType.ELECTRICITY])
@pytest.mark.parametrize(
    "trigger",
    [
        ("201000000000", Processing, 45, Delivered, "sold"),
        ("300000000000", Ambiguous, 30, Delivered, "sold"),
        ("400000000000", Ambiguous, 0, Delivered, "sold"),
        ("500000000000", Ambiguous, 0, Delivered, "sold"),
        ("600000000000", Ambiguous, 0, NeverSeen, "never_created"),
        ("620000000000", Processing, 30, Declined, "failed"),
        ("630000000000", Ambiguous, 0, Delivered, "sold"),
        ("640000000000", Ambiguous, 0, NeverSeen, "never_created"),
        ("650000000000", Ambiguous, 0, Delivered, "sold"),
        ("660000000000", Ambiguous, 0, Delivered, "sold"),
        ("670000000000", Processing, 0, Delivered, "sold"),
    ],
)
async def test_doubt_is_never_a_no_and_asking_finds_the_truth(
    world, flutterwave, purchase, bill_type, trigger
):
    """Faults 30 to 35: whatever the answer to the payment was, only asking decides, and once was sold once."""
    account, first, seconds, last, happened = trigger
    buying = purchase(bill_type, account_number=account)
    is_held = account == "300000000000"
    paid = await (settle_in_haste(world, buying) if is_held else settle(flutterwave, buying))
    assert type(paid) is first
    if seconds:
        open_still = await flutterwave.requery(buying, REQUEST_ID)
        assert isinstance(open_still.outcome, Processing)
        world.hands.pass_seconds(seconds)
    told = await flutterwave.requery(buying, REQUEST_ID)
    assert type(told.outcome) is last
    truth = world.truth()
    assert (truth["happened"], truth["pay_calls"]) == (happened, 1)
    if last is Delivered and buying.wants_token:
        assert truth["tokens"] == [told.receipt.token]


@pytest.mark.parametrize(
    "said",
    [
        {"pay": "failed"},
        {"pay": "unexpected"},
        {"pay": "code", "code": "offline"},
        {"pay": "code", "code": "Kindly retry"},
    ],
)
@pytest.mark.parametrize(
    "hidden", [("delivered", Delivered), ("failed", Declined), ("never_created", NeverSeen)]
)
async def test_what_the_payment_says_does_not_change_what_the_status_says(
    world, flutterwave, purchase, said, hidden
):
    """Fault 32: refused, or broken, and sold all the same."""
    truth, last = hidden
    world.script(PHONE, truth=truth, **said)
    buying = purchase(BillType.AIRTIME, account_number=PHONE)
    assert isinstance(await settle(flutterwave, buying), Processing | Ambiguous)
    assert type((await flutterwave.requery(buying, REQUEST_ID)).outcome) is last


async def test_a_bill_that_appears_late_is_found_late(world, flutterwave, purchase, hands):
    """Fault 39: "not found" soon after a lost answer proves nothing."""
    world.script(PHONE, pay="reset", appears_after_seconds=90)
    buying = purchase(BillType.AIRTIME, account_number=PHONE)
    assert isinstance(await settle(flutterwave, buying), Ambiguous)
    assert isinstance((await flutterwave.requery(buying, REQUEST_ID)).outcome, NeverSeen)
    hands.pass_seconds(90)
    assert isinstance((await flutterwave.requery(buying, REQUEST_ID)).outcome, Delivered)


async def test_a_reference_sells_once(world, flutterwave, purchase):
    """I4, fault 40: a second payment under it is in doubt, not refused, and sells nothing."""
    buying = purchase(BillType.AIRTIME, account_number=PHONE)
    await flutterwave.buy(buying, REQUEST_ID)
    with pytest.raises(Ambiguous) as doubt:
        await flutterwave.buy(buying, REQUEST_ID)
    assert doubt.value.evidence.code == "taken"
    assert isinstance((await flutterwave.requery(buying, REQUEST_ID)).outcome, Delivered)
    truth = world.truth()
    assert (truth["pay_calls"], truth["charged_kobo"]) == (2, buying.amount)


async def test_a_provider_that_is_down_has_sold_nothing(flutterwave, purchase, world):
    buying = purchase(BillType.AIRTIME, account_number=PHONE)
    await flutterwave.verify_account(buying)
    nowhere = Flutterwave(
        base_url="http://127.0.0.1:1/v3", secret_key=SecretStr("key"), clock=world.hands
    )
    for call in (nowhere.buy(buying, REQUEST_ID), nowhere.requery(buying, REQUEST_ID)):
        with pytest.raises(Unavailable):
            await call
    await nowhere.close()


# Refusals


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ip", "IP address is not whitelisted"),
        ("product off", "not enabled for our account"),
        ("balance", "balance is too low"),
        ("key", "refused our key"),
    ],
)
async def test_a_refusal_of_us_is_ours_to_mend_and_sold_nothing(
    world, flutterwave, purchase, code, words
):
    """Faults 43 and 44."""
    world.script(PHONE, pay="code", code=code)
    with pytest.raises(Misconfigured, match=words):
        await flutterwave.buy(purchase(BillType.AIRTIME, account_number=PHONE), REQUEST_ID)
    assert world.truth()["happened"] == "refused"


async def test_an_empty_float_sells_nothing_to_the_kobo(world, flutterwave, purchase):
    """Fault 43: the fee counts, and a kobo decides."""
    buying = purchase(BillType.CABLE_TV, account_number=CARD)
    world.switch("wallet", {"balance_kobo": buying.amount + 10_000 - 1})
    with pytest.raises(Misconfigured, match="too low"):
        await flutterwave.buy(buying, REQUEST_ID)
    world.switch("wallet", {"balance_kobo": buying.amount + 10_000})
    assert isinstance((await flutterwave.buy(buying, REQUEST_ID)).outcome, Processing)
    assert await flutterwave.float_balance() == Kobo(0)


async def test_an_address_that_is_not_whitelisted_is_named_by_every_question(
    world, flutterwave, purchase
):
    """Fault 44: of a bill that was sold before it says nothing."""
    buying = purchase(account_number=PREPAID)
    await flutterwave.buy(buying, REQUEST_ID)
    world.switch("whitelist", {"is_whitelisted": False})
    for call in (
        flutterwave.verify_account(buying),
        flutterwave.buy(buying, "202603021201other"),
        flutterwave.requery(buying, REQUEST_ID),
    ):
        with pytest.raises(Misconfigured, match="IP address is not whitelisted"):
            await call
    world.switch("whitelist", {"is_whitelisted": True})
    assert isinstance((await flutterwave.requery(buying, REQUEST_ID)).outcome, Delivered)


async def test_a_wrong_key_is_ours_to_mend(world, purchase):
    """Fault 44."""
    stranger = world.adapter(key="FLWSECK_TEST-wrong")
    for call in (
        stranger.buy(purchase(), REQUEST_ID),
        stranger.requery(purchase(), REQUEST_ID),
        stranger.verify_account(purchase()),
        stranger.float_balance(),
    ):
        with pytest.raises(Misconfigured):
            await call
    await stranger.close()
    assert world.truths() == []


async def test_a_flood_is_refused_with_the_time_to_wait(world, flutterwave, purchase):
    """Fault 51: the status is asked before the same reference is sent again, and nothing was sold."""
    world.script(PHONE, pay="code", code="slow down", uses=1)
    buying = purchase(BillType.AIRTIME, account_number=PHONE)
    with pytest.raises(Unavailable) as refused:
        await flutterwave.buy(buying, REQUEST_ID)
    assert refused.value.retry_after_seconds == RETRY_AFTER_SECONDS
    assert isinstance((await flutterwave.requery(buying, REQUEST_ID)).outcome, NeverSeen)
    await flutterwave.buy(buying, REQUEST_ID)
    assert isinstance((await flutterwave.requery(buying, REQUEST_ID)).outcome, Delivered)


@pytest.mark.parametrize(
    ("code", "whose"), [("customer", Whose.CUSTOMER), ("amount", Whose.PROVIDER)]
)
async def test_a_refusal_of_the_order_is_a_no(world, flutterwave, purchase, code, whose):
    world.script(PHONE, pay="code", code=code)
    answer = await flutterwave.buy(purchase(BillType.AIRTIME, account_number=PHONE), REQUEST_ID)
    assert isinstance(answer.outcome, Declined)
    assert answer.outcome.whose is whose
    assert world.truth()["happened"] == "refused"


# Amounts


@pytest.mark.parametrize(
    ("bill_type", "amount"),
    [
        (BillType.AIRTIME, "0.01"),
        (BillType.AIRTIME, "0.10"),
        (BillType.AIRTIME, "1499.99"),
        (BillType.AIRTIME, "50000"),
        (BillType.ELECTRICITY, "500"),
        (BillType.ELECTRICITY, "12041.38"),
        (BillType.ELECTRICITY, "500000.00"),
    ],
)
async def test_amounts_arrive_exactly(world, flutterwave, purchase, bill_type, amount):
    """I17: from one kobo to the limit."""
    account = PHONE if bill_type is BillType.AIRTIME else PREPAID
    buying = purchase(bill_type, account_number=account, amount=naira(amount))
    await flutterwave.buy(buying, REQUEST_ID)
    told = await flutterwave.requery(buying, REQUEST_ID)
    assert told.outcome.code == "successful 200"
    assert world.truth()["amount_kobo"] == naira(amount)
    assert told.receipt.charged == world.truth()["charged_kobo"]


@pytest.mark.parametrize("amount", ["50000.01", "60000"])
async def test_an_amount_above_the_limit_is_refused_there(world, flutterwave, purchase, amount):
    buying = purchase(BillType.AIRTIME, account_number=PHONE, amount=naira(amount))
    answer = await flutterwave.buy(buying, REQUEST_ID)
    assert answer.outcome == Declined(
        code="amount", reason="The provider does not take this amount", whose=Whose.PROVIDER
    )


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("499.99", "The least this account takes is ₦500"),
        ("500000.01", "The most this account takes is ₦500,000"),
    ],
)
async def test_limits_are_named_before_anything_is_bought(flutterwave, purchase, amount, reason):
    buying = purchase(account_number=PREPAID, amount=naira(amount))
    assert await flutterwave.verify_account(buying) == AccountRefused(reason=reason)


async def test_a_plan_is_sold_at_its_price_or_not_at_all(world, flutterwave, purchase):
    """Fault 49."""
    plans = await flutterwave.products(BillType.DATA, BillerCode("airtel"))
    plan = next(plan for plan in plans if plan.name == "AIRTEL 3GB Data Bundle")
    assert plan.price == naira("1499.01")
    order = {"biller": BillerCode("airtel"), "account_number": PHONE, "product_code": plan.code}
    stale = purchase(BillType.DATA, **order, amount=naira("1499"))
    reason = "AIRTEL 3GB Data Bundle now costs ₦1,499.01"
    verdict = await flutterwave.verify_account(stale)
    assert verdict == AccountRefused(reason=reason, price=plan.price)
    refused = await flutterwave.buy(stale, REQUEST_ID)
    assert refused.outcome == Declined(code="not sent", reason=reason, whose=Whose.PROVIDER)
    await flutterwave.buy(purchase(BillType.DATA, **order, amount=plan.price), REQUEST_ID)
    assert world.truth()["amount_kobo"] == plan.price


# What is sold


@pytest.mark.parametrize("account", ["", "another"])
async def test_every_biller_that_is_listed_is_sold_whatever_its_codes(
    sandbox_stage, hands, purchase, account
):
    """Codes differ between accounts; names lead to them."""
    world = World(sandbox_stage, hands, account)
    adapter = world.adapter()
    unsold = set()
    for number, (bill_type, code) in enumerate(
        (bill_type, biller.code)
        for biller in BILLERS
        for bill_type in biller.bill_types
        if bill_type is not BillType.DATA
    ):
        account_number = {BillType.ELECTRICITY: PREPAID, BillType.CABLE_TV: CARD}.get(
            bill_type, PHONE
        )
        buying = purchase(bill_type, biller=code, account_number=account_number)
        request_id = f"202603021200{number}"
        try:
            await adapter.buy(buying, request_id)
        except Misconfigured:
            unsold.add(code)
            continue
        row = world.truth(request_id)
        assert world.shop.biller(row["service"]).kind
        assert (row["happened"], row["account"]) == ("sold", account_number)
    await adapter.close()
    assert unsold == {"abedc", "kaedco", "yedc", "showmax"}


async def test_two_accounts_have_no_code_in_common(sandbox_stage, hands):
    codes = [
        set(World(sandbox_stage, hands, account).shop._listings.billers)
        for account in ("", "another")
    ]
    assert codes[0] != codes[1]


async def test_a_biller_that_is_not_listed_is_not_offered_again(flutterwave, purchase, hands):
    aba = BillerCode("abedc")
    assert flutterwave.sells(BillType.ELECTRICITY, aba)
    verdict = await flutterwave.verify_account(purchase(biller=aba, account_number=PREPAID))
    assert isinstance(verdict, ProductNotSold)
    with pytest.raises(Misconfigured, match="lists nothing"):
        await flutterwave.buy(purchase(biller=aba, account_number=PREPAID), REQUEST_ID)
    assert not flutterwave.sells(BillType.ELECTRICITY, aba)
    assert flutterwave.sells(BillType.ELECTRICITY, BillerCode("ekedc"))
    hands.pass_seconds(6 * 3600)
    assert flutterwave.sells(BillType.ELECTRICITY, aba)


# Accounts


@pytest.mark.parametrize(
    ("bill_type", "reason"),
    [
        (BillType.ELECTRICITY, "Meter number not found"),
        (BillType.CABLE_TV, "Smartcard number not found"),
    ],
)
async def test_a_wrong_account_is_refused(flutterwave, purchase, bill_type, reason):
    buying = purchase(bill_type, account_number="9999999999")
    assert await flutterwave.verify_account(buying) == AccountRefused(reason=reason)


async def test_a_good_account_is_known_by_name(flutterwave, purchase):
    verdict = await flutterwave.verify_account(purchase(account_number="1234567890"))
    assert verdict == AccountOk(holder="AMAKA OBI", minimum=naira("500"))
    card = purchase(BillType.CABLE_TV, account_number="0025401100")
    assert await flutterwave.verify_account(card) == AccountOk(holder="Test DSTV Account")


@pytest.mark.parametrize("verify", ["unavailable", "cannot_vend"])
async def test_an_account_that_could_not_be_checked_is_not_wrong(
    world, flutterwave, purchase, verify
):
    """Fault 48: only a clear no is a no."""
    world.script(PREPAID, verify=verify)
    with pytest.raises(Unavailable):
        await flutterwave.verify_account(purchase(account_number=PREPAID))


# Secrets


async def test_neither_key_nor_account_nor_token_is_logged(world, flutterwave, purchase, caplog):
    """I18: whatever library logs, at its most talkative."""
    caplog.set_level(logging.DEBUG)
    buying = purchase(account_number=PREPAID)
    await flutterwave.verify_account(buying)
    await flutterwave.buy(buying, REQUEST_ID)
    answer = await flutterwave.requery(buying, REQUEST_ID)
    # The sandbox's own access log is the other side's business.
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("uvicorn")]
    said = "\n".join(ours) + repr(answer) + repr(vars(flutterwave))
    assert "HTTP Request: GET" in said
    for secret in (flutterwave_secret_key(), PREPAID, answer.receipt.token, "TEST CUSTOMER"):
        assert secret not in said


async def test_the_balance_is_read_to_the_kobo(world, flutterwave):
    world.switch("wallet", {"balance_kobo": 108_182})
    assert await flutterwave.float_balance() == Kobo(108_182)
