"""Against the real adapter and the simulated shop."""

from dataclasses import replace

import pytest

from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import naira
from billpay.domain.routing import PREFERENCE, ProviderName
from billpay.failures import Invalid, Misconfigured
from billpay.sandbox import identities
from billpay.settings import load_settings
from billpay.store.orders import NewOrder
from starter.opening import opened_providers
from starter.ordering import UNPRICED
from starter.pricing import UnknownProduct, priced

DATA = NewOrder(
    wallet_address=identities.payer(1).public_key,
    bill_type=BillType.DATA,
    biller=BillerCode("mtn"),
    account_number="08011111111",
    bill_amount=UNPRICED,
    product_code="mtn-50mb-200",
    provider=ProviderName.VTPASS,
)
TV = replace(
    DATA,
    bill_type=BillType.CABLE_TV,
    biller=BillerCode("dstv"),
    account_number="1212121212",
    product_code=None,
    provider=ProviderName.VTPASS,
)


@pytest.fixture
def price(sandbox):
    settings = load_settings({"SKIP_EXTERNALS": "true", "SANDBOX_URL": sandbox.url})

    async def priced_here(order):
        async with opened_providers(settings) as providers:
            return await priced(order, providers)

    return priced_here


async def test_a_plan_costs_what_its_provider_lists_and_is_bought_there(price):
    order = await price(DATA)
    assert order.bill_amount == naira("200")
    assert order.product_code == "mtn-50mb-200"
    assert order.provider is ProviderName.VTPASS


async def test_whoever_is_preferred_is_asked_where_the_customer_names_nobody(price):
    order = await price(replace(DATA, provider=None))
    assert order.provider is PREFERENCE[BillType.DATA][0]


@pytest.mark.parametrize("name", ["n200 200mb - 2 DAYS", "200MB - 2 days"])
async def test_a_plan_may_be_called_by_its_name_in_any_case(price, name):
    order = await price(replace(DATA, product_code=name))
    assert (order.product_code, order.product_name) == ("mtn-50mb-200", "N200 200MB - 2 days")


async def test_a_package_may_be_called_by_the_one_word_that_tells_it(price):
    order = await price(replace(TV, product_code="confam"))
    assert order.product_code == "dstv-confam"
    glo = replace(DATA, biller=BillerCode("glo"), provider=None, product_code="1GB")
    order = await price(glo)
    assert (order.provider, order.bill_amount) == (ProviderName.FLUTTERWAVE, naira("300"))


async def test_a_word_that_tells_two_packages_tells_none(price):
    with pytest.raises(UnknownProduct):
        await price(replace(TV, product_code="compact plus"))


async def test_an_unknown_plan_is_refused_with_the_plans_there_are(price):
    with pytest.raises(UnknownProduct, match="mtn-everything") as refused:
        await price(replace(DATA, product_code="mtn-everything"))
    assert any("mtn-50mb-200" in line and "₦200" in line for line in refused.value.menu)


async def test_a_plan_listed_with_two_prices_is_not_sold(price):
    """Fault 49: which of them would be charged is anybody's guess."""
    with pytest.raises(Invalid):
        await price(replace(DATA, product_code="mtn-xtratalk-300"))


async def test_a_package_without_a_price_needs_an_amount(price):
    wallet = replace(TV, biller=BillerCode("startimes"), product_code="ewallet")
    with pytest.raises(Invalid, match="--amount"):
        await price(wallet)
    assert (await price(replace(wallet, bill_amount=naira("700")))).bill_amount == naira("700")


async def test_a_renewal_for_another_amount_is_refused_with_what_it_costs(price):
    """A renewal credits exactly what is paid, so any other amount would leave the subscription short."""
    with pytest.raises(Invalid, match="costs ₦"):
        await price(replace(TV, bill_amount=naira("100")))


async def test_a_renewal_costs_what_the_biller_says(price):
    order = await price(TV)
    assert order.product_code is None
    assert order.bill_amount > UNPRICED
    assert await price(replace(TV, bill_amount=order.bill_amount)) == order


async def test_a_renewal_is_priced_by_whoever_knows_its_price(price):
    """Flutterwave takes any amount for a subscription, and knows no price of it."""
    order = await price(replace(TV, provider=None))
    assert order == await price(TV)
    with pytest.raises(Invalid, match="name an amount or a package"):
        await price(replace(TV, provider=ProviderName.FLUTTERWAVE))


async def test_what_the_preferred_provider_does_not_list_is_sought_at_the_next(price):
    order = await price(replace(TV, provider=None, product_code="dstv79"))
    assert order.product_code == "dstv79"


async def test_a_card_that_the_biller_does_not_know_is_refused(price):
    with pytest.raises(Invalid, match="not found"):
        await price(replace(TV, account_number="9999999999"))


async def test_who_sells_nothing_of_it_is_named(price):
    with pytest.raises(Misconfigured, match="paystack"):
        await price(replace(DATA, provider=ProviderName.PAYSTACK))
