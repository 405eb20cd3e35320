"""A crowd of simulated customers on a running stack: they order, pay, and wait until everything is at rest."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import httpx

from billpay.domain.money import STROOPS_PER_CNGN, Stroops, naira
from billpay.domain.orders import Order
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.providers.base import Provider
from billpay.settings import Settings
from billpay.store import Store
from billpay.store.orders import NewOrder
from starter.customers import Customer, Paying
from starter.opening import opened_providers
from starter.ordering import read_typed
from starter.pricing import priced
from starter.sandbox_payment import pay_in_sandbox
from starter.truth import Comparison, compare
from starter.truth.reading import sandbox_at

SHOPS = (ProviderName.FLUTTERWAVE, ProviderName.VTPASS)

WALLET = naira("1000000000")
"""What our account at each shop holds, in kobo, so that no crowd empties it."""

LOOK_EVERY_SECONDS = 1.0
REST_SECONDS = 60.0
"""How long messages and the rests of deposits may follow after the last order has ended."""

AT_REST = frozenset({BillStatus.COMPLETED, BillStatus.REFUNDED, BillStatus.NEEDS_REVIEW})

STRAYS = frozenset({Paying.WITHOUT_MEMO, Paying.UNKNOWN_MEMO})
"""Whose orders stay unpaid."""


class Crowd:
    """The customers, let loose on a running stack."""

    def __init__(
        self, customers: Sequence[Customer], *, settings: Settings, store: Store, sandbox_url: str
    ) -> None:
        self._customers = customers
        self._settings = settings
        self._store = store
        self._sandbox_url = sandbox_url
        self._prices: dict[tuple[str, str], NewOrder] = {}
        """Orders as they were priced, by biller and product as typed."""

    async def order_and_pay(self) -> None:
        """Place every order and pay for it as its customer pays; returns when all of it is in the ledger."""
        wallets: dict[int, list[Customer]] = {}
        for customer in self._customers:
            wallets.setdefault(customer.payer, []).append(customer)
        async with (
            sandbox_at(self._sandbox_url) as sandbox,
            opened_providers(self._settings) as providers,
        ):
            for shop in SHOPS:
                await _tell(sandbox, f"/world/{shop}/wallet", {"balance_kobo": WALLET})
            await asyncio.gather(
                *(self._one_by_one(theirs, sandbox, providers) for theirs in wallets.values())
            )

    async def _one_by_one(
        self,
        customers: Sequence[Customer],
        sandbox: httpx.AsyncClient,
        providers: Mapping[ProviderName, Provider],
    ) -> None:
        """Order and pay from one wallet, one after the other: an account has one transaction in a ledger."""
        for customer in customers:
            for shop, script in customer.scripts.items():
                words = script.model_dump(mode="json", exclude_none=True)
                await _tell(sandbox, f"/world/{shop}/accounts/{customer.typed.account}", words)
            new = await self._priced(read_typed(customer.typed), providers)
            order = await self._store.orders.place(new)
            for memo, amount in _payments(customer.paying, order):
                await pay_in_sandbox(self._settings, memo=memo, amount=amount, payer=customer.payer)

    async def _priced(self, new: NewOrder, providers: Mapping[ProviderName, Provider]) -> NewOrder:
        """Put the price of its product into an order; each product is asked for once."""
        if new.product_code is None:
            return new
        key = new.biller, new.product_code
        known = self._prices.get(key) or await priced(new, providers)
        self._prices[key] = known
        return replace(known, wallet_address=new.wallet_address, account_number=new.account_number)

    async def until_at_rest(
        self, *, within_seconds: float, say: Callable[[str], None] = lambda _: None
    ) -> Comparison:
        """Wait until every paid order has ended, then hold our records to the truth.

        What is still in motion when the time is over shows as a difference.
        """
        give_up_at = time.monotonic() + within_seconds
        while moving := await self._in_motion():
            if time.monotonic() > give_up_at:
                break
            say(f"{moving} orders in motion")
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        rest_until = min(time.monotonic() + REST_SECONDS, give_up_at + REST_SECONDS)
        comparison = await compare(self._store, self._sandbox_url)
        while comparison.differences and time.monotonic() < rest_until:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            comparison = await compare(self._store, self._sandbox_url)
        return comparison

    async def _in_motion(self) -> int:
        """Count the orders that have not ended; those whose customers pay with a wrong memo stay unpaid."""
        counts = await self._store.payments.count_by_status()
        ended = sum(count for status, count in counts.items() if status in AT_REST)
        return sum(customer.paying not in STRAYS for customer in self._customers) - ended


def _payments(paying: Paying, order: Order) -> Sequence[tuple[str, Stroops]]:
    """Say what a customer sends: memo and amount of each payment."""
    due, memo = order.due, order.memo
    match paying:
        case Paying.EXACTLY:
            return [(memo, due)]
        case Paying.SHORT:
            return [(memo, Stroops(due - STROOPS_PER_CNGN))]
        case Paying.OVER:
            return [(memo, Stroops(due + 7 * STROOPS_PER_CNGN))]
        case Paying.TWICE:
            return [(memo, due), (memo, due)]
        case Paying.WITHOUT_MEMO:
            return [("", due)]
        case Paying.UNKNOWN_MEMO:
            return [(memo.swapcase(), due)]


async def _tell(sandbox: httpx.AsyncClient, path: str, words: Mapping[str, object]) -> None:
    (await sandbox.post(path, json=words)).raise_for_status()
