"""How long it takes from the ledger's close to the start of the payment's workflow.

    python -m bench.detection --payments 30 --dust 10000

Measured with the default rest between two looks at the ledger, with one of a second, and with that while so many grains
of dust arrive, of which none may start a workflow.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from bench.ingest import TEARDOWN_SECONDS, TREASURY, pay_strays
from bench.wallets import Payment, Transfer, Wallet
from billpay.clock import system_clock
from billpay.domain.ids import deposit_workflow_id
from billpay.domain.money import STROOPS_PER_CNGN, Stroops
from billpay.sandbox import identities
from billpay.settings import Settings
from starter.connection import connect
from starter.stack import Stack
from starter.truth.reading import sandbox_at

DEFAULT_SECONDS = Settings.model_fields["bill_processor_poll_interval_seconds"].default
QUICK_SECONDS = 1.0
LEDGER_SECONDS = 1.0
GRAIN = Stroops(1)
GRAINS = "SELECT count(*), count(workflow_id) FROM deposits WHERE disposition = 'kept'"
NAMED = "SELECT operation_id FROM deposits WHERE transaction_hash = %s"


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--payments", type=int, default=30)
    parser.add_argument("--dust", type=int, default=10_000)
    return parser.parse_args()


async def measure(interval_seconds: float, payments: int, dust: int = 0) -> Sequence[float]:
    """Answer the seconds of each payment: from the server's word that the ledger has it to its workflow's start.

    Raises:
        LookupError: a payment was not found, or dust has started a workflow.
    """
    folder = Path(tempfile.mkdtemp(prefix="billpay-detection-"))
    environment = {
        "BILL_PROCESSOR_POLL_INTERVAL_SECONDS": str(interval_seconds),
        "BILL_PROCESSOR_BATCH_SIZE": "200",
    }
    async with (
        Stack(folder, environ=environment, ledger_seconds=LEDGER_SECONDS) as stack,
        sandbox_at(stack.environment["SANDBOX_URL"]) as sandbox,
    ):
        chance = random.Random(0)
        transfer = Transfer(amount=Stroops(5 * STROOPS_PER_CNGN), destination=TREASURY)

        async def one(number: int) -> tuple[str, datetime]:
            await asyncio.sleep(chance.uniform(0, 2 * interval_seconds + 20))
            wallet = Wallet(sandbox, identities.payer(number))
            transaction_hash = await wallet.pay(Payment(transfers=[transfer]))
            return transaction_hash, system_clock()

        powdering = asyncio.create_task(pay_strays(sandbox, dust, amount=GRAIN, first_payer=101))
        paid = await asyncio.gather(*(one(number) for number in range(1, payments + 1)))
        await powdering
        await asyncio.sleep(2 * interval_seconds + 5)
        client = await connect(stack.settings)
        waits = []
        with psycopg.connect(stack.database_url) as database:
            for transaction_hash, closed_at in paid:
                found = database.execute(NAMED, [transaction_hash]).fetchone()
                if found is None:
                    raise LookupError(f"the deposit of {transaction_hash} was not found")
                handle = client.get_workflow_handle(deposit_workflow_id(found[0]))
                started_at = (await handle.describe()).start_time
                waits.append((started_at - closed_at).total_seconds())
            kept, begun = database.execute(GRAINS).fetchone() or (0, 0)
            if kept != dust or begun:
                raise LookupError(f"{kept} of {dust} grains are kept, {begun} have a workflow")
    return waits


async def run(arguments: argparse.Namespace) -> None:
    """Measure each interval and print the table."""
    table = Table("rest between looks, s", "dust", "payments", "median s", "95% s", "longest s")
    for interval, dust in (
        (DEFAULT_SECONDS, 0),
        (QUICK_SECONDS, 0),
        (QUICK_SECONDS, arguments.dust),
    ):
        waits = sorted(await measure(interval, arguments.payments, dust))
        table.add_row(
            f"{interval:g}",
            str(dust),
            str(len(waits)),
            f"{statistics.median(waits):.2f}",
            f"{waits[int(len(waits) * 0.95)]:.2f}",
            f"{waits[-1]:.2f}",
        )
    Console().print(table)
    await asyncio.sleep(TEARDOWN_SECONDS)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(read_arguments())))
