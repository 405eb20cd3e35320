"""One question to a provider over HTTP; what its failing means is the table in `http_failures`.

Nothing is retried, no redirect is followed, and no message repeats what was sent or received.
"""

import asyncio
import json
import re
import ssl
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from billpay.failures import Evidence, Failure, Misconfigured
from billpay.providers.documents import JsonScalar, write_json
from billpay.providers.http_failures import BUG, NO_JSON, Row, TooLargeError, judge, row_of

CONNECT_TIMEOUT_SECONDS = 5.0
WRITE_TIMEOUT_SECONDS = 10.0
POOL_TIMEOUT_SECONDS = 10.0
MAX_CONNECTIONS = 20
BODY_LIMIT_BYTES = 1 << 20
RETRY_AFTER_LIMIT_SECONDS = 3_600.0

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_BEARER = "Authorization"

Answered = TypeVar("Answered")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request; whether it moves money decides what a missing answer means.

    httpx logs the address of every request, and a question may name the customer's account in its query; so the query
    travels in the request's target, which no library logs (I18).
    """

    method: Literal["GET", "POST"]
    path: str
    moves_money: bool
    read_timeout_seconds: float
    keys: Mapping[str, SecretStr] = field(default_factory=dict)
    """Headers that prove who we are."""

    bearer: SecretStr | None = None
    """The same, for a provider that knows us by a bearer key."""

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


@dataclass(frozen=True, kw_only=True)
class _Received:
    """A whole HTTP answer, not yet believed."""

    status: int
    raw: bytes
    retry_after_seconds: float | None


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
        # A proxy may be the address a provider has whitelisted; none reaches a loopback sandbox.
        is_outside = host_of(base_url) not in _LOOPBACK
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=_certificates(trust_env=is_outside),
            follow_redirects=False,
            trust_env=is_outside,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=0),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                # On GETs as well: Flutterwave was seen to answer "Transaction not found" to one without it.
                "Content-Type": "application/json",
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
        raise self._failure(question, BUG, why, status=reply.status)

    async def close(self) -> None:
        """Release the connections."""
        await self._client.aclose()

    def _request(self, question: Question) -> httpx.Request:
        """Build the request; whatever goes wrong here happens before anything is sent."""
        keys = self._keys(question)
        phases = httpx.Timeout(
            connect=CONNECT_TIMEOUT_SECONDS,
            write=WRITE_TIMEOUT_SECONDS,
            pool=POOL_TIMEOUT_SECONDS,
            read=question.read_timeout_seconds,
        )
        content = None if question.body is None else write_json(question.body)
        try:
            request = self._client.build_request(
                question.method,
                f"{self._base_url}/{question.path}",
                params=dict(question.query) or None,
                content=content,
                headers=keys,
                timeout=phases,
            )
        except httpx.InvalidURL as error:
            row = row_of(error)
        else:
            request.extensions["target"] = request.url.raw_path
            request.url = request.url.copy_with(query=None)
            return request
        raise self._failure(question, row, "InvalidURL")

    def _keys(self, question: Question) -> dict[str, str]:
        """Write the headers that prove who we are."""
        secrets = dict(question.keys) | (
            {} if question.bearer is None else {_BEARER: question.bearer}
        )
        keys = {name: key.get_secret_value() for name, key in secrets.items()}
        unfit = [name for name, value in keys.items() if not _HEADER_VALUE.fullmatch(value)]
        if unfit:
            raise Misconfigured(
                f"{self._provider}: {', '.join(unfit)} is empty or holds characters no key has",
                evidence=self._evidence(question),
            )
        if question.bearer is not None:
            keys[_BEARER] = f"Bearer {keys[_BEARER]}"
        return keys

    async def _exchange(self, question: Question, request: httpx.Request) -> Reply:
        """Send, receive the whole body within its limits, and translate what fails."""
        received = await self._receive(request, _deadline_seconds(question))
        if isinstance(received, Exception):
            raise self._failure(question, row_of(received), type(received).__name__)
        document, text = _parse(received.raw)
        row = judge(received.status, speaks_json=document is not None)
        if row is None and document is not None:
            return Reply(status=received.status, document=document, text=text)
        raise self._failure(
            question,
            row or NO_JSON,
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
        row: Row,
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


@cache
def _certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Whom we believe to be who they say, read once: that takes longer than most questions."""
    return httpx.create_ssl_context(trust_env=trust_env)


def host_of(base_url: str) -> str:
    """Answer the host of an address in lower case; empty where it has none."""
    try:
        return (urlsplit(base_url).hostname or "").rstrip(".")
    except ValueError:
        return ""


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
            raise TooLargeError
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
