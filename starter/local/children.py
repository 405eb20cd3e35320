"""One part of a local stack as a child process: ready by its own word, stopped gently, restarted with patience."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from billpay.failures import Failure, Misconfigured
from starter.local.ports import Ports
from starter.local.state import ChildRecord, StackState

Say = Callable[[str], None]

_LEASH = Path(__file__).with_name("leash.py")
_LOOK_EVERY_SECONDS = 0.05
_OUTPUT_BYTES = 64_000

_STARTS = 5
"""How often a start is tried that failed for a reason that passes."""

_PAUSES_SECONDS = (1, 2, 5, 10, 30)
"""Before each restart of a child that ends by itself; the last one for ever."""

_SOUND_AFTER_SECONDS = 60
"""A child that ran this long is restarted as if for the first time."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    user: tuple[int, int] = (os.getuid(), os.getgid())
    """User and group to run as; only root can choose."""


def leashed(
    arguments: Sequence[str], end_signal: signal.Signals, user: tuple[int, int]
) -> tuple[str, ...]:
    """Write the command that runs another one as this user, and only as long as this thread lives."""
    words = (str(os.getpid()), str(int(end_signal)), *map(str, user))
    return (sys.executable, "-I", "-S", str(_LEASH), *words, *arguments)


class CannotStart(Misconfigured):
    """A child ended, or stayed silent, before it could be used."""

    def __init__(self, detail: str, output: str) -> None:
        super().__init__(detail)
        self.output = output
        """What it wrote since it was started."""


class Child:
    """A process of ours: `start` returns when it can be used, and it never outlives us."""

    name: ClassVar[str]
    ready_line: ClassVar[str]
    """What it writes once it can be used. Its own word, since a stranger may answer on its port."""

    port_names: ClassVar[tuple[str, ...]] = ()
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_within: ClassVar[timedelta] = timedelta(seconds=20)
    ready_within: ClassVar[timedelta] = timedelta(seconds=60)

    def __init__(self, state: StackState, ports: Ports, say: Say) -> None:
        self.log = state.logs / f"{self.name}.log"
        self._state = state
        self._ports = ports
        self._say = say
        self._process: Process | None = None
        self._log_offset = 0
        self._has_been_up = False

    def program(self) -> Program:
        """Say what to run; asked again at every start."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Do what must be done before there is a process."""

    async def make_useful(self) -> None:
        """Do what must be done once the process is ready."""

    def is_passing(self, output: str) -> bool:
        """Whether a start that failed with this output may succeed a moment later."""
        return "address already in use" in output.lower()

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it can be used; where it runs already nothing happens.

        Raises:
            CannotStart: it ended before, or said nothing in time.
            Unavailable: it was ready by its own word and gives no answer all the same.
        """
        if self.is_running:
            return
        await self.prepare()
        try:
            await self._launch_patiently()
            await self.make_useful()
        except BaseException:
            await self.kill()
            raise
        self._has_been_up = True

    async def stop(self) -> None:
        """Ask it to end and wait for it; what does not end in time is killed, and said."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(self.stop_signal)
            try:
                async with asyncio.timeout(self.stop_within.total_seconds()):
                    await process.wait()
            except TimeoutError:
                self._say(f"{self.name} did not stop within {self.stop_within} and is killed")
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL, where it still runs."""
        if self._process is None:
            return
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        self._process = None
        self._state.forget_child(self.name)

    async def keep_running(self) -> None:
        """Say when it ends by itself and start it again, ever more slowly while that does not help; never returns."""
        restarts = 0
        clock = asyncio.get_running_loop()
        while True:
            since = clock.time()
            if self._process is not None:
                await self._process.wait()
                self._say(f"{self.name} ended by itself ({self._ending()}); its log is {self.log}")
            if clock.time() - since > _SOUND_AFTER_SECONDS:
                restarts = 0
            await asyncio.sleep(_PAUSES_SECONDS[min(restarts, len(_PAUSES_SECONDS) - 1)])
            restarts += 1
            try:
                await self.start()
                self._say(f"{self.name} is up again")
            except Failure as failed:
                self._say(failed.detail)

    async def _launch_patiently(self) -> None:
        for remaining in reversed(range(_STARTS)):
            try:
                await self._launch()
            except CannotStart as failed:
                await self.kill()
                if not remaining or not self.is_passing(failed.output):
                    raise
                if not self._has_been_up:
                    # Later, others know the port already and would look for it in vain.
                    self._ports.give_up_taken(*self.port_names)
                await asyncio.sleep(_PAUSES_SECONDS[0])
            else:
                return

    async def _launch(self) -> None:
        program = self.program()
        self._log_offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *leashed(program.arguments, self.stop_signal, program.user),
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                env=dict(program.environment),
                cwd=self._state.folder,
                # Out of the terminal's group: Ctrl-C reaches us alone, and we stop everything in order.
                start_new_session=True,
            )
        self._state.remember_child(
            ChildRecord(
                name=self.name,
                pid=self._process.pid,
                arguments=list(program.arguments),
                stop_signal=int(self.stop_signal),
            )
        )
        await self._until_ready(self._process)

    async def _until_ready(self, process: Process) -> None:
        try:
            async with asyncio.timeout(self.ready_within.total_seconds()):
                while self.ready_line not in self._output():
                    if process.returncode is not None:
                        why = f"{self.name} cannot start ({self._ending()})"
                        raise CannotStart(self._with_last_line(why), self._output())
                    await asyncio.sleep(_LOOK_EVERY_SECONDS)
        except TimeoutError:
            why = f"{self.name} was not ready within {self.ready_within}"
            raise CannotStart(self._with_last_line(why), self._output()) from None

    def _output(self) -> str:
        """The beginning of what it has written since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._log_offset)
            return log.read(_OUTPUT_BYTES).decode(errors="replace")

    def _with_last_line(self, why: str) -> str:
        lines = [line.strip() for line in self._output().splitlines() if line.strip()]
        return f"{why}: {lines[-1] if lines else 'it wrote nothing'}; its log is {self.log}"

    def _ending(self) -> str:
        code = self._process.returncode if self._process else None
        if code is None:
            return "no process"
        return f"exit status {code}" if code >= 0 else signal.Signals(-code).name
