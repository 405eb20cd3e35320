"""What is left of the suite for a provider that sells nothing: it says so, buys nowhere, and keeps its key secret."""

import pytest
import pytest_asyncio
from fastapi import FastAPI

from billpay.domain.bills import BILLERS
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured, Unavailable
from billpay.providers import REGISTRY
from billpay.providers.paystack import SELLS_NOTHING
from billpay.sandbox.identities import environment, paystack_secret_key
from billpay.sandbox.journal import Journal
from billpay.sandbox.paystack import PaystackAccount, paystack_router, paystack_world_router
from billpay.settings import load_settings
from tests.conformance.exchange import AIRTIME, POWER, Witnessed

REQUEST_ID = "202603021000paystack"


@pytest_asyncio.fixture
async def paystack(sandbox_stage, clock, witness):
    account = PaystackAccount(clock, Journal(None))
    sandbox_stage.app = FastAPI()
    sandbox_stage.app.include_router(paystack_router(account), prefix="/paystack")
    sandbox_stage.app.include_router(paystack_world_router(account), prefix="/world")
    provider = built(load_settings(environment(sandbox_stage.url)))
    yield Witnessed(provider, witness)
    await provider.close()
    seen = "\n".join([*witness.logged, *witness.shown])
    assert paystack_secret_key() not in seen


def built(settings):
    return REGISTRY[ProviderName.PAYSTACK](settings)


def wanted_in_vain(stage):
    return stage.http.get(f"{stage.url}/world/truth/paystack").json()


async def test_it_sells_nothing(paystack):
    sold = [
        (kind, one.code)
        for one in BILLERS
        for kind in one.bill_types
        if paystack.provider.sells(kind, one.code)
    ]
    assert sold == []


@pytest.mark.parametrize("purchase", [POWER, AIRTIME], ids=["meter", "phone"])
async def test_asked_for_a_bill_it_names_the_reason_and_nothing_is_sent(
    paystack, sandbox_stage, purchase
):
    questions = (
        ("verify_account", purchase),
        ("buy", purchase, REQUEST_ID),
        ("requery", purchase, REQUEST_ID),
        ("requery", purchase, REQUEST_ID, "their-reference"),
        ("products", purchase.bill_type, purchase.biller),
    )
    for question in questions:
        refused = await paystack.ask(*question)
        assert type(refused) is Misconfigured
        assert refused.detail == SELLS_NOTHING
    assert wanted_in_vain(sandbox_stage) == []


async def test_its_balance_is_told_in_kobo(paystack, sandbox_stage):
    stage = sandbox_stage
    for kobo in (0, 1, 123_456_789_01):
        body = {"balance_kobo": kobo}
        stage.http.post(f"{stage.url}/world/paystack/wallet", json=body).raise_for_status()
        assert await paystack.ask("float_balance") == kobo
    assert await paystack.ask("check_key") is None


async def test_a_wrong_key_is_our_fault(paystack, sandbox_stage, witness):
    wrong = load_settings(
        environment(sandbox_stage.url) | {"PAYSTACK_API_KEY": f"{paystack_secret_key()}x"}
    )
    stranger = Witnessed(built(wrong), witness)
    assert type(await stranger.ask("check_key")) is Misconfigured
    await stranger.provider.close()


async def test_what_is_no_key_of_theirs_is_refused_before_anything_is_asked(sandbox_stage):
    settings = load_settings(environment(sandbox_stage.url) | {"PAYSTACK_API_KEY": "pk_x"})
    with pytest.raises(Misconfigured, match="sk_test_"):
        built(settings)


async def test_down_it_says_nothing(paystack, sandbox_stage):
    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>"})

    sandbox_stage.app = broken
    assert type(await paystack.ask("float_balance")) is Unavailable


async def test_an_event_is_genuine_when_they_signed_it(paystack, sandbox_stage):
    """Fault 50."""
    event = {"event": "transfer.success", "data": {"amount": 100_000}}
    url = f"{sandbox_stage.url}/world/paystack/webhooks"
    sent = sandbox_stage.http.post(url, json=event)
    signature = sent.headers["x-paystack-signature"]
    assert paystack.provider.is_genuine(sent.content, signature)
    assert not paystack.provider.is_genuine(sent.content + b" ", signature)
