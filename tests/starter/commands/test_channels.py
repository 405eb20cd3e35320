"""Channels as an operator makes and lists them, on the simulated ledger."""

import pytest

from billpay.ledger.channels import CHANNELS_MAX
from billpay.sandbox import identities

TREASURY = identities.treasury().public_key


def test_channels_are_made_once_and_never_fewer(here):
    assert here.json("channels", "ensure", "3") == {"channels": 3, "created": 3, "topped_up": 0}
    for count in ("3", "1"):
        assert here.json("channels", "ensure", count) == {
            "channels": 3,
            "created": 0,
            "topped_up": 0,
        }


def test_what_was_made_is_told_in_a_line(here):
    assert here.command("channels", "ensure", "1").stdout == "1 channels: 1 made, 0 filled up\n"


def test_channels_are_listed_after_the_treasurys_own_account(here, sandbox):
    here.json("channels", "ensure", "2")
    treasury, *channels = here.json("channels", "list")["channels"]
    assert (treasury["number"], treasury["address"]) == (0, TREASURY)
    assert [channel["number"] for channel in channels] == [1, 2]
    for channel in channels:
        assert sandbox.ask(f"/horizon/accounts/{channel['address']}")
        assert channel["xlm"] == "3.0000000"
        assert channel["used_by"] is None
    first, second, third = here.command("channels", "list").stdout.splitlines()
    assert "treasury" in first
    assert channels[0]["address"] in second
    assert third.endswith("3 XLM, free")


@pytest.mark.parametrize("words", [("ensure", "2"), ("list",)])
def test_where_the_key_is_absent_the_variable_is_named(here, monkeypatch, sandbox, words):
    """The key stays where refunds are; this is not the place."""
    monkeypatch.setenv("SKIP_EXTERNALS", "false")
    for name, value in sandbox.environment.items():
        if name not in ("SYSTEM_WALLET_SECRET", "BILL_PROCESSOR_SEALING_KEY"):
            monkeypatch.setenv(name, value)
    refused = here.command("channels", *words)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("SYSTEM_WALLET_SECRET is not set")


@pytest.mark.parametrize("count", ["-1", "many", str(CHANNELS_MAX + 1)])
def test_a_count_that_makes_no_sense_is_impossible(here, count):
    refused = here.command("channels", "ensure", "--", count)
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1
