"""The RPC server's switches: it fails as told, apart from Horizon, and the ledger is never touched by it."""

import httpx
import pytest
from stellar_sdk import Payment

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

TREASURY = identities.treasury().public_key


@pytest.fixture
def ask(world):
    """Call a method; answers the whole response."""

    def asked(method="getHealth", **params):
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return world.http.post(f"{world.url}/rpc", json=call)

    return asked


@pytest.fixture
def turn(world):
    return lambda **switches: world.tell("/world/rpc/faults", switches)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("rpc_429", 429), ("rpc_503", 503), ("rpc_504", 504), ("rpc_html", 200)],
)
def test_a_fault_is_met_by_so_many_calls_and_by_nobody_at_horizon(world, ask, turn, fault, status):
    turn(calls={fault: 1}, retry_after_seconds=7)
    assert world.http.get(f"{world.horizon_url}/").json()["history_latest_ledger"]
    response = ask()
    assert response.status_code == status
    assert "json" not in response.headers.get("content-type", "")
    assert response.headers.get("retry-after") == ("7" if status == 429 else None)
    assert ask().json()["result"]["status"] == "healthy"


def test_a_truncated_answer_is_no_json(ask, turn):
    turn(calls={"rpc_truncated": 1})
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        ask().json()


def test_an_internal_error_is_said_in_json(ask, turn):
    turn(calls={"rpc_internal": 1})
    assert ask().json()["error"]["code"] == -32603


def test_a_fault_may_be_for_some_methods_only(ask, turn):
    turn(calls={"rpc_503": 1}, methods=["getNetwork"])
    assert ask("getHealth").status_code == 200
    assert ask("getNetwork").status_code == 503


def test_a_lagging_server_knows_nothing_of_the_last_ledgers(world, ask, turn):
    paid = world.pay(None, "1")
    turn(rewind_to_ledger=paid.ledger - 1)
    assert ask().json()["result"]["latestLedger"] == paid.ledger - 1
    told = ask("getTransaction", hash=paid.transaction_hash).json()["result"]
    assert told["status"] == "NOT_FOUND"
    assert world.ask("/horizon/")["history_latest_ledger"] >= paid.ledger
    turn(rewind_to_ledger=None, lag_ledgers=0)
    told = ask("getTransaction", hash=paid.transaction_hash).json()["result"]
    assert told["status"] == "SUCCESS"


def test_an_undecodable_envelope_is_told_for_one_look_up(world, ask, turn):
    paid = world.pay(None, "1")
    turn(calls={"rpc_undecodable": 1})
    first, second = [
        ask("getTransaction", hash=paid.transaction_hash).json()["result"]["envelopeXdr"]
        for _ in range(2)
    ]
    assert first == "AAAAYw=="
    assert len(second) > 100


@pytest.fixture
def handed_in(world, scribe, ask, turn):
    """Hand an envelope in while a fault is on; answers whether a ledger has it in the end."""

    def done(fault):
        turn(calls={fault: 1})
        envelope = scribe.write(Payment(TREASURY, CNGN, "1"))
        try:
            ask("sendTransaction", transaction=envelope.to_xdr())
        except httpx.TransportError:
            assert fault == "send_reset"
        other = scribe.do(Payment(TREASURY, CNGN, "2"), source=identities.payer(2))
        hashes = [one["transaction_hash"] for one in world.truth_ledger()["payments"]]
        assert other["hash"] in hashes
        return envelope.hash_hex() in hashes

    return done


@pytest.mark.parametrize("fault", ["send_504", "send_reset", "rpc_504"])
def test_what_was_taken_is_applied_whatever_the_answer(handed_in, fault):
    assert handed_in(fault)


@pytest.mark.parametrize("fault", ["send_dropped", "rpc_503", "rpc_internal"])
def test_what_was_dropped_or_never_taken_is_in_no_ledger(handed_in, fault):
    assert not handed_in(fault)


def test_the_switches_survive_a_restart(world, ask, turn):
    turn(calls={"rpc_503": 1})
    world.start()
    assert ask().status_code == 503
