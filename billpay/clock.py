"""The one place that reads the machine's clocks; everything else is handed a `Clock` or a `Stopwatch`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, always with a time zone."""


def system_clock() -> datetime:
    """Answer the machine's own time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  this is the one place


Stopwatch = Callable[[], float]
"""Answers seconds since some moment in the past; the difference of two answers is what really passed."""

_WITH_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Only Linux has a clock that stands still while the machine sleeps, and this one beside it that does not."""


def system_stopwatch() -> float:
    """Answer the seconds since the machine started, its sleep included; nobody can set them back."""
    return time.clock_gettime(_WITH_SLEEP)
