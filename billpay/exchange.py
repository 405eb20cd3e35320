"""One bounded question over HTTP to one other side; what its failing means is the table in `exchange_failures`.

Nothing is retried, no redirect is followed, and no message repeats the address or what was sent or received: an address
may hold a key, a query an account.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Literal, NoReturn, Protocol
from urllib.parse import urlencode, urlsplit

import httpx

from billpay.exchange_failures import (
    NO_JSON,
    Judge,
    Received,
    Row,
    TooLargeError,
    judge,
    row_of,
)
from billpay.failures import Evidence, Failure

CONNECT_TIMEOUT_SECONDS = 5.0
WRITE_TIMEOUT_SECONDS = 10.0
POOL_TIMEOUT_SECONDS = 10.0
MAX_CONNECTIONS = 20
RETRY_AFTER_LIMIT_SECONDS = 3_600.0
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request; whether it moves money decides what a missing answer means."""

    method: Literal["GET", "POST"]
    path: str = ""
    """What follows the base address; empty for the base address itself."""

    moves_money: bool
    read_timeout_seconds: float
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    subject: str | None = None
    """What is asked, for the operator, where the path does not say it."""

    request_id: str | None = None
    """The attempt this is about, for the evidence."""

    is_urgent: bool = False
    """Whether it goes before others where the other side bounds how much is asked; what moves money always does."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A JSON object that the other side answered with; its numbers are int or Decimal, never float."""

    status: int
    document: Mapping[str, Any] = field(repr=False)
    text: str = field(repr=False)
    """The body as received."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Gate(Protocol):
    """What bounds how much is asked of the other side."""

    async def enter(self, *, moves_money: bool, is_urgent: bool) -> None:
        """Wait for one's turn.

        Raises:
            Unavailable: it does not come soon; nothing was asked.
        """
        ...

    def close_for(self, seconds: float) -> None:
        """Let nothing be read for a while: the other side asks for it."""
        ...


class Exchange:
    """Asks one other side one question at a time, each on a connection of its own.

    A kept connection that the other side is just closing would leave money in doubt for want of a handshake.
    """

    def __init__(
        self,
        other_side: str,
        base_url: str,
        *,
        body_limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        gate: Gate | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._other_side = other_side
        self._base_url = base_url
        self._body_limit_bytes = body_limit_bytes
        self._gate = gate
        is_outside = host_of(base_url) not in _LOOPBACK
        self._hides_target = base_url.lower().startswith("https:") or not is_outside
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=_certificates(trust_env=is_outside),
            follow_redirects=False,
            # A proxy may be what leads to the other side; none leads to a loopback sandbox.
            trust_env=is_outside,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=0),
            headers={
                "Accept": JSON,
                "Accept-Encoding": "identity",
                "User-Agent": "billpay",
                **(headers or {}),
            },
        )

    async def ask(self, question: Question, judged_by: Judge = judge) -> Reply:
        """Ask once and receive the whole answer, within its time and its length.

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the table above, or the judge's own, says.
        """
        request = self._request(question)
        if self._gate is not None:
            await self._gate.enter(
                moves_money=question.moves_money,
                is_urgent=question.is_urgent or question.moves_money,
            )
        received = await self._receive(request, _deadline_seconds(question))
        if isinstance(received, Exception):
            raise self.failure(question, row_of(received), type(received).__name__)
        self._heed(received)
        row = judged_by(received)
        if row is None and received.document is not None:
            return Reply(
                status=received.status,
                document=received.document,
                text=received.text,
                headers=received.headers,
            )
        row = row or NO_JSON
        said = f"HTTP {received.status}{f' {row.code}' if row.code else ''}, {received.size} bytes"
        raise self.failure(
            question,
            row,
            said,
            status=received.status,
            retry_after_seconds=_retry_after(received),
        )

    def failure(
        self,
        question: Question,
        row: Row,
        why: str,
        *,
        status: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> Failure:
        """Say what an event means for this question, and why, for the operator."""
        kind = row.money if question.moves_money else row.read
        subject = question.subject or f"{question.method} {question.path}"
        return kind(
            f"{self._other_side} {row.words}: {subject}, {why}",
            evidence=Evidence(
                provider=self._other_side,
                request_id=question.request_id,
                code=row.code,
                http_status=status,
            ),
            retry_after_seconds=retry_after_seconds,
        )

    async def close(self) -> None:
        """Release the connections."""
        await self._client.aclose()

    def _heed(self, received: Received) -> None:
        seconds = _retry_after(received)
        is_asked = received.status == httpx.codes.TOO_MANY_REQUESTS and seconds is not None
        if self._gate is not None and seconds is not None and is_asked:
            self._gate.close_for(seconds)

    def _request(self, question: Question) -> httpx.Request:
        """Build the request; whatever goes wrong here happens before anything is sent."""
        try:
            request = self._client.build_request(
                question.method,
                _address(self._base_url, question.path),
                params=dict(question.query) or None,
                content=question.content,
                headers=dict(question.headers),
                timeout=httpx.Timeout(
                    connect=CONNECT_TIMEOUT_SECONDS,
                    write=WRITE_TIMEOUT_SECONDS,
                    pool=POOL_TIMEOUT_SECONDS,
                    read=question.read_timeout_seconds,
                ),
            )
        except httpx.InvalidURL as error:
            row = row_of(error)
        else:
            return self._hidden(request)
        raise self.failure(question, row, "InvalidURL")

    def _hidden(self, request: httpx.Request) -> httpx.Request:
        """Move the query out of the address, which httpx logs, into the target, which no library logs (I18).

        Not without TLS outside this machine: a proxy in between would lose the host.
        """
        if self._hides_target:
            request.extensions["target"] = request.url.raw_path
            request.url = request.url.copy_with(query=None)
        return request

    async def _receive(
        self, request: httpx.Request, deadline_seconds: float
    ) -> "Received | Exception":
        """Answer what came, or what was raised.

        Returned, not raised: httpx's errors repeat addresses and header values, and an error raised while another
        is handled drags it along as its context.
        """
        try:
            async with asyncio.timeout(deadline_seconds):
                response = await self._client.send(request, stream=True)
                try:
                    raw = await self._read_body(response)
                finally:
                    await response.aclose()
        except Exception as error:  # noqa: BLE001  the table's last row is for what nobody foresaw
            return error
        document, text = _parse(raw)
        return Received(
            status=response.status_code,
            document=document,
            text=text,
            size=len(raw),
            headers=response.headers,
        )

    async def _read_body(self, response: httpx.Response) -> bytes:
        raw = bytearray()
        async for chunk in response.aiter_bytes():
            raw += chunk
            if len(raw) > self._body_limit_bytes:
                raise TooLargeError
        return bytes(raw)


def post_form(
    path: str, form: Mapping[str, str], *, moves_money: bool, read_timeout_seconds: float
) -> Question:
    """Ask by handing in a form."""
    return Question(
        method="POST",
        path=path,
        moves_money=moves_money,
        read_timeout_seconds=read_timeout_seconds,
        headers={"Content-Type": FORM},
        content=urlencode(form).encode(),
    )


def post_json(
    path: str,
    document: Mapping[str, Any],
    *,
    moves_money: bool,
    read_timeout_seconds: float,
    subject: str | None = None,
    is_urgent: bool = False,
) -> Question:
    """Ask by handing in a JSON object of text, whole numbers, truth values, lists and objects."""
    return Question(
        method="POST",
        path=path,
        moves_money=moves_money,
        read_timeout_seconds=read_timeout_seconds,
        headers={"Content-Type": JSON},
        content=json.dumps(document, separators=(",", ":")).encode(),
        subject=subject,
        is_urgent=is_urgent,
    )


def host_of(base_url: str) -> str:
    """Answer the host of an address in lower case; empty where it has none."""
    try:
        return (urlsplit(base_url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _address(base_url: str, path: str) -> str:
    return f"{base_url.rstrip('/')}/{path.lstrip('/')}" if path else base_url


@cache
def _certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Whom we believe to be who they say, read once: that takes longer than most questions."""
    return httpx.create_ssl_context(trust_env=trust_env)


def _deadline_seconds(question: Question) -> float:
    """Bound the whole exchange: a body dripping byte by byte outlives every timeout between bytes."""
    return (
        question.read_timeout_seconds
        + CONNECT_TIMEOUT_SECONDS
        + WRITE_TIMEOUT_SECONDS
        + POOL_TIMEOUT_SECONDS
    )


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


def _retry_after(received: Received) -> float | None:
    """Answer the seconds we are asked to wait, an hour at most; None where none are named, or a date."""
    text = received.headers.get("Retry-After", "")
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text), RETRY_AFTER_LIMIT_SECONDS)
