"""What one call through each adapter costs this process in CPU; the sandbox answers over real sockets.

python -m bench.adapters --calls 200
"""

import argparse
import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import httpx
from rich.console import Console
from rich.table import Table

from billpay.clock import system_clock
from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.ids import request_id
from billpay.domain.money import naira
from billpay.domain.routing import SELLS_NO_BILLS, ProviderName
from billpay.failures import Failure
from billpay.providers.base import Provider, Purchase
from billpay.settings import load_settings
from starter.opening import opened_providers
from starter.truth.reading import sandbox_at

READY = "sandbox ready on "
WARM_UP = 5
MILLI = 1_000


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200, help="of each kind")
    return parser.parse_args()


@asynccontextmanager
async def sandbox_here() -> AsyncIterator[str]:
    """Run a sandbox in a process of its own, so that its CPU is not ours; answers its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "billpay.sandbox", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        line = (await process.stdout.readline()).decode() if process.stdout else ""
        yield line.strip().removeprefix(READY)
    finally:
        process.terminate()
        await process.wait()


def meter(account: str) -> Purchase:
    """Describe prepaid electricity for a meter."""
    return Purchase(
        bill_type=BillType.ELECTRICITY,
        biller=BillerCode("ikedc"),
        account_number=account,
        meter_type=MeterType.PREPAID,
        product_code=None,
        amount=naira("2000"),
        contact_phone="08011111111",
    )


class Caller:
    """Calls one adapter again and again, with a meter of its own for every purchase."""

    def __init__(self, name: ProviderName, provider: Provider, sandbox: httpx.AsyncClient) -> None:
        self._name, self._provider, self._sandbox = name, provider, sandbox
        self._meters = itertools.count(45_000_000_000)
        self._purchase, self._request = meter("1111111111111"), ""

    @property
    def calls(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """Name what can be called."""
        asking = {"float_balance": self._provider.float_balance}
        if self._name in SELLS_NO_BILLS:
            return asking
        return asking | {
            "verify_account": lambda: self._provider.verify_account(self._purchase),
            "buy": lambda: self._provider.buy(self._purchase, self._request),
            "requery": lambda: self._provider.requery(self._purchase, self._request),
        }

    async def prepare(self) -> None:
        """Make sure that the next purchase is nobody's yet."""
        account = str(next(self._meters))
        if self._name not in SELLS_NO_BILLS:
            path = f"/world/{self._name}/accounts/{account}"
            (await self._sandbox.post(path, json={"pay": "delivered"})).raise_for_status()
        self._purchase = meter(account)
        self._request = request_id(f"bench-{self._name}-{account}", 1, system_clock())

    async def measure(self, call: str, times: int) -> tuple[float, float, int]:
        """Answer CPU and elapsed milliseconds of one call, and how many failed."""
        cpu = elapsed = 0.0
        failed = 0
        for number in range(WARM_UP + times):
            if call == "buy":
                await self.prepare()
            cpu_before, before = time.process_time(), time.perf_counter()
            try:
                await self.calls[call]()
            except Failure:
                failed += 1
            if number >= WARM_UP:
                cpu += time.process_time() - cpu_before
                elapsed += time.perf_counter() - before
        return MILLI * cpu / times, MILLI * elapsed / times, failed


async def run(arguments: argparse.Namespace) -> None:
    """Call everything and print what it cost."""
    table = Table("provider", "call", "CPU ms", "elapsed ms", "failed")
    async with sandbox_here() as url:
        settings = load_settings({"SKIP_EXTERNALS": "true", "SANDBOX_URL": url})
        async with opened_providers(settings) as providers, sandbox_at(url) as sandbox:
            for name, provider in providers.items():
                caller = Caller(name, provider, sandbox)
                await caller.prepare()
                for call in caller.calls:
                    cpu, elapsed, failed = await caller.measure(call, arguments.calls)
                    table.add_row(name, call, f"{cpu:.2f}", f"{elapsed:.2f}", str(failed))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(asyncio.run(run(read_arguments())))
