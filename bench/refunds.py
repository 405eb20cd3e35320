"""How many ledgers it takes to give so many deposits back, with the treasury alone and with channel accounts.

    python -m bench.refunds --refunds 200 --channels 1 --channels 10 --channels 50

One channel is the treasury's own account. Each payer must get exactly what it has sent, once.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench.deposits import starter
from bench.ingest import TEARDOWN_SECONDS, TREASURY, pay_strays
from starter.stack import Stack
from starter.truth.reading import sandbox_at

LEDGER_SECONDS = 1.0
LONGEST_SECONDS = 1_200.0
ENVIRONMENT = {
    "BILL_PROCESSOR_POLL_INTERVAL_SECONDS": "1",
    "BILL_PROCESSOR_BATCH_SIZE": "200",
}
PAID = "SELECT count(*) FROM refunds WHERE status = 'paid'"


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--refunds", type=int, default=200)
    parser.add_argument("--channels", type=int, action="append", default=[])
    return parser.parse_args()


def paid(database_url: str) -> int:
    """Count the refunds that the ledger has applied, as our records say."""
    with psycopg.connect(database_url) as connection:
        return int((connection.execute(PAID).fetchone() or (0,))[0])


async def measure(channels: int, refunds: int) -> Mapping[str, Any]:
    """Give so many deposits back through so many channels; answers what it took, by the ledger's own truth."""
    folder = Path(tempfile.mkdtemp(prefix="billpay-refunds-"))
    async with (
        Stack(folder, environ=ENVIRONMENT, ledger_seconds=LEDGER_SECONDS) as stack,
        sandbox_at(stack.environment["SANDBOX_URL"]) as sandbox,
    ):
        if channels > 1 and await starter(stack, "channels", "ensure", str(channels)):
            raise RuntimeError("the channels could not be made")
        began = time.monotonic()
        await pay_strays(sandbox, refunds)
        while await asyncio.to_thread(paid, stack.database_url) < refunds:
            if time.monotonic() - began > LONGEST_SECONDS:
                break
            await asyncio.sleep(0.5)
        seconds = time.monotonic() - began
        return await truth(sandbox, refunds) | {"channels": channels, "seconds": seconds}


async def truth(sandbox: httpx.AsyncClient, refunds: int) -> Mapping[str, Any]:
    """Ask the ledger what really went back to whom."""
    payments = (await sandbox.get("/world/truth/ledger")).json()["payments"]
    cngn = [p for p in payments if p["asset_code"] == "cNGN"]
    sent = Counter((p["from"], p["amount_stroops"]) for p in cngn if p["to"] == TREASURY)
    back = Counter((p["to"], p["amount_stroops"]) for p in cngn if p["from"] == TREASURY)
    ledgers = [p["ledger"] for p in cngn if p["from"] == TREASURY]
    return {
        "refunds": sum(back.values()),
        "twice": sum((back - sent).values()),
        "missing": refunds - sum(back.values()),
        "ledgers": len(set(ledgers)),
        "span": max(ledgers) - min(ledgers) + 1 if ledgers else 0,
    }


async def run(arguments: argparse.Namespace) -> bool:
    """Measure each number of channels; whether everybody got their money once."""
    table = Table(
        "channels", "refunds", "ledgers used", "from first to last", "seconds", "twice", "missing"
    )
    all_once = True
    for channels in arguments.channels or [1, 10, 50]:
        found = await measure(channels, arguments.refunds)
        all_once &= not found["twice"] and not found["missing"]
        table.add_row(
            *(str(found[name]) for name in ("channels", "refunds", "ledgers", "span")),
            f"{found['seconds']:.0f}",
            *(str(found[name]) for name in ("twice", "missing")),
        )
    Console(width=120).print(table)
    await asyncio.sleep(TEARDOWN_SECONDS)
    return all_once


if __name__ == "__main__":
    sys.exit(not asyncio.run(run(read_arguments())))
