"""One question to a provider over HTTP; what its failing means is the table in `http_failures`.

Nothing is retried, no redirect is followed, and no message repeats what was sent or received: `billpay.exchange`.
"""

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import httpx
from pydantic import SecretStr

from billpay import exchange
from billpay.exchange import JSON, Exchange, Reply, host_of
from billpay.failures import Evidence, Failure, Misconfigured
from billpay.providers.documents import JsonScalar, write_json
from billpay.providers.http_failures import BUG, judge

__all__ = ["ProviderHttp", "Question", "Reply", "host_of"]

BODY_LIMIT_BYTES = 1 << 20

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+")
_BEARER = "Authorization"

Answered = TypeVar("Answered")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request; whether it moves money decides what a missing answer means.

    It may name the customer's account in its query, which is in no log (I18).
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


class ProviderHttp:
    """Asks one provider one question at a time."""

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        suffix: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._provider = provider
        self._exchange = Exchange(
            provider,
            base_url.rstrip("/").removesuffix(suffix).rstrip("/") + suffix,
            body_limit_bytes=BODY_LIMIT_BYTES,
            # On GETs as well: Flutterwave was seen to answer "Transaction not found" to one without it.
            headers={"Content-Type": JSON},
            transport=transport,
        )

    async def ask(self, question: Question, read: Callable[[Reply], Answered]) -> Answered:
        """Ask once and read the answer.

        `read` may raise our failures; whatever else it raises is a bug, which is `Ambiguous` where money moved.

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the table says.
        """
        asked = self._asked(question)
        reply = await self._exchange.ask(asked, judge)
        try:
            return read(reply)
        except Failure:
            raise
        except Exception as bug:
            if not question.moves_money:
                raise
            place = traceback.extract_tb(bug.__traceback__)[-1]
            why = f"{type(bug).__name__} in {place.name}, line {place.lineno}"
        raise self._exchange.failure(asked, BUG, why, status=reply.status)

    async def close(self) -> None:
        """Release the connections."""
        await self._exchange.close()

    def _asked(self, question: Question) -> exchange.Question:
        return exchange.Question(
            method=question.method,
            path=question.path,
            moves_money=question.moves_money,
            read_timeout_seconds=question.read_timeout_seconds,
            query=question.query,
            headers=self._keys(question),
            content=None if question.body is None else write_json(question.body),
            request_id=question.request_id,
        )

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
                evidence=Evidence(provider=self._provider, request_id=question.request_id),
            )
        if question.bearer is not None:
            keys[_BEARER] = f"Bearer {keys[_BEARER]}"
        return keys
