"""Posting envelopes: forms only, as often as anybody likes, by any client."""

import pytest
from stellar_sdk import Payment, Server

from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN

PAYER = identities.payer(1)
TREASURY = identities.treasury().public_key


def test_the_same_envelope_may_be_posted_again_and_pays_once(world, scribe):
    """Faults 27 and 28."""
    sent = scribe.write(Payment(TREASURY, CNGN, "1"))
    answers = [world.submit(sent).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(world.truth_ledger()["payments"]) == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"tx": "AAAA"}},
        {"content": b"tx=AAAA", "headers": {"content-type": "text/plain"}},
    ],
)
def test_only_a_form_can_be_posted(world, sent):
    response = world.http.post(f"{world.horizon_url}/transactions", **sent)
    assert response.status_code == 415


@pytest.mark.parametrize("form", [{"tx": "AAAA"}, {"tx": "%%%"}, {"xdr": "AAAA"}, {}])
def test_what_is_no_envelope_is_malformed(world, form):
    response = world.http.post(
        f"{world.horizon_url}/transactions",
        data=form,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 400
    assert response.json()["type"].endswith("/transaction_malformed")


def test_the_sdks_own_client_is_at_home_here(world):
    """The wire is real enough for a client that was written for the real one."""
    with Server(world.horizon_url) as server:
        wallet = server.load_account(PAYER.public_key)
        sent = world.build("BILL-sdk", "5030", payer=PAYER, to=TREASURY)
        assert wallet.sequence + 1 == sent.transaction.sequence
        assert server.submit_transaction(sent)["successful"] is True
        page = server.payments().for_account(TREASURY).join("transactions").call()
        assert page["_embedded"]["records"][0]["transaction"]["memo"] == "BILL-sdk"
        assert server.fetch_base_fee() == 100
