"""Horizon's pages and look-ups: cursors, order, limits, and what is missing."""

import pytest
from stellar_sdk import Payment

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

PAYER, OTHER = identities.payer(1), identities.payer(2)
TREASURY = identities.treasury().public_key


def payments(world, address=TREASURY, **query):
    return world.ask(f"/horizon/accounts/{address}/payments", **query)["_embedded"]["records"]


def get(world, path, **query):
    return world.http.get(f"{world.horizon_url}{path}", params=query)


def test_the_cursor_is_exclusive_and_ids_are_the_ledgers_own(world):
    """SEP-35: ledger, order in the ledger, order in the transaction."""
    paid = [world.pay(str(number), "1") for number in range(4)]
    ids = [one.operation_id for one in paid]
    assert [row["id"] for row in payments(world)] == ids
    assert [row["id"] for row in payments(world, cursor=ids[1])] == ids[2:]
    assert [row["id"] for row in payments(world, cursor=ids[2], order="desc")] == ids[1::-1]
    assert [row["id"] for row in payments(world, order="desc", limit=1)] == ids[3:]
    assert [int(one.operation_id) >> 32 for one in paid] == [one.ledger for one in paid]
    assert all(int(one.operation_id) & 0xFFFFFFFF == 1 << 12 | 1 for one in paid)


def test_payments_of_one_transaction_share_it_and_differ_in_id(world, scribe):
    """Fault 19."""
    applied = scribe.do(*[Payment(TREASURY, CNGN, str(amount)) for amount in (1, 2, 3)])
    rows = payments(world)
    toid = int(applied["paging_token"])
    assert [int(row["id"]) - toid for row in rows] == [1, 2, 3]
    assert {row["transaction_hash"] for row in rows} == {applied["hash"]}


def test_the_next_page_is_linked_and_an_empty_page_is_no_error(world):
    for number in range(3):
        world.pay(str(number), "1")
    page = get(world, f"/accounts/{TREASURY}/payments", limit=2, join="transactions").json()
    seen = page["_embedded"]["records"]
    while page["_embedded"]["records"]:
        page = world.http.get(page["_links"]["next"]["href"]).json()
        seen += page["_embedded"]["records"]
    assert [row["transaction"]["memo"] for row in seen] == ["0", "1", "2"]
    assert set(page["_links"]) == {"self", "next", "prev"}
    previous = world.http.get(page["_links"]["prev"]["href"]).json()
    assert [row["id"] for row in previous["_embedded"]["records"]] == [seen[1]["id"], seen[0]["id"]]


def test_an_accounts_own_payments_are_in_its_history_as_well(world, scribe):
    """A wallet's refunds come back in its own feed."""
    world.pay(None, "5")
    scribe.do(Payment(PAYER.public_key, CNGN, "5"), source=identities.treasury())
    assert [(row["from"], row["to"]) for row in payments(world)] == [
        (PAYER.public_key, TREASURY),
        (TREASURY, PAYER.public_key),
    ]


def test_now_is_the_end_of_the_newest_ledger(world):
    world.pay(None, "1")
    assert payments(world, cursor="now") == []
    assert len(payments(world, cursor="now", order="desc")) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "201"),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("cursor", "-5"),
        ("cursor", "abc"),
        ("cursor", "9223372036854775808"),
        ("order", "up"),
        ("join", "operations"),
        ("include_failed", "yes"),
    ],
)
def test_a_parameter_that_horizon_does_not_know_is_refused(world, name, value):
    """A limit above 200 is an error, not a smaller page."""
    response = get(world, f"/accounts/{TREASURY}/payments", **{name: value})
    assert response.status_code == 400
    assert response.json()["extras"]["invalid_field"] == name


def test_a_full_page_holds_200(world, scribe):
    for _ in range(3):
        scribe.do(*[Payment(TREASURY, CNGN, "0.0000001")] * 100)
    first = payments(world, limit=200)
    assert len(first) == 200
    assert len(payments(world, limit=200, cursor=first[-1]["paging_token"])) == 100


@pytest.mark.parametrize("path", ["", "/payments"])
def test_an_account_that_does_not_exist_is_missing(world, path):
    nobody = identities.payer(identities.PAYERS + 1).public_key
    assert get(world, f"/accounts/{nobody}{path}").status_code == 404
    assert get(world, f"/accounts/GABC{path}").status_code == 400


def test_an_account_without_history_has_an_empty_page(world):
    assert payments(world, OTHER.public_key) == []


@pytest.mark.parametrize("unknown", ["0" * 64, "ab" * 32])
def test_an_unknown_hash_is_missing(world, unknown):
    assert get(world, f"/transactions/{unknown}").status_code == 404


@pytest.mark.parametrize("malformed", ["0" * 63, "AB" * 32, "x"])
def test_a_hash_that_is_none_is_refused(world, malformed):
    assert get(world, f"/transactions/{malformed}").status_code == 400
