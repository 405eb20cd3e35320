"""What the sandbox remembers: one JSON document a line, appended and on the disk before an answer leaves.

Whoever keeps state here writes each change under a kind of its own and rebuilds itself by `replay`.
"""

import json
import os
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class Journal:
    """An append-only file, or with no path the same in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lines: list[bytes] = []
        if path is not None:
            self._file = _opened(path)
            weakref.finalize(self, os.close, self._file)

    def append(self, kind: str, record: dict[str, Any]) -> None:
        """Keep one record for good; `OSError` where that is impossible, and then nothing of it is kept."""
        line = json.dumps([kind, record], separators=(",", ":")).encode() + b"\n"
        if self._path is None:
            self._lines.append(line)
        else:
            self._write(line)

    def replay(self, kind: str) -> Iterable[dict[str, Any]]:
        """Read back the records of one kind, oldest first.

        Raises:
            ValueError: a line before the last is damaged, which no crash explains.
        """
        head = json.dumps([kind]).encode()[:-1] + b","
        for number, line in enumerate(self._stored_lines(), start=1):
            if line.startswith(head):
                yield _record(line, self._path, number)

    def _stored_lines(self) -> Iterator[bytes]:
        if self._path is None:
            yield from self._lines.copy()
            return
        with self._path.open("rb") as stored:
            yield from stored

    def _write(self, line: bytes) -> None:
        end = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, end)
            raise
        if written < len(line):
            os.ftruncate(self._file, end)
            raise OSError(f"{self._path} has no room for another line")


def _opened(path: Path) -> int:
    """Open the file for appending, without the torn line that a crash may have left at its end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    stored = path.read_bytes()
    whole = stored.rfind(b"\n") + 1
    if whole < len(stored):
        os.ftruncate(file, whole)
    os.fsync(file)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return file


def _record(line: bytes, path: Path | None, number: int) -> dict[str, Any]:
    try:
        _, record = json.loads(line)
    except ValueError:
        raise ValueError(f"{path}, line {number} is damaged") from None
    if not isinstance(record, dict):
        raise ValueError(f"{path}, line {number} is no record")  # noqa: TRY004  the file is wrong, not a type
    return record
