"""What follows from a result code."""

import pytest

from billpay.domain.refunds import EnvelopeKind
from billpay.failures import Ambiguous
from billpay.ledger.refund_verdicts import (
    Then,
    for_a_person,
    refusal,
    verdict,
)


@pytest.mark.parametrize(
    "code",
    [
        "op_not_authorized",
        "op_no_issuer",
        "op_malformed",
        "op_not_supported",
        "tx_frozen_key_accessed",
    ],
)
def test_what_somebody_or_a_bug_prevents_is_held(code):
    """Faults 23 and 29: repeating would fail again, and a freeze is never routed around."""
    for kind in EnvelopeKind:
        expected = Then.MEND if kind != "payment" and code == "op_not_authorized" else Then.HOLD
        assert verdict(["tx_failed", code], kind).then is expected


@pytest.mark.parametrize("code", ["op_no_trust", "op_no_destination"])
def test_what_the_payers_account_cannot_take_is_set_aside(code):
    """Fault 23."""
    assert verdict(["tx_failed", code]).then is Then.SET_ASIDE


def test_a_full_trustline_gets_time():
    assert verdict(["tx_failed", "op_line_full"]).then is Then.LATER


@pytest.mark.parametrize(
    "code", ["op_no_trust", "op_not_authorized", "op_underfunded", "op_low_reserve"]
)
def test_what_keeps_us_from_setting_aside_is_ours_to_mend(code):
    """Here the same words speak of the treasury."""
    assert verdict(["tx_failed", code], EnvelopeKind.CLAIMABLE_BALANCE).then is Then.MEND


@pytest.mark.parametrize("code", ["tx_frozen_key_accessed", "tx_malformed", "op_malformed"])
def test_a_refusal_that_does_not_pass_is_for_a_person(code):
    assert code in for_a_person(["tx_failed", code])


@pytest.mark.parametrize("codes", [(), ("tx_too_late",), ("tx_bad_auth",), ("tx_new",)])
def test_a_refusal_that_may_pass_is_not(codes):
    assert for_a_person(codes) is None


@pytest.mark.parametrize(
    "code",
    [
        "op_underfunded",
        "op_src_no_trust",
        "op_src_not_authorized",
        "op_bad_auth",
        "op_no_source_account",
    ],
)
def test_what_our_side_lacks_is_ours_to_mend(code):
    """Faults 24 and 29: the payer is owed the money all the same."""
    assert verdict(["tx_failed", code]).then is Then.MEND


@pytest.mark.parametrize("code", ["tx_bad_seq", "tx_too_late", "tx_internal_error"])
def test_what_was_chance_is_tried_again(code):
    assert verdict([code]).then is Then.AGAIN


@pytest.mark.parametrize(
    "codes", [(), ("tx_failed",), ("tx_failed", "op_success"), ("unreadable_result",)]
)
def test_a_reason_that_is_unknown_here_is_for_a_person(codes):
    assert verdict(codes).then is Then.HOLD


def test_the_innermost_code_decides():
    wrapped = ["tx_fee_bump_inner_failed", "tx_failed", "op_underfunded"]
    assert verdict(wrapped).then is Then.MEND
    assert verdict(["tx_fee_bump_inner_failed", "tx_bad_seq"]).then is Then.AGAIN


@pytest.mark.parametrize("codes", [(), ("tx_new",), ("tx_failed",), ("tx_failed", "op_new")])
def test_a_refusal_that_is_unknown_here_is_in_doubt(codes):
    assert refusal(codes) is Ambiguous
