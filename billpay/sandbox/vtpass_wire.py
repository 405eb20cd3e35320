"""Answers that are none: connections held, closed and reset, on the real socket.

ASGI has no word for hanging up, so these responses reach for the transport behind uvicorn's `receive`. They return only
when uvicorn has noticed the end of the connection, which is what keeps it from answering 500 and logging an error.
"""

import asyncio
import socket
import struct
from typing import Protocol, cast

from fastapi import Response
from starlette.types import Receive, Scope, Send

HOLD_SECONDS_MAX = 120
"""How long a request is left without an answer; VTPass's clients give up after 60 to 120 seconds."""

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
