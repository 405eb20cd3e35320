"""The one table that says what a question's failing means.

                                                moves money     only reads
refused, no such host, no connection in time    Unavailable     Unavailable
an address that cannot be used                  Misconfigured   Misconfigured
broken while writing                            Ambiguous       Unavailable
no answer in time, or not all of it             Ambiguous       Unavailable
broken or closed before the answer was whole    Ambiguous       Unavailable
an answer that is no JSON object                Ambiguous       Unavailable
401, 403                                        Misconfigured   Misconfigured
429                                             Unavailable     Unavailable, both with Retry-After
403, 429 in another voice than the provider's   Ambiguous       as above
408, 5xx                                        Ambiguous       Unavailable
a redirect, any other 4xx that is no JSON       Ambiguous       Misconfigured
anything unforeseen, our own bugs included      Ambiguous       Unavailable; a bug stays a bug
"""

from dataclasses import dataclass

import httpx

from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable


@dataclass(frozen=True)
class Row:
    """What an event means, for a call that moves money and for one that only reads."""

    money: type[Failure]
    read: type[Failure]
    words: str


class TooLargeError(Exception):
    """The body is larger than any answer we ask for."""


NO_JSON = Row(Ambiguous, Unavailable, "gave an answer that is no JSON object")
_UNFORESEEN = Row(Ambiguous, Unavailable, "failed in an unforeseen way")

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
    ((TooLargeError, httpx.DecodingError), NO_JSON),
    ((Exception,), _UNFORESEEN),
)

_REFUSED = Row(Misconfigured, Misconfigured, "refused our key or address")
_TOO_MANY = Row(Unavailable, Unavailable, "asks us to slow down")
_BROKEN = Row(Ambiguous, Unavailable, "reported a failure of its own")
# A filter that inspects answers may speak after the sale was made, so a refusal in its words proves nothing.
_REFUSED_BY_ANOTHER = Row(Ambiguous, Misconfigured, "is shielded by something that refused us")
_TOO_MANY_BY_ANOTHER = Row(Ambiguous, Unavailable, "is shielded by something that slows us down")
# For a read the address is wrong. A purchase may have been made before its answer was sent elsewhere (POST, then 303).
_ELSEWHERE = Row(Ambiguous, Misconfigured, "answered with a redirect or an error page")
BUG = Row(Ambiguous, Unavailable, "gave an answer that we failed to read")


def row_of(error: Exception) -> Row:
    """Look up what httpx raised."""
    return next(row for kinds, row in _RAISED if isinstance(error, kinds))


def judge(status: int, *, speaks_json: bool) -> Row | None:
    """Look an HTTP status up; None where the body is the answer."""
    codes = httpx.codes
    if status == codes.UNAUTHORIZED:
        return _REFUSED
    if status == codes.FORBIDDEN:
        return _REFUSED if speaks_json else _REFUSED_BY_ANOTHER
    if status == codes.TOO_MANY_REQUESTS:
        return _TOO_MANY if speaks_json else _TOO_MANY_BY_ANOTHER
    if status == codes.REQUEST_TIMEOUT or codes.is_server_error(status):
        return _BROKEN
    if codes.is_redirect(status) or (codes.is_client_error(status) and not speaks_json):
        return _ELSEWHERE
    return None if speaks_json else NO_JSON
