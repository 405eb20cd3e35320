import pytest

from billpay.domain.bills import BILLERS, BillerCode, BillType
from billpay.providers.flutterwave_names import (
    Row,
    all_networks,
    biller_for,
    category_for,
    is_for,
    is_subscription,
    product_slug,
    simple,
)

POWER, TV, AIRTIME = BillType.ELECTRICITY, BillType.CABLE_TV, BillType.AIRTIME


def rows(*names):
    return [Row(f"BIL{number}", (simple(name),)) for number, name in enumerate(names)]


def found(bill_type, biller, *names):
    row = biller_for(bill_type, BillerCode(biller), rows(*names))
    return names[int(row.code.removeprefix("BIL"))] if row else None


CATEGORIES = [
    Row("AIRTIME", ("AIRTIME",)),
    Row("MOBILEDATA", ("MOBILE DATA SERVICE",)),
    Row("CABLEBILLS", ("CABLE BILL PAYMENT",)),
    Row("INTSERVICE", ("INTERNET SERVICE",)),
    Row("UTILITYBILLS", ("UTILITY BILLS",)),
    Row("TAX", ("TAX",)),
]


@pytest.mark.parametrize(
    ("bill_type", "code"),
    [
        (AIRTIME, "AIRTIME"),
        (BillType.DATA, "MOBILEDATA"),
        (TV, "CABLEBILLS"),
        (POWER, "UTILITYBILLS"),
    ],
)
def test_a_category_is_known_by_its_code_or_its_name(bill_type, code):
    own = category_for(bill_type, CATEGORIES)
    assert own.code == code
    recoded = [Row(f"C{number}", row.names) for number, row in enumerate(CATEGORIES)]
    assert category_for(bill_type, recoded).names == own.names
    assert category_for(bill_type, [*CATEGORIES, Row("C9", own.names)]) is None
    assert category_for(bill_type, []) is None


@pytest.mark.parametrize(
    ("biller", "name"),
    [
        ("ekedc", "EKO DISCO ELECTRICITY BILLS"),
        ("ekedc", "EKEDC PREPAID ELECTRICITY"),
        ("ikedc", "IKEJA DISCO ELECTRICITY BILLS"),
        ("aedc", "ABUJA DISCO ELECTRICITY BILLS"),
        ("kedco", "KANO DISCO ELECTRICITY BILLS"),
        ("phed", "PORT HARCOURT DISCO ELECTRICITY BILLS"),
        ("phed", "PHC DISCO"),
        ("jed", "JOS DISCO"),
        ("kaedco", "KADUNA DISCO ELECTRICITY BILLS"),
        ("ibedc", "IBADAN DISCO ELECTRICITY BILLS"),
        ("eedc", "ENUGU DISCO ELECTRIC BILLS"),
        ("bedc", "BENIN DISCO ELECTRICITY BILLS"),
        ("yedc", "YOLA DISCO ELECTRICITY BILLS"),
        ("abedc", "ABA POWER"),
        ("abedc", "ABEDC"),
    ],
)
def test_a_disco_is_known_by_its_place_or_its_code(biller, name):
    assert found(POWER, biller, "LAGOS WATER", name) == name
    strangers = {one.code for one in BILLERS if POWER in one.bill_types} - {biller}
    assert not any(found(POWER, stranger, name) for stranger in strangers)


@pytest.mark.parametrize(
    "name", ["KANO STATE WATER BOARD", "EKOTEL DISCO", "LEKKI TOLL", "EKO HOTELS", "DISCO", ""]
)
def test_a_utility_that_is_no_disco_is_nobodys(name):
    """A wrong biller would take the money and light nothing."""
    assert not any(found(POWER, one.code, name) for one in BILLERS if POWER in one.bill_types)


def test_an_abbreviation_that_two_discos_share_means_neither():
    assert found(POWER, "kedco", "KEDC DISCO") is None
    assert found(POWER, "kaedco", "KEDC DISCO") is None


def test_an_exact_name_wins_over_a_longer_one():
    assert found(TV, "dstv", "DSTV BOX OFFICE", "DSTV") == "DSTV"
    assert found(TV, "dstv", "DSTV BOX OFFICE", "DSTV SUBSCRIPTION") is None
    assert found(TV, "dstv", "DSTV", "DSTV") is None


@pytest.mark.parametrize(
    ("biller", "name"),
    [
        ("startimes", "STARTIMES"),
        ("startimes", "DAARSAT Communications"),
        ("startimes", "STAR TIMES"),
        ("gotv", "GOtv"),
        ("showmax", "ShowMax"),
    ],
)
def test_a_tv_biller_is_known_under_all_its_names(biller, name):
    assert found(TV, biller, "DSTV", name) == name


@pytest.mark.parametrize(
    ("biller", "name"),
    [("mtn", "MTN DATA BUNDLE"), ("9mobile", "9MOBILE DATA BUNDLE"), ("9mobile", "ETISALAT DATA")],
)
def test_a_telco_is_known_by_the_word(biller, name):
    assert found(BillType.DATA, biller, "GLO DATA BUNDLE", name) == name
    assert found(BillType.DATA, "airtel", "GLO DATA BUNDLE", name) is None


def test_a_biller_that_nobody_knows_is_not_found():
    assert found(TV, "netflix", "NETFLIX", "DSTV") is None


def test_one_biller_may_sell_every_networks_airtime():
    """As test accounts have it: one biller called AIRTIME."""
    assert all_networks(AIRTIME, rows("AIRTIME", "GLO")).code == "BIL0"
    assert all_networks(AIRTIME, rows("Airtime", "All Networks")) is None
    assert all_networks(BillType.DATA, rows("AIRTIME")) is None


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("DSTV COMPACT", "compact"),
        ("dstv-compact", "compact"),
        ("Compact", "compact"),
        ("DSTV COMPACT PLUS", "compact-plus"),
        ("DSTV COMPACT + HD", "compact-hd"),
        ("Compact + Asia", "compact-asia"),
        ("  dstv_padi ", "padi"),
        ("DSTVPADI", "dstvpadi"),
    ],
)
def test_a_products_slug_leaves_its_biller_out(name, slug):
    assert product_slug(BillerCode("dstv"), name) == slug


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("EKEDC PREPAID TOPUP", ["prepaid"]),
        ("IKEDC  POSTPAID", ["postpaid"]),
        ("ABUJA DISCO Prepaid", ["prepaid"]),
        ("YOLA DISCO TOPUP", []),
        ("PREPAID AND POSTPAID", []),
        ("PREPAIDX", []),
    ],
)
def test_a_meter_item_says_which_kind_it_is_for_or_is_for_none(name, kinds):
    assert [kind for kind in ("prepaid", "postpaid") if is_for(kind, name)] == kinds


def test_films_are_no_subscription():
    assert is_subscription("DSTV Payment")
    assert not is_subscription("DSTV Box-Office")
