"""`up`: the local stack, until Ctrl-C."""

import asyncio
import signal
import sys
from functools import partial
from pathlib import Path

from starter.local.children import Say
from starter.stack import Stack

_print: Say = partial(print, flush=True)


async def stay_up(state: Path, *, say: Say = _print) -> None:
    """Keep the local stack up until SIGINT or SIGTERM; a second one kills what is slow to end.

    Raises:
        SettingsError, Misconfigured, Unavailable: it cannot be started; nothing is left running.
    """
    stack = Stack(state, say=say)
    staying = asyncio.create_task(_stay(stack, say))
    wishes = _Wishes(stack, staying, say)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, wishes.end)
    try:
        await staying
    except asyncio.CancelledError:
        say("everything is stopped; what it stored stays")


async def _stay(stack: Stack, say: Say) -> None:
    async with stack:
        say(_summary(stack))
        await stack.keep_running()


class _Wishes:
    """What a person at the keyboard wants."""

    def __init__(self, stack: Stack, staying: "asyncio.Task[None]", say: Say) -> None:
        self._stack = stack
        self._staying = staying
        self._say = say
        self._killing: asyncio.Task[None] | None = None
        self._is_ending = False

    def end(self) -> None:
        """End in order; asked again, end at once."""
        if not self._is_ending:
            self._is_ending = True
            self._say("stopping in order; a running money step is let finish, Ctrl-C again kills")
            self._staying.cancel()
        elif self._killing is None:
            self._killing = asyncio.create_task(self._stack.kill_everything())


def _summary(stack: Stack) -> str:
    lines = {
        "Web UI": stack.ui_url or "that of the server",
        "Temporal": stack.temporal_address,
        "Database": stack.database_url.rpartition("@")[2],
        "Outside": f"simulated, {stack.sandbox_url}" if stack.sandbox_url else "real",
        "State": f"{stack.state}, with the logs in it",
    }
    shown = "\n".join(f"  {name:<10}{line}" for name, line in lines.items())
    return f"up; Ctrl-C ends it\n{shown}\n  {'next':<10}{_python()} -m starter order --help"


def _python() -> str:
    """Name the interpreter as a person here would type it."""
    python = Path(sys.executable)
    return str(python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python)
