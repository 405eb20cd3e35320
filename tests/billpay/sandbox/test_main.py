"""The sandbox as a process: it says when it listens, stops in order, and survives being killed."""

import contextlib
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass

import httpx
import pytest

from billpay.sandbox import identities
from billpay.sandbox.__main__ import main
from tests.fixtures.sandbox import Sandbox, Stage

MESSAGE = {
    "message_id": "order:delivered:1",
    "transaction_id": None,
    "wallet_address": "G",
    "subject": "Airtime Delivered",
    "body": "Your airtime has been delivered!",
}


@dataclass
class Running:
    """A sandbox in a process of its own."""

    process: subprocess.Popen
    url: str

    def stop(self, number):
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


@contextlib.contextmanager
def running(*arguments):
    command = [sys.executable, "-m", "billpay.sandbox", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("sandbox ready on http://127.0.0.1:"), process.stderr.read()
            yield Running(process, line.split()[-1])
        finally:
            process.kill()


def said_by(*arguments):
    command = [sys.executable, "-m", "billpay.sandbox", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_listens_and_stops_in_order(number):
    with running() as sandbox:
        root = httpx.get(f"{sandbox.url}/horizon/").raise_for_status().json()
        assert root["network_passphrase"] == identities.NETWORK_PASSPHRASE
        assert sandbox.stop(number) == 0
        assert (sandbox.process.stdout.read(), sandbox.process.stderr.read()) == ("", "")


def test_a_killed_sandbox_comes_back_as_it_was(tmp_path, sandbox_stage):
    """Faults 56 and 58 from the outside's side: what it answered once it has done for good."""
    state = tmp_path / "state"
    seen = []
    for _ in range(2):
        with running("--state", state, "--ledger-seconds", "0.05") as process:
            stage = Stage(process.url, sandbox_stage.http)
            world = Sandbox(stage=stage, http=stage.http)
            if not seen:
                world.pay("BILL-x", "5030")
                world.script("08011111111", pay="offline")
                key = {"Idempotency-Key": MESSAGE["message_id"]}
                world.http.post(f"{world.url}/phone/messages", json=MESSAGE, headers=key)
            seen.append((world.truth_ledger(), world.truth_vtpass(), world.messages()))
            assert process.stop(signal.SIGKILL) == -signal.SIGKILL
    assert seen[0] == seen[1]
    assert len(seen[0][0]["payments"]) == len(seen[0][2]) == 1


def test_a_taken_port_is_refused_in_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = said_by("--port", port)
    assert (said.returncode, said.stdout) == (1, "")
    [line] = said.stderr.splitlines()
    assert str(port) in line


def test_a_state_file_belongs_to_one_sandbox_at_a_time(tmp_path):
    with running("--state", tmp_path / "state"):
        said = said_by("--port", "0", "--state", tmp_path / "state")
    assert said.returncode == 1
    [line] = said.stderr.splitlines()
    assert "state" in line


def test_a_damaged_state_file_is_refused_by_name(tmp_path):
    state = tmp_path / "state"
    state.write_text('["ledger",{\n["ledger",{}]\n')
    said = said_by("--port", "0", "--state", state)
    assert said.returncode == 1
    assert "line 1 is damaged" in said.stderr


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "x"])
def test_a_rhythm_that_cannot_be_is_refused(seconds):
    with pytest.raises(SystemExit) as refused:
        main(["--ledger-seconds", seconds])
    assert refused.value.code == 2
