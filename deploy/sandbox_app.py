# ruff: noqa: INP001  a script of the image, no package
"""The sandbox as a container serves it: on every address of the container, which publishes it on loopback only.

`python -m billpay.sandbox` listens on 127.0.0.1, where no other container could reach it.
"""

from pathlib import Path

from fastapi import FastAPI

from billpay.clock import system_clock
from billpay.sandbox.app import create_app
from billpay.sandbox.journal import Journal

JOURNAL = Path("/var/lib/sandbox/world.journal")
LEDGER_SECONDS = 5.0
"""As on Stellar."""


def app(journal: Path = JOURNAL) -> FastAPI:
    """Build the sandbox as its journal left it."""
    return create_app(clock=system_clock, journal=Journal(journal), ledger_seconds=LEDGER_SECONDS)
