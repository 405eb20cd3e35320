import pytest

from billpay.domain.accounts import AccountOk, AccountRefused
from billpay.domain.bills import BillType
from billpay.domain.money import Kobo
from billpay.failures import Misconfigured, Unavailable
from billpay.providers.flutterwave_accounts import read_account
from billpay.providers.http import Reply

GOOD = {
    "response_code": "00",
    "response_message": "Successful",
    "name": "ADA OBI",
    "customer": "45012345678",
    "minimum": 0,
    "maximum": 0,
}


@pytest.fixture
def read(purchase, reply):
    def read_document(document, http_status=200, bill_type=BillType.ELECTRICITY):
        told = reply(document)
        answer = Reply(status=http_status, document=told.document, text=told.text)
        return read_account(answer, purchase(bill_type))

    return read_document


def validated(**changes):
    return {"status": "success", "message": "Item validated successfully", "data": GOOD | changes}


def refusal(message):
    return {"status": "error", "message": message, "data": None}


def test_a_good_account_is_named(read):
    assert read(validated()) == AccountOk(holder="ADA OBI")


@pytest.mark.parametrize("name", [None, "", "null", "N/A"])
def test_an_account_may_be_good_without_a_name(read, name):
    assert read(validated(name=name)) == AccountOk()


def test_the_least_and_the_most_are_kept_to_the_kobo(read):
    """Fault 47: debt makes the minimum large; zero means that none is stated."""
    assert read(validated(minimum=5000, maximum="5,000")).minimum == Kobo(500_000)
    assert read(validated(minimum=5000.001)) == AccountRefused(
        reason="The least this account takes is ₦5,000.01"
    )
    assert read(validated(maximum=4999.999)) == AccountRefused(
        reason="The most this account takes is ₦4,999.99"
    )


@pytest.mark.parametrize("http_status", [200, 400])
@pytest.mark.parametrize("message", ["Invalid customer id", "Meter number not found"])
def test_a_refusal_of_the_number_is_a_no(read, message, http_status):
    assert read(refusal(message), http_status) == AccountRefused(reason="Meter number not found")
    assert read(refusal(message), http_status, BillType.CABLE_TV) == AccountRefused(
        reason="Smartcard number not found"
    )


@pytest.mark.parametrize(
    "document",
    [
        validated(response_code="01"),
        validated(response_code=None),
        validated(customer="45099999999"),
        {"status": "success", "data": None},
        {"status": "success", "data": []},
        {"status": "odd", "data": GOOD},
        refusal("Something new"),
        refusal("Transaction not found"),
        {},
    ],
)
def test_an_unclear_answer_never_makes_an_account_wrong(read, document):
    """Fault 48: success counts only with response code 00."""
    with pytest.raises(Unavailable):
        read(document)


@pytest.mark.parametrize(
    "message", ["Please enable IP Whitelisting to access this service", "Invalid item code"]
)
def test_our_own_fault_is_not_the_customers(read, message):
    with pytest.raises(Misconfigured):
        read(refusal(message), 400)
