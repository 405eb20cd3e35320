"""The one table that says what it means when a question over HTTP fails.

                                                    moves money     only reads
    refused, no such host, no connection in time    Unavailable     Unavailable
    an address that cannot be used                  Misconfigured   Misconfigured
    broken while writing                            Ambiguous       Unavailable
    no answer in time, or not all of it             Ambiguous       Unavailable
    broken, closed or too long before its end       Ambiguous       Unavailable
    an answer that is no JSON object                Ambiguous       Unavailable
    429                                             Unavailable     Unavailable, both with Retry-After
    408, 5xx                                        Ambiguous       Unavailable
    any other status that is no success             Misconfigured   Misconfigured
    anything unforeseen                             Ambiguous       Unavailable

Whoever knows the other side's own words judges whole answers by a table of its own, made of the same rows (`Judge`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable

TOO_LARGE = "too_large"
"""The evidence's code where an answer was larger than we take."""


@dataclass(frozen=True)
class Row:
    """What an event means, for a call that moves money and for one that only reads."""

    money: type[Failure]
    read: type[Failure]
    words: str
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    """A whole HTTP answer, not yet believed."""

    status: int
    document: Mapping[str, Any] | None = field(repr=False)
    """The JSON object in it; None where it is something else."""

    text: str = field(repr=False)
    size: int
    headers: Mapping[str, str] = field(repr=False)


Judge = Callable[[Received], Row | None]
"""Says what a whole answer means; None where its JSON object is to be read."""


class TooLargeError(Exception):
    """The body is larger than any answer we ask for."""


NO_JSON = Row(Ambiguous, Unavailable, "gave an answer that is no JSON object")
TOO_MANY = Row(Unavailable, Unavailable, "asks us to slow down")
BROKEN = Row(Ambiguous, Unavailable, "reported a failure of its own")
REFUSED = Row(Misconfigured, Misconfigured, "refused the question")

_RAISED: tuple[tuple[tuple[type[Exception], ...], Row], ...] = (
    (
        (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError),
        Row(Unavailable, Unavailable, "could not be reached"),
    ),
    (
        (httpx.UnsupportedProtocol, httpx.InvalidURL),
        Row(Misconfigured, Misconfigured, "has an address that cannot be used"),
    ),
    (
        (httpx.WriteError, httpx.WriteTimeout),
        Row(Ambiguous, Unavailable, "did not take the whole request"),
    ),
    (
        (httpx.ReadTimeout, TimeoutError),
        Row(Ambiguous, Unavailable, "did not answer in time"),
    ),
    (
        (httpx.ReadError, httpx.RemoteProtocolError),
        Row(Ambiguous, Unavailable, "broke off before its answer was whole"),
    ),
    (
        (TooLargeError,),
        Row(Ambiguous, Unavailable, "answered with more than we take", TOO_LARGE),
    ),
    ((httpx.DecodingError,), NO_JSON),
    ((Exception,), Row(Ambiguous, Unavailable, "failed in an unforeseen way")),
)


def judge(received: Received) -> Row | None:
    """Look the status up in the table above."""
    codes = httpx.codes
    if received.status == codes.TOO_MANY_REQUESTS:
        return TOO_MANY
    if received.status == codes.REQUEST_TIMEOUT or codes.is_server_error(received.status):
        return BROKEN
    if not codes.is_success(received.status):
        return REFUSED
    return NO_JSON if received.document is None else None


def row_of(error: Exception) -> Row:
    """Look up what httpx raised."""
    return next(row for kinds, row in _RAISED if isinstance(error, kinds))
