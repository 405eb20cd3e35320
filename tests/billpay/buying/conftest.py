"""A market for each test."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

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
