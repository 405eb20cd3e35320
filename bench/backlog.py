"""What an outage leaves behind: so many deposits arrive while no worker runs, then one comes back.

    python -m bench.backlog --deposits 10000

Printed is when the last of them was recorded and when the last workflow was started; all must be found, none twice.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from bench.ingest import LEDGER_SECONDS, TEARDOWN_SECONDS, pay_strays
from starter.stack import Stack
from starter.truth.reading import sandbox_at

COUNT = "SELECT count(*), count(workflow_id), count(DISTINCT operation_id) FROM deposits"
LONGEST_SECONDS = 1_200.0


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--deposits", type=int, default=10_000)
    return parser.parse_args()


def counts(database_url: str) -> tuple[int, int, int]:
    """Count the deposits recorded, those whose workflow was started, and the different ones."""
    with psycopg.connect(database_url) as connection:
        recorded, begun, different = connection.execute(COUNT).fetchone() or (0, 0, 0)
    return recorded, begun, different


async def run(arguments: argparse.Namespace) -> bool:
    """Live the outage; whether every deposit was found once."""
    folder = Path(tempfile.mkdtemp(prefix="billpay-backlog-"))
    environment = {"BILL_PROCESSOR_BATCH_SIZE": "200"}
    async with (
        Stack(folder, environ=environment, ledger_seconds=LEDGER_SECONDS) as stack,
        sandbox_at(stack.environment["SANDBOX_URL"]) as sandbox,
    ):
        await stack.kill_worker()
        await pay_strays(sandbox, arguments.deposits)
        print(f"{arguments.deposits} deposits wait", flush=True)
        began, recorded_after = time.monotonic(), None
        await stack.start_worker()
        while (seconds := time.monotonic() - began) < LONGEST_SECONDS:
            recorded, begun, different = await asyncio.to_thread(counts, stack.database_url)
            if recorded_after is None and recorded >= arguments.deposits:
                recorded_after = seconds
                print(f"all recorded after {seconds:.1f} s, {begun} workflows started", flush=True)
            if begun >= arguments.deposits:
                break
            await asyncio.sleep(0.5)
        print(f"{begun} workflows started after {seconds:.1f} s, {different} different deposits")
    await asyncio.sleep(TEARDOWN_SECONDS)
    return recorded == begun == different == arguments.deposits


if __name__ == "__main__":
    sys.exit(not asyncio.run(run(read_arguments())))
