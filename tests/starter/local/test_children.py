"""Children are tiny Python programs here: what is proven is how any program is started, stopped and restarted."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from starter.local.children import CannotStart, Child, Program
from starter.local.ports import Ports
from starter.local.state import StackState

WAIT_SECONDS = 20
LOOK_EVERY_SECONDS = 0.02

PATIENT = "print('child ready', flush=True); import signal; signal.pause()"
STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('child ready', flush=True)\n"
    "while True: signal.pause()"
)
FAILING = "print('first'); print('the reason', flush=True); raise SystemExit(3)"
SILENT = "import signal; signal.pause()"

STARTER = """
import asyncio, sys
from pathlib import Path
from starter.local.children import Child, Program
from starter.local.ports import Ports
from starter.local.state import StackState

class Sleeper(Child):
    name = "sleeper"
    ready_line = "child ready"
    def program(self):
        return Program(arguments=(sys.executable, "-u", "-c", sys.argv[2]), environment={})

async def main():
    state = StackState(Path(sys.argv[1]))
    await Sleeper(state, Ports({}, print), print).start()
    print(state.children()[0].pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Script(Child):
    """Runs the text it is given."""

    name = "script"
    ready_line = "child ready"
    stop_within = timedelta(seconds=10)

    def __init__(self, folder: Path, text: str, say=print) -> None:
        self.held = StackState(folder)
        super().__init__(self.held, Ports({}, say), say)
        self.text = text

    def program(self) -> Program:
        return Program(
            arguments=(sys.executable, "-u", "-c", self.text), environment={"PATH": os.defpath}
        )

    @property
    def pid(self) -> int:
        return self.held.children()[0].pid


@pytest_asyncio.fixture
async def script(tmp_path):
    started = []
    StackState(tmp_path).logs.mkdir()

    def make(text, say=print):
        started.append(Script(tmp_path, text, say))
        return started[-1]

    yield make
    for child in started:
        await child.kill()


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(condition) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def test_a_child_is_started_when_it_says_that_it_is_ready(script):
    child = script(PATIENT)
    await child.start()
    assert child.is_running
    assert is_alive(child.pid)


async def test_starting_a_running_child_changes_nothing(script):
    child = script(PATIENT)
    await child.start()
    before = child.pid
    await child.start()
    assert child.pid == before


async def test_a_stopped_child_is_gone_and_forgotten(script):
    child = script(PATIENT)
    await child.start()
    pid = child.pid
    await child.stop()
    assert not is_alive(pid)
    assert child.held.children() == []


async def test_a_child_that_will_not_stop_is_killed_and_that_is_said(script, monkeypatch):
    said = []
    monkeypatch.setattr(Script, "stop_within", timedelta(seconds=0.2))
    child = script(STUBBORN, said.append)
    await child.start()
    pid = child.pid
    await child.stop()
    assert not is_alive(pid)
    assert len(said) == 1
    assert "did not stop within" in said[0]


async def test_a_child_that_ends_before_it_is_ready_tells_its_last_line(script):
    child = script(FAILING)
    with pytest.raises(CannotStart) as failed:
        await child.start()
    assert "exit status 3" in failed.value.detail
    assert "the reason" in failed.value.detail
    assert "first" not in failed.value.detail
    assert child.held.children() == []


async def test_a_child_that_never_says_it_is_ready_is_given_up_and_killed(script, monkeypatch):
    monkeypatch.setattr(Script, "ready_within", timedelta(seconds=0.3))
    child = script(SILENT)
    with pytest.raises(CannotStart, match="was not ready within"):
        await child.start()
    assert not child.is_running


async def test_the_readiness_of_an_earlier_start_is_not_believed(script):
    child = script(PATIENT)
    await child.start()
    await child.stop()
    child.text = FAILING
    with pytest.raises(CannotStart):
        await child.start()


async def test_a_child_that_could_not_listen_is_tried_again_a_moment_later(script, tmp_path):
    marker = tmp_path / "tried"
    child = script(
        f"import pathlib; marker = pathlib.Path({str(marker)!r})\n"
        "if not marker.exists():\n"
        "    marker.touch(); raise SystemExit('listen: Address already in use')\n" + PATIENT
    )
    await child.start()
    assert child.is_running


async def test_a_child_that_ends_by_itself_is_said_and_started_again(script):
    said = []
    child = script(PATIENT, said.append)
    await child.start()
    first = child.pid
    keeping = asyncio.create_task(child.keep_running())
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(said) == 2)
    keeping.cancel()
    assert "ended by itself (SIGKILL)" in said[0]
    assert said[1] == "script is up again"
    assert child.pid != first


async def test_a_child_out_of_reach_of_a_terminals_interrupt_stays(script):
    """Ctrl-C goes to the whole group of a terminal; the stack alone decides the order of ending."""
    child = script(PATIENT)
    await child.start()
    assert os.getpgid(child.pid) != os.getpgid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_when_their_starter_is_killed(tmp_path):
    """A killed starter must not leave a worker behind that pays bills unseen."""
    StackState(tmp_path).logs.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path), PATIENT], stdout=subprocess.PIPE, text=True
    ) as starter:
        child = int(starter.stdout.readline())
        was_alive = is_alive(child)
        starter.kill()
    assert was_alive
    deadline = time.monotonic() + WAIT_SECONDS
    while is_alive(child):
        assert time.monotonic() < deadline, "the child outlived its starter"
        time.sleep(LOOK_EVERY_SECONDS)
