"""How much one server is asked: so many requests an hour, and nothing it has asked us not to.

Public servers cut off who asks more than they grant, submissions and proofs with the rest. So what moves money, and
what proves whether money has moved, goes before the reading of pages when little is left.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import cache
from urllib.parse import urlsplit

from billpay.failures import Unavailable

BURST = 100
"""Requests that may be made at once after a quiet time; what Horizon grants unless it is told otherwise."""

RESERVED_SHARE = 5
"""One in so many of the burst is kept for what is urgent."""

READ_PATIENCE_SECONDS = 5.0
URGENT_PATIENCE_SECONDS = 30.0
"""How long one waits for its turn before it is told to come back later."""

_SECONDS_PER_HOUR = 3_600.0
_ROUNDING = 1e-6
"""Less than this of a token is missing only because floats are not exact."""


class RequestBudget:
    """A bucket of tokens, one for each request, that fills up evenly; a `Gate` for every source of one server."""

    def __init__(
        self,
        *,
        per_hour: int,
        burst: int = BURST,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_second = per_hour / _SECONDS_PER_HOUR
        self._burst = float(burst)
        self._monotonic = monotonic
        self._sleep = sleep
        self._tokens = self._burst
        self._filled_at = monotonic()
        self._closed_until = self._filled_at

    async def enter(self, *, moves_money: bool, is_urgent: bool) -> None:
        """Wait for one's turn. What moves money is sent even while the server wants no more questions.

        Raises:
            Unavailable: the turn does not come soon; nothing was asked.
        """
        patience = URGENT_PATIENCE_SECONDS if is_urgent else READ_PATIENCE_SECONDS
        kept = 0.0 if is_urgent else self._burst // RESERVED_SHARE
        deadline = self._monotonic() + patience
        while True:
            closed_for = self._closed_until - self._monotonic()
            if closed_for > 0 and not moves_money:
                raise Unavailable(
                    "the ledger's server has asked us to slow down; it was not asked again",
                    retry_after_seconds=closed_for,
                )
            wait = self._wait_seconds(kept)
            if wait <= 0:
                self._tokens -= 1
                return
            if self._monotonic() + wait > deadline:
                raise Unavailable(
                    "the requests granted by the ledger's server are used up "
                    "(BILL_PROCESSOR_LEDGER_REQUESTS_PER_HOUR); it was not asked",
                    retry_after_seconds=wait,
                )
            await self._sleep(wait)

    def close_for(self, seconds: float) -> None:
        """Let nothing be read for a while: the server asks for it."""
        self._closed_until = max(self._closed_until, self._monotonic() + seconds)

    def _wait_seconds(self, kept: float) -> float:
        """Answer how long it takes until there is a token above those that are kept."""
        now = self._monotonic()
        grown = (now - self._filled_at) * self._per_second
        self._tokens = min(self._burst, self._tokens + grown)
        self._filled_at = now
        missing = kept + 1 - self._tokens
        return missing / self._per_second if missing > _ROUNDING else 0.0


def budget_of(base_url: str, requests_per_hour: int) -> RequestBudget | None:
    """Answer the one budget that every source of this process shares for a server; None where there is no bound."""
    return _budget_of(_server_of(base_url), requests_per_hour) if requests_per_hour else None


@cache
def _budget_of(server: str, requests_per_hour: int) -> RequestBudget:  # noqa: ARG001  names the one kept
    return RequestBudget(per_hour=requests_per_hour)


def _server_of(base_url: str) -> str:
    """Name a server without what may be a key in its address."""
    return urlsplit(base_url).netloc.rpartition("@")[2].lower()
