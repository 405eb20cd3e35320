"""Names as providers really write them."""

import pytest

from billpay.domain.bills import BillerCode, Product
from billpay.domain.money import naira
from billpay.domain.products import content_of, counterpart, name_without_price


def product(name, price, code="x"):
    return Product(code=code, name=name, price=None if price is None else naira(price))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("N100 100MB - 24 hrs", "100MB - 24 hrs"),
        ("Glo Data N1,000 - 30 days", "Glo Data - 30 days"),
        ("Glo Data (SME) N320 - 1GB - 30 days", "Glo Data (SME) - 1GB - 30 days"),
        ("9mobile Data - 110000 Naira - 1 year", "9mobile Data - 1 year"),
        ("1,500 Naira - 3GB - 30 days", "3GB - 30 days"),
        ("DStv Premium + French + Extra View N28,000", "DStv Premium + French + Extra View"),
        ("GOtv Jinja ₦1,640", "GOtv Jinja"),
        ("Full - N8,400 - 3 Months", "Full - 3 Months"),
        ("DSTV COMPACT + HD", "DSTV COMPACT + HD"),
        ("N500", "N500"),
    ],
)
def test_a_name_is_told_without_the_price_that_grows_old_in_it(name, plain):
    assert name_without_price(name) == plain


@pytest.mark.parametrize(
    ("biller", "one", "other"),
    [
        ("dstv", "DStv Compact N7,900", "DSTV COMPACT"),
        ("dstv", "dstv-compact-plus", "DSTV COMPACT PLUS"),
        ("startimes", "Nova - 900 Naira - 1 Month", "NOVA - One Month"),
        ("mtn", "N1000 1.5GB - 30 days", "MTN 1.5 GB data purchase (1 month)"),
        ("mtn", "N100 100MB - 24 hrs", "100MB 1 day plan"),
        ("airtel", "100 Naira - 75.0MB - 7 days", "AIRTEL 75 MB data bundle (1 week)"),
    ],
)
def test_the_same_product_says_the_same_in_everybodys_words(biller, one, other):
    assert content_of(BillerCode(biller), one) == content_of(BillerCode(biller), other)


@pytest.mark.parametrize(
    ("biller", "one", "other"),
    [
        ("dstv", "DStv Compact N7,900", "DSTV COMPACT PLUS"),
        ("dstv", "DStv Compact N7,900", "DSTV COMPACT + HD"),
        ("glo", "Glo Data (SME) N320 - 1GB - 30 days", "GLO 1GB data bundle (30 days)"),
        ("glo", "Glo Data N320 - 1GB - 30 days", "GLO 1GB data bundle (1 day)"),
        ("mtn", "N1000 1.5GB - 30 days", "MTN 15GB data purchase (30 days)"),
    ],
)
def test_products_that_differ_in_anything_are_not_the_same(biller, one, other):
    """A customer who got another plan than the one they paid for has no remedy."""
    contents = [content_of(BillerCode(biller), name) for name in (one, other)]
    assert not contents[0].may_be(contents[1])


def test_the_counterpart_has_the_same_name_and_the_same_price():
    menu = [product("DSTV COMPACT", "7400", "old"), product("DSTV COMPACT", "7900", "CB1")]
    wanted = product("DStv Compact N7,900", "7900", "dstv79")
    assert counterpart(BillerCode("dstv"), wanted, menu) == menu[1]


def test_another_price_is_another_product():
    """Fault 49."""
    wanted = product("DStv Compact N7,900", "7900", "dstv79")
    menu = [product("DSTV COMPACT", "7900.01"), product("DSTV COMPACT", None)]
    assert counterpart(BillerCode("dstv"), wanted, menu) is None


def test_a_validity_that_one_side_leaves_out_is_no_difference():
    menu = [product("MTN 1.5GB data purchase", "1000", "MD1")]
    wanted = product("N1000 1.5GB - 30 days", "1000")
    assert counterpart(BillerCode("mtn"), wanted, menu) == menu[0]
    assert counterpart(BillerCode("mtn"), menu[0], [wanted]) == wanted


def test_what_may_mean_two_products_means_neither():
    menu = [
        product("1,000 Naira - 1.5GB - 30 days", "1000", "airt-1000"),
        product("1,000 Naira - 1.5GB - 7 days", "1000", "airt-1000-7"),
    ]
    airtel = BillerCode("airtel")
    assert counterpart(airtel, product("AIRTEL 1.5GB", "1000"), menu) is None
    assert counterpart(airtel, product("AIRTEL 1.5GB (1 week)", "1000"), menu) == menu[1]


def test_one_offer_under_two_codes_is_one_product():
    menu = [product("DStv Compact Plus N12,400", "12400", code) for code in ("dstv7", "dstv80")]
    wanted = product("DSTV COMPACT PLUS", "12400")
    assert counterpart(BillerCode("dstv"), wanted, menu) == menu[0]


@pytest.mark.parametrize(
    ("biller", "name"), [("dstv", ""), ("dstv", "DSTV"), ("glo", "Glo Data N1,000 - 30 days")]
)
def test_a_name_that_says_nothing_is_like_no_other(biller, name):
    wanted = product(name, "1000")
    assert counterpart(BillerCode(biller), wanted, [product(name, "1000", "y")]) is None


def test_a_product_without_a_price_has_no_counterpart():
    wallet = product("ewallet Amount", None)
    assert counterpart(BillerCode("startimes"), wallet, [wallet]) is None
