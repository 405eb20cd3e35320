"""How many deposits a second the watcher reads from the ledger's server and commits, page by page.

    python -m bench.ingest --deposits 5000

The sandbox and this reader share the machine. Strays are measured first, then deposits of which each claims an order.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.wallets import Payment, Transfer, Wallet
from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import STROOPS_PER_CNGN, Stroops, naira
from billpay.domain.orders import Order
from billpay.intake import Intake
from billpay.ledger.base import CreditPage, LedgerSource, LedgerTip
from billpay.ledger.sources import build_source
from billpay.sandbox import identities
from billpay.settings import Settings
from billpay.store import Store
from billpay.store.orders import NewOrder
from starter.opening import opened_store
from starter.stack import Stack
from starter.truth.reading import sandbox_at

PAGE = 200
OPERATIONS = 100
"""The most that one transaction holds."""

LEDGER_SECONDS = 0.25
TEARDOWN_SECONDS = 0.3
STRAY = Stroops(5 * STROOPS_PER_CNGN)
"""Well above dust."""

TREASURY = identities.treasury().public_key


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--deposits", type=int, default=5_000)
    return parser.parse_args()


async def pay_strays(
    sandbox: httpx.AsyncClient, count: int, *, amount: Stroops = STRAY, first_payer: int = 1
) -> None:
    """Make so many credits that name no order, a hundred in each transaction."""
    payers = range(first_payer, first_payer + 50)
    wallets = [Wallet(sandbox, identities.payer(number)) for number in payers]
    transfer = Transfer(amount=amount, destination=TREASURY)

    async def one(number: int, operations: int) -> None:
        await wallets[number % len(wallets)].pay(Payment(transfers=[transfer] * operations))

    whole, rest = divmod(count, OPERATIONS)
    parts = [OPERATIONS] * whole + ([rest] if rest else [])
    await asyncio.gather(*(one(number, part) for number, part in enumerate(parts)))


async def pay_orders(sandbox: httpx.AsyncClient, store: Store, count: int) -> None:
    """Place so many orders and pay each with its memo."""
    wallets = [Wallet(sandbox, identities.payer(n)) for n in range(1, identities.PAYERS + 1)]
    orders = [await _place(store, number) for number in range(count)]

    async def one(number: int, order: Order) -> None:
        transfer = Transfer(amount=order.due, destination=TREASURY)
        payment = Payment(transfers=[transfer], text=order.memo.encode())
        await wallets[number % len(wallets)].pay(payment)

    await asyncio.gather(*(one(number, order) for number, order in enumerate(orders)))


async def _place(store: Store, number: int) -> Order:
    return await store.orders.place(
        NewOrder(
            wallet_address=identities.payer(1).public_key,
            bill_type=BillType.AIRTIME,
            biller=BillerCode("mtn"),
            account_number=f"0803{number:07d}",
            bill_amount=naira("500"),
        )
    )


@dataclass
class Stopwatch:
    """A ledger source that counts what it gives and how long that took."""

    source: LedgerSource
    seconds: float = 0.0
    credits: int = 0
    pages: int = 0

    async def tip(self) -> LedgerTip:
        """Let through what is no page."""
        return await self.source.tip()

    async def credits_after(self, wallet: str, cursor: str, limit: int) -> CreditPage:
        """Read a page and write down what it took."""
        began = time.perf_counter()
        page = await self.source.credits_after(wallet, cursor, limit)
        self.seconds += time.perf_counter() - began
        self.credits += len(page.credits)
        self.pages += 1
        return page


async def ingest(settings: Settings, store: Store) -> tuple[Stopwatch, float]:
    """Read and commit all that waits; answers what was read and the seconds it took in all."""
    source = build_source(settings)
    watched = Stopwatch(source)
    intake = Intake(
        source=watched,  # type: ignore[arg-type]  the intake reads pages and tips only
        store=store,
        wallet=TREASURY,
        network_passphrase=identities.NETWORK_PASSPHRASE,
        batch_size=PAGE,
    )
    began = time.perf_counter()
    while await intake.read_page():
        pass
    seconds = time.perf_counter() - began
    await source.close()
    return watched, seconds


def row(name: str, watched: Stopwatch, seconds: float) -> Sequence[str]:
    """Write one measurement."""
    committing = seconds - watched.seconds
    return (
        name,
        str(watched.credits),
        str(watched.pages),
        f"{seconds:.2f}",
        f"{watched.credits / seconds:,.0f}",
        f"{watched.credits / committing:,.0f}",
    )


async def run(arguments: argparse.Namespace) -> None:
    """Make deposits while no worker runs, then take them in."""
    table = Table("deposits", "count", "pages", "seconds", "per second", "per second of our own")
    folder = Path(tempfile.mkdtemp(prefix="billpay-ingest-"))
    async with (
        Stack(folder, environ={}, ledger_seconds=LEDGER_SECONDS) as stack,
        opened_store(stack.settings) as store,
        sandbox_at(stack.environment["SANDBOX_URL"]) as sandbox,
    ):
        await stack.kill_worker()
        await pay_strays(sandbox, arguments.deposits)
        table.add_row(*row("claim no order", *await ingest(stack.settings, store)))
        await pay_orders(sandbox, store, arguments.deposits)
        table.add_row(*row("claim an order each", *await ingest(stack.settings, store)))
    Console(width=120).print(table)
    await asyncio.sleep(TEARDOWN_SECONDS)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(read_arguments())))
