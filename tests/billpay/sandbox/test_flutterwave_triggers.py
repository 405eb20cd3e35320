"""The table of Flutterwave's trigger accounts, and the words a script may use."""

import re

import pytest
from pydantic import ValidationError

from billpay.sandbox import flutterwave_triggers
from billpay.sandbox.flutterwave_catalogue import Kind
from billpay.sandbox.flutterwave_triggers import UNKNOWN_ACCOUNT, script_of
from billpay.sandbox.scripts import Says, Script, Truth, Verify


@pytest.mark.parametrize(
    ("account", "says", "truth", "seconds"),
    [
        ("201000000000", Says.PROCESSING, Truth.DELIVERED, 45),
        ("300000000000", Says.TIMEOUT, Truth.DELIVERED, 30),
        ("400000000000", Says.EMPTY, Truth.DELIVERED, 0),
        ("500000000000", Says.UNEXPECTED, Truth.DELIVERED, 0),
        ("600000000000", Says.OFFLINE, Truth.NEVER_CREATED, 0),
        ("610000000000", Says.CODE, Truth.REFUSED, 0),
        ("620000000000", Says.PROCESSING, Truth.FAILED, 30),
        ("630000000000", Says.RESET, Truth.DELIVERED, 0),
        ("640000000000", Says.CLOSED, Truth.NEVER_CREATED, 0),
        ("650000000000", Says.HTML, Truth.DELIVERED, 0),
        ("660000000000", Says.TRUNCATED, Truth.DELIVERED, 0),
        ("670000000000", Says.DELIVERED, Truth.DELIVERED, 0),
        ("680000000000", Says.DELIVERED, Truth.DELIVERED, 0),
        ("690000000000", Says.DELIVERED, Truth.DELIVERED, 0),
    ],
)
def test_trigger_accounts_count_for_phones_meters_and_smartcards_alike(
    account, says, truth, seconds
):
    for kind in Kind:
        for is_prepaid in (True, False):
            script = script_of(kind, account, is_prepaid=is_prepaid)
            assert (script.pay, script.what_happens) == (says, truth)
            assert script.settles_after_seconds == seconds


@pytest.mark.parametrize(
    ("kind", "account", "is_prepaid"),
    [
        (Kind.AIRTIME, "08038291822", False),
        (Kind.DATA, "08011111111", False),
        (Kind.TV, "0025401100", False),
        (Kind.TV, "1212121212", False),
        (Kind.UTILITY, "1111111111111", True),
        (Kind.UTILITY, "1010101010101", False),
        (Kind.UTILITY, "1234567890", True),
    ],
)
def test_good_accounts_are_served_at_once(kind, account, is_prepaid):
    script = script_of(kind, account, is_prepaid=is_prepaid)
    assert (script.pay, script.settles_after_seconds) == (Says.DELIVERED, 0)


@pytest.mark.parametrize(
    ("kind", "account", "is_prepaid"),
    [
        (Kind.AIRTIME, "1212121212", False),
        (Kind.TV, "08011111111", False),
        (Kind.UTILITY, "1010101010101", True),
        (Kind.UTILITY, "9999999999", True),
    ],
)
def test_anything_else_is_nobodys(kind, account, is_prepaid):
    assert script_of(kind, account, is_prepaid=is_prepaid) is UNKNOWN_ACCOUNT
    assert (UNKNOWN_ACCOUNT.code, UNKNOWN_ACCOUNT.verify) == ("customer", Verify.WRONG)


def test_the_documented_table_names_exactly_the_accounts_there_are():
    """The module's docstring is what people read; it must not lie."""
    table = flutterwave_triggers.__doc__
    documented = set(re.findall(r"^    (\d{10,}) .*", table, re.MULTILINE))
    assert documented == {trigger.account for trigger in flutterwave_triggers._TRIGGERS}


@pytest.mark.parametrize(
    "words", [{"pay": "explodes"}, {"turns_after_seconds": -1}, {"reverses": 3}, {"uses": 0}]
)
def test_a_script_speaks_a_closed_vocabulary(words):
    with pytest.raises(ValidationError):
        Script.model_validate(words)
