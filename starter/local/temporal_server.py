"""Temporal's development server, with its Web UI, on a file that survives."""

import asyncio
import shutil
import subprocess
import sys
from datetime import timedelta
from functools import cache
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError

from billpay.failures import Misconfigured, Unavailable
from starter.local.children import Child, Program, Say
from starter.local.ports import LOOPBACK, Ports
from starter.local.state import StackState

PORT = "Temporal"
UI_PORT = "Temporal's Web UI"

DEFAULT_NAMESPACE = "default"

_RETENTION = timedelta(days=30)
"""How long a finished payment stays visible in the Web UI; the server's own default is one day."""

_ANSWERS_WITHIN = timedelta(seconds=30)
_ASK_EVERY_SECONDS = 0.2


class TemporalServer(Child):
    """The server; ready when its namespace answers."""

    name = "temporal"
    ready_line = "Temporal UI:"
    port_names = (PORT, UI_PORT)

    def __init__(self, state: StackState, ports: Ports, say: Say, *, namespace: str) -> None:
        super().__init__(state, ports, say)
        self.namespace = namespace

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"{LOOPBACK}:{self._ports.of(PORT)}"

    @property
    def ui_url(self) -> str:
        """Where people look."""
        return f"http://{LOOPBACK}:{self._ports.of(UI_PORT)}"

    def program(self) -> Program:
        """Run the server on a file of its own for each version: it migrates none.

        Write-ahead logging makes it several times faster and survives its own kill -9.
        """
        return Program(
            arguments=(
                str(binary()),
                *("server", "start-dev"),
                *("--ip", LOOPBACK, "--port", str(self._ports.of(PORT))),
                *("--ui-ip", LOOPBACK, "--ui-port", str(self._ports.of(UI_PORT))),
                *("--db-filename", str(self._file)),
                *("--sqlite-pragma", "journal_mode=wal"),
                *("--sqlite-pragma", "synchronous=normal"),
                *("--namespace", self.namespace),
                *("--log-level", "warn"),
                "--ui-disable-news-fetch",
            ),
            environment={"HOME": str(self._state.folder)},
        )

    async def prepare(self) -> None:
        """Say where a server of another version has left something under way."""
        for file in sorted(self._state.folder.glob("temporal-*.db")):
            if file != self._file:
                self._say(f"{file} is another Temporal version's: what runs in it stays there")

    async def make_useful(self) -> None:
        """Wait until the namespace answers, and let it keep what has ended for longer than a day.

        Raises:
            Unavailable: it gives no answer.
        """
        lost: Exception | None = None
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN.total_seconds()):
                while True:
                    try:
                        return await self._keep_history()
                    except (RPCError, RuntimeError) as refused:
                        lost = refused
                        await asyncio.sleep(_ASK_EVERY_SECONDS)
        except TimeoutError:
            raise Unavailable(f"Temporal gives no answer: {lost}") from lost

    @property
    def _file(self) -> Path:
        return self._state.folder / f"temporal-{version()}.db"

    async def _keep_history(self) -> None:
        client = await Client.connect(self.address, namespace=self.namespace)
        service = client.workflow_service
        found = await service.describe_namespace(DescribeNamespaceRequest(namespace=self.namespace))
        kept = found.config.workflow_execution_retention_ttl.ToTimedelta()
        if kept < _RETENTION:
            retention = Duration()
            retention.FromTimedelta(_RETENTION)
            await service.update_namespace(
                UpdateNamespaceRequest(
                    namespace=self.namespace,
                    config=NamespaceConfig(workflow_execution_retention_ttl=retention),
                )
            )


@cache
def binary() -> Path:
    """Find the server's program: beside the interpreter, else on the path.

    Raises:
        Misconfigured: it is not installed here.
    """
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise Misconfigured(
            "there is no Temporal server here: set TEMPORAL_ADDRESS, or install requirements/dev.txt"
        )
    return Path(found)


@cache
def version() -> str:
    """Answer the program's version, as it says it itself."""
    told = subprocess.run(  # noqa: S603  our own program
        [str(binary()), "--version"], capture_output=True, text=True, check=True
    )
    # temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)
    return told.stdout.split()[2]
