"""What merchant-verify says of meters and smartcards."""

from datetime import UTC, datetime

import pytest

from billpay.sandbox.journal import Journal
from billpay.sandbox.scripts import Script, Verify
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_shop import Shop

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


@pytest.fixture
def shop():
    return Shop(lambda: NOON, Journal(None))


def meter(number="1111111111111", service_id="ikeja-electric", meter_type="prepaid"):
    return {"serviceID": service_id, "billersCode": number, "type": meter_type}


def card(number="1212121212", service_id="dstv"):
    return {"serviceID": service_id, "billersCode": number}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (meter() | {"type": ""}, "011"),
        (meter() | {"type": "smart"}, "011"),
        (meter(""), "011"),
        ({"billersCode": "1111111111111"}, "011"),
        (meter(service_id="lagos-electric"), "012"),
        (card("08011111111", "mtn"), "012"),
        (card("08011111111", "mtn-data"), "012"),
        (card("08011111111", "showmax"), "012"),
        (meter("670000000000"), "030"),
        (card("670000000000"), "030"),
    ],
)
def test_what_cannot_be_verified_is_refused_with_its_code(shop, body, code):
    with pytest.raises(Refusal) as refused:
        shop.verify(body)
    assert refused.value.code == code


def test_ikeja_answers_in_full(shop):
    assert shop.verify(meter()) == {
        "Customer_Name": "TESTMETER1",
        "Address": "ABULE EGBA BU ABULE",
        "Meter_Number": "1111111111111",
        "Customer_Arrears": "",
        "Minimum_Amount": "",
        "Min_Purchase_Amount": "",
        "Can_Vend": "yes",
        "Business_Unit": "",
        "Customer_Account_Type": "PRIME",
        "Meter_Type": "PREPAID",
        "WrongBillersCode": False,
        "commission_details": {
            "amount": None,
            "rate": "1.50",
            "rate_type": "percent",
            "computation_type": "default",
        },
    }


def test_eko_writes_its_minimum_as_a_number(shop):
    assert shop.verify(meter("1234567890", "eko-electric"))["Minimum_Amount"] == 1000.0


def test_jos_names_nobody(shop):
    content = shop.verify(meter(service_id="jos-electric"))
    assert (content["Customer_Name"], content["MeterNumber"]) == ("", "1111111111111")
    assert content["Meter_Type"] == "prepaid"


@pytest.mark.parametrize("service_id", ["ikeja-electric", "kano-electric", "abuja-electric"])
def test_a_wrong_meter_is_an_error_inside_a_success(shop, service_id):
    content = shop.verify(meter("9999999999", service_id))
    assert "not correct" in content["error"]
    assert content["WrongBillersCode"] in (True, "true")
    assert "Customer_Name" not in content


@pytest.mark.parametrize(
    ("number", "real", "wrong"),
    [
        ("1111111111111", "prepaid", "postpaid"),
        ("1010101010101", "postpaid", "prepaid"),
        ("1234567890", "prepaid", "postpaid"),
    ],
)
def test_a_meter_is_wrong_when_asked_for_as_the_other_type(shop, number, real, wrong):
    """Fault 48."""
    assert "error" not in shop.verify(meter(number, meter_type=real))
    assert "error" in shop.verify(meter(number, meter_type=wrong))


@pytest.mark.parametrize("number", ["201000000000", "300000000000", "600000000000", "680000000000"])
@pytest.mark.parametrize("make", [meter, card])
def test_trigger_accounts_are_valid_accounts(shop, make, number):
    assert "error" not in shop.verify(make(number))


def test_the_seeds_dstv_card_renews_below_the_list_price(shop):
    content = shop.verify(card("1234567890"))
    assert (content["Current_Bouquet"], content["Renewal_Amount"]) == ("DStv Compact", 7400)
    assert content["Due_Date"] == "2026-03-14T00:00:00"


def test_gotv_writes_its_date_its_own_way(shop):
    assert shop.verify(card(service_id="gotv"))["DUE_DATE"] == "14-MAR-26"


def test_startimes_knows_a_balance_and_no_bouquet(shop):
    content = shop.verify(card(service_id="startimes"))
    assert content["Balance"] == 54.82
    assert "Current_Bouquet" not in content


def test_a_wrong_smartcard_is_an_error_without_a_flag_at_dstv(shop):
    content = shop.verify(card("9999999999"))
    assert set(content) == {"error"}
    assert shop.verify(card("9999999999", "gotv"))["WrongBillersCode"] == "true"


def test_a_meter_may_exist_and_still_not_be_served(shop):
    shop.script("1111111111111", Script(verify=Verify.CANNOT_VEND))
    assert shop.verify(meter())["Can_Vend"] == "no"
