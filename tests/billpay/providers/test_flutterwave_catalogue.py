from datetime import UTC, datetime

import pytest

from billpay.domain.bills import BillerCode, BillType, MeterType, Product
from billpay.domain.money import Kobo, naira
from billpay.failures import Misconfigured, Unavailable
from billpay.providers.flutterwave_catalogue import (
    OPEN_AMOUNT,
    Item,
    Listing,
    MemoryCatalogue,
    item_for,
    price_refusal,
    product_of,
    read_items,
    read_rows,
    refusal_before_asking,
    wanted_word,
)
from billpay.providers.flutterwave_names import Row

DSTV = Row("BIL119", ("DSTV",))
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


def listed(*rows):
    return {"status": "success", "message": "...", "data": list(rows)}


def row(item_code="CB141", name="DSTV Payment", amount=0, **changes):
    return {
        "item_code": item_code,
        "name": name,
        "amount": amount,
        "fee": 100,
        "is_resolvable": True,
    } | changes


def item(name, price=None, **changes):
    facts = {
        "biller_code": "BIL1",
        "item_code": name.replace(" ", ""),
        "name": name,
        "price": price if price is None else Kobo(price),
        "fee": Kobo(0),
        "can_be_validated": True,
    }
    return Item(**facts | changes)


@pytest.fixture
def items(reply):
    def read(*rows):
        return read_items(reply(listed(*rows)), DSTV, finds_network=False)

    return read


# Reading lists


def test_an_item_is_read_to_the_kobo(items):
    assert items(row(), row("CB177", "DSTV COMPACT", "7900.00", is_resolvable=False)) == (
        Item(
            biller_code="BIL119",
            item_code="CB141",
            name="DSTV Payment",
            price=None,
            fee=Kobo(10_000),
            can_be_validated=True,
        ),
        Item(
            biller_code="BIL119",
            item_code="CB177",
            name="DSTV COMPACT",
            price=naira("7900"),
            fee=Kobo(10_000),
            can_be_validated=False,
        ),
    )


@pytest.mark.parametrize(
    "odd",
    [
        row(item_code=None),
        row(item_code="../transfers"),
        row(item_code="CB 1"),
        row(item_code="x" * 41),
        row(name=""),
        row(amount=None),
        row(amount=-1),
        row(amount="free"),
        "CB141",
        None,
    ],
)
def test_what_cannot_be_an_item_is_passed_over(items, odd):
    """Codes become parts of an address; a price that cannot be read is no open amount."""
    assert [one.item_code for one in items(odd, row("CB2"))] == ["CB2"]


def test_a_code_with_two_prices_is_not_sold(items):
    """Which of them would be charged is anybody's guess."""
    assert items(row("MD1", "1GB", 300), row("MD1", "1GB", 200), row("MD2", "2GB", 500)) == items(
        row("MD2", "2GB", 500)
    )
    assert len(items(row("MD1", "1GB", 300), row("MD1", "1 GB", 300))) == 1


def test_rows_are_read_with_all_their_names(reply):
    told = listed(
        {"biller_code": "BIL119", "name": "DStv  (Nigeria)", "short_name": "DSTV"},
        {"biller_code": "BIL120", "name": "GOTV", "short_name": None},
        {"biller_code": "a/b", "name": "EVIL"},
        {"name": "NAMELESS"},
        7,
    )
    assert read_rows(reply(told), "biller_code") == [
        Row("BIL119", ("DSTV NIGERIA", "DSTV")),
        Row("BIL120", ("GOTV",)),
    ]


@pytest.mark.parametrize(
    ("document", "failure"),
    [
        ({"status": "success", "data": None}, Unavailable),
        ({"status": "success", "data": {}}, Unavailable),
        ({"status": "error", "message": "busy"}, Unavailable),
        ({"status": "error", "message": "Invalid category code"}, Misconfigured),
        ({}, Unavailable),
    ],
)
def test_a_list_that_is_none_is_no_empty_list(reply, document, failure):
    with pytest.raises(failure):
        read_rows(reply(document), "code")


# Which item is meant


def test_a_meter_gets_the_item_of_its_kind(purchase):
    offered = [item("EKEDC PREPAID TOPUP"), item("EKEDC POSTPAID TOPUP")]
    assert item_for(purchase(), offered) is offered[0]
    assert item_for(purchase(meter_type=MeterType.POSTPAID), offered) is offered[1]


@pytest.mark.parametrize(
    "unclear",
    [
        [item("KADUNA DISCO ELECTRICITY BILLS", item_code="UB602")] * 2,
        [item("YOLA DISCO TOPUP")],
        [item("EKEDC PREPAID A"), item("EKEDC PREPAID B")],
        [],
    ],
)
def test_an_unclear_list_is_left_to_an_operator(purchase, unclear):
    """Money for the wrong kind of meter would light nothing."""
    assert item_for(purchase(), unclear) is None


def test_what_an_operator_says_settles_it(purchase):
    kaduna = [
        item("KADUNA DISCO", item_code="UB602", stands_for="prepaid"),
        item("KADUNA DISCO", item_code="UB603", stands_for="postpaid"),
    ]
    assert item_for(purchase(), kaduna) is kaduna[0]
    assert item_for(purchase(meter_type=MeterType.POSTPAID), kaduna) is kaduna[1]
    overruled = [item("EKEDC PREPAID", stands_for="postpaid"), item("EKEDC PREPAID NEW")]
    assert item_for(purchase(), overruled) is overruled[1]
    airtime = [item("MTN A"), item("MTN B", stands_for=OPEN_AMOUNT)]
    assert item_for(purchase(BillType.AIRTIME), airtime) is airtime[1]


def test_airtime_and_renewals_take_the_one_open_amount(purchase):
    tv = [item("DSTV Box Office"), item("DSTV Payment"), item("DSTV COMPACT", 790_000)]
    assert item_for(purchase(BillType.CABLE_TV), tv) is tv[1]
    assert item_for(purchase(BillType.CABLE_TV), tv[2:]) is None
    assert item_for(purchase(BillType.AIRTIME), [item("MTN VTU")]).name == "MTN VTU"
    assert item_for(purchase(BillType.AIRTIME), [item("MTN VTU"), item("MTN AWUF")]) is None


TV_MENU = [
    item("DSTV COMPACT", 790_000, item_code="CB177"),
    item("DSTV COMPACT PLUS", 1_240_000, item_code="CB179"),
    item("DSTV PADI", 185_000, item_code="CB512"),
]


@pytest.mark.parametrize(
    ("code", "amount", "found"),
    [
        ("CB177", 790_000, 0),
        ("cb177", 790_000, 0),
        ("CB177", 740_000, 0),
        ("dstv-compact", 790_000, 0),
        ("compact", 790_000, 0),
        ("dstv-compact-plus", 1_240_000, 1),
        ("dstv-padi", 185_000, 2),
        ("dstv-padi", 185_001, None),
        ("dstv79", 790_000, None),
        ("dstv-comp", 790_000, None),
    ],
)
def test_a_product_is_its_own_code_or_the_same_name_at_the_same_price(
    purchase, code, amount, found
):
    """Another provider's code is followed only where name and price agree; nothing is guessed from a price alone."""
    wanted = purchase(BillType.CABLE_TV, product_code=code, amount=Kobo(amount))
    assert item_for(wanted, TV_MENU) is (None if found is None else TV_MENU[found])


def test_one_biller_for_all_networks_serves_numbers_of_the_network_that_was_ordered(purchase):
    """It credits the network of the number's range; a ported number's owner would get nothing."""
    everybody = [item("AIRTIME", finds_network=True)]
    assert item_for(purchase(BillType.AIRTIME), everybody) is everybody[0]
    ported = purchase(BillType.AIRTIME, biller=BillerCode("glo"))
    assert item_for(ported, everybody) is None


def test_what_is_wanted_has_a_word(purchase):
    words = [
        purchase(),
        purchase(BillType.DATA, product_code="MD1"),
        purchase(BillType.AIRTIME),
        purchase(BillType.CABLE_TV),
    ]
    assert [wanted_word(one) for one in words] == ["prepaid", "MD1", OPEN_AMOUNT, OPEN_AMOUNT]


# Refusals without a question


def test_a_changed_price_is_named(purchase):
    compact = TV_MENU[0]
    wanted = purchase(BillType.CABLE_TV, product_code="CB177", amount=Kobo(790_000))
    assert price_refusal(wanted, compact) is None
    assert price_refusal(purchase(amount=Kobo(789_999)), compact) == "DSTV COMPACT now costs ₦7,900"
    assert price_refusal(wanted, item("DSTV Payment")) is None


@pytest.mark.parametrize(
    ("changes", "is_live", "is_refused"),
    [
        ({"account_number": "0025401100"}, True, True),
        ({"account_number": "0025401100"}, False, False),
        ({"bill_type": BillType.AIRTIME, "account_number": "201000000000"}, True, True),
        ({"bill_type": BillType.AIRTIME, "account_number": "201000000000"}, False, False),
        ({"bill_type": BillType.AIRTIME, "account_number": "08031234567"}, True, False),
        ({"bill_type": BillType.AIRTIME, "account_number": "0803123456"}, False, True),
        ({"bill_type": BillType.DATA, "product_code": None}, False, True),
        ({"bill_type": BillType.DATA, "product_code": "MD1"}, False, False),
        ({"bill_type": BillType.CABLE_TV, "product_code": None}, True, False),
    ],
)
def test_the_impossible_is_refused_before_anything_is_asked(purchase, changes, is_live, is_refused):
    """Fault 53: what exists for tests buys nothing where money is real."""
    assert bool(refusal_before_asking(purchase(**changes), is_live=is_live)) is is_refused


# Keeping


async def test_a_listing_is_kept_until_it_is_forgotten():
    catalogue, listing = MemoryCatalogue(), Listing(items=(), read_at=NOON)
    dstv = BillType.CABLE_TV, BillerCode("dstv")
    assert await catalogue.find(*dstv) is None
    assert await catalogue.keep(*dstv, listing) is listing
    assert await catalogue.find(*dstv) is listing
    assert await catalogue.find(BillType.CABLE_TV, BillerCode("gotv")) is None
    await catalogue.forget(*dstv)
    await catalogue.forget(*dstv)
    assert await catalogue.find(*dstv) is None


def test_an_item_is_shown_under_its_own_code():
    assert product_of(TV_MENU[0]) == Product(code="CB177", name="DSTV COMPACT", price=Kobo(790_000))
