"""A crowd pays while parts of the stack are killed; afterwards our records must tell the truth.

    python -m bench.soak --orders 50 --kill worker=10 --seed 7

Exit code 0 only where the sandbox's hidden truth and our records agree. The seed draws the same crowd again.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.kills import kill_repeatedly, read_kills
from starter.crowd import SHOPS, Crowd
from starter.customers import PATIENT, QUICK, draw_crowd
from starter.opening import opened_store
from starter.stack import Stack
from starter.truth import Comparison
from starter.truth.reading import sandbox_at

ENVIRONMENT = {
    "BILL_PROCESSOR_POLL_INTERVAL_SECONDS": "1",
    "BILL_PROCESSOR_BATCH_SIZE": "200",
    "FLUTTERWAVE_READ_TIMEOUT_SECONDS": "5",
    "VTPASS_READ_TIMEOUT_SECONDS": "5",
}
LEDGER_SECONDS = 0.25
"""Refunds take a ledger each, and a crowd has many."""

TEARDOWN_SECONDS = 0.3


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kill", action="append", default=[], metavar="PART=TIMES")
    parser.add_argument("--every", type=float, default=12.0, help="seconds between kills")
    parser.add_argument("--quick", action="store_true", help="only what is certain at once")
    parser.add_argument("--within", type=float, default=900.0, help="seconds until all must rest")
    return parser.parse_args()


async def run(arguments: argparse.Namespace) -> Comparison:
    """Live one soak."""
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    kills = read_kills(arguments.kill)
    print(f"{arguments.orders} orders, seed {seed}, kills {kills}", flush=True)
    customers = draw_crowd(arguments.orders, seed, QUICK if arguments.quick else PATIENT)
    folder = Path(tempfile.mkdtemp(prefix="billpay-soak-"))
    started = time.monotonic()
    async with (
        Stack(folder, environ=ENVIRONMENT, ledger_seconds=LEDGER_SECONDS) as stack,
        opened_store(stack.settings) as store,
    ):
        sandbox_url = stack.environment["SANDBOX_URL"]
        crowd = Crowd(customers, settings=stack.settings, store=store, sandbox_url=sandbox_url)
        killing = asyncio.create_task(kill_repeatedly(stack, kills, arguments.every))
        await crowd.order_and_pay()
        print(f"all paid after {time.monotonic() - started:.0f} s", flush=True)
        await killing
        comparison = await crowd.until_at_rest(within_seconds=arguments.within)
        seconds = time.monotonic() - started
        show("status", (await store.payments.count_by_status()).items())
        show("purchases were heard by", await count_hearers(sandbox_url))
    for difference in comparison.differences:
        print(difference)
    print(f"{len(comparison.differences)} differences after {seconds:.0f} s", flush=True)
    await asyncio.sleep(TEARDOWN_SECONDS)
    return comparison


async def count_hearers(sandbox_url: str) -> Iterable[tuple[str, int]]:
    """Count the accounts by who heard a purchase for them, and whether anybody sold it."""
    heard: dict[str, set[str]] = defaultdict(set)
    sold: set[str] = set()
    async with sandbox_at(sandbox_url) as sandbox:
        for shop in SHOPS:
            for row in (await sandbox.get(f"/world/truth/{shop}")).json():
                heard[row["account"]].add(shop)
                if row["happened"] == "sold":
                    sold.add(row["account"])
    kinds = Counter(
        f"{' and '.join(sorted(shops))}: {'sold' if account in sold else 'not sold'}"
        for account, shops in heard.items()
    )
    return kinds.items()


def show(heading: str, counts: Iterable[tuple[str, int]]) -> None:
    """Print how many orders there are of each kind."""
    table = Table(heading, "orders")
    for kind, count in sorted(counts):
        table.add_row(kind, str(count))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(run(read_arguments())).differences else 0)
