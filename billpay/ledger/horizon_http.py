"""One question to Horizon over HTTP: which of its words are answers, and which are failures.

Over the general table (`billpay.exchange_failures`):

                                        submits         only reads
    404 in Horizon's words              Misconfigured   None
    400 `transaction_failed`            the answer      Misconfigured
    201, 400, 409, 503 with the status
    of a submission not waited for      the answer      as without it
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from billpay import exchange, exchange_failures
from billpay.exchange import Exchange, Gate, Question, post_form
from billpay.exchange_failures import Judge, Received, Row
from billpay.failures import Misconfigured
from billpay.ledger.shapes import DIGITS
from billpay.ledger.submission import DUPLICATE, ERROR, PENDING, TRY_AGAIN_LATER

READ_TIMEOUT_SECONDS = 10.0
SUBMIT_READ_TIMEOUT_SECONDS = 40.0
"""Above the 30 s that Horizon itself waits for a ledger before it answers 504."""

BODY_LIMIT_BYTES = 16 << 20
"""Above a full page of ordinary operations, each with its transaction's XDR, many times over."""

ASYNCHRONOUS = "transactions_async"
"""Where an envelope is taken without being waited for."""

_QUEUE: Mapping[str, int] = {
    PENDING: httpx.codes.CREATED,
    DUPLICATE: httpx.codes.CONFLICT,
    TRY_AGAIN_LATER: httpx.codes.SERVICE_UNAVAILABLE,
    ERROR: httpx.codes.BAD_REQUEST,
}
"""What the network's queue says of an envelope, and the status that it comes with."""

_NOT_OFFERED = frozenset(
    {httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED}
)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A JSON object in Horizon's words; its numbers are int or Decimal, never float."""

    document: Mapping[str, Any] = field(repr=False)
    status: int
    latest_ledger: int | None = None
    """The newest ledger of the server that answered; only where it answers from the ledger's present state."""


class HorizonHttp:
    """Asks one server one question at a time."""

    def __init__(
        self,
        base_url: str,
        *,
        gate: Gate | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._exchange = Exchange(
            "Horizon",
            base_url,
            body_limit_bytes=BODY_LIMIT_BYTES,
            gate=gate,
            transport=transport,
        )

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, is_urgent: bool = False
    ) -> Reply | None:
        """Read a document; None where Horizon says that there is none.

        A 404 in any other words is a wrong address, never an absence: proofs rest on the difference.

        Raises:
            Unavailable, Misconfigured: as the tables say.
        """
        question = Question(
            method="GET",
            path=f"/{path}",
            moves_money=False,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            query=query or {},
            is_urgent=is_urgent,
        )
        reply = await self._exchange.ask(question, _judge_read)
        return None if reply.status == httpx.codes.NOT_FOUND else _reply(reply)

    async def submit(self, envelope_xdr: str) -> Reply:
        """Hand a signed envelope in and wait for a ledger, or for a refusal (`is_refusal`).

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the tables say.
        """
        return await self._submit("/transactions", envelope_xdr, _judge_submission)

    async def submit_without_waiting(self, envelope_xdr: str) -> Reply | None:
        """Hand a signed envelope in and hear what the network's queue says; None where this is not offered.

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the tables say.
        """
        try:
            return await self._submit(f"/{ASYNCHRONOUS}", envelope_xdr, _judge_queue)
        except Misconfigured as refused:
            if refused.evidence.http_status in _NOT_OFFERED:
                return None
            raise

    async def offers(self, path: str, *, to_post: bool = False) -> bool:
        """Whether there is something to be asked at a path; the question itself means nothing.

        Raises:
            Unavailable, Misconfigured: as the tables say.
        """
        try:
            await self._exchange.ask(_probe(path, to_post=to_post))
        except Misconfigured as refused:
            if refused.evidence.http_status in _NOT_OFFERED:
                return False
            if refused.evidence.http_status != httpx.codes.BAD_REQUEST:
                raise
        return True

    async def _submit(self, path: str, envelope_xdr: str, judge: Judge) -> Reply:
        question = post_form(
            path,
            {"tx": envelope_xdr},
            moves_money=True,
            read_timeout_seconds=SUBMIT_READ_TIMEOUT_SECONDS,
        )
        return _reply(await self._exchange.ask(question, judge))

    async def close(self) -> None:
        """Release the connections."""
        await self._exchange.close()


def is_refusal(reply: Reply) -> bool:
    """Whether an answer to a submission that was waited for is `transaction_failed`: refused, or failed in a ledger."""
    return reply.status == httpx.codes.BAD_REQUEST


def _probe(path: str, *, to_post: bool) -> Question:
    if not to_post:
        return Question(
            method="GET",
            path=f"/{path}",
            moves_money=False,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
        )
    # An envelope of nothing is refused by whoever takes envelopes.
    return post_form(
        f"/{path}", {"tx": ""}, moves_money=False, read_timeout_seconds=READ_TIMEOUT_SECONDS
    )


def _reply(reply: exchange.Reply) -> Reply:
    return Reply(status=reply.status, document=reply.document, latest_ledger=_latest_ledger(reply))


def _judge_read(received: Received) -> Row | None:
    return None if _says(received, httpx.codes.NOT_FOUND, "not_found") else _judge(received)


def _judge_submission(received: Received) -> Row | None:
    is_answer = _says(received, httpx.codes.BAD_REQUEST, "transaction_failed")
    return None if is_answer else _judge(received)


def _judge_queue(received: Received) -> Row | None:
    said = received.document.get("tx_status") if received.document else None
    is_answer = isinstance(said, str) and _QUEUE.get(said) == received.status
    return None if is_answer else _judge(received)


def _judge(received: Received) -> Row | None:
    """Judge as the general table does, and keep Horizon's name of the problem."""
    row = exchange_failures.judge(received)
    return row and replace(row, code=row.code or _problem(received))


def _problem(received: Received) -> str | None:
    """Name a problem as Horizon does: the last part of its type, which may be an address or a bare word."""
    kind = received.document.get("type") if received.document else None
    return kind.rstrip("/").rsplit("/", 1)[-1][:80] if isinstance(kind, str) else None


def _says(received: Received, status: int, problem: str) -> bool:
    return received.status == status and _problem(received) == problem


def _latest_ledger(reply: exchange.Reply) -> int | None:
    text = reply.headers.get("Latest-Ledger", "")
    return int(text) if DIGITS.fullmatch(text) else None
