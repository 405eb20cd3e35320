"""The watch, while its server asks us to slow down: it lets the server alone, and goes on by itself."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.crossing import HANDOVER
from activities.watch import WatchActivities
from billpay.domain.deposits import DepositPolicy
from billpay.domain.steps import PaymentRules
from billpay.failures import Unavailable
from billpay.intake import Intake
from tests.activities.placing import TREASURY
from tests.activities.recording import Recording
from tests.billpay.ledger import wire
from tests.billpay.told_ledger import Told, credit

PATIENCE_SECONDS = 20
BUSY_SECONDS = 30


class Busy(Told):
    """A server that is too busy for its second page, and says for how long."""

    def __init__(self):
        super().__init__([credit(1_001)], newest=1_001)
        self.refused = asyncio.Event()

    async def credits_after(self, wallet, cursor, limit):
        if len(self.asked) == 1:
            self.asked.append(cursor)
            self.refused.set()
            raise Unavailable("slow down", retry_after_seconds=BUSY_SECONDS)
        return await super().credits_after(wallet, cursor, limit)


class Counted(Intake):
    """Counts how often the watch looked."""

    looks = 0

    async def read_page(self):
        self.looks += 1
        return await super().read_page()


async def until(comes_true, watching) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not comes_true():
            assert not watching.done()
            await asyncio.sleep(0.001)


@pytest.fixture
def client() -> Recording:
    return Recording()


async def test_a_busy_server_ends_no_watch_and_is_not_asked_before_its_time(store, clock, client):
    """Fault 8: no restart follows, so none can become a storm; what is recorded is started meanwhile."""
    source = Busy()
    intake = Counted(
        source=source,
        store=store,
        wallet=TREASURY,
        network_passphrase=wire.PASSPHRASE,
        batch_size=50,
        clock=clock,
    )
    steps = WatchActivities(
        client=client,
        store=store,
        intake=intake,
        rules=PaymentRules(confirmation_deadline_seconds=1_800, review_window_seconds=0),
        deposit_policy=DepositPolicy(),
        task_queue="bills",
        poll_interval=timedelta(milliseconds=5),
    )
    environment = ActivityEnvironment()
    watching = asyncio.ensure_future(environment.run(steps.watch_payments))

    await until(source.refused.is_set, watching)
    looks = intake.looks
    await until(lambda: intake.looks >= looks + 5, watching)
    assert len(source.asked) == 2
    assert client.started
    clock.advance(timedelta(seconds=BUSY_SECONDS))
    await until(lambda: len(source.asked) > 2, watching)
    environment.worker_shutdown()
    with pytest.raises(ApplicationError) as ended:
        await watching
    assert ended.value.type == HANDOVER
