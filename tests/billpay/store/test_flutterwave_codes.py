"""Flutterwave's codes in the store, and the adapter that buys by them from the simulated Flutterwave."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from billpay.domain.accounts import AccountOk, ProductNotSold
from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.money import Kobo, naira
from billpay.domain.outcomes import Processing
from billpay.providers.base import Purchase
from billpay.providers.flutterwave import Flutterwave
from billpay.providers.flutterwave_catalogue import OPEN_AMOUNT, Item, Listing
from billpay.sandbox.identities import flutterwave_secret_key
from billpay.store.flutterwave_codes import AskedAfresh, Override

POWER, TV = BillType.ELECTRICITY, BillType.CABLE_TV
METER = "45012345678"
KADUNA, ABA, DSTV = BillerCode("kaedco"), BillerCode("abedc"), BillerCode("dstv")


def item(code, name="KADUNA DISCO ELECTRICITY BILLS", price=None, **more):
    facts = {"biller_code": "BIL119", "item_code": code, "name": name, "price": price}
    return Item(**facts | {"fee": Kobo(100), "can_be_validated": True} | more)


def said(stands_for="prepaid", item_code="UB1", biller=KADUNA, bill_type=POWER, **more):
    facts = {"biller_code": "BIL119", "actor": "ada", "reason": "told by Flutterwave"}
    return Override(
        bill_type=bill_type,
        biller=biller,
        stands_for=stands_for,
        item_code=item_code,
        **facts | more,
    )


@pytest.fixture
def codes(store):
    return store.flutterwave_codes


async def kept(codes, clock, *items, biller=KADUNA, bill_type=POWER):
    return await codes.keep(bill_type, biller, Listing(items=items, read_at=clock()))


async def meanings(codes, biller=KADUNA, bill_type=POWER):
    listing = await codes.find(bill_type, biller)
    return [(one.item_code, one.stands_for) for one in listing.items]


async def test_what_is_kept_is_found_as_it_was_whatever_its_age(codes, clock):
    listing = await kept(codes, clock, item("UB1"), item("UB2", price=Kobo(149_901)))
    clock.advance(timedelta(days=30))
    assert await codes.find(POWER, KADUNA) == listing
    assert await codes.find(TV, KADUNA) is None


async def test_the_later_listing_replaces_the_earlier_one(codes, clock):
    await kept(codes, clock, item("UB1"))
    clock.advance(timedelta(hours=1))
    await kept(codes, clock, item("UB9"))
    assert await meanings(codes) == [("UB9", None)]


async def test_what_is_forgotten_is_gone_and_what_operators_said_stays(codes, clock):
    await kept(codes, clock, item("UB1"))
    await codes.override(said())
    await codes.forget(POWER, KADUNA)
    assert await codes.find(POWER, KADUNA) is None
    await kept(codes, clock, item("UB1"))
    assert await meanings(codes) == [("UB1", "prepaid")]


async def test_an_override_wins_at_once_and_survives_every_refresh(codes, clock):
    await kept(codes, clock, item("UB1"), item("UB2"))
    await codes.override(said("prepaid", "UB2"))
    assert await meanings(codes) == [("UB1", None), ("UB2", "prepaid")]
    for _ in range(2):
        listing = await kept(codes, clock, item("UB1"), item("UB2"))
    assert [one.stands_for for one in listing.items] == [None, "prepaid"]


async def test_a_second_word_on_the_same_replaces_the_first(codes, clock):
    await kept(codes, clock, item("UB1"), item("UB2"))
    await codes.override(said("prepaid", "UB1"))
    await codes.override(said("prepaid", "UB2", actor="obi"))
    assert await meanings(codes) == [("UB1", None), ("UB2", "prepaid")]
    (standing,) = await codes.overrides()
    assert (standing.override.actor, standing.set_at) == ("obi", clock())


async def test_one_item_may_stand_for_two_things(codes, clock):
    await kept(codes, clock, item("UB1"))
    await codes.override(said("prepaid", "UB1"))
    await codes.override(said("postpaid", "UB1"))
    assert {word for _, word in await meanings(codes)} == {"prepaid", "postpaid"}


async def test_what_has_a_price_keeps_its_own_code_beside(codes, clock):
    """An order may name the code itself, as it stands in the catalogue."""
    compact = item("CB2", "DSTV COMPACT", Kobo(790_000))
    await kept(codes, clock, compact, biller=DSTV, bill_type=TV)
    await codes.override(said("dstv79", "CB2", DSTV, TV))
    assert await meanings(codes, DSTV, TV) == [("CB2", "dstv79"), ("CB2", None)]


async def test_what_flutterwave_does_not_list_may_be_named_all_the_same(codes, clock):
    await kept(codes, clock, biller=ABA)
    await codes.override(said("prepaid", "UB77", ABA))
    (found,) = (await codes.find(POWER, ABA)).items
    assert (found.item_code, found.stands_for, found.price) == ("UB77", "prepaid", None)


async def test_names_decide_again_once_the_word_is_taken_back(codes, clock):
    await kept(codes, clock, item("UB1"))
    await codes.override(said())
    await codes.take_back(POWER, KADUNA, "prepaid")
    assert await meanings(codes) == [("UB1", None)]
    with pytest.raises(LookupError):
        await codes.take_back(POWER, KADUNA, "prepaid")


async def test_a_listing_that_a_later_version_has_kept_is_found_anew(codes, clock, sql):
    await kept(codes, clock, item("UB1"))
    await sql.rows("""UPDATE flutterwave_listings SET items = '{"items": [{"colour": "red"}]}'""")
    assert await codes.find(POWER, KADUNA) is None


# The adapter


@pytest.fixture
async def adapters(sandbox):
    """Make adapters that keep what they find in a catalogue; one meter is good for every item."""
    sandbox.tell(f"/world/flutterwave/accounts/{METER}", {})
    made = []

    def make(catalogue):
        made.append(
            Flutterwave(
                base_url=f"{sandbox.url}/flutterwave",
                secret_key=SecretStr(flutterwave_secret_key()),
                catalogue=catalogue,
            )
        )
        return made[-1]

    yield make
    for adapter in made:
        await adapter.close()


def meter(biller=KADUNA, meter_type=MeterType.PREPAID):
    return Purchase(
        bill_type=POWER,
        biller=biller,
        account_number=METER,
        meter_type=meter_type,
        product_code=None,
        amount=naira("5000"),
        contact_phone="",
    )


async def test_two_items_of_one_name_wait_for_an_operator(adapters, codes, sandbox):
    """Kaduna's two items share one name; whoever guesses sells a postpaid customer a token."""
    adapter = adapters(codes)
    assert isinstance(await adapter.verify_account(meter()), ProductNotSold)
    _, second = (await codes.find(POWER, KADUNA)).items
    await codes.override(said("prepaid", second.item_code, biller_code=second.biller_code))
    assert isinstance(await adapter.verify_account(meter()), AccountOk)
    answer = await adapter.buy(meter(), "a-reference-of-ours")
    assert isinstance(answer.outcome, Processing)
    (sale,) = sandbox.truth_flutterwave()
    assert (sale["request_id"], sale["amount_kobo"]) == ("a-reference-of-ours", 500_000)
    postpaid = meter(meter_type=MeterType.POSTPAID)
    assert isinstance(await adapter.verify_account(postpaid), ProductNotSold)


async def test_a_biller_under_a_strange_name_is_sold_once_an_operator_names_it(adapters, codes):
    adapter = adapters(codes)
    assert isinstance(await adapter.verify_account(meter(ABA)), ProductNotSold)
    assert not adapter.sells(POWER, ABA)
    await adapter.verify_account(meter(KADUNA))
    known = (await codes.find(POWER, KADUNA)).items[0]
    await codes.override(
        said("prepaid", known.item_code, ABA, biller_code=known.biller_code),
    )
    assert isinstance(await adapter.verify_account(meter(ABA)), AccountOk)
    assert adapter.sells(POWER, ABA)


async def test_codes_found_by_one_worker_are_known_to_the_next(adapters, codes):
    card = replace(meter(DSTV, None), bill_type=TV, account_number="1212121212")
    await adapters(codes).verify_account(card)
    sealed = Sealed(codes)
    assert isinstance(await adapters(sealed).verify_account(card), AccountOk)
    assert sealed.kept == 0


async def test_whoever_refreshes_asks_although_it_is_known_and_keeps_it_for_all(
    adapters, codes, clock
):
    stale = item("CB0", "DSTV GONE", Kobo(1))
    await kept(codes, clock, stale, biller=DSTV, bill_type=TV)
    await codes.override(said(OPEN_AMOUNT, "CB0", DSTV, TV))
    products = await adapters(AskedAfresh(codes)).products(TV, DSTV)
    assert "DSTV COMPACT" in {product.name for product in products}
    found = await codes.find(TV, DSTV)
    assert {one.name for one in found.items} >= {"DSTV COMPACT", OPEN_AMOUNT}
    assert "DSTV GONE" not in {one.name for one in found.items}


class Sealed:
    """A catalogue that counts whether anything new was found."""

    def __init__(self, codes):
        self._codes, self.kept = codes, 0

    async def find(self, bill_type, biller):
        return await self._codes.find(bill_type, biller)

    async def keep(self, bill_type, biller, listing):
        self.kept += 1
        return await self._codes.keep(bill_type, biller, listing)

    async def forget(self, bill_type, biller):
        await self._codes.forget(bill_type, biller)
