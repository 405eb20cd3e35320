"""Horizon's failures on demand: what the client gets, and what is true all the same."""

import itertools
import json

import httpx
import pytest
from stellar_sdk import MuxedAccount, Payment

from billpay.sandbox import identities
from billpay.sandbox.ledger_faults import (
    ACCOUNTS_FAULTS,
    ASYNC_FAULTS,
    PAYMENTS_FAULTS,
    READS_FAULTS,
    ROOT_FAULTS,
    SUBMIT_FAULTS,
    TRANSACTIONS_FAULTS,
    Fault,
)
from tests.fixtures.sandbox import CNGN

PAYER = identities.payer(1)
TREASURY = identities.treasury().public_key


@pytest.fixture
def sent(scribe):
    return scribe.write(Payment(TREASURY, CNGN, "1"))


def feed(world, **query):
    return world.http.get(f"{world.horizon_url}/accounts/{TREASURY}/payments", params=query)


def ids(response):
    return [row["id"] for row in response.json()["_embedded"]["records"]]


def paid(world):
    return len(world.truth_ledger()["payments"])


def looked_up(world, sent):
    return world.http.get(f"{world.horizon_url}/transactions/{sent.hash_hex()}").status_code


def newest(world):
    return world.ask("/horizon/")["history_latest_ledger"]


def until(condition):
    """Ask until it is so; each question takes its time, and ledgers close meanwhile."""
    assert any(condition() for _ in range(5000))


# Submitting


def test_a_504_can_hide_an_applied_transaction(world, sent):
    """Fault 27."""
    world.ledger_faults(calls={"submit_504_applied": 1})
    response = world.submit(sent)
    assert response.status_code == 504
    problem = response.json()
    assert problem["type"] == "transaction_submission_timeout"
    assert problem["extras"]["hash"] == sent.hash_hex()
    assert (looked_up(world, sent), paid(world)) == (200, 1)


def test_a_504_can_come_before_the_ledger_does(world, sent):
    """Fault 7: 404 right after acceptance proves nothing."""
    world.ledger_faults(calls={"submit_504": 1})
    assert world.submit(sent).status_code == 504
    until(lambda: paid(world))
    assert looked_up(world, sent) == 200


def test_a_504_can_mean_that_nothing_was_taken(world, sent):
    world.ledger_faults(calls={"submit_504_dropped": 1})
    assert world.submit(sent).status_code == 504
    seen = newest(world)
    until(lambda: newest(world) > seen + 2)
    assert (looked_up(world, sent), paid(world)) == (404, 0)
    assert world.submit(sent).is_success


def test_a_connection_can_break_after_applying(world, sent):
    world.ledger_faults(calls={"submit_reset": 1})
    with pytest.raises(httpx.ReadError):
        world.submit(sent)
    assert (looked_up(world, sent), paid(world)) == (200, 1)


def test_a_resubmission_finds_what_a_fault_has_hidden(world, sent):
    """Fault 25: the same envelope again, never another one."""
    world.ledger_faults(calls={"submit_504_applied": 2})
    assert [world.submit(sent).status_code for _ in range(3)] == [504, 200, 200]
    assert paid(world) == 1


# Reading


def test_a_rate_limit_says_when_to_come_back(world):
    """Fault 8."""
    world.ledger_faults(calls={"payments_429": 1}, retry_after_seconds=7)
    response = feed(world)
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    assert response.json()["type"].endswith("/rate_limit_exceeded")
    assert feed(world).status_code == 200


def test_a_server_can_be_too_far_behind_to_answer(world):
    """Fault 8."""
    world.ledger_faults(calls={"payments_503": 1})
    assert feed(world).json()["type"].endswith("/stale_history")


def test_a_page_can_be_html_with_200(world):
    """Fault 8."""
    world.ledger_faults(calls={"payments_html": 1})
    response = feed(world)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_a_page_can_be_cut_in_half(world):
    """Fault 9."""
    world.pay(None, "1")
    world.ledger_faults(calls={"payments_truncated": 1})
    response = feed(world)
    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_a_page_can_repeat_records_of_the_page_before(world):
    """Fault 9."""
    paid = [world.pay(None, "1").operation_id for _ in range(6)]
    world.ledger_faults(calls={"payments_repeated": 1})
    assert ids(feed(world, cursor=paid[3])) == paid[1:]
    assert ids(feed(world, cursor=paid[3])) == paid[4:]
    world.ledger_faults(calls={"payments_repeated": 1})
    assert ids(feed(world)) == paid


def test_each_fault_meets_as_many_calls_as_were_set_in_the_tables_order(world):
    world.ledger_faults(calls={"payments_503": 1, "payments_429": 2})
    assert [feed(world).status_code for _ in range(4)] == [429, 429, 503, 200]


def test_every_fault_has_a_place():
    places = [SUBMIT_FAULTS, ASYNC_FAULTS, PAYMENTS_FAULTS, ACCOUNTS_FAULTS, TRANSACTIONS_FAULTS]
    assert sorted(itertools.chain(*places, ROOT_FAULTS, READS_FAULTS)) == sorted(Fault)


@pytest.mark.parametrize("place", ["root", "accounts", "transactions"])
def test_other_reads_fail_as_payments_do_each_by_a_switch_of_its_own(world, place):
    """Fault 8."""
    paid = world.pay(None, "1")
    path = {
        "root": "/",
        "accounts": f"/accounts/{TREASURY}",
        "transactions": f"/transactions/{paid.transaction_hash}",
    }[place]
    world.ledger_faults(calls={f"{place}_429": 1, f"{place}_html": 1}, retry_after_seconds=3)
    limited, page, fine = (world.http.get(f"{world.horizon_url}{path}") for _ in range(3))
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "3")
    assert page.headers["content-type"].startswith("text/html")
    assert (page.status_code, fine.status_code) == (200, 200)
    assert fine.json()


def test_a_gateway_can_fail_any_read_and_no_submission(world, sent):
    """Fault 8."""
    world.ledger_faults(calls={"reads_504": 2})
    assert world.submit(sent).status_code == 200
    assert [looked_up(world, sent), feed(world).status_code] == [504, 504]
    assert looked_up(world, sent) == 200


# Lag


def test_a_lagging_server_knows_nothing_of_the_last_ledgers(world):
    """Fault 6: reads go back in time, all of them alike."""
    paid = world.pay("BILL-late", "1")
    world.ledger_faults(lag_ledgers=100)
    root = world.ask("/horizon/")
    assert root["core_latest_ledger"] - root["history_latest_ledger"] <= 100
    assert root["history_latest_ledger"] < paid.ledger
    assert world.http.get(f"{world.horizon_url}/transactions/{paid.transaction_hash}").is_error
    assert ids(feed(world)) == []
    account = world.ask(f"/horizon/accounts/{TREASURY}")
    assert account["balances"][0]["balance"] == "0.0000000"
    assert world.truth_ledger()["balances"][TREASURY] == 10_000_000
    world.ledger_faults(lag_ledgers=0)
    assert ids(feed(world)) == [paid.operation_id]


def test_a_lagging_server_answers_a_submission_once_it_has_read_it(world, sent):
    world.ledger_faults(lag_ledgers=5)
    applied = world.submit(sent).raise_for_status().json()
    root = world.ask("/horizon/")
    assert root["core_latest_ledger"] >= applied["ledger"] + 5


def test_a_lagging_server_waits_before_it_repeats_a_bad_sequence_number(world, sent):
    """Fault 25: what looks like a bad sequence number was applied, and it finds out in time."""
    world.submit(sent).raise_for_status()
    world.ledger_faults(lag_ledgers=20)
    assert looked_up(world, sent) == 404
    assert world.submit(sent).status_code == 200


def test_a_server_can_go_back_to_a_ledger_and_stay_there(world):
    """Fault 6: what was shown is gone, and comes back when it has caught up."""
    first, second = world.pay(None, "1"), world.pay(None, "1")
    world.ledger_faults(rewind_to_ledger=first.ledger)
    for _ in range(3):
        assert newest(world) == first.ledger
        assert ids(feed(world)) == [first.operation_id]
    assert world.ask(f"/horizon/accounts/{TREASURY}")["balances"][0]["balance"] == "1.0000000"
    world.ledger_faults(rewind_to_ledger=None)
    assert ids(feed(world)) == [first.operation_id, second.operation_id]


# A fork


def test_a_fork_can_know_nothing_of_muxed_accounts(world, scribe):
    """Fault 17: whom it was for cannot be told from there."""
    scribe.do(Payment(MuxedAccount(TREASURY, 7), CNGN, "1"))
    assert feed(world).json()["_embedded"]["records"][0]["to_muxed_id"] == "7"
    world.ledger_faults(muxed_fields=False)
    response = feed(world, join="transactions")
    assert "muxed" not in response.text
    assert response.json()["_embedded"]["records"][0]["to"] == TREASURY
    assert response.headers["content-type"].startswith("application/hal+json")
    account = world.http.get(f"{world.horizon_url}/accounts/{TREASURY}")
    assert account.headers["latest-ledger"]


# Retention


def test_a_server_can_have_forgotten_the_beginning(world):
    """Fault 10: an old cursor is moved up, and nothing says so but the root."""
    paid = [world.pay(None, "1") for _ in range(3)]
    world.ledger_faults(elder_ledger=paid[1].ledger)
    assert world.ask("/horizon/")["history_elder_ledger"] == paid[1].ledger
    assert ids(feed(world, cursor="0")) == [one.operation_id for one in paid[1:]]
    assert ids(feed(world, order="desc")) == [one.operation_id for one in paid[:0:-1]]
    assert feed(world, order="desc", cursor=paid[0].operation_id).status_code == 410
    assert world.http.get(f"{world.horizon_url}/transactions/{paid[0].transaction_hash}").is_error
    assert paid[0].transaction_hash in {
        row["transaction_hash"] for row in world.truth_ledger()["payments"]
    }


# Switches


def test_switches_stay_as_they_are_unless_named(world):
    world.ledger_faults(calls={"payments_429": 1}, lag_ledgers=3)
    switches = world.tell("/world/ledger/faults", {"elder_ledger": 2})
    assert switches == {
        "calls": {"payments_429": 1},
        "retry_after_seconds": 1,
        "lag_ledgers": 3,
        "rewind_to_ledger": None,
        "elder_ledger": 2,
        "asynchronous": True,
        "muxed_fields": True,
        "base_fee_stroops": 100,
    }


def test_switches_outlive_a_restart(world):
    world.ledger_faults(calls={"payments_503": 2}, lag_ledgers=3)
    feed(world)
    world.start()
    assert world.tell("/world/ledger/faults", {})["calls"] == {"payments_503": 1}


@pytest.mark.parametrize(
    "switch",
    [
        {"calls": {"payments_418": 1}},
        {"calls": {"payments_429": -1}},
        {"lag_ledgers": 101},
        {"elder_ledger": 0},
        {"lag": 1},
    ],
)
def test_a_switch_that_does_not_exist_cannot_be_turned(world, switch):
    assert world.http.post(f"{world.url}/world/ledger/faults", json=switch).status_code == 422
