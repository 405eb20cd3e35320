"""Run the sandbox: `python -m billpay.sandbox --port 8700 --state FILE --ledger-seconds 1`.

It listens on this machine only, says so in one line once it does, and stops in order on SIGTERM and SIGINT. Without a
state file it forgets everything when it stops; with one it comes back as it was, after a kill as well.
"""

import argparse
import fcntl
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn

from billpay.clock import system_clock
from billpay.sandbox.app import create_app
from billpay.sandbox.journal import Journal

_HOST = "127.0.0.1"
_DEFAULT_PORT = 8700
_KEEP_ALIVE_SECONDS = 75
"""Longer than any client keeps a connection for later, so that none is closed under a purchase."""

_LAST_ANSWERS_SECONDS = 2
"""How long a stopping sandbox waits for the answers it still owes."""


class _Refused(Exception):  # noqa: N818  what the user is told, in one line
    """It cannot start."""


class _Server(uvicorn.Server):
    """Says when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then tell."""
        await super().startup(sockets)
        if sockets:
            address = f"http://{_HOST}:{sockets[0].getsockname()[1]}"
            sys.stdout.write(f"sandbox ready on {address}\n")
            sys.stdout.flush()


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billpay.sandbox", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=_DEFAULT_PORT, help="0 takes any that is free (default 8700)"
    )
    parser.add_argument("--state", type=Path, help="the file it remembers in (default: none)")
    parser.add_argument(
        "--ledger-seconds", type=_seconds, default=1.0, help="how often a ledger closes"
    )
    return parser.parse_args(argv)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.01 <= seconds <= 3600:  # noqa: PLR2004  what a ledger's rhythm can be
        raise argparse.ArgumentTypeError("between 0.01 and 3600")
    return seconds


def _listening(port: int) -> socket.socket:
    # Named as TCP, or asyncio would leave Nagle's algorithm on and every answer would take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise _Refused(f"port {port}: {error}; name another with --port") from None
    listener.listen(socket.SOMAXCONN)
    return listener


def _hold(path: Path) -> None:
    """Keep the state file to this process until it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise _Refused(f"{path}: {error}; is another sandbox at it?") from None


def _stop(number: int, frame: FrameType | None) -> None:
    """End well: uvicorn finishes first, then raises the signal again, and it arrives here."""
    del number, frame
    raise SystemExit(0)


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 1 where that cannot begin."""
    arguments = _arguments(argv)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        listener = _listening(arguments.port)
        if arguments.state is not None:
            _hold(arguments.state)
        app = create_app(
            clock=system_clock,
            journal=Journal(arguments.state),
            ledger_seconds=arguments.ledger_seconds,
        )
    except (_Refused, ValueError) as refused:
        sys.stderr.write(f"sandbox: {refused}\n")
        return 1
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )
    _Server(config).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
