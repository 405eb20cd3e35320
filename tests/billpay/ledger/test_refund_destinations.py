"""Whether a payer can be paid back."""

import pytest

from billpay.domain.money import Stroops
from billpay.ledger.base import LedgerAccount
from billpay.ledger.refund_destinations import (
    account_behind,
    obstacle_in_account,
    obstacle_in_address,
)
from tests.billpay.ledger import wire


def account(**changes):
    facts = {
        "address": wire.PAYER,
        "sequence": 1,
        "can_receive": True,
        "demands_memo": False,
        "balance": Stroops(0),
        "holding": Stroops(0),
        "native_balance": Stroops(0),
    }
    return LedgerAccount(**facts | changes)


def obstacle(address):
    return obstacle_in_address(address, treasury=wire.WALLET, issuer=wire.ISSUER)


def test_a_multiplexed_address_pays_into_its_account():
    assert account_behind(wire.PAYER) == account_behind(wire.MUXED_PAYER) == wire.PAYER


@pytest.mark.parametrize("destination", [wire.CONTRACT, "W" + "A" * 68, "G" + "A" * 55, ""])
def test_a_contract_or_no_address_at_all_cannot_be_paid(destination):
    """Fault 23."""
    assert account_behind(destination) is None
    assert "contract" in obstacle(account_behind(destination))


def test_nothing_goes_back_to_the_issuer_or_to_ourselves():
    assert "destroyed" in obstacle(wire.ISSUER)
    assert "itself" in obstacle(wire.WALLET)
    assert obstacle(wire.PAYER) is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (None, "exist"),
        ({"can_receive": False}, "trustline"),
        ({"demands_memo": True}, "memo"),
        ({}, None),
    ],
)
def test_an_account_must_exist_trust_and_take_money_without_a_memo(changes, word):
    """Fault 23."""
    found = None if changes is None else account(**changes)
    reason = obstacle_in_account(found, wire.PAYER)
    assert reason is None if word is None else word in reason


def test_a_multiplexed_address_needs_no_memo():
    """SEP-29: it says itself whom the money is for."""
    assert obstacle_in_account(account(demands_memo=True), wire.MUXED_PAYER) is None
