import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from billpay.clock import system_clock
from billpay.domain.breaker import EVERYTHING, BreakerRules, Call, Heard, Line, Question
from billpay.domain.routing import ProviderName
from billpay.store import Store
from tests.fixtures.postgres import SEALING_KEY

LINE = Line("electricity/ekedc")
ORDER = UUID(int=1)


def rules(probe_seconds: float = 3600) -> BreakerRules:
    return BreakerRules(
        window=timedelta(minutes=5),
        minimum_calls=2,
        failure_share=0.5,
        probe_after=timedelta(seconds=probe_seconds),
    )


@pytest.fixture
def failed(database_url):
    """Let the calls of one order fail, as a worker records them now."""

    def record(heard=Heard.FAILED, *, times=2, probe_seconds=3600.0, claim=False, **changes):
        async def work():
            store = await Store.open(database_url, sealing_key=SEALING_KEY, clock=system_clock)
            facts = {
                "provider": ProviderName.FLUTTERWAVE,
                "line": LINE,
                "question": Question.PAY,
                "transaction_id": ORDER,
                "heard": heard,
                "detail": "Flutterwave did not answer in time",
            }
            for _ in range(times):
                await store.breakers.record(Call(**facts | changes), rules(probe_seconds))
            if claim:
                await store.breakers.claim_probe(ProviderName.FLUTTERWAVE, LINE, ORDER)
            await store.close()

        asyncio.run(work())

    return record


def by_name(document):
    return {one["provider"]: one for one in document["providers"]}


def test_every_provider_is_told_with_its_float_and_our_reserve(here):
    told = here.json("providers")
    assert told["reserve"] == "10000.00"
    states = by_name(told)
    assert list(states) == ["vtpass", "flutterwave", "paystack"]
    assert states["vtpass"]["float"] == "10000000.00"
    assert states["flutterwave"]["is_float_above_reserve"] is True
    assert [name for name, one in states.items() if one["sells_bills"]] == ["vtpass", "flutterwave"]
    assert [one["breakers"] for one in states.values()] == [[], [], []]


def test_a_float_below_the_reserve_is_said(here, sandbox):
    sandbox.tell("/world/vtpass/wallet", {"balance_kobo": 1_000_000})
    assert by_name(here.json("providers"))["vtpass"]["is_float_above_reserve"] is False
    lines = here.command("providers").stdout.splitlines()
    assert lines[0] == "vtpass: float ₦10,000, reserve ₦10,000 (too low: nothing is bought there)"


def test_a_provider_that_does_not_tell_its_float_is_told_with_why(here, monkeypatch):
    monkeypatch.setenv("VTPASS_BASE_URL", "http://127.0.0.1:1")
    vtpass = by_name(here.json("providers"))["vtpass"]
    assert (vtpass["is_configured"], vtpass["float"]) == (True, None)
    assert "could not be reached" in vtpass["problem"]
    assert "float not told: VTPass could not be reached" in here.command("providers").stdout


def test_a_provider_without_keys_is_told_as_such(command, database_url, monkeypatch, here):
    monkeypatch.setenv("SKIP_EXTERNALS", "false")
    states = by_name(here.json("providers"))
    assert [one["is_configured"] for one in states.values()] == [False] * 3
    assert "paystack: not configured here; sells no bills" in command("providers").stdout


def test_who_is_asked_last_is_told_with_since_when_and_why(here, failed):
    failed()
    (breaker,) = by_name(here.json("providers"))["flutterwave"]["breakers"]
    assert (breaker["line"], breaker["state"]) == (LINE, "open")
    assert breaker["opened_at"] < breaker["next_probe_at"]
    assert breaker["last_failure"] == "Flutterwave did not answer in time"
    opened, last = here.command("providers").stdout.splitlines()[2:4]
    assert opened.startswith("  electricity/ekedc: asked last since 2")
    assert "2 of 2 purchases failed within 300 s" in opened
    assert "; tried again from 2" in opened
    assert last.startswith("  electricity/ekedc: failed last at 2")


def test_who_is_being_tried_is_told_with_the_order_that_tries_it(here, failed):
    failed(probe_seconds=0, claim=True)
    (breaker,) = by_name(here.json("providers"))["flutterwave"]["breakers"]
    assert (breaker["state"], breaker["probing"]) == ("half_open", str(ORDER))
    assert f"{ORDER} tries it" in here.command("providers").stdout


def test_who_may_be_tried_is_told_too(here, failed):
    failed(probe_seconds=0)
    assert "the next order tries it" in here.command("providers").stdout


def test_trouble_with_our_account_is_told_of_everything(here, failed):
    failed(Heard.OUR_ACCOUNT, detail="our secret key was refused")
    (breaker,) = by_name(here.json("providers"))["flutterwave"]["breakers"]
    assert (breaker["line"], breaker["reason"]) == (EVERYTHING, "our secret key was refused")


def test_a_failure_that_opened_nothing_is_told_as_the_last_one(here, failed):
    failed(times=1)
    out = here.command("providers").stdout
    assert "failed last at" in out
    assert "asked last" not in out
