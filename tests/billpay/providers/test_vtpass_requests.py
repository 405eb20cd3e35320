import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.money import Kobo, naira
from billpay.failures import Misconfigured
from billpay.providers.documents import naira_number, write_json
from billpay.providers.vtpass_requests import pay_body, verify_body

REQUEST_ID = "202611230901abc123def456"
PHONE = "08031234567"


@pytest.mark.parametrize("meter_type", list(MeterType))
def test_electricity_names_meter_type_amount_and_a_phone(purchase, meter_type):
    assert pay_body(purchase(meter_type=meter_type, contact_phone=PHONE), REQUEST_ID) == {
        "request_id": REQUEST_ID,
        "serviceID": "ikeja-electric",
        "billersCode": "45012345678",
        "variation_code": meter_type.value,
        "amount": 5000,
        "phone": PHONE,
    }


def test_a_meter_without_a_contact_phone_stands_in_for_it(purchase):
    assert pay_body(purchase(), REQUEST_ID)["phone"] == "45012345678"


def test_airtime_goes_to_the_account_whatever_the_contact_phone(purchase):
    wanted = purchase(BillType.AIRTIME, contact_phone="08055555555")
    assert pay_body(wanted, REQUEST_ID) == {
        "request_id": REQUEST_ID,
        "serviceID": "mtn",
        "amount": 5000,
        "phone": PHONE,
    }


def test_data_names_its_plan_and_no_amount(purchase):
    assert pay_body(purchase(BillType.DATA, product_code="mtn-10mb-100"), REQUEST_ID) == {
        "request_id": REQUEST_ID,
        "serviceID": "mtn-data",
        "billersCode": PHONE,
        "variation_code": "mtn-10mb-100",
        "phone": PHONE,
    }


@pytest.mark.parametrize("biller", ["dstv", "gotv"])
def test_a_change_of_package_sends_no_amount(purchase, biller):
    """A stale price sent along would leave the subscription short."""
    wanted = purchase(
        BillType.CABLE_TV, biller=BillerCode(biller), product_code="x", contact_phone=PHONE
    )
    assert pay_body(wanted, REQUEST_ID) == {
        "request_id": REQUEST_ID,
        "serviceID": biller,
        "billersCode": "4131953321",
        "variation_code": "x",
        "subscription_type": "change",
        "phone": PHONE,
    }


@pytest.mark.parametrize("biller", ["dstv", "gotv"])
def test_a_renewal_sends_its_amount_and_no_package(purchase, biller):
    wanted = purchase(BillType.CABLE_TV, biller=BillerCode(biller), contact_phone=PHONE)
    assert pay_body(wanted, REQUEST_ID) == {
        "request_id": REQUEST_ID,
        "serviceID": biller,
        "billersCode": "4131953321",
        "subscription_type": "renew",
        "amount": 5000,
        "phone": PHONE,
    }


@pytest.mark.parametrize(
    ("biller", "package", "fields"),
    [
        ("startimes", "nova", {"serviceID", "billersCode", "variation_code", "phone"}),
        ("startimes", "ewallet", {"serviceID", "billersCode", "variation_code", "phone", "amount"}),
        ("showmax", "full_3", {"serviceID", "billersCode", "variation_code"}),
    ],
)
def test_other_tv_has_terms_of_its_own(purchase, biller, package, fields):
    wanted = purchase(BillType.CABLE_TV, biller=BillerCode(biller), product_code=package)
    assert pay_body(wanted, REQUEST_ID).keys() == fields | {"request_id"}


def test_verification_names_the_meter_type_for_electricity_only(purchase):
    assert verify_body(purchase()) == {
        "billersCode": "45012345678",
        "serviceID": "ikeja-electric",
        "type": "prepaid",
    }
    assert verify_body(purchase(BillType.CABLE_TV)) == {
        "billersCode": "4131953321",
        "serviceID": "dstv",
    }


def test_electricity_without_a_meter_type_is_never_sent(purchase):
    with pytest.raises(Misconfigured):
        pay_body(purchase(meter_type=None), REQUEST_ID)


@pytest.mark.parametrize(
    ("kobo", "written"),
    [(1, b"0.01"), (100, b"1"), (150_001, b"1500.01"), (150_010, b"1500.10"), (500_000, b"5000")],
)
def test_an_amount_is_written_digit_by_digit(kobo, written):
    assert write_json({"amount": naira_number(Kobo(kobo))}) == b'{"amount":' + written + b"}"


@given(st.integers(min_value=1, max_value=10**15))
def test_every_amount_arrives_to_the_kobo(kobo):
    """I17: what the provider reads is what the order says, exactly."""
    number = naira_number(Kobo(kobo))
    assert isinstance(number, int | Decimal)
    read = json.loads(write_json({"amount": number}), parse_float=str, parse_int=str)
    assert naira(read["amount"]) == kobo


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_text_survives_our_json(body):
    assert json.loads(write_json(body)) == body
