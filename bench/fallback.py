"""The first provider goes down: which orders complete, and how long their customers wait for it.

    python -m bench.fallback --orders 20 --outage timeout

Waves of electricity orders, first at Flutterwave, then at VTPass: with both up, while the first goes down, once that is
known, and once it is up again. Nothing is asserted; the target is that all that a second provider can sell is sold.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
from rich.console import Console
from rich.table import Table

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.money import naira
from billpay.domain.orders import Order
from billpay.domain.routing import PREFERENCE
from billpay.domain.statuses import BillStatus
from billpay.sandbox import identities
from billpay.store import Store
from billpay.store.orders import NewOrder
from billpay.store.payments import PaymentEvent, PaymentRecord
from starter.opening import opened_store
from starter.sandbox_payment import pay_in_sandbox
from starter.stack import Stack
from starter.truth.reading import sandbox_at

PROBE_SECONDS = 20
ENVIRONMENT = {
    "BILL_PROCESSOR_POLL_INTERVAL_SECONDS": "0.5",
    "BILL_PROCESSOR_BATCH_SIZE": "200",
    "BILL_PROCESSOR_BREAKER_PROBE_SECONDS": str(PROBE_SECONDS),
    "FLUTTERWAVE_READ_TIMEOUT_SECONDS": "5",
}
LEDGER_SECONDS = 0.25
ENDED = frozenset({BillStatus.COMPLETED, BillStatus.REFUNDED, BillStatus.NEEDS_REVIEW})
LEFT = ENDED | {BillStatus.PROVIDER_FAILED}
LONGEST_WAVE_SECONDS = 300.0
TEARDOWN_SECONDS = 0.3

FIRST, *OTHERS = PREFERENCE[BillType.ELECTRICITY]
DELIVERS = {"pay": "delivered"}


@dataclass(frozen=True)
class Fared:
    """How one customer fared."""

    served_by: str | None
    waited_seconds: float
    """From the deposit's arrival in our records to the end."""

    lost_seconds: float | None
    """How much of that was spent at the first provider in vain; None where it was not asked, or served."""


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=20, help="in each wave, at most 100")
    parser.add_argument("--outage", default="timeout", help="timeout, reset, closed, html, ...")
    return parser.parse_args()


class Town:
    """Customers of one disco on a running stack, each with a meter and a wallet of their own."""

    def __init__(self, stack: Stack, store: Store, sandbox: httpx.AsyncClient) -> None:
        self._stack, self._store, self._sandbox = stack, store, sandbox
        self._meters: Iterator[int] = itertools.count(45_000_000_000)

    async def switch(self, outage: str | None) -> None:
        """Bring the first provider down, or up again."""
        await self._tell(f"/world/{FIRST}/outage", {"says": outage})

    async def wave(self, count: int) -> Sequence[Fared]:
        """Let so many customers order and pay at once, and wait until all have fared."""
        orders = [await self._order(payer) for payer in range(1, count + 1)]
        payments = (
            pay_in_sandbox(self._stack.settings, memo=order.memo, amount=order.due, payer=payer)
            for payer, order in enumerate(orders, start=1)
        )
        await asyncio.gather(*payments)
        ids = [order.transaction_id for order in orders]
        await self._until_ended(ids)
        return [_fared(await self._store.payments.record(one)) for one in ids]

    async def _order(self, payer: int) -> Order:
        meter = str(next(self._meters))
        for provider in (FIRST, *OTHERS[:1]):
            await self._tell(f"/world/{provider}/accounts/{meter}", DELIVERS)
        return await self._store.orders.place(
            NewOrder(
                wallet_address=identities.payer(payer).public_key,
                bill_type=BillType.ELECTRICITY,
                biller=BillerCode("ikedc"),
                account_number=meter,
                bill_amount=naira("2000"),
                meter_type=MeterType.PREPAID,
            )
        )

    async def _until_ended(self, ids: Sequence[UUID]) -> None:
        give_up_at = time.monotonic() + LONGEST_WAVE_SECONDS
        moving = list(ids)
        while moving and time.monotonic() < give_up_at:
            await asyncio.sleep(0.5)
            rows = [await self._store.orders.row(one) for one in moving]
            moving = [row.transaction_id for row in rows if row.status not in ENDED]

    async def _tell(self, path: str, words: dict[str, str] | dict[str, str | None]) -> None:
        (await self._sandbox.post(path, json=words)).raise_for_status()


def _fared(record: PaymentRecord) -> Fared:
    changes = [event for event in record.events if event.status_to is not None]
    began = next(event.at for event in changes if event.status_to == BillStatus.CNGN_RECEIVED)
    is_served = record.order.status is BillStatus.COMPLETED
    waited = (changes[-1].at - began).total_seconds()
    served_by = record.provider_name if is_served else None
    return Fared(served_by, waited, None if served_by == FIRST else _lost(changes))


def _lost(changes: Sequence[PaymentEvent]) -> float | None:
    """Measure from the question to the first provider to its being given up."""
    asked = [n for n, event in enumerate(changes) if event.detail.startswith(f"asking {FIRST}")]
    if not asked:
        return None
    left = next(event for event in changes[asked[0] :] if event.status_to in LEFT)
    return (left.at - changes[asked[0]].at).total_seconds()


def show(table: Table, name: str, wave: Sequence[Fared]) -> None:
    """Add one wave to the table."""
    waits = sorted(one.waited_seconds for one in wave)
    lost = [one.lost_seconds for one in wave if one.lost_seconds is not None]
    by = Counter(one.served_by or "nobody" for one in wave)
    served = sum(one.served_by is not None for one in wave)
    table.add_row(
        name,
        f"{served} of {len(wave)}",
        ", ".join(f"{name} {count}" for name, count in sorted(by.items())),
        f"{statistics.median(waits):.1f}",
        f"{waits[int(len(waits) * 0.95)]:.1f}",
        f"{waits[-1]:.1f}",
        f"{len(lost)}, {max(lost):.1f} s at most" if lost else "nobody",
    )


async def run(arguments: argparse.Namespace) -> None:
    """Live the outage and print how everybody fared."""
    vain = f"asked {FIRST} in vain"
    table = Table("wave", "complete", "served by", "median s", "95% s", "longest s", vain)
    folder = Path(tempfile.mkdtemp(prefix="billpay-fallback-"))
    async with (
        Stack(folder, environ=ENVIRONMENT, ledger_seconds=LEDGER_SECONDS) as stack,
        opened_store(stack.settings) as store,
        sandbox_at(stack.environment["SANDBOX_URL"]) as sandbox,
    ):
        town = Town(stack, store, sandbox)
        show(table, "both are up", await town.wave(arguments.orders))
        await town.switch(arguments.outage)
        show(table, f"{FIRST} goes down ({arguments.outage})", await town.wave(arguments.orders))
        show(table, "its breaker is open", await town.wave(arguments.orders))
        await town.switch(None)
        await asyncio.sleep(PROBE_SECONDS)
        show(table, "it is up again, one order tries it", await town.wave(arguments.orders))
        show(table, "all follow", await town.wave(arguments.orders))
    Console(width=120).print(table)
    await asyncio.sleep(TEARDOWN_SECONDS)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(read_arguments())))
