"""Posting without waiting: what core says, word for word, and what is true behind it."""

import httpx
import pytest
from stellar_sdk import Payment, xdr

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN, Sandbox

PAYER = identities.payer(1)
TREASURY = identities.treasury().public_key


@pytest.fixture
def sent(scribe):
    return scribe.write(Payment(TREASURY, CNGN, "1"))


def hand_in(world, sent):
    text = sent if isinstance(sent, str) else sent.to_xdr()
    return world.http.post(f"{world.horizon_url}/transactions_async", data={"tx": text})


def told(response):
    return response.status_code, response.json()


def is_applied(world, sent):
    """Look it up for some ledgers."""
    newest = world.ask("/horizon/")["history_latest_ledger"]
    while world.ask("/horizon/")["history_latest_ledger"] < newest + 3:
        found = world.http.get(f"{world.horizon_url}/transactions/{sent.hash_hex()}")
        if found.is_success:
            return True
    return False


@pytest.fixture
def slow(sandbox_stage):
    """A world whose next ledger is far away."""
    world = Sandbox(stage=sandbox_stage, http=sandbox_stage.http, ledger_seconds=100)
    world.start()
    return world


def test_what_is_taken_is_pending_and_then_applied(world, sent):
    assert told(hand_in(world, sent)) == (
        201,
        {"tx_status": "PENDING", "hash": sent.hash_hex()},
    )
    assert is_applied(world, sent)


def test_what_waits_already_is_a_duplicate(slow):
    sent = slow.build(None, "1", payer=PAYER, to=TREASURY)
    hand_in(slow, sent)
    assert told(hand_in(slow, sent)) == (
        409,
        {"tx_status": "DUPLICATE", "hash": sent.hash_hex()},
    )


def test_a_second_transaction_of_an_account_has_to_come_again(slow):
    hand_in(slow, slow.build(None, "1", payer=PAYER, to=TREASURY))
    second = slow.build(None, "2", payer=PAYER, to=TREASURY)
    assert told(hand_in(slow, second)) == (
        503,
        {"tx_status": "TRY_AGAIN_LATER", "hash": second.hash_hex()},
    )


def test_what_is_refused_says_why_in_xdr_alone(world, sent):
    """Nothing is looked up first: what was applied is refused for its number."""
    world.submit(sent).raise_for_status()
    status, document = told(hand_in(world, sent))
    result = xdr.TransactionResult.from_xdr(document.pop("error_result_xdr"))
    assert result.result.code is xdr.TransactionResultCode.txBAD_SEQ
    assert (status, document) == (400, {"tx_status": "ERROR", "hash": sent.hash_hex()})


def test_what_fails_in_its_ledger_was_pending_all_the_same(world, scribe):
    sent = scribe.write(Payment(identities.relayer(9).public_key, CNGN, "1"))
    assert hand_in(world, sent).status_code == 201
    assert is_applied(world, sent)
    assert world.ask(f"/horizon/transactions/{sent.hash_hex()}")["successful"] is False


def test_what_is_no_envelope_is_malformed(world):
    response = hand_in(world, "AAAA")
    assert response.status_code == 400
    assert response.json()["type"].endswith("/transaction_malformed")
    assert world.http.post(f"{world.horizon_url}/transactions_async", json={}).status_code == 415


def test_a_fork_can_be_without_it(world, sent):
    world.ledger_faults(asynchronous=False)
    status, document = told(hand_in(world, sent))
    assert (status, document["type"].endswith("/not_found")) == (404, True)
    assert not is_applied(world, sent)
    assert "transactions_async" not in world.ask("/horizon/")["_links"]
    world.ledger_faults(asynchronous=True)
    assert hand_in(world, sent).status_code == 201


# Faults


@pytest.mark.parametrize(
    ("fault", "can_be_applied"), [("async_504", True), ("async_504_dropped", False)]
)
def test_a_gateway_tells_nothing_of_what_was_taken(world, sent, fault, can_be_applied):
    """Faults 7 and 27."""
    world.ledger_faults(calls={fault: 1})
    assert hand_in(world, sent).status_code == 504
    assert is_applied(world, sent) is can_be_applied


@pytest.mark.parametrize(
    ("fault", "can_be_applied"), [("async_reset", True), ("async_reset_dropped", False)]
)
def test_a_broken_connection_tells_nothing_of_what_was_taken(world, sent, fault, can_be_applied):
    """Fault 27."""
    world.ledger_faults(calls={fault: 1})
    with pytest.raises(httpx.ReadError):
        hand_in(world, sent)
    assert is_applied(world, sent) is can_be_applied


def test_pending_is_no_promise(world, sent):
    """I10: one node's word is no proof of anything."""
    world.ledger_faults(calls={"async_pending_dropped": 1})
    assert hand_in(world, sent).status_code == 201
    assert not is_applied(world, sent)
    assert hand_in(world, sent).status_code == 201
    assert is_applied(world, sent)


# What it costs


def test_a_surge_is_told_in_the_fee_stats_and_refuses_low_bids(world, scribe):
    """Fault 26: whoever bids what nine of ten paid gets in."""
    world.ledger_faults(base_fee_stroops=4000)
    stats = world.ask("/horizon/fee_stats")
    charged = stats["fee_charged"]
    assert (charged["min"], charged["p90"], charged["p99"]) == ("100", "4000", "4000")
    assert stats["last_ledger_base_fee"] == "100"
    assert scribe.codes(Payment(TREASURY, CNGN, "1")) == ["tx_insufficient_fee"]
    applied = scribe.do(Payment(TREASURY, CNGN, "1"), fee=9000)
    assert (applied["fee_charged"], applied["max_fee"]) == ("4000", "9000")
