"""`catalogue`: the lists of both simulated shops, as a worker has read them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.catalogue import CatalogueRefreshed, PriceList, PriceListsRead
from billpay.domain.money import naira
from billpay.domain.routing import ProviderName
from billpay.store.catalogue import ListKey
from starter.commands.catalogue_texts import (
    NOTHING_KNOWN,
    age,
    catalogue_document,
    catalogue_text,
    refreshed_text,
)

VTPASS, FLUTTERWAVE, _ = ProviderName
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = Product(code="mtn-1gb", name="N300 1GB - 30 days", price=naira("300"))
COMPACT = Product(code="CB2", name="DSTV COMPACT", price=naira("7900"))


def price_list(**changes):
    facts = {
        "provider": VTPASS,
        "bill_type": BillType.DATA,
        "biller": BillerCode("mtn"),
        "is_sold": True,
        "products": [PLAN],
        "read_at": NOON - timedelta(minutes=12),
        "failure": None,
    }
    return PriceList(**facts | changes)


def text(*lists):
    return catalogue_text(lists, now=NOON, interval=HOUR)


def test_a_person_reads_who_sells_what_at_which_price_and_since_when():
    assert text(price_list()).splitlines() == [
        "data: MTN (mtn)",
        "  from vtpass (read 12 minutes ago)",
        "    mtn-1gb          ₦300  1GB - 30 days",
    ]


def test_where_the_customer_chooses_the_amount_it_says_so():
    power = {"bill_type": BillType.ELECTRICITY, "biller": BillerCode("ekedc"), "products": []}
    assert text(price_list(**power)).splitlines()[-1] == "    any amount"
    gone = text(price_list(**power, is_sold=False))
    assert gone.splitlines()[-1] == "    does not sell it"
    wallet = Product(code="ewallet", name="ewallet Amount", price=None)
    assert "any amount" in text(price_list(products=[wallet]))


def test_an_old_list_is_told_to_be_old_and_why():
    old = text(price_list(read_at=NOON - timedelta(hours=3), failure="no answer"))
    assert "read 3 hours ago, OLD: it missed its refreshes, last failed: no answer" in old
    assert "OLD" not in text(price_list(read_at=NOON - 2 * HOUR))
    assert "never read, OLD" in text(price_list(read_at=None))


def test_a_provider_cannot_write_to_the_terminal():
    rude = Product(code="\x1b[2J", name="1GB\x1b[2J", price=naira("300"))
    assert "\x1b" not in text(price_list(products=[rude], failure="\x1b[2J"))


def test_nothing_known_says_what_to_do():
    assert text() == NOTHING_KNOWN


def test_a_program_reads_the_same():
    (told,) = catalogue_document([price_list()], now=NOON, interval=HOUR)["lists"]
    assert told == {
        "bill_type": "data",
        "biller": "mtn",
        "provider": "vtpass",
        "is_sold": True,
        "read_at": "2026-03-02T10:48:00+00:00",
        "age_seconds": 720,
        "is_old": False,
        "failure": None,
        "takes_any_amount": False,
        "products": [{"code": "mtn-1gb", "name": "N300 1GB - 30 days", "price_naira": "300.00"}],
    }


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "just now"), (60, "1 minute ago"), (7_199, "1 hour ago"), (172_800, "2 days ago")],
)
def test_an_age_is_told_in_its_largest_unit(seconds, told):
    assert age(timedelta(seconds=seconds)) == told


def test_a_refresh_tells_what_came_of_it():
    read = PriceListsRead(
        provider=VTPASS, lists=23, products=190, changes=3, failures=("data of mtn: no answer",)
    )
    assert refreshed_text(CatalogueRefreshed(read=(read,))).splitlines() == [
        "vtpass: 23 lists, 190 products, 3 changes",
        "  not read: data of mtn: no answer",
    ]


# The command


async def ask(run, *words):
    return await asyncio.to_thread(run, *words)


@pytest_asyncio.fixture
async def known(store):
    """Lists that a worker has read."""
    for provider, bill_type, biller, products in (
        (VTPASS, BillType.DATA, "mtn", [PLAN]),
        (VTPASS, BillType.ELECTRICITY, "ekedc", []),
        (FLUTTERWAVE, BillType.CABLE_TV, "dstv", [COMPACT]),
    ):
        key = ListKey(provider=provider, bill_type=bill_type, biller=BillerCode(biller))
        await store.catalogue.keep(key, products, is_sold=True)


async def test_everything_is_listed_where_nothing_is_named(here, known):
    told = await ask(here.json, "catalogue")
    assert {one["biller"] for one in told["lists"]} == {"mtn", "ekedc", "dstv"}
    shown = (await ask(here.command, "catalogue")).stdout
    assert "DSTV COMPACT" in shown
    assert "from vtpass" in shown


@pytest.mark.parametrize(
    ("words", "billers"),
    [
        (("data",), {"mtn"}),
        (("electricity",), {"ekedc"}),
        (("cable",), {"dstv"}),
        (("airtime",), set()),
        (("data", "--biller", "mtn"), {"mtn"}),
        (("electricity", "--biller", "Eko Electric"), {"ekedc"}),
        (("--biller", "dstv"), {"dstv"}),
        (("--provider", "vtpass"), {"mtn", "ekedc"}),
        (("cable", "--provider", "vtpass"), set()),
    ],
)
async def test_it_is_narrowed_by_bill_type_biller_and_provider(here, known, words, billers):
    told = await ask(here.json, "catalogue", *words)
    assert {one["biller"] for one in told["lists"]} == billers


async def test_an_empty_catalogue_says_what_to_do(here):
    shown = await ask(here.command, "catalogue", "data")
    assert (shown.exit_code, shown.stdout.strip()) == (0, NOTHING_KNOWN)


IMPOSSIBLE = {
    "ambiguous biller": ("electricity", "--biller", "kedc"),
    "unknown biller": ("--biller", "nepa"),
    "unknown provider": ("--provider", "paypal"),
    "unknown bill type": ("water",),
    "bill type to override": ("override", "water", "ekedc", "prepaid"),
    "word to override": ("override", "electricity", "kaedco", "gold"),
    "nothing said": ("override", "electricity", "kaedco", "prepaid"),
}


@pytest.mark.parametrize("words", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_impossible_input_ends_with_exit_code_2(here, words):
    assert (await ask(here.command, "catalogue", *words)).exit_code == 2


OVERRIDE = ("catalogue", "override", "electricity", "kaduna", "prepaid")
MEANT = ("--biller-code", "BIL119", "--item-code", "UB2", "--reason", "they told us")


async def test_an_operator_says_which_code_is_meant(here, store):
    said = await ask(here.command, *OVERRIDE, *MEANT, "--actor", "ada")
    assert said.exit_code == 0, said.stderr
    (standing,) = await store.flutterwave_codes.overrides()
    found = standing.override
    assert (found.bill_type, found.biller, found.stands_for) == ("electricity", "kaedco", "prepaid")
    assert (found.biller_code, found.item_code) == ("BIL119", "UB2")
    listed = (await ask(here.command, "catalogue", "overrides")).stdout
    assert "electricity of kaedco, prepaid: BIL119 UB2 (ada, " in listed
    assert "they told us" in listed
    assert (await ask(here.command, *OVERRIDE, "--remove")).exit_code == 0
    assert await store.flutterwave_codes.overrides() == []


async def test_taking_back_what_nobody_said_is_refused(here):
    refused = await ask(here.command, *OVERRIDE, "--remove")
    assert refused.exit_code == 1
    assert "nothing overrides" in refused.stderr


async def test_a_refresh_without_a_temporal_says_so(here, monkeypatch):
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    failed = await ask(here.command, "catalogue", "refresh")
    assert failed.exit_code == 1
    assert len(failed.stderr.splitlines()) == 1
