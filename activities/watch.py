"""Step: detect payments. One activity that never ends, handed from worker to worker."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from temporalio import activity
from temporalio.client import Client

from activities import names
from activities.crossing import failures_cross, handover
from activities.outbox import Outbox
from billpay.domain.deposits import DepositPolicy
from billpay.domain.steps import PaymentRules
from billpay.intake import Intake
from billpay.store import Store

LAST_STARTS_SECONDS = 10.0
"""How long a stopping watcher lets its last starts finish; what is left is started by the next one."""


@dataclass(frozen=True)
class WatchActivities:
    """Turning credits on the ledger into workflows."""

    client: Client
    store: Store
    intake: Intake
    rules: PaymentRules
    deposit_policy: DepositPolicy
    task_queue: str
    poll_interval: timedelta

    @activity.defn(name=names.WATCH_PAYMENTS)
    async def watch_payments(self) -> None:
        """Record every credit and start its workflow, until this worker stops.

        Reading and starting go on beside each other: a long outbox does not keep the ledger from being read, nor a
        silent ledger what is recorded from being started.

        Safe to repeat: deposits and cursor are stored in one commit, and workflows are started from the stored rows,
        so whoever comes next finds what was recorded but not started (I1, I11).

        Raises:
            Unavailable: the ledger's server gave no answer; the policy repeats it.
            Misconfigured: the wrong network, or the server's history begins after our cursor.
        """
        with failures_cross():
            news, stopping = asyncio.Event(), asyncio.Event()
            starting = asyncio.create_task(self._outbox.keep_draining(news, stopping))
            try:
                await self._read(news, starting)
            finally:
                stopping.set()
                news.set()
                await asyncio.wait({starting}, timeout=LAST_STARTS_SECONDS)
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
            raise handover()

    async def _read(self, news: asyncio.Event, starting: "asyncio.Task[None]") -> None:
        """Record page after page until the worker stops, or the starting has broken down."""
        await self.intake.check()
        while not activity.is_worker_shutdown():
            is_full = await self.intake.read_page()
            news.set()
            await self.store.orders.expire_unpaid()
            if starting.done():
                await starting
            if not is_full:
                await self._rest(starting)

    async def _rest(self, starting: "asyncio.Task[None]") -> None:
        stopped = asyncio.ensure_future(activity.wait_for_worker_shutdown())
        await asyncio.wait(
            {stopped, starting},
            timeout=self.poll_interval.total_seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopped.cancel()

    @cached_property
    def _outbox(self) -> Outbox:
        """Made once: it remembers what could not be started."""
        return Outbox(
            client=self.client,
            store=self.store,
            rules=self.rules,
            policy=self.deposit_policy,
            task_queue=self.task_queue,
        )
