import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import Kobo
from billpay.failures import Misconfigured, Unavailable
from billpay.providers.flutterwave_catalogue import Item, Listing, MemoryCatalogue
from billpay.providers.flutterwave_menu import LONGEST_AGE, Menu
from billpay.providers.http import Reply

CATEGORIES = [
    {"code": "AIRTIME", "name": "Airtime"},
    {"code": "UTILITYBILLS", "name": "Utility Bills"},
]
DISCOS = [
    {"biller_code": "BIL1", "name": "EKO DISCO ELECTRICITY BILLS"},
    {"biller_code": "BIL2", "name": "JOS DISCO"},
]
METERS = [
    {"item_code": "UB1", "name": "PREPAID", "amount": 0},
    {"item_code": "UB2", "name": "POSTPAID", "amount": 0},
]
EKEDC, JED, ABEDC = BillerCode("ekedc"), BillerCode("jed"), BillerCode("abedc")
POWER = BillType.ELECTRICITY


class Lists:
    """Flutterwave's lists, counting who asks; each answer takes a turn of the loop."""

    def __init__(self):
        self.lists = {
            "top-bill-categories": CATEGORIES,
            "bills/UTILITYBILLS/billers": DISCOS,
            "bills/AIRTIME/billers": [{"biller_code": "BIL9", "name": "AIRTIME"}],
            "billers/BIL1/items": METERS,
            "billers/BIL2/items": METERS,
            "billers/BIL9/items": [{"item_code": "AT9", "name": "AIRTIME", "amount": 0}],
        }
        self.asked = []
        self.now = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)

    async def __call__(self, path, query, read):
        self.asked.append(path)
        assert query == ({} if path.endswith("items") else {"country": "NG"})
        await asyncio.sleep(0)
        text = json.dumps({"status": "success", "message": "", "data": self.lists[path]})
        document = json.loads(text, parse_float=Decimal)
        return read(Reply(status=200, document=document, text=text))

    def menu(self, catalogue=None):
        return Menu(get=self, catalogue=catalogue or MemoryCatalogue(), clock=lambda: self.now)


@pytest.fixture
def lists():
    return Lists()


async def test_categories_lead_to_billers_and_billers_to_items(lists, purchase):
    found = await lists.menu().item(purchase(biller=EKEDC))
    assert (found.biller_code, found.item_code) == ("BIL1", "UB1")
    assert lists.asked == [
        "top-bill-categories",
        "bills/UTILITYBILLS/billers",
        "billers/BIL1/items",
    ]


async def test_what_is_known_is_not_asked_again_before_it_is_old(lists):
    menu = lists.menu()
    for _ in range(3):
        await menu.listing(POWER, EKEDC)
    lists.now += LONGEST_AGE - timedelta(seconds=1)
    await menu.listing(POWER, EKEDC)
    assert len(lists.asked) == 3
    lists.now += timedelta(seconds=1)
    await menu.listing(POWER, EKEDC)
    assert len(lists.asked) == 6


async def test_a_second_biller_needs_its_items_only(lists):
    menu = lists.menu()
    await menu.listing(POWER, EKEDC)
    await menu.listing(POWER, JED)
    assert lists.asked[3:] == ["billers/BIL2/items"]


async def test_orders_that_arrive_together_ask_once(lists):
    """Fault 51: a hundred discoveries at a time would be a flood."""
    menu = lists.menu()
    listings = await asyncio.gather(*(menu.listing(POWER, EKEDC) for _ in range(100)))
    assert len(lists.asked) == 3
    assert len(set(map(id, listings))) == 1


async def test_a_biller_that_is_missing_is_known_to_be_for_a_while(lists, purchase):
    menu = lists.menu()
    assert not menu.is_missing(POWER, ABEDC)
    for _ in range(2):
        assert await menu.item(purchase(biller=ABEDC)) is None
    assert menu.is_missing(POWER, ABEDC)
    assert not menu.is_missing(POWER, EKEDC)
    assert len(lists.asked) == 2
    lists.lists["bills/UTILITYBILLS/billers"] = [{"biller_code": "BIL1", "name": "ABA POWER"}]
    lists.now += LONGEST_AGE
    assert not menu.is_missing(POWER, ABEDC)
    assert (await menu.item(purchase(biller=ABEDC))).biller_code == "BIL1"
    assert not menu.is_missing(POWER, ABEDC)


async def test_a_biller_whose_list_is_empty_counts_as_missing_until_an_operator_fills_it(
    lists, purchase
):
    lists.lists["billers/BIL2/items"] = []
    catalogue = MemoryCatalogue()
    menu = lists.menu(catalogue)
    assert (await menu.listing(POWER, JED)).items == ()
    assert menu.is_missing(POWER, JED)
    said = Item(
        biller_code="BIL2",
        item_code="UB9",
        name="JOS",
        price=None,
        fee=Kobo(0),
        can_be_validated=True,
        stands_for="prepaid",
    )
    await catalogue.keep(POWER, JED, Listing(items=(said,), read_at=lists.now))
    assert await menu.item(purchase(biller=JED)) == said
    assert not menu.is_missing(POWER, JED)


async def test_of_a_biller_nobody_asked_for_nothing_is_concluded(lists):
    menu = lists.menu()
    await menu.listing(POWER, EKEDC)
    assert not menu.is_missing(POWER, ABEDC)


async def test_what_is_forgotten_is_found_anew(lists):
    menu = lists.menu()
    await menu.listing(POWER, EKEDC)
    lists.lists["bills/UTILITYBILLS/billers"] = [{"biller_code": "BIL2", "name": "EKO DISCO"}]
    await menu.forget(POWER, EKEDC)
    (item, _) = (await menu.listing(POWER, EKEDC)).items
    assert item.biller_code == "BIL2"


async def test_a_category_that_is_missing_is_ours_to_mend(lists):
    with pytest.raises(Misconfigured, match="no category"):
        await lists.menu().listing(BillType.DATA, BillerCode("mtn"))


async def test_a_failed_discovery_is_not_remembered(lists):
    menu = lists.menu()
    lists.lists["billers/BIL1/items"] = None
    with pytest.raises(Unavailable):
        await menu.listing(POWER, EKEDC)
    lists.lists["billers/BIL1/items"] = METERS
    assert len((await menu.listing(POWER, EKEDC)).items) == 2


async def test_one_biller_for_all_networks_finds_the_network_by_the_number(lists, purchase):
    item = await lists.menu().item(purchase(BillType.AIRTIME))
    assert item.finds_network
    assert await lists.menu().item(purchase(BillType.AIRTIME, biller=BillerCode("glo"))) is None


async def test_a_catalogue_that_operators_edit_has_the_last_word(lists, purchase):
    """The seam: what is discovered is handed over, what is answered is what operators made of it."""

    class Edited(MemoryCatalogue):
        async def keep(self, bill_type, biller, listing):
            items = tuple(
                Item(**vars(item) | {"stands_for": "prepaid", "item_code": f"{item.item_code}X"})
                for item in listing.items[1:]
            )
            return await super().keep(
                bill_type, biller, Listing(items=items, read_at=listing.read_at)
            )

    assert (await lists.menu(Edited()).item(purchase(biller=EKEDC))).item_code == "UB2X"
