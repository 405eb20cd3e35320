"""Where a refund may be sent instead, before anybody is asked for it."""

import pytest
from stellar_sdk import MuxedAccount

from billpay.sandbox import identities

OTHER = identities.payer(7).public_key
MUXED = MuxedAccount(OTHER, 42).account_muxed
WHY = ("--reason", "their exchange wants a memo", "--actor", "ada")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("GABC",), "no Stellar account"),
        ((identities.treasury().public_key,), "the treasury itself"),
        ((MuxedAccount(identities.treasury().public_key, 1).account_muxed,), "the treasury itself"),
        ((identities.issuer().public_key,), "destroyed"),
        ((OTHER, "--memo-text", "x" * 29), "28 bytes"),
        ((OTHER, "--memo-text", ""), "28 bytes"),
        ((OTHER, "--memo-id", "-1"), "whole number"),
        ((OTHER, "--memo-id", str(1 << 64)), "at most"),
        ((OTHER, "--memo-hash", "ab" * 31), "32 bytes"),
        ((OTHER, "--memo-text", "x", "--memo-id", "1"), "one memo"),
        ((MUXED, "--memo-id", "1"), "names its user already"),
    ],
)
def test_what_can_never_arrive_there_is_impossible(here, words, says):
    refused = here.command("refund-to", "4294967297", *words, *WHY)
    assert refused.exit_code == 2
    assert says in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_nobody_sends_money_elsewhere_without_a_reason(here):
    for reason in ((), ("--reason", "")):
        assert here.command("refund-to", "4294967297", OTHER, *reason).exit_code == 2
