"""What every shop's wire has in common: bodies read strictly, keys checked first, and answers that are none.

ASGI has no word for hanging up, so `HangUp` and `Hold` reach for the transport behind uvicorn's `receive`. They return
only when uvicorn has noticed the end of the connection, which keeps it from answering 500 and logging an error.
"""

import asyncio
import hmac
import json
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, NoReturn, Protocol, cast

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from billpay.domain.money import KOBO_PER_NAIRA, Kobo
from billpay.sandbox.scripts import Says

HOLD_SECONDS_MAX = 120
"""How long a request is left without an answer; a provider's clients give up after 35 to 120 seconds."""

_SHUTDOWN_CHECK_SECONDS = 0.2
_LINGER_ZERO = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST in the place of FIN."""


class _Exchange(Protocol):
    """The part of uvicorn's request-response cycle that is used here."""

    transport: asyncio.Transport
    keep_alive: bool


class HangUp(Response):
    """Ends the connection without a byte of an answer."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self._reset = reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection: with a TCP reset, or in order."""
        del scope, send
        await _hang_up(receive, reset=self._reset)


class Hold(Response):
    """Says nothing until the client gives up, the cap is reached or the server stops."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then close the connection."""
        del scope, send
        exchange = _exchange(receive)
        try:
            async with asyncio.timeout(HOLD_SECONDS_MAX):
                # A stopping uvicorn tells open connections by nothing but this flag, and waits for them.
                while exchange.keep_alive:
                    if await _is_gone(receive, within_seconds=_SHUTDOWN_CHECK_SECONDS):
                        return
        except TimeoutError:
            pass
        await _hang_up(receive, reset=False)


def is_stopping(receive: Receive) -> bool:
    """Whether the server would rather have the answer now, or never."""
    return not getattr(getattr(receive, "__self__", None), "keep_alive", True)


def _exchange(receive: Receive) -> _Exchange:
    exchange = getattr(receive, "__self__", None)
    if not hasattr(exchange, "transport") or not hasattr(exchange, "keep_alive"):
        raise RuntimeError(
            "connections can be broken under uvicorn only, without middleware on top"
        )
    return cast("_Exchange", exchange)


async def _is_gone(receive: Receive, within_seconds: float) -> bool:
    try:
        async with asyncio.timeout(within_seconds):
            return await _next_event(receive) == "http.disconnect"
    except TimeoutError:
        return False


async def _hang_up(receive: Receive, *, reset: bool) -> None:
    transport = _exchange(receive).transport
    if reset:
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO
        )
    transport.abort()
    while await _next_event(receive) != "http.disconnect":
        pass


async def _next_event(receive: Receive) -> str:
    return str((await receive())["type"])


_PAGE = (
    "<html><head><title>{title}</title></head>"
    "<body><center><h1>{title}</h1></center><hr><center>nginx</center></body></html>"
)


def cut_in_half(document: Mapping[str, Any]) -> Response:
    """Answer with the first half of a JSON document."""
    whole = json.dumps(document)
    return Response(whole[: len(whole) // 2], media_type="application/json")


def _page(title: str, http_status: int) -> Response:
    return HTMLResponse(_PAGE.format(title=title), http_status)


NO_ANSWERS: Mapping[Says, Callable[[], Response]] = {
    Says.TIMEOUT: Hold,
    Says.RESET: lambda: HangUp(reset=True),
    Says.CLOSED: lambda: HangUp(reset=False),
    Says.EMPTY: Response,
    Says.HTML: lambda: _page("We will be right back", 200),
    Says.GATEWAY: lambda: _page("502 Bad Gateway", 502),
}
"""What says nothing of a purchase, the same at every shop; a provider that is down answers everything so."""


def keyed_route(
    check: Callable[[Request], Response | None], refused: Callable[[Exception], Response | None]
) -> type[APIRoute]:
    """Make the route class of a shop.

    `check` looks at a request before anything else does, and may answer or refuse it; `refused` writes a refusal as
    the provider does, and answers None for what is none.
    """

    class KeyedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_keyed(request: Request) -> Response:
                try:
                    return check(request) or await handle(request)
                except Exception as error:
                    answer = refused(error)
                    if answer is None:
                        raise
                    return answer

            return handle_keyed

    return KeyedRoute


def has_key(request: Request, header: str, key: str) -> bool:
    """Whether a header carries exactly this key."""
    return hmac.compare_digest(request.headers.get(header, "").encode(), key.encode())


def has_bearer(request: Request, key: str) -> bool:
    """Whether a request carries this bearer key."""
    return has_key(request, "authorization", f"Bearer {key}")


async def read_object(request: Request) -> dict[str, Any] | None:
    """Read a JSON object without letting a float near an amount; None for anything else."""
    try:
        body = json.loads(await request.body(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def in_naira(amount: Kobo) -> int | float:
    """Write kobo as a bare number of naira, whole where it can be."""
    whole, rest = divmod(amount, KOBO_PER_NAIRA)
    return amount / KOBO_PER_NAIRA if rest else whole
