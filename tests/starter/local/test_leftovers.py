import signal
import subprocess
import sys

import pytest

from starter.local.leftovers import stop_leftovers
from starter.local.state import ChildRecord, StackState

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]


@pytest.fixture
def state(tmp_path):
    return StackState(tmp_path)


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEPER) as process:
        yield process
        process.kill()


def remember(state, pid, arguments):
    state.remember_child(
        ChildRecord(name="worker", pid=pid, arguments=arguments, stop_signal=signal.SIGTERM)
    )


def test_a_child_that_a_crashed_run_left_is_stopped_and_said(state, sleeper):
    said = []
    remember(state, sleeper.pid, SLEEPER)
    stop_leftovers(state, said.append)
    assert sleeper.wait(timeout=20) == -signal.SIGTERM
    assert said == [f"worker of an earlier run was left running (process {sleeper.pid}): stopped"]
    assert state.children() == []


def test_a_halted_leftover_is_stopped_too(state, sleeper):
    sleeper.send_signal(signal.SIGSTOP)
    remember(state, sleeper.pid, SLEEPER)
    stop_leftovers(state, print)
    assert sleeper.wait(timeout=20) == -signal.SIGTERM


def test_a_stranger_that_has_got_the_number_since_is_left_alone(state, sleeper):
    said = []
    remember(state, sleeper.pid, [sys.executable, "worker.py"])
    stop_leftovers(state, said.append)
    assert sleeper.poll() is None
    assert said == []
    assert state.children() == []


def test_a_child_that_has_ended_is_only_forgotten(state):
    said = []
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    remember(state, ended.pid, [sys.executable, "-c", ""])
    stop_leftovers(state, said.append)
    assert said == []
    assert state.children() == []
