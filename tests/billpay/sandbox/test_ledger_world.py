"""What only the makers of the world can do to the ledger."""

import pytest

from billpay.sandbox import identities

PAYER = identities.payer(1)
NEW = identities.payer(identities.PAYERS + 1)
TREASURY = identities.treasury()


def account(world, keypair):
    return world.ask(f"/horizon/accounts/{keypair.public_key}")


def test_the_world_begins_with_payers_who_have_money_and_a_treasury_that_has_none(world):
    balances = world.truth_ledger()["balances"]
    assert balances.pop(TREASURY.public_key) == 0
    payers = {identities.payer(n).public_key for n in range(1, identities.PAYERS + 1)}
    assert set(balances) == payers
    assert set(balances.values()) == {10_000_000 * 10_000_000}
    assert account(world, TREASURY)["balances"][-1]["balance"] == "10000.0000000"


def test_an_account_can_be_made_and_then_pays(world):
    world.fund(NEW.public_key, cngn="100000")
    assert world.truth_ledger()["balances"][NEW.public_key] == 1_000_000_000_000
    world.pay("BILL-new", "5030", payer=identities.PAYERS + 1)
    assert world.truth_ledger()["balances"][NEW.public_key] == 949_700_000_000


def test_a_turn_says_how_the_account_is_afterwards(world):
    world.fund(PAYER.public_key, cngn="5", limit="6", authorized=False, demands_memo=True, xlm="3")
    changed = account(world, PAYER)
    line, native = changed["balances"]
    assert (line["balance"], line["limit"], native["balance"]) == (
        "5.0000000",
        "6.0000000",
        "3.0000000",
    )
    assert line["is_authorized"] is False
    assert changed["data"]["config.memo_required"]
    world.fund(PAYER.public_key)
    again = account(world, PAYER)
    assert again["balances"][0]["balance"] == "5.0000000"
    assert again["balances"][0]["is_authorized"] is True
    assert again["data"] == {}


def test_a_decree_moves_no_money_in_history(world):
    world.fund(PAYER.public_key, cngn="5")
    assert world.truth_ledger()["payments"] == []


def test_an_account_can_be_made_to_have_never_been(world):
    world.fund(PAYER.public_key, exists=False)
    assert world.http.get(f"{world.horizon_url}/accounts/{PAYER.public_key}").status_code == 404
    assert PAYER.public_key not in world.truth_ledger()["balances"]


@pytest.mark.parametrize(
    "switch", [{"cngn": "-1"}, {"cngn": "x"}, {"cngn": "0.00000001"}, {"naira": "1"}]
)
def test_a_turn_that_makes_no_sense_is_refused(world, switch):
    path = f"{world.url}/world/ledger/accounts/{PAYER.public_key}"
    assert world.http.post(path, json=switch).status_code == 422


def test_only_an_account_can_be_changed(world):
    assert world.http.post(f"{world.url}/world/ledger/accounts/GABC", json={}).status_code == 422


def test_the_truth_names_every_payment_in_full(world):
    paid = world.pay("BILL-x", "5030")
    [row] = world.truth_ledger()["payments"]
    closed_at = row.pop("closed_at")
    assert row == {
        "operation_id": paid.operation_id,
        "transaction_hash": paid.transaction_hash,
        "type": "payment",
        "kind": "transfer",
        "from": PAYER.public_key,
        "to": TREASURY.public_key,
        "to_muxed_id": None,
        "asset_code": "cNGN",
        "asset_issuer": identities.issuer().public_key,
        "amount_stroops": 50_300_000_000,
        "memo_type": "text",
        "memo": "QklMTC14",
        "ledger": paid.ledger,
    }
    assert closed_at.endswith("+00:00")
