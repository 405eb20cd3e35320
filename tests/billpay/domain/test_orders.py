from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillType, MeterType
from billpay.domain.ids import memo_of
from billpay.domain.money import Kobo, Stroops, cngn, in_stroops
from billpay.domain.orders import (
    ELECTRICITY_FEE,
    OrderRow,
    due_for,
    fee_of,
    read_account_number,
    read_order,
)
from billpay.domain.statuses import BillStatus
from billpay.failures import Invalid

CREATED = datetime(2026, 11, 23, 12, tzinfo=UTC)


def row(bill_type="electricity", account_number="1234567890", due="5030", **metadata):
    """The quick start's row, with its metadata unless other is given."""
    if bill_type == "electricity" and not metadata:
        metadata = {
            "bill_type": "electricity",
            "provider_code": "ekedc",
            "account_number": "1234567890",
            "account_type": "PREPAID",
        }
    return OrderRow(
        transaction_id=UUID(int=1),
        wallet_address="payer",
        bill_type=bill_type,
        account_number=account_number,
        requested_provider="flutterwave",
        due=cngn(due),
        metadata=metadata,
        status=BillStatus.PENDING_PAYMENT,
        created_at=CREATED,
        expires_at=CREATED + timedelta(hours=1),
    )


def test_the_quick_starts_rows_are_an_order():
    order = read_order(row())
    assert order.bill_type is BillType.ELECTRICITY
    assert order.biller == "ekedc"
    assert order.account_number == "1234567890"
    assert order.meter_type is MeterType.PREPAID
    assert order.bill_amount == Kobo(500_000)
    assert order.due == cngn("5030")
    assert order.product_code is None
    assert order.requested_provider == "flutterwave"
    assert order.memo == memo_of(UUID(int=1))
    assert order.wants_token
    assert not order.is_renewal


@pytest.mark.parametrize("account_type", ["POSTPAID", "postpaid", "Postpaid "])
def test_a_postpaid_meter_wants_no_token(account_type):
    order = read_order(row(provider_code="ekedc", account_type=account_type))
    assert order.meter_type is MeterType.POSTPAID
    assert not order.wants_token


def test_only_electricity_carries_our_fee():
    assert {kind for kind in BillType if fee_of(kind)} == {BillType.ELECTRICITY}
    assert due_for(BillType.ELECTRICITY, Kobo(500_000)) == cngn("5030")
    assert due_for(BillType.AIRTIME, Kobo(50_000)) == cngn("500")


@given(st.sampled_from(BillType), st.integers(min_value=1, max_value=10**12))
def test_what_is_due_pays_exactly_the_bill(bill_type, amount):
    """I17: the bill that is read back is the bill that was ordered."""
    metadata = {"provider_code": "ekedc"}
    number = "1234567890"
    if bill_type in (BillType.AIRTIME, BillType.DATA):
        metadata, number = {"provider_code": "mtn", "plan": "x"}, "08031234567"
    if bill_type is BillType.CABLE_TV:
        metadata = {"provider_code": "dstv"}
    ordered = row(bill_type.value, number, **metadata)
    due = due_for(bill_type, Kobo(amount))
    assert read_order(ordered.model_copy(update={"due": due})).bill_amount == amount


@pytest.mark.parametrize("explicit", ["4000", 4000, "4,000.00"])
def test_the_order_may_name_its_bill_amount(explicit):
    assert read_order(row(provider_code="ekedc", amount_ngn=explicit)).bill_amount == 400_000


def test_the_named_amount_may_be_all_that_is_due():
    assert read_order(row(provider_code="ekedc", amount_ngn="5030")).bill_amount == 503_000


@pytest.mark.parametrize(
    ("due", "metadata"),
    [
        ("5030", {"amount_ngn": "5030.01"}),
        ("5030", {"amount_ngn": "-1"}),
        ("5030", {"amount_ngn": "1.001"}),
        ("5030", {"amount_ngn": "plenty"}),
        ("5030", {"amount_ngn": "NaN"}),
        ("5030", {"amount_ngn": "1e5000"}),
        ("5030", {"amount_ngn": "1e1000000"}),
        ("5030.001", {}),
        ("30", {}),
        ("29.5", {}),
        ("0", {}),
    ],
)
def test_an_amount_that_cannot_pay_the_bill_is_refused(due, metadata):
    with pytest.raises(Invalid):
        read_order(row(due=due, provider_code="ekedc", **metadata))


def test_one_kobo_above_the_fee_is_a_bill():
    order = read_order(row(due="30.01", provider_code="ekedc"))
    assert order.bill_amount == 1
    assert order.due == in_stroops(Kobo(ELECTRICITY_FEE + 1))


@pytest.mark.parametrize("name", ["product_code", "variation_code", "plan"])
def test_a_data_order_names_its_plan(name):
    order = read_order(row("data", "08031234567", "300", provider_code="mtn", **{name: "mtn-1"}))
    assert order.product_code == "mtn-1"


def test_a_data_order_without_a_plan_is_refused():
    with pytest.raises(Invalid, match="plan"):
        read_order(row("data", "08031234567", "300", provider_code="mtn"))


def test_a_tv_order_without_a_package_renews():
    renewal = read_order(row("cable_tv", "1234567890", "7400", provider_code="DSTV"))
    change = read_order(row("cable_tv", "1234567890", "7900", provider_code="dstv", package="d"))
    assert renewal.is_renewal
    assert not change.is_renewal


def test_a_phone_says_which_network_only_where_the_order_does_not():
    """The customer's choice wins over the prefix: numbers are portable."""
    hinted = read_order(row("airtime", "+234 803 123 4567", "500", note="x"))
    chosen = read_order(row("airtime", "08031234567", "500", provider_code="glo"))
    assert (hinted.biller, hinted.account_number) == ("mtn", "08031234567")
    assert chosen.biller == "glo"


def test_a_phone_without_a_known_range_must_name_its_network():
    with pytest.raises(Invalid):
        read_order(row("airtime", "08012345678", "500", note="x"))


@pytest.mark.parametrize(
    ("metadata", "phone"),
    [
        ({"phone": "+2348031234567"}, "08031234567"),
        ({"phone": "nonsense"}, ""),
        ({}, ""),
    ],
)
def test_a_contact_phone_is_canonical_or_absent(metadata, phone):
    assert read_order(row(provider_code="ekedc", **metadata)).contact_phone == phone


def test_an_airtime_orders_contact_is_its_own_number():
    order = read_order(row("airtime", "08031234567", "500", provider_code="mtn"))
    assert order.contact_phone == "08031234567"


@pytest.mark.parametrize(
    "changes",
    [
        {"bill_type": "water"},
        {"bill_type": ""},
        {"provider_code": "kedc"},
        {"provider_code": "mtn"},
        {"account_type": "solar"},
        {"account_number": "12345"},
        {"account_number": "1" * 21},
        {"account_number": "12345678x"},
        {"account_number": "١٢٣٤٥٦٧"},
    ],
)
def test_what_can_never_be_served_is_refused(changes):
    facts = {"provider_code": "ekedc"} | changes
    with pytest.raises(Invalid):
        read_order(row(**facts))


@pytest.mark.parametrize("number", ["123456", "45012345678", "1111111111111", "1" * 20, " 123456 "])
def test_every_possible_meter_is_left_to_the_provider(number):
    """Real meters have 11 or 13 digits; only the impossible is refused here."""
    assert read_account_number(BillType.ELECTRICITY, number) == number.strip()


@given(st.sampled_from(BillType), st.text())
def test_no_account_number_is_a_bug(bill_type, text):
    try:
        number = read_account_number(bill_type, text)
    except Invalid:
        return
    assert number.isascii()
    assert number.isdigit()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(["provider_code", "account_type", "amount_ngn", "plan", "phone"])


@given(st.sampled_from(BillType), st.dictionaries(NAMES, JSON), st.integers(1, 10**12))
def test_no_metadata_is_a_bug(bill_type, metadata, due):
    """Rows come from plain SQL: whatever stands in them is an order or is refused."""
    ordered = row(bill_type.value, "08031234567", note="x").model_copy(
        update={"metadata": metadata, "due": Stroops(due)}
    )
    try:
        order = read_order(ordered)
    except Invalid:
        return
    assert 0 < in_stroops(order.bill_amount) <= order.due


PLAN = {"provider_code": "mtn", "variation_code": "mtn-1gb", "product_name": "N300 1GB"}


def test_a_plan_keeps_the_name_its_provider_gave_it():
    order = read_order(row("data", "08012345678", "300", **PLAN))
    assert (order.product_code, order.product_name) == ("mtn-1gb", "N300 1GB")
    assert (order.ordered_amount, order.price_fell_by) == (Kobo(30_000), 0)


@pytest.mark.parametrize("explicit", [{}, {"amount_ngn": "300"}])
def test_an_order_whose_price_fell_is_bought_and_due_for_less(explicit):
    """I17 and I2: what is bought is what is paid, and the rest is excess."""
    ordered = row("data", "08012345678", "300.5", **PLAN, **explicit)
    order = read_order(ordered.model_copy(update={"price": Kobo(25_050)}))
    whole = read_order(ordered)
    fell_by = whole.bill_amount - 25_050
    assert (order.bill_amount, order.ordered_amount) == (Kobo(25_050), whole.bill_amount)
    assert order.due == whole.due - in_stroops(Kobo(fell_by))
    assert order.due - in_stroops(order.bill_amount) == whole.due - in_stroops(whole.bill_amount)
