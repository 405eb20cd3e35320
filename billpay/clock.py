"""The one place that reads the wall clock; everything else is handed a `Clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, always with a time zone."""


def system_clock() -> datetime:
    """Answer the machine's own time, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  this is the one place
