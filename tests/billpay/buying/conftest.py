"""A market for each test."""

from collections.abc import AsyncIterator, Iterator

import httpx
import psycopg
import pytest
import pytest_asyncio

from billpay.sandbox import identities
from billpay.store.breakers import BREAKER_CLOSED, BREAKER_OPENED
from tests.billpay.buying.customers import Customers, Switch, adapter_over
from tests.billpay.buying.market import Market, adapter
from tests.fixtures.postgres import MovableClock
from tests.fixtures.sandbox import Sandbox, Stage


@pytest.fixture
def shop(sandbox_stage: Stage, clock: MovableClock) -> Iterator[Sandbox]:
    """The simulated outside, living by the movable clock."""
    with httpx.Client(timeout=40) as http:
        world = Sandbox(stage=sandbox_stage, http=http, clock=clock)
        world.start()
        yield world


@pytest_asyncio.fixture
async def market(shop, store, clock) -> AsyncIterator[Market]:
    vtpass = adapter(shop.vtpass_url)
    yield Market(shop, store, clock, vtpass)
    await vtpass.close()


@pytest_asyncio.fixture
async def customers(market) -> AsyncIterator[Customers]:
    line = Switch()
    first = adapter_over(market, line, identities.vtpass_secret_key())
    yield Customers(market, line, first)
    await first.close()


@pytest.fixture
def told(database_url):
    """How often an operator was told of an opening and of a closing."""

    def count() -> tuple[int, int]:
        with psycopg.connect(database_url) as connection:
            kinds = [kind for (kind,) in connection.execute("SELECT kind FROM payment_events")]
        return kinds.count(BREAKER_OPENED), kinds.count(BREAKER_CLOSED)

    return count
