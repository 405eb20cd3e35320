from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillType, MeterType
from billpay.domain.money import Kobo
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    Processing,
    TokenAwaited,
    Whose,
)
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.providers.flutterwave_answers import read_payment, read_status, read_tokens
from billpay.providers.http import Reply

REQUEST_ID = "202611230901abc123def456"
A, B = "26362054405982757802", "07865700760175033702"


def payment(**data):
    """An accepted payment of 5,000 naira as the documentation writes it, with these fields changed."""
    told = {
        "phone_number": "45012345678",
        "amount": 5000,
        "network": "IKEDC  PREPAID",
        "code": "200",
        "tx_ref": "CF-FLYAPI-20240324091413750321",
        "reference": "247837898415",
        "batch_reference": None,
        "recharge_token": None,
        "fee": 100,
    }
    return {"status": "success", "message": "Bill payment successful", "data": told | data}


def status(**data):
    """What became of it, likewise."""
    told = {
        "currency": "NGN",
        "customer_id": "45012345678",
        "amount": "5000.0000",
        "fee": 100,
        "customer_reference": REQUEST_ID,
        "flw_ref": "BPUSSD17175111565077679855",
        "tx_ref": "CF-FLYAPI-20240324091413750321",
        "extra": None,
        "status": "successful",
        "code": "200",
    }
    return {"status": "success", "message": "Bill status fetch successful", "data": told | data}


def refusal(message, data=None):
    return {"status": "error", "message": message, "data": data}


@pytest.fixture(scope="session")
def paid(purchase, reply):
    def read(document, http_status=200, **changes):
        told = reply(document)
        answer = Reply(status=http_status, document=told.document, text=told.text)
        return read_payment(answer, purchase(**changes), REQUEST_ID)

    return read


@pytest.fixture(scope="session")
def told(purchase, reply):
    def read(document, http_status=200, **changes):
        written = reply(document)
        answer = Reply(status=http_status, document=written.document, text=written.text)
        return read_status(answer, purchase(**changes), REQUEST_ID)

    return read


# The answer to a payment


@pytest.mark.parametrize(
    "inside", [{}, {"status": "failed"}, {"status": "successful"}, {"code": "500"}, {"amount": 1}]
)
def test_success_around_a_payment_is_never_a_delivery(paid, inside):
    """The envelope trap: whatever is inside, it was accepted, and a status question says the rest."""
    answer = paid(payment(**inside))
    assert answer.outcome == Processing(
        code="accepted", provider_reference="CF-FLYAPI-20240324091413750321"
    )
    assert answer.receipt is None
    assert "Bill payment successful" in answer.body


def test_a_payment_without_data_was_accepted_all_the_same(paid):
    answer = paid({"status": "success", "message": "Bill payment successful", "data": None})
    assert answer.outcome == Processing(code="accepted", provider_reference=None)


def test_a_token_that_comes_at_once_is_kept_before_the_sale_is_certain(paid):
    """I7."""
    answer = paid(payment(recharge_token=A))
    assert isinstance(answer.outcome, Processing)
    assert answer.receipt.token == A
    assert A not in repr(answer)


@pytest.mark.parametrize(
    "message",
    [
        "Please enable IP Whitelisting to access this service",
        "Contact your account administrator",
        "Insufficient funds in your wallet",
        "Invalid item code",
    ],
)
@pytest.mark.parametrize("http_status", [200, 400])
def test_a_refusal_of_us_has_sold_nothing(paid, message, http_status):
    """Faults 43 and 44; an error inside HTTP 200 counts like one inside 400."""
    with pytest.raises(Misconfigured) as refused:
        paid(refusal(message), http_status)
    assert refused.value.evidence.request_id == REQUEST_ID


@pytest.mark.parametrize(
    ("message", "whose"),
    [("Invalid customer id", Whose.CUSTOMER), ("Invalid amount", Whose.PROVIDER)],
)
def test_a_refusal_of_the_order_says_whose_fault_it_is(paid, message, whose):
    outcome = paid(refusal(message), 400).outcome
    assert isinstance(outcome, Declined)
    assert outcome.whose is whose


@pytest.mark.parametrize(
    ("document", "http_status"),
    [
        (refusal("Duplicate reference"), 400),
        (refusal("Transaction not found"), 400),
        (refusal("Something new"), 400),
        (refusal("Something new"), 200),
        (refusal("Invalid customer id", {"tx_ref": "CF-FLYAPI-1"}), 400),
        (refusal("Insufficient balance", {"flw_ref": "BPUSSD1"}), 400),
        (payment(), 400),
        ({"status": "pending", "data": {}}, 200),
        ({"message": "Not Found"}, 404),
        ({}, 200),
    ],
)
def test_anything_else_leaves_the_payment_in_doubt(paid, document, http_status):
    """Faults 36 and 40: a used reference, a new sentence, or a refusal that contradicts itself."""
    with pytest.raises(Ambiguous):
        paid(document, http_status)


# The answer to a status question


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("successful", Delivered),
        ("Success", Delivered),
        ("completed", Delivered),
        ("pending", Processing),
        ("processing", Processing),
        ("new", Processing),
        ("resolved", Processing),
        ("delivered", Processing),
        (None, Processing),
        ({}, Processing),
        (1, Processing),
        ("failed", Declined),
        ("ERROR", Declined),
        ("cancelled", Declined),
        ("reversed", Declined),
        ("refunded", Declined),
    ],
)
def test_only_the_inner_status_says_what_became_of_a_bill(told, word, kind):
    """Faults 33 and 36: the envelope says success every time, and a new word is no refusal."""
    assert (
        type(told(status(status=word), bill_type=BillType.AIRTIME, meter_type=None).outcome) is kind
    )


def test_without_verbose_there_is_no_status_and_nothing_is_certain(told):
    document = status()
    del document["data"]["status"], document["data"]["code"]
    assert told(document).outcome.code == "no status"


def test_a_delivery_says_what_it_cost_and_what_it_is_called(told):
    answer = told(status(extra=A))
    assert answer.outcome == Delivered(
        code="successful 200", provider_reference="CF-FLYAPI-20240324091413750321"
    )
    assert (answer.receipt.token, answer.receipt.charged) == (A, Kobo(510_000))


def test_a_bill_without_any_name_of_theirs_keeps_ours(told):
    nameless = status(extra=A, tx_ref=None, flw_ref="")
    assert told(nameless).outcome.provider_reference == REQUEST_ID


def test_a_prepaid_meter_waits_for_its_token_and_nothing_else_does(told):
    """Fault 45."""
    assert isinstance(told(status()).outcome, TokenAwaited)
    assert isinstance(told(status(), meter_type=MeterType.POSTPAID).outcome, Delivered)


def test_an_amount_that_differs_is_told(told):
    """Fault 47."""
    assert told(status(amount="4999.99", extra=A)).outcome.code == (
        "successful 200, sold at 4999.99 instead of 5000.00 naira"
    )


@pytest.mark.parametrize("word", ["failed", "reversed"])
def test_a_failure_with_a_token_is_no_failure(told, word):
    """I3: whoever holds a token is not refunded by machine."""
    answer = told(status(status=word, extra=A))
    assert isinstance(answer.outcome, Processing)
    assert answer.receipt.token == A


@pytest.mark.parametrize(
    "foreign",
    [
        {"customer_reference": "202611230901zzz"},
        {"customer_reference": None, "customer_id": "45099999999"},
        {"customer_reference": None, "customer_id": None},
    ],
)
def test_the_status_of_another_bill_is_none(told, foreign):
    """A mixed-up answer must not complete somebody else's order; `reference` is never ours."""
    with pytest.raises(Unavailable):
        told(status(extra=A, reference=REQUEST_ID, **foreign))


@pytest.mark.parametrize(
    "ours",
    [
        {"customer_reference": REQUEST_ID.upper()},
        {"customer_reference": None, "customer_id": "08031234567"},
        {"customer_reference": "", "customer_id": "+2348031234567"},
        {"customer_reference": "N/A", "customer_id": "2348031234567"},
    ],
)
def test_our_bill_is_known_by_our_reference_or_else_by_its_customer(told, ours):
    answer = told(status(**ours), bill_type=BillType.AIRTIME, account_number="08031234567")
    assert isinstance(answer.outcome, Delivered)


@pytest.mark.parametrize("http_status", [200, 400, 404])
def test_a_bill_that_is_not_found_was_never_seen(told, http_status):
    answer = told(refusal("Transaction not found"), http_status)
    assert answer.outcome == NeverSeen(code="transaction not found")
    assert answer.body


@pytest.mark.parametrize(
    ("document", "http_status", "failure"),
    [
        (refusal("Transaction not found", {"tx_ref": "CF-1"}), 400, Unavailable),
        ({"status": "success", "message": "Transaction not found", "data": None}, 200, Unavailable),
        (refusal("Not found"), 400, Unavailable),
        (refusal("Invalid customer id"), 400, Unavailable),
        (refusal("Please enable IP Whitelisting to access this service"), 400, Misconfigured),
        (refusal("no such route"), 404, Misconfigured),
        (status(extra=A), 400, Unavailable),
        ({"status": "success", "data": []}, 200, Unavailable),
        ({}, 200, Unavailable),
    ],
)
def test_a_status_that_was_not_told_says_nothing_about_the_bill(
    told, document, http_status, failure
):
    """Only the documented sentence is evidence that nothing was sold."""
    with pytest.raises(failure):
        told(document, http_status)


# Tokens


@pytest.mark.parametrize(
    "fields",
    [
        {"recharge_token": A},
        {"extra": A},
        {"extra": {"token": A}},
        {"extra": {"token": "2636-2054-4059-8275-7802", "units": "12"}},
        {"extra": f'{{"token": "{A}"}}'},
        {"extra": f"Token : {A}"},
        {"extra": "2636 2054 4059 8275 7802"},
        {"extra": "Units 12.5 Token 2636-2054-4059-8275-7802, thank you"},
        {"extra": "Units 12 2636 2054 4059 8275 7802"},
        {"recharge_token": None, "token": A},
        {"recharge_token": A, "extra": A},
    ],
)
def test_a_token_is_found_in_every_shape(fields):
    """Fault 46."""
    assert read_tokens(fields) == (A,)


def test_leading_zeros_stay_and_a_second_token_is_kept(told):
    receipt = told(status(extra=f"{B} {A}")).receipt
    assert (receipt.token, receipt.bonus_token) == (B, A)


@pytest.mark.parametrize(
    "nothing",
    [None, "", "null", "N/A", "0", A[:-1], A + "1", "{", "{}", [A], {}, {"pin": A}, True, 1.5],
)
def test_what_is_no_token_is_none(nothing):
    assert read_tokens({"extra": nothing}) == ()


def test_a_token_is_not_dug_for_without_end():
    buried = A
    for _ in range(100):
        buried = {"extra": buried}
    assert read_tokens(buried) == ()


def test_tokens_are_looked_for_only_where_one_is_bought(told):
    receipt = told(status(extra=A), bill_type=BillType.AIRTIME).receipt
    assert receipt.token is None


# Whatever comes

WORDS = st.sampled_from(["success", "error", "successful", "failed", "N/A", A, REQUEST_ID])
NAMES = st.sampled_from(["status", "tx_ref", "extra", "token", "amount", "customer_reference"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@given(document=st.dictionaries(st.sampled_from(["status", "message", "data"]), VALUES))
def test_no_document_breaks_the_reading(paid, told, document):
    """Fault 35: without "success" nothing is sold, without a documented sentence nothing is refused."""
    with suppress(Ambiguous):
        assert isinstance(paid(document).outcome, Processing)
        assert document["status"] == "success"
    with suppress(Unavailable):
        outcome = told(document).outcome
        assert document["status"] == "success"
        if isinstance(outcome, Delivered | Declined | TokenAwaited):
            assert document["data"]["customer_reference"] == REQUEST_ID
