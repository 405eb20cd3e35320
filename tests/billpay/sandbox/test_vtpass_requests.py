"""What VTPass makes of the fields of a pay request."""

from decimal import Decimal

import pytest

from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_requests import read_purchase

AIRTIME = {"serviceID": "mtn", "amount": 500, "phone": "08011111111"}
DATA = {
    "serviceID": "glo-data",
    "billersCode": "07012345678",
    "variation_code": "glo-dg-320",
    "phone": "07012345678",
}
POWER = {
    "serviceID": "eko-electric",
    "billersCode": "1234567890",
    "variation_code": "prepaid",
    "amount": "5000",
    "phone": "08011111111",
}
CHANGE = {
    "serviceID": "dstv",
    "billersCode": "1212121212",
    "variation_code": "dstv79",
    "subscription_type": "change",
    "phone": "08011111111",
}
RENEW = {
    "serviceID": "dstv",
    "billersCode": "1234567890",
    "subscription_type": "renew",
    "amount": 7400,
    "phone": "08011111111",
}
STARTIMES = {
    "serviceID": "startimes",
    "billersCode": "1212121212",
    "variation_code": "nova",
    "phone": "08011111111",
}
SHOWMAX = {"serviceID": "showmax", "billersCode": "08011111111", "variation_code": "full_3"}


def refusal_of(body):
    with pytest.raises(Refusal) as refused:
        read_purchase(body)
    return refused.value.code


@pytest.mark.parametrize(
    ("body", "account", "kobo"),
    [
        (AIRTIME, "08011111111", 50_000),
        (AIRTIME | {"amount": "500"}, "08011111111", 50_000),
        (AIRTIME | {"amount": Decimal("500.50")}, "08011111111", 50_050),
        (DATA, "07012345678", 32_000),
        (POWER, "1234567890", 500_000),
        (POWER | {"billersCode": 1234567890}, "1234567890", 500_000),
        (CHANGE, "1212121212", 790_000),
        (RENEW, "1234567890", 740_000),
        (STARTIMES, "1212121212", 90_000),
        (SHOWMAX, "08011111111", 840_000),
    ],
)
def test_each_product_is_read_from_its_own_fields(body, account, kobo):
    purchase = read_purchase(body)
    assert (purchase.account, purchase.amount) == (account, kobo)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (AIRTIME, ("serviceID", "amount", "phone")),
        (DATA, ("serviceID", "billersCode", "variation_code", "phone")),
        (POWER, ("serviceID", "billersCode", "variation_code", "amount", "phone")),
        (CHANGE, ("serviceID", "billersCode", "variation_code", "subscription_type", "phone")),
        (RENEW, ("serviceID", "billersCode", "subscription_type", "amount", "phone")),
        (STARTIMES, ("serviceID", "billersCode", "variation_code", "phone")),
        (SHOWMAX, ("serviceID", "billersCode", "variation_code")),
    ],
)
def test_a_missing_field_is_an_invalid_argument(body, names):
    for name in names:
        assert refusal_of({k: v for k, v in body.items() if k != name}) == "011", name
        assert refusal_of(body | {name: ""}) == "011", name


@pytest.mark.parametrize("amount", ["five", "1e3", "NaN", "-5", "5.001", "1" * 10, True, [500]])
def test_an_amount_that_is_no_amount_is_an_invalid_argument(amount):
    assert refusal_of(AIRTIME | {"amount": amount}) == "011"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (AIRTIME | {"amount": 49}, "013"),
        (AIRTIME | {"amount": 200_001}, "017"),
        (POWER | {"amount": 999}, "013"),
        (POWER | {"amount": 500_001}, "017"),
        (RENEW | {"amount": 1}, "013"),
        (AIRTIME | {"serviceID": "mtn-wallet"}, "012"),
        (DATA | {"variation_code": "glo-1tb"}, "010"),
        (POWER | {"variation_code": "PREPAID"}, "010"),
        (CHANGE | {"variation_code": "dstv-compact"}, "010"),
        (CHANGE | {"subscription_type": "upgrade"}, "011"),
        (CHANGE | {"quantity": 0}, "031"),
        (CHANGE | {"quantity": 13}, "032"),
        (CHANGE | {"quantity": "two"}, "011"),
    ],
)
def test_what_is_out_of_bounds_or_unknown_is_refused_with_its_code(body, code):
    assert refusal_of(body) == code


def test_a_data_bundle_costs_the_catalogue_price_whatever_amount_is_sent():
    assert read_purchase(DATA | {"amount": 1}).amount == 32_000


def test_an_amount_sent_with_a_bouquet_is_credited_exactly():
    """Fault 49: a stale price leaves the subscription short."""
    assert read_purchase(CHANGE | {"amount": 7400}).amount == 740_000
    assert read_purchase(CHANGE | {"quantity": 3}).amount == 3 * 790_000
    assert read_purchase(CHANGE | {"quantity": 3, "amount": 7900}).amount == 790_000


def test_a_renewal_names_no_bouquet():
    assert read_purchase(RENEW).variation is None


def test_an_open_amount_must_be_sent():
    wallet = STARTIMES | {"variation_code": "ewallet"}
    assert refusal_of(wallet) == "011"
    assert read_purchase(wallet | {"amount": 1500}).amount == 150_000


def test_a_convenience_fee_and_the_commission_make_up_what_the_wallet_pays():
    """Showmax at 8,400 takes 8,416: a fee of 100, a commission of 84."""
    assert read_purchase(SHOWMAX).total == 841_600
