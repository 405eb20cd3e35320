"""The local stack as real processes, started as a person starts it."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from billpay.sandbox import identities
from billpay.settings import Settings
from starter.local.leftovers import stop_leftovers
from starter.local.ports import DEFAULTS, LOOPBACK
from starter.local.state import StackState
from starter.local.temporal_server import PORT as TEMPORAL_PORT

pytestmark = pytest.mark.end_to_end

WAIT_SECONDS = 120
LOOK_EVERY_SECONDS = 0.1
UP = "up; Ctrl-C ends it"
AIRTIME = ("order", "airtime", "--phone", "08011111111", "--network", "mtn", "--amount", "100")
CUSTOMER = ("--wallet", identities.payer(1).public_key, "--json")


class Person:
    """Somebody with a checkout and a folder for its local stack."""

    def __init__(self, state: Path, **settings: str) -> None:
        self.state = StackState(state)
        self.output = state.parent / "output.txt"
        known = {field.upper() for field in Settings.model_fields}
        bare = {
            name: value
            for name, value in os.environ.items()
            if name not in known and not name.startswith("TEMPORAL_")
        }
        self.environment = bare | {
            "BILLPAY_STATE": str(state),
            "TEMPORAL_CONFIG_FILE": str(state.parent / "no-profile.toml"),
            "BILL_PROCESSOR_POLL_INTERVAL_SECONDS": "0.5",
            **settings,
        }
        self.stack: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Type `up` and wait until it is."""
        with self.output.open("wb") as output:
            self.stack = subprocess.Popen(
                [sys.executable, "-m", "starter", "up"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
        self.until(lambda: UP in self.said())

    def said(self) -> str:
        return self.output.read_text()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Type a command in another window."""
        return subprocess.run(
            [sys.executable, "-m", "starter", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def answer(self, *words: str) -> dict:
        """Type a command that succeeds and answers a document."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def interrupt(self) -> int:
        """Press Ctrl-C and wait for the end."""
        self.stack.send_signal(signal.SIGINT)
        return self.stack.wait(timeout=WAIT_SECONDS)

    def crash(self) -> None:
        """Kill the starter alone, as a machine that runs out of memory does."""
        self.stack.kill()
        self.stack.wait()

    def until(self, is_so) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not is_so():
            if time.monotonic() > deadline or self.stack.poll() is not None:
                pytest.fail(f"it did not come about:\n{self.said()}")
            time.sleep(LOOK_EVERY_SECONDS)

    def child(self, name: str) -> psutil.Process:
        (pid,) = (child.pid for child in self.state.children() if child.name == name)
        return psutil.Process(pid)

    def leave(self) -> None:
        """End everything, whatever state it is in."""
        if self.stack is not None and self.stack.poll() is None:
            for _ in range(2):
                self.stack.send_signal(signal.SIGINT)
                time.sleep(LOOK_EVERY_SECONDS)
            try:
                self.stack.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.crash()
        stop_leftovers(self.state, print)


@pytest.fixture
def person():
    """Whoever tries the stack; the folder's path is short and open to PostgreSQL's own user."""
    folder = Path(tempfile.mkdtemp(prefix="billpay-stack-"))
    people = []

    def somebody(**settings):
        people.append(Person(folder / "state", **settings))
        return people[-1]

    yield somebody
    for each in people:
        each.leave()
    shutil.rmtree(folder)


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_payment_is_served_and_found_again_the_next_day(person):
    ada = person()
    ada.up()
    children = [ada.child(name) for name in ("postgres", "temporal", "sandbox", "worker")]
    assert stat.S_IMODE((ada.state.folder / "stack.env").stat().st_mode) == 0o600

    order = ada.answer(*AIRTIME, *CUSTOMER)
    paid = ada.run("sandbox-pay", order["memo"], order["amount_due"])
    assert paid.returncode == 0, paid.stderr
    ada.until(lambda: ada.answer("show", order["memo"], "--json")["status"] == "completed")

    assert ada.interrupt() == 0
    assert all(is_gone(child) for child in children)
    assert not (ada.state.folder / "stack.env").exists()
    assert ada.state.children() == []
    assert ada.run("list").returncode == 1

    ada.up()
    again = ada.answer("show", order["transaction_id"], "--json")
    assert again["status"] == "completed"
    assert again["deposits"][0]["transaction_hash"] == paid.stdout.strip()
    assert "left running" not in ada.said()
    assert ada.interrupt() == 0


def test_a_crashed_run_is_recovered_around_a_taken_port(person, database_url):
    """A Temporal that its starter could not stop must never serve beside a new one."""
    with socket.socket() as stranger:
        stranger.bind((LOOPBACK, 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        ada = person(DATABASE_URL=database_url)
        ada.state.logs.mkdir(parents=True)
        ada.state.remember_ports({**DEFAULTS, TEMPORAL_PORT: taken})
        ada.up()
    assert f"port {taken} is taken: Temporal listens on" in ada.said()
    assert not (ada.state.folder / "postgres").exists()
    order = ada.answer(*AIRTIME, *CUSTOMER)

    refused = ada.run("up")
    assert refused.returncode == 1
    assert "a stack is up already" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1

    ada.child("worker").kill()
    ada.until(lambda: "worker is up again" in ada.said())
    assert "worker ended by itself (SIGKILL)" in ada.said()

    halted = ada.child("temporal")
    halted.suspend()
    ada.crash()
    assert not is_gone(halted)
    ada.up()
    assert is_gone(halted)
    assert "temporal of an earlier run was left running" in ada.said()
    assert ada.answer("show", order["memo"], "--json")["status"] == "pending_payment"
    assert ada.interrupt() == 0
