"""Steps as a worker runs them: on the real store, against the simulated outside, inside an activity's context."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from billpay.intake import Intake
from billpay.ledger.horizon import Horizon
from billpay.providers.vtpass import VTPass
from billpay.sandbox import identities
from billpay.store import Store
from billpay.store.payments import PaymentRecord
from tests.fixtures.postgres import MovableClock
from tests.fixtures.sandbox import Sandbox, Stage


async def run(step: Callable[[Any], Awaitable[Any]], request: Any, *, attempt: int = 1) -> Any:
    """Run an activity as its first or a later attempt."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt)
    return await environment.run(step, request)


async def failing(step: Callable[[Any], Awaitable[Any]], request: Any, *, attempt: int = 1) -> str:
    """Run an activity that fails, and answer the word by which the workflow will know why."""
    with pytest.raises(ApplicationError) as crossed:
        await run(step, request, attempt=attempt)
    return crossed.value.type or ""


@dataclass(frozen=True)
class Records:
    """Our records as a test reads them."""

    store: Store

    async def of(self, transaction_id: UUID) -> PaymentRecord:
        return await self.store.payments.record(transaction_id)

    async def status(self, transaction_id: UUID) -> str:
        return (await self.of(transaction_id)).order.status

    async def kinds(self, transaction_id: UUID) -> list[str]:
        return [event.kind for event in (await self.of(transaction_id)).events]

    async def told(self, transaction_id: UUID) -> list[str]:
        return [message.message_id for message in (await self.of(transaction_id)).messages]


@pytest.fixture
def records(store: Store) -> Records:
    return Records(store)


@pytest.fixture
def shop(sandbox_stage: Stage, clock: MovableClock) -> Iterator[Sandbox]:
    """The simulated outside, living by the movable clock."""
    with httpx.Client(timeout=40) as http:
        world = Sandbox(stage=sandbox_stage, http=http, clock=clock)
        world.start()
        yield world


@pytest_asyncio.fixture
async def horizon(sandbox: Sandbox) -> AsyncIterator[Horizon]:
    """The simulated network, which lives by the machine's clock."""
    source = Horizon(
        base_url=sandbox.horizon_url,
        asset_code=identities.ASSET_CODE,
        asset_issuer=identities.issuer().public_key,
    )
    yield source
    await source.close()


@pytest.fixture
def intake(horizon: Horizon, store: Store) -> Intake:
    """What reads the treasury's credits there."""
    return Intake(
        source=horizon,
        store=store,
        wallet=identities.treasury().public_key,
        network_passphrase=identities.NETWORK_PASSPHRASE,
        batch_size=50,
    )


@pytest_asyncio.fixture
async def vtpass(shop: Sandbox) -> AsyncIterator[VTPass]:
    """The adapter to that shop."""
    adapter = VTPass(
        base_url=shop.vtpass_url,
        api_key=SecretStr(identities.vtpass_api_key()),
        public_key=SecretStr(identities.vtpass_public_key()),
        secret_key=SecretStr(identities.vtpass_secret_key()),
        read_timeout_seconds=5,
    )
    yield adapter
    await adapter.close()
