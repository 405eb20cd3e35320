"""Paystack: what is real is checked against the simulated one over real sockets, and nothing is ever sold."""

import hashlib
import hmac
import logging
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from billpay.domain.bills import BILLERS, BillerCode, BillType
from billpay.domain.money import Kobo
from billpay.domain.routing import ProviderName
from billpay.failures import Failure, Misconfigured, Unavailable
from billpay.providers.paystack import SELLS_NOTHING, Paystack
from billpay.sandbox.identities import paystack_secret_key
from billpay.sandbox.journal import Journal
from billpay.sandbox.paystack import (
    SIGNATURE_HEADER,
    PaystackAccount,
    paystack_router,
    paystack_world_router,
)

REQUEST_ID = "202611230901abc123def456"
KEY = f"sk_test_{hashlib.sha256(b'paystack tests').hexdigest()}"


@pytest.fixture
def account(sandbox_stage):
    account = PaystackAccount(lambda: datetime(2026, 3, 2, tzinfo=UTC), Journal(None))
    sandbox_stage.app = FastAPI()
    sandbox_stage.app.include_router(paystack_router(account), prefix="/paystack")
    sandbox_stage.app.include_router(paystack_world_router(account), prefix="/world")
    return account


@pytest.fixture
async def paystack(sandbox_stage, account):
    adapter = Paystack(
        base_url=f"{sandbox_stage.url}/paystack", secret_key=SecretStr(paystack_secret_key())
    )
    yield adapter
    await adapter.close()


def answering(answer, key=KEY):
    return Paystack(
        base_url="https://x.test",
        secret_key=SecretStr(key),
        transport=httpx.MockTransport(answer),
    )


async def test_it_sells_nothing_to_anybody(paystack):
    assert paystack.name is ProviderName.PAYSTACK
    assert not any(paystack.sells(kind, one.code) for one in BILLERS for kind in one.bill_types)


async def test_asking_for_a_bill_names_the_reason_and_sends_nothing(paystack, account, purchase):
    """The seed's own adapter opened a checkout page here, and the order never ended."""
    for call in (
        paystack.verify_account(purchase()),
        paystack.buy(purchase(), REQUEST_ID),
        paystack.requery(purchase(), REQUEST_ID),
        paystack.products(BillType.DATA, BillerCode("mtn")),
    ):
        with pytest.raises(Misconfigured) as refused:
            await call
        assert refused.value.detail == SELLS_NOTHING
        assert "no bill-payment API" in SELLS_NOTHING
    assert account.attempts == []


async def test_the_key_is_checked_by_paystack_itself(paystack, sandbox_stage):
    await paystack.check_key()
    stranger = Paystack(base_url=f"{sandbox_stage.url}/paystack", secret_key=SecretStr(KEY))
    with pytest.raises(Misconfigured, match="refused our key"):
        await stranger.check_key()
    await stranger.close()


@pytest.mark.parametrize("kobo", [0, 1, 1_700_000])
async def test_the_balance_is_kobo_already(paystack, account, kobo):
    """I17: naira here and kobo there is a factor of a hundred."""
    account.set_balance(Kobo(kobo))
    assert await paystack.float_balance() == kobo


@pytest.mark.parametrize(
    "document",
    [
        {"status": True, "data": [{"currency": "USD", "balance": 5}]},
        {"status": True, "data": [{"currency": "NGN", "balance": 5.5}]},
        {"status": True, "data": [{"currency": "NGN", "balance": -5}]},
        {"status": True, "data": [{"currency": "NGN", "balance": None}]},
        {"status": True, "data": {"currency": "NGN", "balance": 5}},
        {"status": False, "data": [{"currency": "NGN", "balance": 5}]},
        {"status": "true", "data": [{"currency": "NGN", "balance": 5}]},
        {},
    ],
)
async def test_a_balance_that_cannot_be_read_is_none(document):
    with pytest.raises(Unavailable):
        await answering(lambda request: httpx.Response(200, json=document)).float_balance()


async def test_the_naira_row_is_found_among_others():
    rows = [{"currency": "GHS", "balance": 7}, {"currency": "NGN", "balance": "12"}]
    adapter = answering(lambda request: httpx.Response(200, json={"status": True, "data": rows}))
    assert await adapter.float_balance() == Kobo(12)


@pytest.mark.parametrize("key", ["", "pk_test_abc", "sk_abc", "sk_test_", "sk_test_a b", "x"])
def test_a_key_that_is_no_secret_key_is_refused_at_once(key):
    with pytest.raises(Misconfigured, match="sk_test_ or sk_live_") as refused:
        answering(lambda request: httpx.Response(500), key)
    assert not key or f"{key!r}" not in str(refused.value)


def test_the_key_decides_whether_money_is_real():
    live = f"sk_{'live'}_{KEY[8:]}"
    assert answering(lambda request: httpx.Response(500), live).is_live
    assert not answering(lambda request: httpx.Response(500)).is_live


# Webhooks


def signed(body, key=KEY):
    return hmac.new(key.encode(), body, hashlib.sha512).hexdigest()


async def test_an_event_that_paystack_signed_is_genuine(paystack, sandbox_stage):
    async with httpx.AsyncClient() as http:
        event = await http.post(
            f"{sandbox_stage.url}/world/paystack/webhooks",
            json={"event": "transfer.success", "data": {"reference": "r", "amount": 100}},
        )
    assert paystack.is_genuine(event.content, event.headers[SIGNATURE_HEADER])


BODY = b'{"event":"transfer.success","data":{"amount":100000}}'


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY, ""),
        (BODY, "é"),
        (BODY, signed(BODY).upper()),
        (BODY, signed(BODY)[:-1]),
        (BODY, signed(BODY, "sk_test_other")),
        (BODY, hmac.new(KEY.encode(), BODY, hashlib.sha256).hexdigest()),
        (BODY.replace(b"100000", b"900000"), signed(BODY)),
        (BODY + b"\n", signed(BODY)),
        (b"", signed(BODY)),
    ],
)
def test_a_forged_event_is_not(body, signature):
    """Fault 50: unsigned, another tenant's, another digest, changed by a byte or merely written anew."""
    adapter = answering(lambda request: httpx.Response(500))
    assert adapter.is_genuine(BODY, signed(BODY))
    assert not adapter.is_genuine(body, signature)


# Secrets


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx.Response(401, text=str(request.headers)),
        lambda request: httpx.Response(500, json={"message": str(request.headers)}),
        lambda request: httpx.Response(200, json={"message": str(request.headers)}),
    ],
)
async def test_the_key_is_never_repeated(caplog, answer):
    """I18."""
    caplog.set_level(logging.DEBUG)
    adapter = answering(answer)
    with pytest.raises(Failure) as failure:
        await adapter.float_balance()
    told = failure.value
    assert KEY not in f"{caplog.text}{told!r}{told.evidence}{told.__context__!r}{vars(adapter)!r}"
