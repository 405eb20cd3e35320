"""The table of trigger accounts, and the words a script may use."""

import re

import pytest
from pydantic import ValidationError

from billpay.sandbox import vtpass_triggers
from billpay.sandbox.scripts import Says, Script, Truth, Verify
from billpay.sandbox.vtpass_catalogue import SERVICES
from billpay.sandbox.vtpass_triggers import UNKNOWN_ACCOUNT, script_of


@pytest.mark.parametrize(
    ("account", "says", "truth", "seconds"),
    [
        ("201000000000", Says.PROCESSING, Truth.DELIVERED, 45),
        ("300000000000", Says.TIMEOUT, Truth.DELIVERED, 30),
        ("400000000000", Says.EMPTY, Truth.DELIVERED, 0),
        ("500000000000", Says.UNEXPECTED, Truth.FAILED, 0),
        ("600000000000", Says.OFFLINE, Truth.NEVER_CREATED, 0),
        ("610000000000", Says.CODE, Truth.REFUSED, 0),
        ("620000000000", Says.PROCESSING, Truth.FAILED, 30),
        ("630000000000", Says.RESET, Truth.DELIVERED, 0),
        ("640000000000", Says.CLOSED, Truth.NEVER_CREATED, 0),
        ("650000000000", Says.HTML, Truth.DELIVERED, 0),
        ("660000000000", Says.TRUNCATED, Truth.DELIVERED, 0),
        ("670000000000", Says.DELIVERED, Truth.DELIVERED, 0),
        ("680000000000", Says.DELIVERED, Truth.DELIVERED, 0),
    ],
)
def test_trigger_accounts_count_for_phones_meters_and_smartcards_alike(
    account, says, truth, seconds
):
    for service_id, meter_type in [
        ("mtn", None),
        ("glo-data", "glo100"),
        ("dstv", None),
        ("eko-electric", "prepaid"),
        ("eko-electric", "postpaid"),
    ]:
        script = script_of(SERVICES[service_id], account, meter_type)
        assert (script.pay, script.what_happens) == (says, truth)
        assert script.settles_after_seconds == seconds


@pytest.mark.parametrize(
    ("service_id", "account", "variation"),
    [
        ("mtn", "08011111111", None),
        ("airtel-data", "08012345678", "airt-100"),
        ("etisalat", "07012345678", None),
        ("showmax", "08011111111", "full_3"),
        ("gotv", "1212121212", None),
        ("yola-electric", "1111111111111", "prepaid"),
        ("yola-electric", "1010101010101", "postpaid"),
        ("eko-electric", "1234567890", "prepaid"),
    ],
)
def test_good_accounts_are_served_at_once(service_id, account, variation):
    script = script_of(SERVICES[service_id], account, variation)
    assert (script.pay, script.settles_after_seconds) == (Says.DELIVERED, 0)


def test_the_seeds_dstv_card_takes_a_while():
    script = script_of(SERVICES["dstv"], "1234567890", None)
    assert (script.pay, script.settles_after_seconds) == (Says.PROCESSING, 20)


@pytest.mark.parametrize(
    ("service_id", "account", "variation"),
    [
        ("mtn", "1212121212", None),
        ("dstv", "1111111111111", None),
        ("gotv", "1234567890", None),
        ("eko-electric", "9999999999", "prepaid"),
        ("eko-electric", "1234567890", "postpaid"),
    ],
)
def test_anything_else_fails(service_id, account, variation):
    assert script_of(SERVICES[service_id], account, variation) is UNKNOWN_ACCOUNT
    assert (UNKNOWN_ACCOUNT.pay, UNKNOWN_ACCOUNT.verify) == (Says.FAILED, Verify.WRONG)


def test_the_documented_table_names_exactly_the_accounts_there_are():
    """The module's docstring is what people read; it must not lie."""
    documented = set(re.findall(r"^    (\d{10,})", vtpass_triggers.__doc__, re.MULTILINE))
    assert documented == {trigger.account for trigger in vtpass_triggers._TRIGGERS}


@pytest.mark.parametrize(
    "words",
    [
        {"pay": "explodes"},
        {"pay": "code"},
        {"code": "034"},
        {"truth": "pending"},
        {"verify": "maybe"},
        {"uses": 0},
        {"delivers_after_seconds": -1},
        {"delivers_after_seconds": float("inf")},
        {"delivers_after": 3},
    ],
)
def test_a_script_speaks_a_closed_vocabulary(words):
    with pytest.raises(ValidationError):
        Script.model_validate(words)


def test_every_answer_has_a_customary_truth():
    for says in Says:
        code = "034" if says is Says.CODE else None
        assert Script(pay=says, code=code).what_happens in Truth
