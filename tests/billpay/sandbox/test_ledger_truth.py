"""What the makers of the world know of money: that it all adds up, and how to let somebody claim."""

import pytest
from stellar_sdk import (
    Asset,
    Claimant,
    Clawback,
    CreateClaimableBalance,
    PathPaymentStrictReceive,
    Payment,
)

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

MAKER = identities.payer(1)
TAKER = identities.payer(2)
ISSUER = identities.issuer()
TREASURY = identities.treasury().public_key
UNKNOWN = "00000000" + "ab" * 32


@pytest.fixture
def set_aside(world, scribe):
    """Set an amount aside for the taker; answers the balance's id."""

    def done(amount="5"):
        operation = CreateClaimableBalance(CNGN, amount, [Claimant(TAKER.public_key)])
        sent = scribe.write(operation)
        assert world.submit(sent).status_code == 200
        return sent.transaction.get_claimable_balance_id(0)

    return done


def claimables(world):
    return world.truth_ledger()["claimable_balances"]


def test_the_truth_totals_what_everybody_holds(world, scribe, set_aside):
    """I5, and fault 18: nothing moves without a row, whatever Horizon lists as payments."""
    world.fund(TREASURY, clawback=True)
    world.send_from_wallet(1, amount="0.0000001")
    before = world.truth_ledger()
    world.pay("BILL-x", "100")
    scribe.do(PathPaymentStrictReceive(TREASURY, Asset.native(), "7", CNGN, "7", []))
    scribe.do(Payment(TREASURY, CNGN, "9"), source=ISSUER)
    scribe.do(Payment(ISSUER.public_key, CNGN, "1"), source=identities.treasury())
    world.send_from_wallet(1, amount="5", more=["2", "2"], destination_id=7)
    world.claim(set_aside("3"), 2)
    set_aside("4")
    scribe.do(Clawback(CNGN, TREASURY, "11"), source=ISSUER)
    after = world.truth_ledger()
    totals = dict(before["balances"])
    for row in after["payments"][len(before["payments"]) :]:
        if row["asset_code"] == "cNGN":
            totals[row["from"]] = totals.get(row["from"], 0) - row["amount_stroops"]
            totals[row["to"]] = totals.get(row["to"], 0) + row["amount_stroops"]
    held = {address: total for address, total in totals.items() if address in after["balances"]}
    assert held == after["balances"]
    set_aside_now = [total for address, total in totals.items() if address.startswith("B")]
    assert set_aside_now == [0, 40_000_000]


def test_the_second_movement_of_an_operation_has_a_name_of_its_own(world):
    """I1: each credit is one, however many came at once."""
    told = world.send_from_wallet(1, amount="5", more=["2", "2"])
    first = told["operation_id"]
    names = [row["operation_id"] for row in world.truth_ledger()["payments"]]
    assert names == [first, f"{first}-1", f"{first}-2"]
    [row] = world.ask(f"/horizon/accounts/{TREASURY}/payments")["_embedded"]["records"]
    changes = row["asset_balance_changes"]
    assert [change["amount"] for change in changes] == ["5.0000000", "2.0000000", "2.0000000"]
    assert row["id"] == first


def test_what_is_sent_in_one_call_arrives_together_or_not_at_all(world):
    told = world.send_from_wallet(1, amount="1", more=["10000000"])
    assert told["result_codes"]["operations"] == ["function_trapped"]
    assert world.truth_ledger()["payments"] == []


def test_a_clawback_is_told_with_whom_it_was_taken_from(world, scribe):
    """Fault 18: the treasury's holding shrinks and no payment says so."""
    world.fund(TREASURY, cngn="5", clawback=True)
    scribe.do(Clawback(CNGN, TREASURY, "2"), source=ISSUER)
    [row] = world.truth_ledger()["payments"]
    assert (row["type"], row["kind"], row["amount_stroops"]) == ("clawback", "clawback", 20_000_000)
    assert (row["from"], row["to"]) == (TREASURY, ISSUER.public_key)
    page = world.ask(f"/horizon/accounts/{TREASURY}/payments")
    assert page["_embedded"]["records"] == []
    world.fund(TREASURY, clawback=False)
    assert scribe.codes(Clawback(CNGN, TREASURY, "1"), source=ISSUER)[1] == (
        "op_not_clawback_enabled"
    )


# The world's hand


@pytest.mark.parametrize("claimant", [2, TAKER.public_key])
def test_the_world_can_let_a_payer_claim(world, set_aside, claimant):
    balance_id = set_aside("5")
    told = world.claim(balance_id, claimant)
    applied = world.ask(f"/horizon/transactions/{told['transaction_hash']}")
    assert applied["successful"] is told["successful"] is True
    assert applied["source_account"] == TAKER.public_key
    assert claimables(world)[0]["claimed_by"] == TAKER.public_key


def test_a_claim_in_vain_says_why(world, set_aside):
    told = world.claim(set_aside(), 3)
    assert told["result_codes"] == {"transaction": "tx_failed", "operations": ["op_cannot_claim"]}


def test_nobody_claims_whose_key_the_sandbox_has_not(world):
    address = identities.payer(identities.PAYERS + 7).public_key
    body = {"balance_id": UNKNOWN, "claimant": address}
    assert world.http.post(f"{world.url}/world/ledger/claims", json=body).status_code == 422
