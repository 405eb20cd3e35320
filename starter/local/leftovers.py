"""What a crashed run left running: recognised by its command line, so that nobody else's process is ever touched."""

import signal
import time
from collections.abc import Callable

import psutil  # type: ignore[import-untyped]  # it ships no types

from starter.local.state import ChildRecord, StackState

_GRACE_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.1


def stop_leftovers(state: StackState, say: Callable[[str], None]) -> None:
    """Stop the children of an earlier run of this folder, newest first; blocks until they are gone."""
    for record in reversed(state.children()):
        process = _find(record)
        if process is not None:
            say(f"{record.name} of an earlier run was left running (process {record.pid}): stopped")
            _end(process, signal.Signals(record.stop_signal))
        state.forget_child(record.name)


def _find(record: ChildRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        return process if process.cmdline() == record.arguments else None
    except psutil.Error:
        return None


def _end(process: psutil.Process, stop_signal: signal.Signals) -> None:
    try:
        process.send_signal(stop_signal)
        # A process that was halted hears of nothing else first.
        process.resume()
        if not _ends_within(process, _GRACE_SECONDS):
            process.kill()
            _ends_within(process, _GRACE_SECONDS)
    except psutil.NoSuchProcess:
        return


def _ends_within(process: psutil.Process, seconds: float) -> bool:
    """Wait for an end; a zombie has ended too, whoever forgets to reap it."""
    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY_SECONDS)
    return True
