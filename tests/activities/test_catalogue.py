"""Reading what providers list: from both simulated shops over HTTP, and from one that is scripted."""

import pytest
import pytest_asyncio
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.catalogue import PATIENCE, CatalogueActivities
from activities.crossing import HANDOVER
from billpay.domain.bills import BILLERS, BillerCode, BillType, Product
from billpay.domain.catalogue import ReadPriceLists, Seen
from billpay.domain.money import naira
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured, Unavailable
from billpay.providers import build_providers
from billpay.settings import load_settings
from billpay.store.catalogue import ListKey
from billpay.store.flutterwave_codes import AskedAfresh
from tests.activities.conftest import failing, run

VTPASS, FLUTTERWAVE, PAYSTACK = ProviderName
DSTV, MTN = BillerCode("dstv"), BillerCode("mtn")
EVERY_LIST = sum(len(biller.bill_types) for biller in BILLERS)


@pytest_asyncio.fixture
async def steps(store, shop):
    """The step as a worker has it, with every provider that the sandbox plays."""
    settings = load_settings({"SKIP_EXTERNALS": "true", "SANDBOX_URL": shop.url})
    afresh = AskedAfresh(store.flutterwave_codes)
    providers = build_providers(settings, flutterwave_catalogue=afresh)
    yield CatalogueActivities(store, providers)
    for provider in providers.values():
        await provider.close()


async def read(steps, provider):
    return await run(steps.read_price_lists, ReadPriceLists(provider=provider))


async def test_vtpass_is_read_with_its_traps(steps, store, clock):
    """Fault 49: duplicated codes, names that contradict prices, prices with kobo, open amounts."""
    told = await read(steps, VTPASS)
    assert (told.lists, told.failures) == (EVERY_LIST, ())
    assert told.products == told.changes > 100
    lists = {(one.bill_type, one.biller): one for one in await store.catalogue.lists()}
    assert all(one.is_sold and one.read_at == clock() for one in lists.values())
    plans = {one.code: one for one in lists[BillType.DATA, MTN].products}
    assert "mtn-xtratalk-300" not in plans
    assert plans["mtn-1tb-110000"].price == naira("100000")
    packages = {one.code: one for one in lists[BillType.CABLE_TV, DSTV].products}
    assert packages["dstv62"].price == naira("28050")
    airtel = lists[BillType.DATA, BillerCode("airtel")].products
    assert naira("1499.01") in {one.price for one in airtel}
    wallet = lists[BillType.CABLE_TV, BillerCode("startimes")].products[-1]
    assert (wallet.code, wallet.price) == ("ewallet", None)
    assert lists[BillType.ELECTRICITY, "ekedc"].products == []


async def test_flutterwave_is_discovered_for_everybody(steps, store):
    told = await read(steps, FLUTTERWAVE)
    assert told.failures == ()
    lists = {(one.bill_type, one.biller): one for one in await store.catalogue.lists()}
    missing = {biller for (_, biller), one in lists.items() if not one.is_sold}
    assert missing == {"abedc", "showmax"}
    assert {one.name for one in lists[BillType.CABLE_TV, DSTV].products} >= {
        "DSTV COMPACT",
        "DSTV Payment",
    }
    found = await store.flutterwave_codes.find(BillType.ELECTRICITY, BillerCode("kaedco"))
    assert len(found.items) == 2


async def test_a_second_look_finds_nothing_new(steps):
    for provider in (VTPASS, FLUTTERWAVE):
        first = await read(steps, provider)
        again = await read(steps, provider)
        assert again.products == first.products
        assert again.changes == 0


async def test_who_sells_nothing_has_no_lists(steps, store):
    """Paystack has no bill-payment API."""
    told = await read(steps, PAYSTACK)
    assert (told.lists, told.products, told.failures) == (0, 0, ())
    assert await store.catalogue.lists() == []


async def test_a_provider_without_keys_is_our_own_fault(store):
    steps = CatalogueActivities(store, {})
    word = await failing(steps.read_price_lists, ReadPriceLists(provider=VTPASS))
    assert word == "Misconfigured"


async def test_a_whole_provider_that_is_down_leaves_what_was_read(steps, store, shop):
    await read(steps, VTPASS)
    before = await store.catalogue.lists()
    shop.tell("/world/vtpass/outage", {"says": "html"})
    assert await failing(steps.read_price_lists, ReadPriceLists(provider=VTPASS)) == "Unavailable"
    after = await store.catalogue.lists()
    assert [one.products for one in after] == [one.products for one in before]
    assert [one.read_at for one in after] == [one.read_at for one in before]
    assert sum(one.failure is not None for one in after) == PATIENCE


class Shop:
    """A provider whose lists are a script; what is a failure is raised."""

    name = VTPASS

    def __init__(self, **menus):
        self.menus = menus
        self.asked = 0

    def sells(self, bill_type, biller):
        return bill_type is BillType.CABLE_TV and biller in self.menus

    async def products(self, bill_type, biller):
        self.asked += 1
        menu = self.menus[biller]
        if isinstance(menu, Exception):
            raise menu
        return menu


PADI = Product(code="padi", name="DStv Padi", price=naira("1850"))
MAX = Product(code="max", name="GOtv Max", price=naira("3600"))


async def test_one_list_that_fails_stops_no_other(store):
    shop = Shop(dstv=Unavailable("no answer"), gotv=[MAX], startimes=Misconfigured("no service"))
    told = await read(CatalogueActivities(store, {VTPASS: shop}), VTPASS)
    assert (told.lists, told.products, told.changes) == (1, 1, 1)
    assert told.failures == (
        "cable_tv of dstv: no answer",
        "cable_tv of startimes: no service",
    )
    failed = {one.biller: one.failure for one in await store.catalogue.lists()}
    assert failed == {"dstv": "no answer", "gotv": None, "startimes": "no service"}


async def test_a_silent_provider_is_given_up_after_a_few_lists(store):
    """Thirty lists of half a minute each would keep a worker from stopping."""
    silent = dict.fromkeys(("dstv", "gotv", "startimes", "showmax"), Unavailable("no answer"))
    shop = Shop(**silent)
    steps = CatalogueActivities(store, {VTPASS: shop})
    assert await failing(steps.read_price_lists, ReadPriceLists(provider=VTPASS)) == "Unavailable"
    assert shop.asked == PATIENCE


async def test_what_changes_between_two_looks_is_kept(store):
    shop = Shop(dstv=[PADI], gotv=[MAX])
    steps = CatalogueActivities(store, {VTPASS: shop})
    await read(steps, VTPASS)
    shop.menus["dstv"] = [Product(code="padi", name="DStv Padi", price=naira("2150"))]
    shop.menus["gotv"] = []
    assert (await read(steps, VTPASS)).changes == 2
    key = ListKey(provider=VTPASS, bill_type=BillType.CABLE_TV, biller=DSTV)
    history = await store.catalogue.history(key, "padi")
    assert [(one.seen, one.product.price) for one in history] == [
        (Seen.LISTED, naira("1850")),
        (Seen.REPRICED, naira("2150")),
    ]


async def test_a_worker_that_stops_hands_the_reading_over(store):
    shop = Shop(dstv=[PADI])
    steps = CatalogueActivities(store, {VTPASS: shop})
    environment = ActivityEnvironment()
    environment.worker_shutdown()
    with pytest.raises(ApplicationError) as crossed:
        await environment.run(steps.read_price_lists, ReadPriceLists(provider=VTPASS))
    assert crossed.value.type == HANDOVER
    assert shop.asked == 0
