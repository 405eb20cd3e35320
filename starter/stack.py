"""The whole local system as child processes: PostgreSQL, Temporal, the sandbox and the worker.

What the configuration names already is used and not started: DATABASE_URL, TEMPORAL_ADDRESS or a profile of Temporal's
own, and the real outside where SKIP_EXTERNALS is false.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from billpay.failures import Misconfigured
from billpay.settings import Settings, load_settings
from billpay.store.schema import migrate
from starter.connection import environment_here, temporal_profile
from starter.local.children import Child, Say
from starter.local.leftovers import stop_leftovers
from starter.local.our_programs import Sandbox, Worker
from starter.local.ports import Ports
from starter.local.postgres import PostgresServer
from starter.local.state import StackState
from starter.local.temporal_server import DEFAULT_NAMESPACE, TemporalServer

_PUBLISHED = (
    "DATABASE_URL",
    "TEMPORAL_ADDRESS",
    "TEMPORAL_NAMESPACE",
    "TEMPORAL_TASK_QUEUE",
    "SKIP_EXTERNALS",
    "SANDBOX_URL",
)
"""What other commands need to find this stack."""


_OUTSIDE = (
    "FLUTTERWAVE_API_KEY",
    "FLUTTERWAVE_SECRET_KEY",
    "VTPASS_API_KEY",
    "VTPASS_PUBLIC_KEY",
    "VTPASS_SECRET_KEY",
    "PAYSTACK_API_KEY",
    "HORIZON_URL",
    "STELLAR_RPC_URL",
    "STELLAR_NETWORK_PASSPHRASE",
    "CNGN_ASSET_ISSUER",
    "SYSTEM_WALLET_ADDRESS",
    "SYSTEM_WALLET_SECRET",
)
"""Whoever sets one of these has an outside in mind, and must say whether the sandbox stands in for the rest of it."""


def without_outside(environment: Mapping[str, str]) -> dict[str, str]:
    """Answer what the sandbox may see: it is the outside itself, and no key to a real one is its business."""
    return {name: value for name, value in environment.items() if name not in _OUTSIDE}


class Stack:
    """Everything a payment needs, on this machine; an async context manager.

    Start it in the main thread of a process: on Linux its children end with the thread that started them.
    """

    environment: dict[str, str]
    """Everything a child process or `load_settings` needs; known once started, like all that follows."""

    settings: Settings
    database_url: str
    temporal_address: str
    ui_url: str | None = None
    """The Web UI of our own Temporal server; None where another server is used."""

    sandbox_url: str | None = None
    """None where the real outside is used."""

    def __init__(
        self,
        state: Path,
        *,
        environ: Mapping[str, str] | None = None,
        ledger_seconds: float = 1.0,
        say: Say = print,
    ) -> None:
        self.environment = environment_here(environ)
        self._state = StackState(state)
        self._ports = Ports(self._state.ports(), say)
        self._say = say
        self.state = self._state.folder
        """Where everything is kept."""

        parts = (self._state, self._ports, say)
        namespace = self.environment.get("TEMPORAL_NAMESPACE", DEFAULT_NAMESPACE)
        self._postgres = PostgresServer(*parts)
        self._temporal = TemporalServer(*parts, namespace=namespace)
        self._sandbox = Sandbox(*parts, ledger_seconds=ledger_seconds)
        self._worker = Worker(*parts)
        self._children: list[Child] = []
        """What this run has started, in order."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start everything in order and publish where it is; when that fails nothing is left running.

        Raises:
            SettingsError: a variable is wrong or missing.
            Misconfigured: a stack is up in this folder already, or a part cannot be started.
            Unavailable: a part that was named gives no answer.
        """
        # Refused before anything runs.
        self._choose_outside()
        load_settings(self.environment)
        profile = temporal_profile(self.environment)
        self._state.hold()
        try:
            await asyncio.to_thread(stop_leftovers, self._state, self._say)
            self._keep_old_logs()
            await self._start_servers(profile.address)
            await migrate(self.database_url)
            await self._start_ours()
        except BaseException:
            await self.stop()
            raise
        self._state.publish({n: self.environment[n] for n in _PUBLISHED if n in self.environment})

    async def stop(self) -> None:
        """Stop everything in reverse order; what it has stored stays. Where nothing was started nothing happens."""
        if not self._state.is_held:
            return
        self._state.withdraw()
        try:
            while self._children:
                await self._children.pop().stop()
        finally:
            self._state.release()

    async def keep_running(self) -> None:
        """Say what ends by itself and start it again; never returns."""
        async with asyncio.TaskGroup() as group:
            for child in self._children:
                group.create_task(child.keep_running())

    async def kill_everything(self) -> None:
        """SIGKILL, newest first: for whoever cannot wait for a clean end."""
        for child in reversed(self._children):
            await child.kill()

    async def kill_worker(self) -> None:
        """Kill the worker with SIGKILL."""
        await self._worker.kill()

    async def start_worker(self) -> None:
        """Start the worker again and wait until it is ready."""
        await self._worker.start()

    async def kill_sandbox(self) -> None:
        """Kill the sandbox with SIGKILL."""
        await self._sandbox.kill()

    async def start_sandbox(self) -> None:
        """Start the sandbox again, on the same port."""
        await self._sandbox.start()

    async def kill_temporal(self) -> None:
        """Kill our Temporal server with SIGKILL."""
        await self._temporal.kill()

    async def start_temporal(self) -> None:
        """Start our Temporal server again, on the same port."""
        await self._temporal.start()

    async def kill_postgres(self) -> None:
        """Kill our PostgreSQL with SIGKILL."""
        await self._postgres.kill()

    async def start_postgres(self) -> None:
        """Start our PostgreSQL again, on the same port, after its recovery."""
        await self._postgres.start()

    def _choose_outside(self) -> None:
        """Let the sandbox stand in where nothing of the outside is configured; half of one is never guessed at.

        Real deposits that a simulated provider "delivers" would be the customers' loss.
        """
        named = [name for name in _OUTSIDE if name in self.environment]
        if named and "SKIP_EXTERNALS" not in self.environment:
            raise Misconfigured(
                f"{', '.join(named)} set, but not SKIP_EXTERNALS: false uses the real outside, "
                "true lets the sandbox stand in for whatever is not set"
            )
        self.environment.setdefault("SKIP_EXTERNALS", "true")

    async def _start_servers(self, temporal_address: str | None) -> None:
        """Start the database and Temporal, each unless the configuration names one."""
        if "DATABASE_URL" not in self.environment:
            await self._started(self._postgres)
            self.environment["DATABASE_URL"] = self._postgres.url
        if temporal_address is None:
            await self._started(self._temporal)
            temporal_address = self.environment["TEMPORAL_ADDRESS"] = self._temporal.address
            self.environment["TEMPORAL_NAMESPACE"] = self._temporal.namespace
            self.ui_url = self._temporal.ui_url
        self.database_url = self.environment["DATABASE_URL"]
        self.temporal_address = temporal_address

    async def _start_ours(self) -> None:
        if load_settings(self.environment).skip_externals:
            self._sandbox.environment = without_outside(self.environment)
            await self._started(self._sandbox)
            self.sandbox_url = self.environment["SANDBOX_URL"] = self._sandbox.url
        self.settings = load_settings(self.environment)
        self._worker.environment = self.environment
        await self._started(self._worker)

    async def _started(self, child: Child) -> None:
        self._children.append(child)
        await child.start()
        self._state.remember_ports({**self._state.ports(), **self._ports.given})

    def _keep_old_logs(self) -> None:
        """Keep the logs of the last run beside those of this one, and no older ones."""
        for log in self._state.logs.glob("*.log"):
            if not log.name.endswith(".previous.log"):
                log.replace(log.with_name(f"{log.stem}.previous.log"))
