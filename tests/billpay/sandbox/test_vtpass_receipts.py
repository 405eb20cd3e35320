"""Each disco's own way of writing a token (fault 46)."""

import re
from datetime import UTC, datetime

import pytest

from billpay.domain.tokens import parse_token
from billpay.sandbox.scripts import Script
from billpay.sandbox.vtpass_catalogue import SERVICES, Kind
from billpay.sandbox.vtpass_receipts import receipt_fields, tokens_of
from billpay.sandbox.vtpass_sales import Sale, VTPassPurchase

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
DISCOS = [s.service_id for s in SERVICES.values() if s.kind is Kind.ELECTRICITY]


def sold(service_id, account="1234567890", variation="prepaid", serial="0:x", **script):
    purchase = VTPassPurchase(
        service_id=service_id, account=account, variation=variation, amount=200_000
    )
    return Sale(request_id="202603021200x", serial=serial).made(purchase, Script(**script), NOON)


@pytest.mark.parametrize(
    ("service_id", "pattern"),
    [
        ("ikeja-electric", r"Token : \d{20}"),
        ("eko-electric", r"Token : \d{20}"),
        ("abuja-electric", r"Token : token: \d{20}"),
        ("kano-electric", r"Token : \d{20}"),
        ("portharcourt-electric", r"Token: \d{20}"),
        ("jos-electric", r"Token : (\d{4}-){4}\d{4}"),
        ("ibadan-electric", r"Token : (\d{4} ){4}\d{4}"),
        ("kaduna-electric", r"Token : \d{20}"),
        ("enugu-electric", r"Token : 0\d{19}"),
        ("benin-electric", r"Token : \d{20}"),
        ("aba-electric", r"Token : \d{20}"),
        ("yola-electric", r"Token : 000\d-(\d{4}-){3}\d{4}"),
    ],
)
def test_the_purchased_code_has_the_discos_shape_and_holds_the_token(service_id, pattern):
    sale = sold(service_id)
    code = receipt_fields(sale, with_token=True)["purchased_code"]
    assert re.fullmatch(pattern, code)
    assert parse_token(code) == tokens_of(sale).main


@pytest.mark.parametrize(
    ("service_id", "field"),
    [
        ("ikeja-electric", "token"),
        ("eko-electric", "mainToken"),
        ("eko-electric", "token"),
        ("abuja-electric", "Token"),
        ("kano-electric", "Token"),
        ("portharcourt-electric", "token"),
        ("jos-electric", "Token"),
        ("ibadan-electric", "Token"),
        ("kaduna-electric", "Token"),
        ("enugu-electric", "token"),
        ("benin-electric", "token"),
        ("yola-electric", "token"),
    ],
)
def test_the_token_stands_in_the_discos_own_field_too(service_id, field):
    sale = sold(service_id)
    assert parse_token(receipt_fields(sale, with_token=True)[field]) == tokens_of(sale).main


def test_ekedc_gives_its_older_meters_a_bonus_token_inside_the_same_text():
    sale = sold("eko-electric", account="1111111111111")
    tokens = tokens_of(sale)
    fields = receipt_fields(sale, with_token=True)
    assert fields["purchased_code"] == f"Token : {tokens.main} Bonus Token : {tokens.bonus}"
    assert fields["bonusToken"] == tokens.bonus != tokens.main
    assert "token" not in fields


@pytest.mark.parametrize("service_id", DISCOS)
def test_a_key_change_brings_two_more_tokens(service_id):
    sale = sold(service_id, key_change=True)
    fields = receipt_fields(sale, with_token=True)
    assert (fields["kct1"], fields["kct2"]) == tokens_of(sale).key_change
    assert len(set(tokens_of(sale).all())) == 3


@pytest.mark.parametrize("service_id", DISCOS)
def test_a_token_that_has_not_come_is_nowhere(service_id):
    """Fault 45."""
    sale = sold(service_id)
    fields = receipt_fields(sale, with_token=False)
    assert fields["purchased_code"] == ""
    assert tokens_of(sale).main not in str(fields)


def test_kedco_writes_a_missing_token_as_the_word_null():
    fields = receipt_fields(sold("kano-electric"), with_token=False)
    assert (fields["Token"], fields["Units"], fields["Receipt"]) == ("null", "null", "null")


@pytest.mark.parametrize("service_id", DISCOS)
def test_a_postpaid_bill_has_no_token(service_id):
    sale = sold(service_id, account="1010101010101", variation="postpaid")
    assert tokens_of(sale) is None
    fields = receipt_fields(sale, with_token=True)
    assert fields["purchased_code"] == ""
    assert not re.search(r"\d{20}", str(fields))


def test_a_showmax_voucher_stands_twice():
    sale = sold("showmax", account="08011111111", variation="full_3")
    fields = receipt_fields(sale, with_token=True)
    assert fields["Voucher"] == [fields["purchased_code"]]
    assert fields["purchased_code"].startswith("SHM")


def test_tokens_always_have_twenty_digits():
    """I7: a leading zero must not be lost on the way out either."""
    for number in range(300):
        tokens = tokens_of(
            sold("eko-electric", "1111111111111", serial=str(number), key_change=True)
        )
        assert all(parse_token(token) == token for token in tokens.all())
