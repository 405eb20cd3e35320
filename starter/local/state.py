"""What a local stack leaves on disk: its lock, its ports, its children, and the settings it publishes while it is up.

Light on purpose: every command reads the published settings, also where nothing can be started.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import IO

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from billpay.failures import Misconfigured

STATE = Path(__file__).resolve().parents[2] / ".billpay"
"""Where the local stack of this checkout keeps everything; git ignores it."""

_OWNER_ONLY = 0o600
_OWNER_ONLY_FOLDER = 0o700
_LOCK_TRIES = 5
_LOCK_PAUSE_SECONDS = 0.1


class ChildRecord(BaseModel):
    """A process that was started, so that a later run recognises it if this one cannot stop it."""

    name: str
    pid: int
    arguments: list[str]
    stop_signal: int


class _Record(BaseModel):
    ports: dict[str, int] = {}
    children: list[ChildRecord] = []


class StackState:
    """The folder of one local stack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.logs = self.folder / "logs"
        self._published = self.folder / "stack.env"
        self._record = self.folder / "stack.json"
        self._lock = self.folder / "lock"
        self._held: IO[str] | None = None

    def hold(self) -> None:
        """Take the folder for this process; it is free again when the process ends, however it ends.

        Raises:
            Misconfigured: a stack is up in it already.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=_OWNER_ONLY_FOLDER, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        lock = self._lock.open("a+")
        # Whoever asks `is_up` holds the lock for an instant.
        for _ in range(_LOCK_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            sleep(_LOCK_PAUSE_SECONDS)
        else:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise Misconfigured(f"a stack is up already in {self.folder} (process {owner})")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._held = lock

    @property
    def is_held(self) -> bool:
        """Whether this object holds the folder."""
        return self._held is not None

    def release(self) -> None:
        """Give the folder back."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def is_up(self) -> bool:
        """Whether a stack is up in this folder."""
        try:
            with self._lock.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def publish(self, environment: Mapping[str, str]) -> None:
        """Tell other commands, of this user only, where everything is."""
        lines = (f"{name}={_quoted(value)}\n" for name, value in environment.items())
        write_private(self._published, "".join(lines))

    def withdraw(self) -> None:
        """Take the published settings back."""
        self._published.unlink(missing_ok=True)

    def published(self) -> dict[str, str]:
        """Read the settings of the stack that is up here; nothing where none is."""
        if not self.is_up():
            return {}
        read = dotenv_values(self._published, interpolate=False)
        return {name: value for name, value in read.items() if value}

    def ports(self) -> dict[str, int]:
        """Read the ports that the last run used."""
        return self._read().ports

    def remember_ports(self, ports: Mapping[str, int]) -> None:
        """Keep the ports for the next run."""
        self._write(self._read().model_copy(update={"ports": dict(ports)}))

    def children(self) -> list[ChildRecord]:
        """Read which processes were started and not seen to end, oldest first."""
        return self._read().children

    def remember_child(self, child: ChildRecord) -> None:
        """Keep a process that has just been started."""
        others = [other for other in self.children() if other.name != child.name]
        self._write(self._read().model_copy(update={"children": [*others, child]}))

    def forget_child(self, name: str) -> None:
        """Drop a process that has ended."""
        others = [other for other in self.children() if other.name != name]
        self._write(self._read().model_copy(update={"children": others}))

    def _read(self) -> _Record:
        try:
            return _Record.model_validate_json(self._record.read_bytes())
        except (FileNotFoundError, ValidationError):
            # Only comfort is lost with it: default ports, and children that PostgreSQL's own lock protects against.
            return _Record()

    def _write(self, record: _Record) -> None:
        fresh = self._record.with_suffix(".new")
        fresh.write_text(json.dumps(record.model_dump(), indent=2))
        fresh.replace(self._record)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, never for an instant anybody else."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "w") as file:
        file.write(text)
    fresh.replace(path)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
