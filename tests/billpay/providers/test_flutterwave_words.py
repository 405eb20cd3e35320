import pytest

from billpay.failures import Misconfigured, Unavailable
from billpay.providers.flutterwave_words import (
    Meaning,
    Verdict,
    no_answer,
    read_envelope,
    sentence_of,
)
from billpay.providers.http import Reply


@pytest.fixture
def envelope(reply):
    def make(message="x", status="error", data=None, http_status=400):
        document = {"status": status, "message": message, "data": data}
        written = reply(document)
        return read_envelope(Reply(status=http_status, document=document, text=written.text))

    return make


@pytest.mark.parametrize(
    ("status", "http_status", "verdict"),
    [
        ("success", 200, Verdict.SUCCESS),
        ("Success", 201, Verdict.SUCCESS),
        ("success", 400, Verdict.UNCLEAR),
        ("success", 302, Verdict.UNCLEAR),
        ("error", 200, Verdict.REFUSED),
        ("error", 400, Verdict.REFUSED),
        ("failed", 400, Verdict.REFUSED),
        ("pending", 200, Verdict.UNCLEAR),
        (None, 400, Verdict.UNCLEAR),
        (True, 200, Verdict.UNCLEAR),
        ({}, 200, Verdict.UNCLEAR),
    ],
)
def test_an_envelope_counts_only_where_both_its_words_agree(envelope, status, http_status, verdict):
    assert envelope(status=status, http_status=http_status).verdict is verdict


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("Please enable IP Whitelisting to access this service", Meaning.OURS),
        ("Kindly contact your account administrator", Meaning.OURS),
        ("You are not authorized to use bills", Meaning.OURS),
        ("Invalid authorization key", Meaning.OURS),
        ("Insufficient funds in your wallet", Meaning.OURS),
        ("Your balance cannot carry this", Meaning.OURS),
        ("customer_id is required", Meaning.OURS),
        ("Transaction not found", Meaning.NEVER_SEEN),
        ("Duplicate reference", Meaning.TAKEN),
        ("A bill with this reference already exists", Meaning.TAKEN),
        ("This reference exists", Meaning.TAKEN),
        ("This customer was already charged: invalid customer id", Meaning.TAKEN),
        ("Country not supported at this time", Meaning.CATALOGUE),
        ("Invalid category code", Meaning.CATALOGUE),
        ("Biller code not found", Meaning.CATALOGUE),
        ("Item does not exist", Meaning.CATALOGUE),
        ("Invalid customer id", Meaning.CUSTOMER),
        ("The meter number supplied is incorrect", Meaning.CUSTOMER),
        ("Smartcard does not exist", Meaning.CUSTOMER),
        ("Unknown IUC number", Meaning.CUSTOMER),
        ("Invalid amount for this item", Meaning.AMOUNT),
        ("Below the minimum", Meaning.AMOUNT),
        ("An error occurred. Please contact support", Meaning.UNLISTED),
        ("Unable to process", Meaning.UNLISTED),
        ("Invalid request", Meaning.UNLISTED),
        ("", Meaning.UNLISTED),
        (None, Meaning.UNLISTED),
        (17, Meaning.UNLISTED),
    ],
)
def test_a_refusal_is_known_by_its_sentence_or_proves_nothing(envelope, message, meaning):
    """Fault 36: a new sentence is never taken for a no; one that speaks of a used reference is the strongest."""
    assert sentence_of(envelope(message)).meaning is meaning


def test_a_route_that_is_lost_is_ours_to_mend(envelope):
    assert sentence_of(envelope("Cannot POST", http_status=404)).meaning is Meaning.OURS
    assert sentence_of(envelope("Transaction not found", http_status=404)).meaning is (
        Meaning.NEVER_SEEN
    )


@pytest.mark.parametrize("name", ["tx_ref", "flw_ref", "reference"])
def test_a_refusal_that_names_a_bill_is_noticed(envelope, name):
    assert envelope(data={name: "CF-FLYAPI-1"}).names_a_bill
    assert not envelope(data={name: None}).names_a_bill
    assert not envelope(data=[name]).names_a_bill


@pytest.mark.parametrize(
    ("message", "status", "failure"),
    [
        ("Please enable IP Whitelisting to access this service", "error", Misconfigured),
        ("Invalid category code", "error", Misconfigured),
        ("Invalid customer id", "error", Unavailable),
        ("whatever", "error", Unavailable),
        ("Please enable IP Whitelisting to access this service", "odd", Unavailable),
    ],
)
def test_a_question_without_an_answer_is_ours_or_unanswered(envelope, message, status, failure):
    told = no_answer(envelope(message, status), "tell the time", "202611230901abc")
    assert type(told) is failure
    assert told.detail.startswith("Flutterwave did not tell the time: ")
    assert (told.evidence.request_id, told.evidence.http_status) == ("202611230901abc", 400)


def test_a_failure_does_not_repeat_what_was_said(envelope):
    """I18: a sentence may hold a customer's name or number."""
    told = no_answer(envelope("Invalid customer 45012345678 ADA OBI"), "tell")
    said = f"{told!r} {told.detail} {told.evidence} {envelope('45012345678')!r}"
    assert "45012345678" not in said
    assert "ADA" not in said
