"""An exchange with each seller of the registry in turn, and with one that only the tests have."""

import logging
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conformance.counterparts import COUNTERPARTS
from tests.conformance.exchange import (
    CARD,
    METER,
    PHONE,
    Exchange,
    Witness,
    Witnessed,
    adapter,
    keys_of,
)
from tests.fixtures.sandbox import Sandbox


@pytest.fixture(params=COUNTERPARTS, ids=lambda one: str(one.name))
def counterpart(request):
    return request.param


@pytest.fixture
def witness():
    """Hears every logger, at every level while our side is at work."""
    witness = Witness()
    logging.getLogger().addHandler(witness)
    yield witness
    logging.getLogger().removeHandler(witness)


@pytest_asyncio.fixture
async def exchange(counterpart, sandbox_stage, clock, witness) -> AsyncIterator[Exchange]:
    world = Sandbox(stage=sandbox_stage, http=sandbox_stage.http, clock=clock)
    world.stage.app = counterpart.app(clock, world.journal)
    opened = []

    def build(**changes):
        settings = counterpart.settings(world.url, **changes)
        opened.append(adapter(settings, counterpart))
        return Witnessed(opened[-1], witness)

    exchange = Exchange(counterpart, world, clock, build(), witness, build)
    exchange.secrets += keys_of(counterpart.settings(world.url), counterpart)
    for account in (METER, PHONE, CARD):
        exchange.script(account)
    yield exchange
    for provider in opened:
        await provider.close()
    exchange.truths()
    seen = "\n".join([*witness.logged, *witness.shown])
    assert [secret for secret in exchange.secrets if secret in seen] == [], "I18"
    logged = "\n".join(witness.logged)
    assert [one for one in (METER, PHONE, CARD) if one in logged] == [], "I18"
