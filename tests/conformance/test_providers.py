"""What every seller must do, and what must never happen to a purchase, whatever its provider says.

Each case compares what our adapter says with the sandbox's hidden truth. After each, nothing that was logged, raised
or shown may hold a key or a token (I18); the fixture `exchange` looks.
"""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from billpay.domain.accounts import AccountOk, AccountRefused, ProductNotSold
from billpay.domain.bills import BILLERS, BillerCode, BillType, MeterType
from billpay.domain.money import Kobo, naira
from billpay.domain.outcomes import Declined, Delivered, NeverSeen, Processing, TokenAwaited
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.providers import REGISTRY
from billpay.providers.base import Purchase
from tests.conformance.counterparts import COUNTERPARTS, FACTORIES
from tests.conformance.exchange import AIRTIME, CARD, METER, PHONE, POWER
from tests.conformance.fourth_provider import NAME

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for package in ("billpay", "activities", "workflows", "starter")
    for path in (ROOT / package).rglob("*.py")
]
PATIENCE_SECONDS = 0.3
POSTPAID = replace(POWER, meter_type=MeterType.POSTPAID)


async def package(exchange):
    """Want the first package with a price that the provider lists for DStv."""
    menu = await exchange.provider.ask("products", BillType.CABLE_TV, BillerCode("dstv"))
    product = next(one for one in menu if one.price is not None)
    return Purchase(
        bill_type=BillType.CABLE_TV,
        biller=BillerCode("dstv"),
        account_number=CARD,
        meter_type=None,
        product_code=product.code,
        amount=product.price,
        contact_phone=PHONE,
    )


def test_the_suite_leaves_no_seller_of_the_registry_out():
    """A provider without a counterpart is one that nobody has tried to disbelieve."""
    settings = COUNTERPARTS[0].settings("http://127.0.0.1:9")
    built = {name: build(settings) for name, build in REGISTRY.items()}
    sellers = {
        name
        for name, provider in built.items()
        if any(provider.sells(kind, one.code) for one in BILLERS for kind in one.bill_types)
    }
    asyncio.run(_close(*built.values()))
    assert sellers <= {one.name for one in COUNTERPARTS}
    assert len(COUNTERPARTS) == len(sellers) + 1


async def _close(*providers):
    for provider in providers:
        await provider.close()


# It sells


@pytest.mark.parametrize(
    "purchase", [POWER, POSTPAID, AIRTIME], ids=["prepaid", "postpaid", "phone"]
)
async def test_a_purchase_is_delivered_to_the_kobo(exchange, purchase):
    """I7, I17."""
    name, answer = await exchange.bought(purchase)
    row = exchange.truth(name)
    assert isinstance(answer.outcome, Delivered)
    assert answer.outcome.provider_reference == answer.receipt.provider_reference != ""
    assert (row["happened"], row["amount_kobo"]) == ("sold", purchase.amount)
    assert row["account"] == purchase.account_number
    assert [answer.receipt.token] == (row["tokens"] or [None])
    assert bool(row["tokens"]) is purchase.wants_token
    assert answer.body != ""


async def test_a_package_is_delivered_at_the_price_of_the_list(exchange):
    wanted = await package(exchange)
    assert (await exchange.provider.ask("verify_account", wanted)).kind == "ok"
    name, answer = await exchange.bought(wanted)
    assert isinstance(answer.outcome, Delivered)
    assert exchange.truth(name)["amount_kobo"] == wanted.amount


async def test_it_lists_nothing_where_the_customer_chooses_the_amount(exchange):
    for purchase in (POWER, AIRTIME):
        listed = await exchange.provider.ask("products", purchase.bill_type, purchase.biller)
        assert listed == []


async def test_the_float_is_told_to_the_kobo_and_falls_by_what_was_charged(exchange):
    exchange.switch("wallet", balance_kobo=1_234_567)
    assert await exchange.provider.ask("float_balance") == 1_234_567
    name, _ = await exchange.bought(AIRTIME)
    left = 1_234_567 - exchange.truth(name)["charged_kobo"]
    assert await exchange.provider.ask("float_balance") == left < 1_234_567


@pytest.mark.parametrize("amount", ["50.01", "99.99", "12345.67", "500"])
async def test_an_amount_arrives_to_the_kobo(exchange, amount):
    """I17."""
    purchase = replace(POWER, amount=Kobo(naira(amount) + exchange.counterpart.limits[0]))
    name, answer = await exchange.bought(purchase)
    assert isinstance(answer.outcome, Delivered)
    assert exchange.truth(name)["amount_kobo"] == purchase.amount


@pytest.mark.parametrize(("end", "beyond"), [(0, -1), (1, 1)], ids=["least", "most"])
async def test_a_limit_itself_is_sold_and_a_kobo_beyond_it_is_not(exchange, end, beyond):
    exchange.switch("wallet", balance_kobo=10**10)
    limit = exchange.counterpart.limits[end]
    name = exchange.new_id()
    refused = await exchange.buy(replace(POWER, amount=Kobo(limit + beyond)), name)
    assert isinstance(refused, Declined)
    assert exchange.truth(name)["happened"] == "refused"
    _, answer = await exchange.bought(replace(POWER, amount=limit))
    assert isinstance(answer.outcome, Delivered)


# It refuses


async def test_a_purchase_that_failed_is_declined(exchange):
    exchange.script(PHONE, pay="failed")
    name, answer = await exchange.bought(AIRTIME)
    row = exchange.truth(name)
    assert isinstance(answer.outcome, Declined)
    assert (row["happened"], row["charged_kobo"]) == ("failed", 0)


async def test_an_account_that_nobody_knows_is_refused_before_money_moves(exchange):
    unknown = replace(POWER, account_number="45099999999")
    assert isinstance(await exchange.provider.ask("verify_account", unknown), AccountRefused)
    assert exchange.truths() == []


async def test_a_good_account_is_good(exchange):
    verdict = await exchange.provider.ask("verify_account", POWER)
    assert isinstance(verdict, AccountOk)
    assert verdict.holder


async def test_a_biller_that_sleeps_says_nothing_of_an_account(exchange):
    exchange.script(METER, verify="unavailable")
    assert type(await exchange.provider.ask("verify_account", POWER)) is Unavailable


async def test_an_account_that_owes_takes_its_least_and_not_a_kobo_less(exchange):
    """Fault 47: debt makes a meter's minimum large."""
    least = Kobo(1_204_138)
    exchange.script(METER, least_kobo=least)
    short = await exchange.provider.ask("verify_account", replace(POWER, amount=Kobo(least - 1)))
    assert isinstance(short, AccountRefused)
    enough = await exchange.provider.ask("verify_account", replace(POWER, amount=least))
    assert (enough.kind, enough.minimum) == ("ok", least)
    _, answer = await exchange.bought(replace(POWER, amount=least))
    assert isinstance(answer.outcome, Delivered)


async def test_a_product_of_somebody_else_says_nothing_of_the_account(exchange):
    wanted = replace(await package(exchange), product_code="nobody-sells-this")
    assert isinstance(await exchange.provider.ask("verify_account", wanted), ProductNotSold)


async def test_a_price_that_changed_is_told_before_money_moves(exchange):
    """Fault 49."""
    wanted = await package(exchange)
    stale = replace(wanted, amount=Kobo(wanted.amount - 1))
    verdict = await exchange.provider.ask("verify_account", stale)
    assert isinstance(verdict, AccountRefused)
    assert verdict.price == wanted.amount
    assert exchange.truths() == []


# It takes its time


@pytest.mark.parametrize(
    ("truth", "last", "happened"),
    [("delivered", Delivered, "sold"), ("failed", Declined, "failed")],
)
async def test_what_is_accepted_is_open_until_it_is_certain(exchange, truth, last, happened):
    """I13, fault 37."""
    exchange.script(PHONE, pay="processing", truth=truth, delivers_after_seconds=20)
    name = exchange.new_id()
    assert isinstance(await exchange.buy(AIRTIME, name), Processing)
    exchange.wait(19)
    assert isinstance(await exchange.requery(AIRTIME, name), Processing)
    exchange.wait(1)
    assert isinstance(await exchange.requery(AIRTIME, name), last)
    assert exchange.truth(name)["happened"] == happened


async def test_a_token_may_come_after_the_sale(exchange):
    """I7, fault 45: sold without a token is never plain delivered."""
    exchange.script(METER, token_after_seconds=600)
    name, answer = await exchange.bought(POWER)
    assert isinstance(answer.outcome, TokenAwaited)
    exchange.wait(599)
    assert isinstance(await exchange.requery(POWER, name), TokenAwaited)
    exchange.wait(1)
    late = await exchange.provider.ask("requery", POWER, name)
    assert isinstance(late.outcome, Delivered)
    assert [late.receipt.token] == exchange.truth(name)["tokens"]


async def test_a_sale_may_stay_out_of_sight_for_a_while(exchange):
    """Fault 39: a denial soon after a purchase proves nothing."""
    exchange.script(PHONE, pay="reset", appears_after_seconds=90)
    name = exchange.new_id()
    assert type(await exchange.buy(AIRTIME, name)) is Ambiguous
    assert isinstance(await exchange.requery(AIRTIME, name), NeverSeen)
    exchange.wait(90)
    assert isinstance(await exchange.requery(AIRTIME, name), Delivered)
    assert exchange.truth(name)["happened"] == "sold"


async def test_a_sale_that_is_taken_back_is_told_when_it_is_asked_about(exchange):
    """Fault 38."""
    exchange.script(PHONE, turns_after_seconds=60)
    name, answer = await exchange.bought(AIRTIME)
    assert isinstance(answer.outcome, Delivered)
    exchange.wait(60)
    assert isinstance(await exchange.requery(AIRTIME, name), Declined)
    assert exchange.truth(name)["reversed_at"] is not None


async def test_a_failure_that_is_delivered_after_all_is_told_when_it_is_asked_about(exchange):
    """Fault 38."""
    exchange.script(PHONE, pay="failed", turns_after_seconds=60)
    name, answer = await exchange.bought(AIRTIME)
    assert isinstance(answer.outcome, Declined)
    exchange.wait(60)
    assert isinstance(await exchange.requery(AIRTIME, name), Delivered)
    assert exchange.truth(name)["happened"] == "sold"


# It does not answer


LOST = {
    "reset": {"pay": "reset"},
    "closed": {"pay": "closed"},
    "silent": {"pay": "timeout"},
    "empty": {"pay": "empty"},
    "5xx": {"pay": "unexpected"},
    "gateway": {"pay": "gateway"},
    "HTML with 200": {"pay": "html"},
    "truncated JSON": {"pay": "truncated"},
    "unknown word": {"pay": "code", "code": "777"},
}
BEHIND_IT = {"delivered": (Delivered, "sold"), "failed": (Declined, "failed")}


@pytest.mark.parametrize("script", LOST.values(), ids=LOST)
async def test_an_answer_that_is_none_proves_nothing_and_the_truth_is_told_later(exchange, script):
    """I3, I4, faults 30 to 36: whatever was lost, refused in unknown words or cut off may have been sold."""
    seller = exchange.provider
    if script["pay"] == "timeout":
        seller = exchange.build(**{exchange.counterpart.read_timeout: PATIENCE_SECONDS})
    for number, (truth, (last, happened)) in enumerate(BEHIND_IT.items()):
        phone = f"0803123456{number}"
        exchange.script(phone, truth=truth, delivers_after_seconds=0, **script)
        wanted, name = replace(AIRTIME, account_number=phone), exchange.new_id()
        assert type(await seller.ask("buy", wanted, name)) is Ambiguous
        assert isinstance(await exchange.requery(wanted, name), last)
        row = exchange.truth(name)
        assert (row["happened"], row["pay_calls"]) == (happened, 1)


@pytest.mark.parametrize("script", [LOST["reset"], LOST["gateway"]], ids=["reset", "gateway"])
async def test_what_was_never_created_is_denied_and_may_be_sent_again(exchange, script):
    """I4: the same id sells once, however often it is sent."""
    exchange.script(PHONE, truth="never_created", uses=1, **script)
    name = exchange.new_id()
    assert type(await exchange.buy(AIRTIME, name)) is Ambiguous
    assert isinstance(await exchange.requery(AIRTIME, name), NeverSeen)
    exchange.script(PHONE)
    assert isinstance(await exchange.buy(AIRTIME, name), Delivered | Processing)
    assert isinstance(await exchange.requery(AIRTIME, name), Delivered)
    row = exchange.truth(name)
    assert (row["happened"], row["pay_calls"]) == ("sold", 2)


async def test_a_refused_connection_is_proof_that_nothing_was_sold(exchange):
    """Fault 54."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        lost = exchange.build(**{exchange.counterpart.base_url: nowhere})
        for question in ("buy", "requery"):
            assert type(await lost.ask(question, AIRTIME, exchange.new_id())) is Unavailable
        assert type(await lost.ask("float_balance")) is Unavailable
    assert exchange.truths() == []


@pytest.mark.parametrize("says", ["closed", "gateway", "html"])
async def test_a_provider_that_is_down_can_neither_confirm_nor_deny(exchange, says):
    name, _ = await exchange.bought(AIRTIME)
    exchange.switch("outage", says=says)
    assert type(await exchange.requery(AIRTIME, name)) is Unavailable
    assert type(await exchange.provider.ask("float_balance")) is Unavailable
    assert type(await exchange.buy(replace(AIRTIME, amount=Kobo(60_000)), exchange.new_id())) is (
        Ambiguous
    )
    exchange.switch("outage", says=None)
    assert isinstance(await exchange.requery(AIRTIME, name), Delivered)
    assert [row["happened"] for row in exchange.truths()].count("sold") == 1


# It is asked wrongly, or twice


async def test_an_id_that_nobody_used_was_never_seen(exchange):
    name = exchange.new_id()
    assert isinstance(await exchange.requery(AIRTIME, name), NeverSeen)
    assert [(row["happened"], row["pay_calls"]) for row in exchange.truths()] == [
        ("never_created", 0)
    ]


async def test_an_id_that_was_used_does_not_sell_again(exchange):
    """I4, fault 40."""
    name, _ = await exchange.bought(AIRTIME)
    charged = exchange.truth(name)["charged_kobo"]
    exchange.wait(60)
    assert type(await exchange.buy(AIRTIME, name)) is Ambiguous
    assert isinstance(await exchange.requery(AIRTIME, name), Delivered)
    row = exchange.truth(name)
    assert (row["happened"], row["pay_calls"], row["charged_kobo"]) == ("sold", 2, charged)


async def test_the_providers_own_reference_may_be_named_when_asking(exchange):
    name, answer = await exchange.bought(AIRTIME)
    again = await exchange.provider.ask("requery", AIRTIME, name, answer.outcome.provider_reference)
    assert isinstance(again.outcome, Delivered)


async def test_a_wrong_key_is_our_fault_and_sells_nothing(exchange):
    """Fault 44. Asked with a wrong key, a provider says nothing about a purchase."""
    settings = exchange.counterpart.settings(exchange.world.url)
    wrong = {name: type(getattr(settings, name))("sk_wrong") for name in exchange.counterpart.keys}
    stranger = exchange.build(**wrong)
    for question in (("buy", AIRTIME, exchange.new_id()), ("requery", AIRTIME, exchange.new_id())):
        assert type(await stranger.ask(*question)) is Misconfigured
    assert type(await stranger.ask("verify_account", POWER)) is Misconfigured
    assert type(await stranger.ask("float_balance")) is Misconfigured
    assert exchange.truths() == []


async def test_an_address_that_is_not_whitelisted_is_our_fault_and_sells_nothing(exchange):
    """Fault 44."""
    known = await exchange.bought(AIRTIME)
    exchange.switch("whitelist", is_whitelisted=False)
    for question in ("buy", "requery"):
        assert type(await exchange.provider.ask(question, AIRTIME, known[0])) is Misconfigured
    exchange.switch("whitelist", is_whitelisted=True)
    assert exchange.truth(known[0])["pay_calls"] == 1


async def test_an_empty_float_sells_nothing_and_the_same_id_may_be_sent_once_it_is_filled(exchange):
    """Fault 43."""
    exchange.switch("wallet", balance_kobo=100)
    name = exchange.new_id()
    assert type(await exchange.buy(AIRTIME, name)) is Misconfigured
    assert exchange.truth(name)["happened"] == "refused"
    exchange.switch("wallet", balance_kobo=10_000_000)
    assert isinstance(await exchange.buy(AIRTIME, name), Delivered | Processing)
    assert isinstance(await exchange.requery(AIRTIME, name), Delivered)
    assert exchange.truth(name)["happened"] == "sold"


# Nobody sees what nobody may see


async def test_the_witness_saw_what_there_was_to_see(exchange):
    """I18. The fixture looks for keys and tokens in all of it; it must not look at nothing."""
    name, answer = await exchange.bought(POWER)
    exchange.script(PHONE, pay="reset")
    await exchange.buy(AIRTIME, exchange.new_id())
    assert answer.receipt.token == exchange.truth(name)["tokens"][0]
    assert answer.receipt.token in exchange.secrets
    assert len(exchange.secrets) > len(exchange.counterpart.keys)
    assert len(exchange.witness.logged) > 10
    assert any("Ambiguous" in seen for seen in exchange.witness.shown)
    assert any("Answer(" in seen for seen in exchange.witness.shown)


# A fourth provider


def test_a_fourth_provider_is_an_adapter_a_line_in_the_registry_and_a_counterpart():
    """It passes all of the above, and no code of ours has heard of it."""
    assert set(FACTORIES) - set(REGISTRY) == {NAME}
    assert NAME in {one.name for one in COUNTERPARTS}
    knowing = [path for path in SOURCES if NAME in path.read_text().lower()]
    assert [path.name for path in knowing] == []
    assert len(SOURCES) > 100
