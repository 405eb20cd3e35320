"""An order's facts in its customer's words, whatever wrote the order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.notifications.bill import bill_of


@pytest.mark.parametrize(
    ("name", "product", "validity"),
    [
        ("Glo Data (SME) N320 - 1GB - 30 days", "1GB", "30 days"),
        ("N1000 1.5GB - 30 days", "1.5GB", "30 days"),
        ("N100 100MB - 24 hrs", "100MB", "24 hrs"),
        ("1 TB Mobile Data", "1TB", None),
        ("N20000 100GB 2-Month Plan", "100GB", "2 month"),
        ("9mobile Data - 110000 Naira - 1 year", "9mobile Data - 110000 Naira - 1 year", "1 year"),
        ("N300 Xtratalk Weekly Bundle", "N300 Xtratalk Weekly Bundle", None),
    ],
)
def test_a_plan_is_told_by_its_size_and_validity(bill, name, product, validity):
    told = bill("data", "08031234567", provider_code="mtn", variation_code="x", product_name=name)
    assert (told.product, told.validity) == (product, validity)


@pytest.mark.parametrize(
    ("biller", "name", "product"),
    [
        ("dstv", "DStv Compact N7,900", "DSTV Compact"),
        ("dstv", "DStv Confam + ExtraView N7,115", "DSTV Confam + ExtraView"),
        ("dstv", "ExtraView Access N2,500", "ExtraView Access"),
        ("gotv", "GOtv Jinja ₦1,640", "GOtv Jinja"),
        ("startimes", "Nova - 900 Naira - 1 Month", "Nova - 1 Month"),
    ],
)
def test_a_package_is_told_without_a_price_that_grows_old(bill, biller, name, product):
    told = bill(
        "cable_tv", "1234567890", provider_code=biller, variation_code="x", product_name=name
    )
    assert (told.product, told.validity) == (product, None)


def test_a_name_beside_the_code_is_preferred_wherever_the_order_has_it(bill):
    told = bill(
        "cable_tv",
        "1234567890",
        provider_code="dstv",
        variation_code="dstv79",
        package="DSTV Compact",
    )
    assert told.product == "DSTV Compact"


@pytest.mark.parametrize(
    ("running", "product"), [("DStv Compact N7,900", "DSTV Compact"), (None, None)]
)
def test_a_renewal_tells_the_package_that_runs_where_it_is_known(row, running, product):
    renewal = row("cable_tv", "1234567890", "7900", provider_code="dstv")
    told = bill_of(renewal.model_copy(update={"current_package": running}))
    assert told.product == product


def test_a_change_of_package_tells_the_new_one(row):
    change = row("cable_tv", "1234567890", "7900", provider_code="dstv", variation_code="padi")
    told = bill_of(change.model_copy(update={"current_package": "DStv Compact"}))
    assert told.product == "padi"


def test_meters_are_shown_whole_and_everything_else_masked(bill):
    assert bill(account="1234567890").account == "1234567890"
    assert bill("airtime", "+2348012345678", provider_code="mtn").account == "080****5678"
    assert bill("cable_tv", "1234567890", provider_code="dstv").account == "123****890"


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        (("electricity", "no meter"), ("EKEDC", "meter", "no ****ter")),
        (("airtime", "0803"), ("unknown", "phone", "****")),
        (("cable_tv", "1234567890", "1", "0"), ("unknown", "smart card", "123****890")),
    ],
)
def test_an_order_that_cannot_be_served_is_still_told_about(bill, facts, shown):
    told = bill(*facts[:3])
    assert (told.biller, told.account_kind, told.account) == shown
    assert told.amount == f"{'5,030' if len(facts) < 3 else '1'} cNGN"


@given(
    account=st.text(max_size=30),
    bill_type=st.sampled_from(["electricity", "airtime", "data", "cable_tv"]),
    words=st.dictionaries(
        st.sampled_from(
            ["provider_code", "account_type", "plan", "product_name", "amount_ngn", "phone"]
        ),
        st.one_of(st.text(max_size=30), st.integers(), st.none(), st.lists(st.text(max_size=3))),
    ),
)
def test_there_are_words_for_whatever_plain_sql_has_inserted(row, account, bill_type, words):
    """A refund is owed, and told, for an order that nobody can read."""
    told = bill_of(row(bill_type, account).model_copy(update={"metadata": words}))
    assert told.amount.startswith("₦") or told.amount.endswith("cNGN")
    assert told == bill_of(row(bill_type, account).model_copy(update={"metadata": words}))
