"""One question to Horizon over HTTP, and the one table that says what its failing means.

                                                        submits         only reads
    refused, no such host, no connection in time        Unavailable     Unavailable
    an address that cannot be used                      Misconfigured   Misconfigured
    broken while writing, no answer, half an answer     Ambiguous       Unavailable
    an answer that is no JSON object                    Ambiguous       Unavailable
    404 in Horizon's words                              Misconfigured   None
    400 `transaction_failed`                            the answer      Misconfigured
    401, 403, a redirect, any other 4xx                 Misconfigured   Misconfigured
    408, 5xx                                            Ambiguous       Unavailable
    429                                                 Unavailable     Unavailable, both with Retry-After

Nothing is retried, no redirect is followed, and no message repeats the address: a provider's may hold our key.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx

from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable

CONNECT_TIMEOUT_SECONDS = 5.0
WRITE_TIMEOUT_SECONDS = 10.0
POOL_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 10.0
SUBMIT_READ_TIMEOUT_SECONDS = 40.0
"""Above the 30 s that Horizon itself waits for a ledger before it answers 504."""

BODY_LIMIT_BYTES = 16 << 20
"""Above a full page of ordinary operations, each with its transaction's XDR, many times over."""

RETRY_AFTER_LIMIT_SECONDS = 3_600.0
TOO_LARGE = "too_large"
"""The evidence's code where an answer was larger than we take."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NAME = "Horizon"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A JSON object in Horizon's words; its numbers are int or Decimal, never float."""

    document: Mapping[str, Any] = field(repr=False)
    is_refusal: bool = False
    """Whether this is `transaction_failed`: the answer to a submission that was refused or failed."""

    latest_ledger: int | None = None
    """The newest ledger of the server that answered; only where it answers from the ledger's present state."""


@dataclass(frozen=True, kw_only=True)
class _Question:
    method: str
    path: str
    submits: bool
    read_timeout_seconds: float
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class _Received:
    """A whole HTTP answer, not yet believed."""

    status: int
    raw: bytes
    headers: httpx.Headers


@dataclass(frozen=True)
class _Row:
    """What an event means, for a submission and for a question that only reads."""

    submits: type[Failure]
    reads: type[Failure]
    words: str
    code: str | None = None


class _TooLargeError(Exception):
    """The body is larger than any answer we ask for."""


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
    (
        (_TooLargeError,),
        _Row(Ambiguous, Unavailable, "answered with more than we take", TOO_LARGE),
    ),
    ((Exception,), _Row(Ambiguous, Unavailable, "failed in an unforeseen way")),
)

_NO_JSON = _Row(Ambiguous, Unavailable, "gave an answer that is no JSON object")
_TOO_MANY = _Row(Unavailable, Unavailable, "asks us to slow down")
_BROKEN = _Row(Ambiguous, Unavailable, "reported a failure of its own")
_REFUSED = _Row(Misconfigured, Misconfigured, "refused the question")


class HorizonHttp:
    """Asks one server one question at a time, each on a connection of its own.

    A kept connection that the other side is just closing would leave a submission in doubt for want of a handshake.
    """

    def __init__(self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = httpx.AsyncClient(
            transport=transport,
            follow_redirects=False,
            # A proxy may be what leads to a provider; none leads to a loopback sandbox.
            trust_env=not _is_loopback(base_url),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "billpay",
            },
        )

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Reply | None:
        """Read a document; None where Horizon says that there is none.

        A 404 in any other words is a wrong address, never an absence: proofs rest on the difference.

        Raises:
            Unavailable, Misconfigured: as the table above says.
        """
        question = _Question(
            method="GET",
            path=path,
            submits=False,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            query=query or {},
        )
        received = await self._exchange(question)
        document = _parse(received.raw)
        if _says(document, received.status, httpx.codes.NOT_FOUND, "not_found"):
            return None
        return self._believe(question, received, document)

    async def submit(self, envelope_xdr: str) -> Reply:
        """Hand a signed envelope in and wait for Horizon's word on it.

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the table above says.
        """
        question = _Question(
            method="POST",
            path="transactions",
            submits=True,
            read_timeout_seconds=SUBMIT_READ_TIMEOUT_SECONDS,
            form={"tx": envelope_xdr},
        )
        received = await self._exchange(question)
        document = _parse(received.raw)
        if document and _says(
            document, received.status, httpx.codes.BAD_REQUEST, "transaction_failed"
        ):
            return Reply(document=document, is_refusal=True)
        return self._believe(question, received, document)

    async def close(self) -> None:
        """Release the connections."""
        await self._client.aclose()

    def _believe(
        self, question: _Question, received: _Received, document: Mapping[str, Any] | None
    ) -> Reply:
        row = _judge(received.status) or (None if document is not None else _NO_JSON)
        if row is None and document is not None:
            return Reply(
                document=document, latest_ledger=_number(received.headers, "Latest-Ledger")
            )
        problem = _problem(document)
        raise _failure(
            question,
            row or _NO_JSON,
            f"HTTP {received.status}" + (f" {problem}" if problem else ""),
            status=received.status,
            code=problem,
            retry_after_seconds=_retry_after(received.headers),
        )

    async def _exchange(self, question: _Question) -> _Received:
        """Send, and receive the whole body within its limits."""
        received = await self._receive(question)
        if isinstance(received, Exception):
            row = next(row for kinds, row in _RAISED if isinstance(received, kinds))
            raise _failure(question, row, type(received).__name__, code=row.code)
        return received

    async def _receive(self, question: _Question) -> _Received | Exception:
        """Answer what came, or what was raised.

        Returned, not raised: httpx's errors repeat the address, and an error raised while another is handled drags it
        along as its context.
        """
        try:
            async with asyncio.timeout(_deadline_seconds(question)):
                response = await self._client.send(self._request(question), stream=True)
                try:
                    raw = await _read_body(response)
                finally:
                    await response.aclose()
        except Exception as error:  # noqa: BLE001  the table's last row is for what nobody foresaw
            return error
        return _Received(status=response.status_code, raw=raw, headers=response.headers)

    def _request(self, question: _Question) -> httpx.Request:
        return self._client.build_request(
            question.method,
            f"{self._base_url}/{question.path}",
            params=dict(question.query) or None,
            data=None if question.form is None else dict(question.form),
            timeout=httpx.Timeout(
                connect=CONNECT_TIMEOUT_SECONDS,
                write=WRITE_TIMEOUT_SECONDS,
                pool=POOL_TIMEOUT_SECONDS,
                read=question.read_timeout_seconds,
            ),
        )


def _judge(status: int) -> _Row | None:
    """Look an HTTP status up; None where the body is the answer."""
    codes = httpx.codes
    if status == codes.TOO_MANY_REQUESTS:
        return _TOO_MANY
    if status == codes.REQUEST_TIMEOUT or codes.is_server_error(status):
        return _BROKEN
    return None if codes.is_success(status) else _REFUSED


def _failure(
    question: _Question,
    row: _Row,
    why: str,
    *,
    status: int | None = None,
    code: str | None = None,
    retry_after_seconds: float | None = None,
) -> Failure:
    kind = row.submits if question.submits else row.reads
    return kind(
        f"{_NAME} {row.words}: {question.method} /{question.path}, {why}",
        evidence=Evidence(provider=_NAME, code=code, http_status=status),
        retry_after_seconds=retry_after_seconds,
    )


def _deadline_seconds(question: _Question) -> float:
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


def _parse(raw: bytes) -> Mapping[str, Any] | None:
    """Read a JSON object; None for everything else, however broken."""
    try:
        document = json.loads(raw.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _problem(document: Mapping[str, Any] | None) -> str | None:
    """Name a problem as Horizon does: the last part of its type, which may be an address or a bare word."""
    kind = document.get("type") if document else None
    return kind.rstrip("/").rsplit("/", 1)[-1][:80] if isinstance(kind, str) else None


def _says(document: Mapping[str, Any] | None, status: int, wanted: int, problem: str) -> bool:
    return status == wanted and _problem(document) == problem


def _is_loopback(base_url: str) -> bool:
    try:
        return urlsplit(base_url).hostname in _LOOPBACK
    except ValueError:
        return False


def _number(headers: httpx.Headers, name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def _retry_after(headers: httpx.Headers) -> float | None:
    """Answer the seconds we are asked to wait, an hour at most; None where there are none, or a date."""
    seconds = _number(headers, "Retry-After")
    return None if seconds is None else min(float(seconds), RETRY_AFTER_LIMIT_SECONDS)
