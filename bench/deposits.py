"""Thousands of deposits of every kind while the ledger's server fails and parts of the stack are killed.

    python -m bench.deposits --deposits 5000 --seed 7 --kill worker=5 --kill temporal=2 --kill postgres=2

Exit code 0 only where every deposit is decided, the sandbox's hidden truth agrees with our records, and
`python -m starter reconcile` on the same database finds no difference. The seed draws the same crowd and faults again.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.table import Table

from bench.deposit_crowd import ORDERS, Plan, Trouble, draw_plans, payments_of
from bench.kills import kill_repeatedly, read_kills
from bench.wallets import Wallet
from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.money import naira
from billpay.domain.orders import Order
from billpay.sandbox import identities
from billpay.store import Store
from billpay.store.orders import NewOrder
from starter.crowd import SHOPS, WALLET
from starter.customers import QUICK
from starter.opening import opened_store
from starter.stack import Stack
from starter.truth import compare
from starter.truth.reading import sandbox_at

ENVIRONMENT = {
    "BILL_PROCESSOR_POLL_INTERVAL_SECONDS": "1",
    "BILL_PROCESSOR_BATCH_SIZE": "200",
    "FLUTTERWAVE_READ_TIMEOUT_SECONDS": "5",
    "VTPASS_READ_TIMEOUT_SECONDS": "5",
    # A crowd gives back in minutes what a service gives back in weeks.
    "BILL_PROCESSOR_REFUND_HOURLY_CEILING": "1000000000",
}
LEDGER_SECONDS = 0.5
CHANNELS = 20
AT_ONCE = 60
LOOK_EVERY_SECONDS = 2.0
REST_SECONDS = 90.0
TEARDOWN_SECONDS = 0.3
TROUBLED_WALLETS = 100
"""The last of the sandbox's payers, one for each payer that cannot simply be paid back."""

FAULTS: Sequence[Mapping[str, Any]] = (
    {"calls": {"async_504": 2}},
    {"calls": {"async_504_dropped": 2}},
    {"calls": {"async_reset": 2}},
    {"calls": {"async_reset_dropped": 2}},
    {"calls": {"async_pending_dropped": 2}},
    {"calls": {"submit_504_applied": 1}},
    {"calls": {"submit_reset": 1}},
    {"calls": {"accounts_429": 2}},
    {"calls": {"transactions_html": 2}},
    {"calls": {"root_html": 2}},
    {"calls": {"reads_504": 3}},
    {"base_fee_stroops": 1000},
    {"base_fee_stroops": 100},
    {"calls": {"payments_429": 3}},
    {"calls": {"payments_503": 3}},
    {"calls": {"payments_html": 2}},
    {"calls": {"payments_truncated": 2}},
    {"calls": {"payments_repeated": 5}},
    {"lag_ledgers": 4},
    {"lag_ledgers": 0},
    {"lag_ledgers": 0},
)
FAULT_EVERY_SECONDS = 1.5

TROUBLES: Mapping[Trouble, Mapping[str, Any]] = {
    Trouble.NO_TRUST: {"trustline": False},
    Trouble.FROZEN: {"authorized": False},
    Trouble.DEMANDS_MEMO: {"demands_memo": True},
}


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--deposits", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--kill", action="append", default=[], metavar="PART=TIMES")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between kills")
    parser.add_argument("--within", type=float, default=2_400.0, help="seconds until all must rest")
    return parser.parse_args()


class Crowd:
    """The customers of one run."""

    def __init__(self, plans: Sequence[Plan], store: Store, sandbox: httpx.AsyncClient) -> None:
        self._plans = plans
        self._store = store
        self._sandbox = sandbox
        self._chance = random.Random(plans[0].seed)
        wallets = [Wallet(sandbox, identities.payer(n + 1)) for n in range(identities.PAYERS)]
        self._troubled = iter(wallets[-TROUBLED_WALLETS:])
        self._wallets = wallets[:-TROUBLED_WALLETS]

    async def live(self) -> None:
        """Place every order and pay everything; returns when all of it is in the ledger."""
        for shop in SHOPS:
            await self._tell(f"/world/{shop}/wallet", {"balance_kobo": WALLET})
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(number: int, plan: Plan) -> None:
            async with turn:
                await self._follow(number, plan)

        async with asyncio.TaskGroup() as group:
            for number, plan in enumerate(self._plans):
                group.create_task(one(number, plan))

    async def _follow(self, number: int, plan: Plan) -> None:
        count = ORDERS.get(plan.kind, 0)
        orders = [await self._order(number * 2 + index) for index in range(count)]
        troubled = next(self._troubled, None) if plan.trouble else None
        wallet = troubled or self._wallets[number % len(self._wallets)]
        for payment in payments_of(plan, orders):
            await wallet.pay(payment)
        if troubled and plan.trouble:
            path = f"/world/ledger/accounts/{troubled.address}"
            await self._tell(path, {"cngn": "0", **TROUBLES[plan.trouble]})

    async def _order(self, number: int) -> Order:
        meter = f"45{number:09d}"
        for shop in SHOPS:
            weights, scripts = zip(*QUICK[shop], strict=True)
            script = self._chance.choices(scripts, weights)[0]
            words = script.model_dump(mode="json", exclude_none=True)
            await self._tell(f"/world/{shop}/accounts/{meter}", words)
        new = NewOrder(
            wallet_address=identities.payer(1).public_key,
            bill_type=BillType.ELECTRICITY,
            biller=BillerCode("ikedc"),
            account_number=meter,
            bill_amount=naira("2000"),
            meter_type=MeterType.PREPAID,
        )
        while True:
            # Its database may just be down.
            with suppress(Exception):
                return await self._store.orders.place(new)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _tell(self, path: str, words: Mapping[str, Any]) -> None:
        while True:
            with suppress(httpx.HTTPError):
                (await self._sandbox.post(path, json=words)).raise_for_status()
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)


async def fail_now_and_then(sandbox: httpx.AsyncClient, seed: int) -> None:
    """Turn the switches of the ledger's server until cancelled."""
    chance = random.Random(seed)
    while True:
        with suppress(httpx.HTTPError):
            await sandbox.post("/world/ledger/faults", json=chance.choice(FAULTS))
        await asyncio.sleep(FAULT_EVERY_SECONDS)


async def heal(sandbox: httpx.AsyncClient) -> None:
    """Turn every switch back."""
    named = {name for fault in FAULTS for name in fault.get("calls", {})}
    words = {"calls": dict.fromkeys(named, 0), "lag_ledgers": 0}
    (await sandbox.post("/world/ledger/faults", json=words)).raise_for_status()


def count(database_url: str, query: str) -> Mapping[str, int]:
    """Count rows by their first column."""
    with psycopg.connect(database_url) as connection:
        return dict(connection.execute(query).fetchall())


DISPOSITIONS = "SELECT disposition, count(*) FROM deposits GROUP BY 1"
REFUNDS = "SELECT status, count(*) FROM refunds GROUP BY 1"


async def until_decided(database_url: str, deposits: int, within: float) -> bool:
    """Wait until so many deposits are recorded and none is undecided; whether that came about in time."""
    give_up_at, before = time.monotonic() + within, None
    while time.monotonic() < give_up_at:
        found = await asyncio.to_thread(count, database_url, DISPOSITIONS)
        refunds = await asyncio.to_thread(count, database_url, REFUNDS)
        state = (dict(found), dict(refunds))
        if state != before:
            print(
                f"  {sum(found.values())} recorded: {dict(found)}, refunds {dict(refunds)}",
                flush=True,
            )
            before = state
        decided = not found.get("pending") and not refunds.get("open")
        if sum(found.values()) >= deposits and decided:
            return True
        await asyncio.sleep(LOOK_EVERY_SECONDS * 5)
    return False


async def starter(stack: Stack, *words: str) -> int:
    """Run a command of ours against the stack, with its output on ours."""
    command = (sys.executable, "-m", "starter", *words)
    process = await asyncio.create_subprocess_exec(*command, env=stack.environment)
    return await process.wait()


def show(heading: str, counts: Iterable[tuple[str, int]]) -> None:
    """Print how many there are of each kind."""
    table = Table(heading, "count")
    for kind, number in sorted(counts):
        table.add_row(kind, str(number))
    Console().print(table)


async def run(arguments: argparse.Namespace) -> bool:
    """Live one run; whether everything agrees at its end."""
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    kills = read_kills(arguments.kill)
    plans = draw_plans(arguments.deposits, seed)
    deposits = sum(plan.deposits for plan in plans)
    print(f"{deposits} deposits, seed {seed}, kills {dict(kills)}", flush=True)
    show("customers", Counter(plan.kind.value for plan in plans).items())
    folder = Path(tempfile.mkdtemp(prefix="billpay-deposits-"))
    started = time.monotonic()
    async with (
        Stack(folder, environ=ENVIRONMENT, ledger_seconds=LEDGER_SECONDS) as stack,
        opened_store(stack.settings) as store,
        sandbox_at(stack.environment["SANDBOX_URL"]) as sandbox,
    ):
        if await starter(stack, "channels", "ensure", str(CHANNELS)):
            return False
        failing = asyncio.create_task(fail_now_and_then(sandbox, seed))
        killing = asyncio.create_task(kill_repeatedly(stack, kills, arguments.every))
        await Crowd(plans, store, sandbox).live()
        print(f"all paid after {time.monotonic() - started:.0f} s", flush=True)
        await killing
        failing.cancel()
        await heal(sandbox)
        decided = await until_decided(stack.database_url, deposits, arguments.within)
        print(f"decided: {decided}, after {time.monotonic() - started:.0f} s", flush=True)
        differences = await differences_at_rest(store, stack)
        agrees = await starter(stack, "reconcile") == 0
        show("deposits", count(stack.database_url, DISPOSITIONS).items())
        show("refunds", count(stack.database_url, REFUNDS).items())
    for difference in differences:
        print(difference)
    print(f"{len(differences)} differences to the truth, reconciled: {agrees}, seed {seed}")
    await asyncio.sleep(TEARDOWN_SECONDS)
    return decided and not differences and agrees


async def differences_at_rest(store: Store, stack: Stack) -> Sequence[str]:
    """Compare with the truth until the last messages have arrived, or too long."""
    rest_until = time.monotonic() + REST_SECONDS
    while True:
        comparison = await compare(store, stack.environment["SANDBOX_URL"])
        if not comparison.differences or time.monotonic() > rest_until:
            return comparison.differences
        await asyncio.sleep(LOOK_EVERY_SECONDS * 5)


if __name__ == "__main__":
    sys.exit(not asyncio.run(run(read_arguments())))
