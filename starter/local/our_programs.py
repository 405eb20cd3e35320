"""The parts of a local stack that are this project's own: the simulated outside and the worker."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from starter.local.children import Child, Program, Say
from starter.local.ports import LOOPBACK, Ports
from starter.local.state import StackState
from workflows.policies import LONGEST_MONEY_STEP

ROOT = Path(__file__).resolve().parents[2]

SANDBOX_PORT = "the sandbox"


class _OurProgram(Child):
    """A Python program of this checkout; its settings are those of the stack and no stray `.env`."""

    environment: Mapping[str, str] = {}
    """The stack's; given before the first start."""

    def _python(self, *arguments: str) -> Program:
        return Program(
            arguments=(sys.executable, *arguments),
            environment={**self.environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        )


class Sandbox(_OurProgram):
    """The simulated outside; its journal keeps what happened there."""

    name = "sandbox"
    ready_line = "sandbox ready"
    port_names = (SANDBOX_PORT,)

    def __init__(self, state: StackState, ports: Ports, say: Say, *, ledger_seconds: float) -> None:
        super().__init__(state, ports, say)
        self._ledger_seconds = ledger_seconds

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self._ports.of(SANDBOX_PORT)}"

    def program(self) -> Program:
        """Run it on its port and journal."""
        return self._python(
            *("-m", "billpay.sandbox"),
            *("--port", str(self._ports.of(SANDBOX_PORT))),
            *("--state", str(self._state.folder / "sandbox.journal")),
            *("--ledger-seconds", str(self._ledger_seconds)),
        )


class Worker(_OurProgram):
    """The service itself."""

    name = "worker"
    ready_line = "worker ready"
    # It finishes a step that moves money before it ends.
    stop_within = LONGEST_MONEY_STEP + timedelta(seconds=30)

    def program(self) -> Program:
        """Run it as it is run everywhere."""
        return self._python(str(ROOT / "worker.py"))
