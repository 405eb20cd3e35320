"""Paystack's wire format over real sockets: a key, a balance, signed events, and no bill anywhere."""

import hashlib
import hmac
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from billpay.sandbox.identities import paystack_secret_key
from billpay.sandbox.journal import Journal
from billpay.sandbox.paystack import (
    PaystackAccount,
    paystack_router,
    paystack_world_router,
)

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
HEADERS = {"Authorization": f"Bearer {paystack_secret_key()}"}


@pytest.fixture
def journal():
    return Journal(None)


@pytest.fixture
def account(journal):
    return PaystackAccount(lambda: NOON, journal)


@pytest.fixture
def http(sandbox_stage, account):
    sandbox_stage.app = FastAPI()
    sandbox_stage.app.include_router(paystack_router(account), prefix="/paystack")
    sandbox_stage.app.include_router(paystack_world_router(account), prefix="/world")
    with httpx.Client(base_url=sandbox_stage.url) as client:
        yield client


def test_the_balance_is_whole_kobo(http):
    http.post("/world/paystack/wallet", json={"balance_kobo": 1}).raise_for_status()
    assert http.get("/paystack/balance", headers=HEADERS).json() == {
        "status": True,
        "message": "Balances retrieved",
        "data": [{"currency": "NGN", "balance": 1}],
    }
    assert http.get("/world/paystack/wallet").json() == {"balance_kobo": 1}


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": paystack_secret_key()}, {"Authorization": "Bearer sk_test_x"}]
)
def test_a_wrong_key_is_refused_with_401(http, headers):
    response = http.get("/paystack/balance", headers=headers)
    assert (response.status_code, response.json()["status"]) == (401, False)
    assert response.json()["message"] == "Invalid key"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "bill"),
        ("POST", "bill/airtime"),
        ("GET", "billers"),
        ("POST", "billpayment"),
        ("POST", "transaction/initialize"),
    ],
)
def test_no_route_pays_a_bill_and_every_try_is_kept(http, method, path):
    """The routes that public code invents do not exist, whatever key is shown."""
    response = http.request(method, f"/paystack/{path}", headers=HEADERS)
    assert (response.status_code, response.json()["status"]) == (404, False)
    assert http.get("/world/truth/paystack").json() == [
        {"method": method, "path": path, "asked_at": NOON.isoformat()}
    ]


def test_an_event_is_signed_over_the_bytes_that_are_sent(http):
    response = http.post(
        "/world/paystack/webhooks", json={"event": "transfer.success", "data": {"amount": 1}}
    )
    expected = hmac.new(paystack_secret_key().encode(), response.content, hashlib.sha512)
    assert response.headers["x-paystack-signature"] == expected.hexdigest()
    assert response.json() == {"event": "transfer.success", "data": {"amount": 1}}


def test_a_restart_finds_everything_as_it_was(account, journal):
    account.set_balance(5)
    account.refuse("POST", "bill")
    again = PaystackAccount(lambda: NOON, journal)
    assert (again.balance, again.attempts) == (5, account.attempts)
    assert len(again.attempts) == 1


@pytest.mark.parametrize("body", [{"balance_kobo": -1}, {"balance": 1}])
def test_a_switch_that_makes_no_sense_is_refused(http, body):
    assert http.post("/world/paystack/wallet", json=body).status_code == 422
