"""Whether a payer can be paid back."""

import pytest

from billpay.ledger.refund_destinations import account_behind, obstacle_in_address
from tests.billpay.ledger import wire


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
