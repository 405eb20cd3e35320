"""One call of a Stellar RPC server, and what an error in its answer means beyond the table in `exchange_failures`.

                                                        submits         only reads
    parse error, invalid request, method or parameters  Misconfigured   Misconfigured
    any other error                                     Ambiguous       Unavailable
    an answer that is no JSON-RPC                       Ambiguous       Unavailable

The evidence carries JSON-RPC's number of the error: whoever asked may know better what a refusal means.
"""

from collections.abc import Mapping
from typing import Any

import httpx

from billpay import exchange_failures
from billpay.exchange import Exchange, Gate, post_json
from billpay.exchange_failures import BROKEN, Received, Row
from billpay.failures import Ambiguous, Misconfigured, Unavailable

READ_TIMEOUT_SECONDS = 15.0
"""Above the ten seconds after which a server gives a search for events up by itself."""

BODY_LIMIT_BYTES = 16 << 20
INVALID_REQUEST = "-32600"
METHOD_NOT_FOUND = "-32601"

_REFUSALS = frozenset({"-32700", INVALID_REQUEST, METHOD_NOT_FOUND, "-32602"})
_CALL_NUMBER = 1
"""One answer comes back on each connection, so every call may have the same number."""

_NO_RESULT = Row(Ambiguous, Unavailable, "gave an answer that is no JSON-RPC")


class RpcHttp:
    """Calls one server's methods."""

    def __init__(
        self,
        base_url: str,
        *,
        gate: Gate | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._exchange = Exchange(
            "Stellar RPC",
            base_url,
            body_limit_bytes=BODY_LIMIT_BYTES,
            gate=gate,
            transport=transport,
        )

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        moves_money: bool = False,
        is_urgent: bool = False,
    ) -> Mapping[str, Any]:
        """Call a method and answer its result.

        Raises:
            Unavailable, Ambiguous, Misconfigured: as the tables say.
        """
        call = {"jsonrpc": "2.0", "id": _CALL_NUMBER, "method": method}
        question = post_json(
            "",
            call | ({"params": dict(params)} if params else {}),
            moves_money=moves_money,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            subject=method,
            is_urgent=is_urgent,
        )
        reply = await self._exchange.ask(question, _judge)
        result: Mapping[str, Any] = reply.document["result"]
        return result

    async def close(self) -> None:
        """Release the connections."""
        await self._exchange.close()


def _judge(received: Received) -> Row | None:
    """Judge an answer by its error, where it has one that a server would give to nobody else."""
    row = exchange_failures.judge(received)
    if received.document is None or row in (exchange_failures.TOO_MANY, BROKEN):
        return row
    error = received.document.get("error")
    if isinstance(error, dict):
        return _row_of(error)
    is_answer = received.document.get("id") == _CALL_NUMBER
    has_result = isinstance(received.document.get("result"), dict)
    return row or (None if is_answer and has_result else _NO_RESULT)


def _row_of(error: Mapping[str, Any]) -> Row:
    number, message = error.get("code"), error.get("message")
    code = str(number) if isinstance(number, int) else None
    said = f": {message[:120]}" if isinstance(message, str) else ""
    if code in _REFUSALS:
        return Row(Misconfigured, Misconfigured, f"refused the call{said}", code)
    return Row(Ambiguous, Unavailable, f"reported a failure of its own{said}", code)
