"""One question to a provider over HTTP, and the one table that says what its failing means.

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

Nothing is retried, no redirect is followed, and no message repeats what was sent or received.
"""

import asyncio
import json
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable

CONNECT_TIMEOUT_SECONDS = 5.0
WRITE_TIMEOUT_SECONDS = 10.0
POOL_TIMEOUT_SECONDS = 10.0
MAX_CONNECTIONS = 20
BODY_LIMIT_BYTES = 1 << 20
RETRY_AFTER_LIMIT_SECONDS = 3_600.0

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

JsonScalar = str | int | Decimal
Answered = TypeVar("Answered")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request; whether it moves money decides what a missing answer means."""

    method: Literal["GET", "POST"]
    path: str
    moves_money: bool
    read_timeout_seconds: float
    keys: Mapping[str, SecretStr] = field(default_factory=dict)
    """Headers that prove who we are."""

    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, JsonScalar] | None = field(default=None, repr=False)
    request_id: str | None = None
    """The attempt this is about, for the evidence."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A JSON object that the provider answered with; its numbers are int or Decimal, never float."""

    status: int
    document: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)
    """The body as received."""


@dataclass(frozen=True)
class _Row:
    """What an event means, for a call that moves money and for one that only reads."""

    money: type[Failure]
    read: type[Failure]
    words: str


@dataclass(frozen=True, kw_only=True)
class _Received:
    """A whole HTTP answer, not yet believed."""

    status: int
    raw: bytes
    retry_after_seconds: float | None


class _TooLargeError(Exception):
    """The body is larger than any answer we ask for."""


_NO_JSON = _Row(Ambiguous, Unavailable, "gave an answer that is no JSON object")
_UNFORESEEN = _Row(Ambiguous, Unavailable, "failed in an unforeseen way")

_RAISED: tuple[tuple[tuple[type[Exception], ...], _Row], ...] = (
    (
        (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError),
        _Row(Unavailable, Unavailable, "could not be reached"),
    ),
    (
        (httpx.UnsupportedProtocol, httpx.InvalidURL),
        _Row(Misconfigured, Misconfigured, "has an address that cannot be used"),
    ),
    (
        (httpx.WriteError, httpx.WriteTimeout),
        _Row(Ambiguous, Unavailable, "did not take the whole request"),
    ),
    (
        (httpx.ReadTimeout, TimeoutError),
        _Row(Ambiguous, Unavailable, "did not answer in time"),
    ),
    (
        (httpx.ReadError, httpx.RemoteProtocolError),
        _Row(Ambiguous, Unavailable, "broke off before its answer was whole"),
    ),
    ((_TooLargeError, httpx.DecodingError), _NO_JSON),
    ((Exception,), _UNFORESEEN),
)

_REFUSED = _Row(Misconfigured, Misconfigured, "refused our key or address")
_TOO_MANY = _Row(Unavailable, Unavailable, "asks us to slow down")
_BROKEN = _Row(Ambiguous, Unavailable, "reported a failure of its own")
# A filter that inspects answers may speak after the sale was made, so a refusal in its words proves nothing.
_REFUSED_BY_ANOTHER = _Row(Ambiguous, Misconfigured, "is shielded by something that refused us")
_TOO_MANY_BY_ANOTHER = _Row(Ambiguous, Unavailable, "is shielded by something that slows us down")
# For a read the address is wrong. A purchase may have been made before its answer was sent elsewhere (POST, then 303).
_ELSEWHERE = _Row(Ambiguous, Misconfigured, "answered with a redirect or an error page")
_BUG = _Row(Ambiguous, Unavailable, "gave an answer that we failed to read")


def _row_of(error: Exception) -> _Row:
    """Look up what httpx raised."""
    return next(row for kinds, row in _RAISED if isinstance(error, kinds))


def _judge(status: int, *, speaks_json: bool) -> _Row | None:
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
    return None if speaks_json else _NO_JSON


class ProviderHttp:
    """Asks one provider one question at a time, each on a connection of its own.

    A kept connection that the other side is just closing would make a sale ambiguous for want of a handshake.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        suffix: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._provider = provider
        self._base_url = base_url.rstrip("/").removesuffix(suffix).rstrip("/") + suffix
        self._client = httpx.AsyncClient(
            transport=transport,
            follow_redirects=False,
            # A proxy may be the address a provider has whitelisted; none reaches a loopback sandbox.
            trust_env=host_of(base_url) not in _LOOPBACK,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=0),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "billpay",
            },
        )

    async def ask(self, question: Question, read: Callable[[Reply], Answered]) -> Answered:
        """Ask once and read the answer.

        `read` may raise our failures; whatever else it raises is a bug, which is `Ambiguous` where money moved.

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the table above says.
        """
        request = self._request(question)
        reply = await self._exchange(question, request)
        try:
            return read(reply)
        except Failure:
            raise
        except Exception as bug:
            if not question.moves_money:
                raise
            place = traceback.extract_tb(bug.__traceback__)[-1]
            why = f"{type(bug).__name__} in {place.name}, line {place.lineno}"
        raise self._failure(question, _BUG, why, status=reply.status)

    async def close(self) -> None:
        """Release the connections."""
        await self._client.aclose()

    def _request(self, question: Question) -> httpx.Request:
        """Build the request; whatever goes wrong here happens before anything is sent."""
        keys = {name: key.get_secret_value() for name, key in question.keys.items()}
        unfit = [name for name, value in keys.items() if not _HEADER_VALUE.fullmatch(value)]
        if unfit:
            raise Misconfigured(
                f"{self._provider}: {', '.join(unfit)} is empty or holds characters no key has",
                evidence=self._evidence(question),
            )
        phases = httpx.Timeout(
            connect=CONNECT_TIMEOUT_SECONDS,
            write=WRITE_TIMEOUT_SECONDS,
            pool=POOL_TIMEOUT_SECONDS,
            read=question.read_timeout_seconds,
        )
        content = None if question.body is None else write_json(question.body)
        try:
            return self._client.build_request(
                question.method,
                f"{self._base_url}/{question.path}",
                params=dict(question.query) or None,
                content=content,
                headers=keys | ({"Content-Type": "application/json"} if content else {}),
                timeout=phases,
            )
        except httpx.InvalidURL as error:
            row = _row_of(error)
        raise self._failure(question, row, "InvalidURL")

    async def _exchange(self, question: Question, request: httpx.Request) -> Reply:
        """Send, receive the whole body within its limits, and translate what fails."""
        received = await self._receive(request, _deadline_seconds(question))
        if isinstance(received, Exception):
            raise self._failure(question, _row_of(received), type(received).__name__)
        document, text = _parse(received.raw)
        row = _judge(received.status, speaks_json=document is not None)
        if row is None and document is not None:
            return Reply(status=received.status, document=document, text=text)
        raise self._failure(
            question,
            row or _NO_JSON,
            f"HTTP {received.status}, {len(received.raw)} bytes",
            status=received.status,
            retry_after_seconds=received.retry_after_seconds,
        )

    async def _receive(
        self, request: httpx.Request, deadline_seconds: float
    ) -> "_Received | Exception":
        """Answer what came, or what was raised.

        Returned, not raised: httpx's errors repeat addresses and header values, and an error raised while another
        is handled drags it along as its context.
        """
        try:
            async with asyncio.timeout(deadline_seconds):
                response = await self._client.send(request, stream=True)
                try:
                    raw = await _read_body(response)
                finally:
                    await response.aclose()
        except Exception as error:  # noqa: BLE001  the table's last row is for what nobody foresaw
            return error
        return _Received(
            status=response.status_code, raw=raw, retry_after_seconds=_retry_after(response)
        )

    def _failure(
        self,
        question: Question,
        row: _Row,
        why: str,
        *,
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> Failure:
        kind = row.money if question.moves_money else row.read
        return kind(
            f"{self._provider} {row.words}: {question.method} {question.path}, {why}",
            evidence=self._evidence(question, status),
            retry_after_seconds=retry_after_seconds,
        )

    def _evidence(self, question: Question, status: int | None = None) -> Evidence:
        return Evidence(provider=self._provider, request_id=question.request_id, http_status=status)


def host_of(base_url: str) -> str:
    """Answer the host of an address in lower case; empty where it has none."""
    try:
        return (urlsplit(base_url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def write_json(body: Mapping[str, JsonScalar]) -> bytes:
    """Write a flat object; a Decimal becomes a JSON number digit by digit, never by way of a float."""
    members = (
        f"{json.dumps(name)}:{f'{value:f}' if isinstance(value, Decimal) else json.dumps(value)}"
        for name, value in body.items()
    )
    return ("{" + ",".join(members) + "}").encode()


def _deadline_seconds(question: Question) -> float:
    """Bound the whole exchange: a body dripping byte by byte outlives every timeout between bytes."""
    return (
        question.read_timeout_seconds
        + CONNECT_TIMEOUT_SECONDS
        + WRITE_TIMEOUT_SECONDS
        + POOL_TIMEOUT_SECONDS
    )


async def _read_body(response: httpx.Response) -> bytes:
    raw = bytearray()
    async for chunk in response.aiter_bytes():
        raw += chunk
        if len(raw) > BODY_LIMIT_BYTES:
            raise _TooLargeError
    return bytes(raw)


def _parse(raw: bytes) -> tuple[Mapping[str, Any] | None, str]:
    """Read a JSON object; None for everything else, however broken."""
    try:
        text = raw.decode("utf-8-sig")
        document = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        return None, ""
    return (document, text) if isinstance(document, dict) else (None, "")


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _retry_after(response: httpx.Response) -> float | None:
    """Answer the seconds a provider asks us to wait, an hour at most; None where it names none, or a date."""
    text = response.headers.get("Retry-After", "")
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text), RETRY_AFTER_LIMIT_SECONDS)
