"""The catalogue on a real PostgreSQL: what is sold now, and everything that was ever different."""

import asyncio
from datetime import timedelta

import pytest

from billpay.domain.bills import BillerCode, BillType, MeterType, Product
from billpay.domain.catalogue import Seen
from billpay.domain.money import Kobo, naira
from billpay.domain.routing import ProviderName
from billpay.store.catalogue import ListKey

VTPASS, FLUTTERWAVE = ProviderName.VTPASS, ProviderName.FLUTTERWAVE
MTN, DSTV = BillerCode("mtn"), BillerCode("dstv")
DATA = ListKey(provider=VTPASS, bill_type=BillType.DATA, biller=MTN)
TV = ListKey(provider=VTPASS, bill_type=BillType.CABLE_TV, biller=DSTV)
THEIR_TV = ListKey(provider=FLUTTERWAVE, bill_type=BillType.CABLE_TV, biller=DSTV)
POWER = ListKey(provider=FLUTTERWAVE, bill_type=BillType.ELECTRICITY, biller=BillerCode("abedc"))


def product(code, price="300", name="1GB"):
    return Product(code=code, name=name, price=None if price is None else naira(price))


@pytest.fixture
def keep(store):
    """Keep a list that was just read."""

    async def kept(*listed, key=DATA, is_sold=True):
        return await store.catalogue.keep(key, listed, is_sold=is_sold)

    return kept


async def on_sale(store, **wanted):
    (found,) = await store.catalogue.lists(**wanted)
    return [one.code for one in found.products]


async def past(store, code, key=DATA):
    return [(one.seen, one.product.price) for one in await store.catalogue.history(key, code)]


async def test_a_list_is_kept_with_its_age_cheapest_first(store, clock, keep):
    assert await keep(product("b", "600"), product("open", None), product("a", "300")) == 3
    clock.advance(timedelta(minutes=7))
    (found,) = await store.catalogue.lists(provider=VTPASS)
    assert [one.code for one in found.products] == ["a", "b", "open"]
    assert found.products[0] == product("a", "300")
    assert clock() - found.read_at == timedelta(minutes=7)
    assert (found.is_sold, found.failure) == (True, None)


async def test_a_second_look_that_finds_nothing_new_only_makes_it_younger(store, clock, keep):
    await keep(product("a"))
    read_at = clock.advance(timedelta(hours=1))
    assert await keep(product("a")) == 0
    (found,) = await store.catalogue.lists()
    assert found.read_at == read_at
    assert await past(store, "a") == [(Seen.LISTED, naira("300"))]


async def test_prices_are_kept_with_the_moment_they_were_seen(store, clock, keep):
    moments = [clock()]
    await keep(product("a", "300"))
    for price in ("350", "250"):
        moments.append(clock.advance(timedelta(days=1)))
        await keep(product("a", price))
    history = await store.catalogue.history(DATA, "a")
    assert [one.seen_at for one in history] == moments
    assert await past(store, "a") == [
        (Seen.LISTED, naira("300")),
        (Seen.REPRICED, naira("350")),
        (Seen.REPRICED, naira("250")),
    ]


async def test_what_is_withdrawn_is_marked_and_may_come_back(store, keep, sql):
    """An order for it may be on its way, so it is never deleted."""
    await keep(product("a"), product("b"))
    assert await keep(product("b")) == 1
    assert await on_sale(store) == ["b"]
    assert await sql.value("SELECT withdrawn_at IS NOT NULL FROM products WHERE code = 'a'")
    assert await keep(product("a", "400"), product("b")) == 1
    assert await on_sale(store) == ["b", "a"]
    assert [seen for seen, _ in await past(store, "a")] == [Seen.LISTED, Seen.WITHDRAWN, Seen.BACK]


async def test_a_code_listed_at_two_prices_is_not_sold(store, keep):
    """Fault 49."""
    await keep(product("a", "300"), product("a", "200"), product("b"), product("b"))
    assert await on_sale(store) == ["b"]


async def test_a_name_that_grows_old_breaks_nothing(store, keep):
    await keep(product("a", "300", "N300 1GB"))
    await keep(product("a", "300", "N250 1GB"))
    history = await store.catalogue.history(DATA, "a")
    assert [one.seen for one in history] == [Seen.LISTED, Seen.RENAMED]
    assert history[-1].product.name == "N250 1GB"


@pytest.mark.parametrize("code", ["a\x00b", "\ud800", "x" * 2000])
async def test_whatever_a_provider_writes_is_kept_once(keep, code):
    assert await keep(product(code, name=code)) == 1
    assert await keep(product(code, name=code)) == 0


async def test_a_failure_leaves_what_was_read_before_and_says_why(store, clock, keep):
    await keep(product("a"))
    read_at = clock()
    clock.advance(timedelta(hours=1))
    await store.catalogue.fail(DATA, "no answer")
    (found,) = await store.catalogue.lists()
    assert (found.failure, found.read_at) == ("no answer", read_at)
    assert await on_sale(store) == ["a"]
    await keep(product("a"))
    (found,) = await store.catalogue.lists()
    assert (found.failure, found.read_at) == (None, clock())


async def test_a_list_that_could_never_be_read_is_known_to_be_missing(store):
    await store.catalogue.fail(DATA, "no answer")
    (found,) = await store.catalogue.lists()
    assert (found.read_at, found.failure, found.products) == (None, "no answer", [])


async def test_a_biller_that_the_provider_lost_has_nothing_on_sale(store, keep):
    await keep(product("a"), key=TV)
    await keep(key=TV, is_sold=False)
    (found,) = await store.catalogue.lists()
    assert (found.is_sold, found.products) == (False, [])


async def test_lists_are_found_by_bill_type_biller_and_provider(store, keep):
    for key in (DATA, TV, THEIR_TV, POWER):
        await keep(product("a"), key=key)

    async def found(**wanted):
        return {(one.provider, one.biller) for one in await store.catalogue.lists(**wanted)}

    assert len(await found()) == 4
    assert await found(bill_type=BillType.CABLE_TV) == {(VTPASS, DSTV), (FLUTTERWAVE, DSTV)}
    assert await found(biller=MTN) == {(VTPASS, MTN)}
    assert await found(bill_type=BillType.CABLE_TV, provider=VTPASS) == {(VTPASS, DSTV)}


async def test_two_refreshes_at_once_tell_a_change_once(store, keep):
    await asyncio.gather(*(keep(product("a"), product("b")) for _ in range(5)))
    assert await past(store, "a") == [(Seen.LISTED, naira("300"))]


async def test_what_was_seen_is_never_changed(sql, keep, refused):
    await keep(product("a"))
    for statement in (
        "UPDATE product_history SET price_kobo = 1",
        "DELETE FROM product_history",
        "TRUNCATE product_history",
    ):
        with pytest.raises(refused):
            await sql.rows(statement)


# The product of an order in another provider's words


async def ordered(till, code="dstv79", name="DStv Compact N7,900", amount="7900", **changes):
    facts = {
        "bill_type": BillType.CABLE_TV,
        "biller": DSTV,
        "account_number": "1212121212",
        "meter_type": None,
        "bill_amount": naira(amount),
        "product_code": code,
        "product_name": name,
    }
    return await till.order(**facts | changes)


@pytest.fixture
async def both_menus(keep):
    """The same package at two providers, and what else they have."""
    await keep(
        product("dstv79", "7900", "DStv Compact N7,900"),
        product("dstv3", "18400", "DStv Premium N18,400"),
        key=TV,
    )
    await keep(
        product("CB1", None, "DSTV Payment"),
        product("CB2", "7900", "DSTV COMPACT"),
        product("CB3", "12400", "DSTV COMPACT PLUS"),
        key=THEIR_TV,
    )


async def test_a_product_is_found_elsewhere_by_name_and_price(store, till, both_menus):
    order = await ordered(till)
    assert await store.catalogue.code_at(VTPASS, order) == "dstv79"
    assert await store.catalogue.code_at(FLUTTERWAVE, order) == "CB2"
    back = await ordered(till, "CB2", "DSTV COMPACT")
    assert await store.catalogue.code_at(VTPASS, back) == "dstv79"


async def test_an_order_without_a_name_is_known_by_what_lists_call_its_code(
    store, till, both_menus
):
    order = await ordered(till, "CB2", None)
    assert await store.catalogue.code_at(VTPASS, order) == "dstv79"


async def test_a_code_that_is_a_name_is_read_as_one(store, till, both_menus):
    """Orders by plain SQL may say `dstv-compact`, which is no code anywhere."""
    order = await ordered(till, "dstv-compact", None)
    assert await store.catalogue.code_at(VTPASS, order) == "dstv79"
    assert await store.catalogue.code_at(FLUTTERWAVE, order) == "CB2"


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "7899.99"},
        {"code": "dstv3", "name": "DStv Premium N18,400", "amount": "18400"},
        {"code": "new", "name": "DStv Confam N4,615", "amount": "4615"},
    ],
)
async def test_what_nobody_surely_has_keeps_its_code(store, till, both_menus, changes):
    order = await ordered(till, **changes)
    assert await store.catalogue.code_at(FLUTTERWAVE, order) == order.product_code


async def test_a_withdrawn_product_still_has_its_name_but_is_not_sold(
    store, till, both_menus, keep
):
    await keep(key=TV)
    order = await ordered(till, name=None)
    assert await store.catalogue.code_at(FLUTTERWAVE, order) == "CB2"
    back = await ordered(till, "CB2", "DSTV COMPACT")
    assert await store.catalogue.code_at(VTPASS, back) == "CB2"


async def test_the_price_that_counts_is_the_ordered_one(store, till, both_menus):
    order = await ordered(till)
    await store.orders.reprice(order.transaction_id, Kobo(700_000), VTPASS, detail="it fell")
    repriced = await store.orders.get(order.transaction_id)
    assert await store.catalogue.code_at(FLUTTERWAVE, repriced) == "CB2"


async def test_an_order_without_a_product_has_no_code(store, till):
    order = await till.order(meter_type=MeterType.POSTPAID)
    assert await store.catalogue.code_at(VTPASS, order) is None
