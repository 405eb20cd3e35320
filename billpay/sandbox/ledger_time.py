"""When ledgers close: their numbers and close times follow from the clock, so an empty one costs nothing.

The network goes on while the sandbox is down, as a real one does. Where it is started again with another rhythm, a new
epoch begins with the next number.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict

GENESIS_LEDGER = 1


class Epoch(BaseModel):
    """A time in which ledgers close at one rhythm."""

    model_config = ConfigDict(frozen=True)

    first_ledger: int
    opened_at: datetime
    """When the first ledger closed."""

    ledger_seconds: float

    @property
    def _rhythm(self) -> timedelta:
        return timedelta(seconds=self.ledger_seconds)

    def newest_ledger(self, now: datetime) -> int:
        """Answer the last ledger closed at a moment; the first at the least."""
        return self.first_ledger + max(0, (now - self.opened_at) // self._rhythm)

    def closes_at(self, ledger: int) -> datetime:
        """Answer when a ledger closes."""
        return self.opened_at + (ledger - self.first_ledger) * self._rhythm

    def followed_by(self, now: datetime, ledger_seconds: float) -> Self:
        """Begin another rhythm now, with the next number."""
        first_ledger = self.newest_ledger(now) + 1
        return type(self)(first_ledger=first_ledger, opened_at=now, ledger_seconds=ledger_seconds)


class Calendar:
    """All epochs, oldest first."""

    def __init__(self, epochs: Sequence[Epoch]) -> None:
        self._epochs = list(epochs)
        self._firsts = [epoch.first_ledger for epoch in epochs]

    def newest_ledger(self, now: datetime) -> int:
        """Answer the last ledger closed at a moment."""
        return self._epochs[-1].newest_ledger(now)

    def closes_at(self, ledger: int) -> datetime:
        """Answer when a ledger closes, or closed."""
        number = bisect_right(self._firsts, ledger) - 1
        return self._epochs[max(0, number)].closes_at(ledger)

    def close_time(self, ledger: int) -> int:
        """Answer a ledger's close time as the ledger knows it: whole seconds of Unix time."""
        return int(self.closes_at(ledger).timestamp())
