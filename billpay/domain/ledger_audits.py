"""Reading the ledger again: how far back, how often, and what one run of it came to.

The watcher reads every place once. What its server left out just then would be lost without a second look, so the same
places are read again, from the same server and from another one where there is one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Span(StrEnum):
    """How far back a re-reading begins."""

    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True)
class Rereading:
    """One rhythm of reading again."""

    span: Span
    back: timedelta
    """It begins where the wallet's history had been read to this long ago, or where the one before it ended: none is
    left out after a standstill."""

    every: timedelta


REREADINGS = (
    Rereading(Span.HOUR, back=timedelta(hours=1), every=timedelta(minutes=5)),
    Rereading(Span.DAY, back=timedelta(days=1), every=timedelta(hours=12)),
)
"""An hour finds what a server that lagged, or another one behind the same address, had not shown yet: every place is
read again some twelve times. A day finds what was put in late: every place once more when it is half a day old."""

MARKS_KEPT = timedelta(days=8)
"""Longer than any re-reading reaches back, by far: a week may be looked at in hindsight."""

PAGES_AT_ONCE = 25
"""Pages of one re-reading in one run; what is left comes with the next. Thirty runs an hour of two re-readings are
1,500 requests at most, less than half of what a public server grants."""

RUN_LASTS = timedelta(minutes=2)
"""After this no new page is asked for."""

ABSENCE_GRACE = timedelta(minutes=10)
"""How old a deposit must be before a server that does not tell of it is contradicting: the machines behind one address
differ in how far they have read, and nothing is called absent that may only be late."""

DIFFERENCES_AT_ONCE = 10
"""Deposits that two servers describe differently are told of one by one, this many in a run: where all of them differ,
one setting is wrong, and ten cases say so."""


@dataclass(frozen=True, kw_only=True)
class RereadingState:
    """How far one re-reading of one source has come."""

    position: int
    """Everything before it, and itself, was read again."""

    until: int
    """Where it ends: the wallet's cursor when it began."""

    begun_at: datetime
    ended_at: datetime | None = None

    def is_due(self, rereading: Rereading, now: datetime) -> bool:
        """Whether a new one is to begin: the last has ended, and is long enough ago."""
        return self.ended_at is not None and now - self.begun_at >= rereading.every


class LedgerAuditReport(BaseModel):
    """What one run came to."""

    model_config = ConfigDict(frozen=True)

    pages: int = 0
    credits: int = 0
    """Credits on these pages, each compared with its deposit."""

    missed: int = 0
    """Credits that no deposit had been made of; they were taken in."""

    differing: int = 0
    """Credits that are told otherwise than they are recorded."""

    absent: int = 0
    """Deposits that the second source does not tell of."""

    unanswered: tuple[str, ...] = ()
    """Sources that gave no answer, with what they said."""

    silent: tuple[str, ...] = ()
    """What has not been heard for too long; a case is open for each."""

    unfinished: tuple[str, ...] = ()
    """Re-readings that the next run goes on with."""

    @property
    def summary(self) -> str:
        """Say it in a few lines."""
        read = f"{self.pages} pages read again, {self.credits} credits compared"
        was_due = self.pages or self.unanswered or self.unfinished
        lines = [read if was_due else "nothing was due to be read again"]
        found = {"missed": self.missed, "told differently": self.differing, "absent": self.absent}
        lines += [f"{count} {what}: look at `cases`" for what, count in found.items() if count]
        lines += [f"no answer from {one}" for one in self.unanswered]
        lines += [f"silent for too long: {one}" for one in self.silent]
        lines += [f"to be continued: {one}" for one in self.unfinished]
        return "\n".join(lines)
