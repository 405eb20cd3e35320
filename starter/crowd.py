"""A crowd of simulated customers: random orders, random behaviour of their providers, random mistakes in paying.

Everything is drawn from one seed, so a run that went wrong can be lived again.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import httpx

from billpay.domain.bills import BillType
from billpay.domain.money import STROOPS_PER_CNGN, Stroops
from billpay.domain.orders import Order
from billpay.domain.statuses import BillStatus
from billpay.sandbox import identities
from billpay.sandbox.scripts import Says, Script, Truth, Verify
from billpay.settings import Settings
from billpay.store import Store
from starter.ordering import Typed, read_typed
from starter.sandbox_payment import pay_in_sandbox
from starter.truth import Comparison, compare
from starter.truth.reading import sandbox_at

RENEWAL_NAIRA = "7900"
"""What the sandbox's DStv takes for renewing the bouquet of any account without a row of its own."""

LOOK_EVERY_SECONDS = 1.0
REST_SECONDS = 60.0
"""How long messages and the rests of deposits may follow after the last order has ended."""

AT_REST = frozenset({BillStatus.COMPLETED, BillStatus.REFUNDED, BillStatus.NEEDS_REVIEW})


class Paying(StrEnum):
    """How a customer pays."""

    EXACTLY = "exactly"
    SHORT = "short"
    OVER = "over"
    TWICE = "twice"
    WITHOUT_MEMO = "without_memo"
    UNKNOWN_MEMO = "unknown_memo"


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One simulated customer."""

    payer: int
    """Whose wallet of the sandbox pays."""

    typed: Typed
    script: Script
    """How the provider behaves for this customer's account."""

    paying: Paying


QUICK: Sequence[tuple[int, Script]] = (
    (8, Script()),
    (3, Script(pay=Says.PROCESSING, delivers_after_seconds=3)),
    (2, Script(pay=Says.RESET)),
    (1, Script(pay=Says.TRUNCATED)),
    (1, Script(pay=Says.HTML)),
    (1, Script(pay=Says.EMPTY)),
    (1, Script(pay=Says.FAILED)),
    (1, Script(verify=Verify.WRONG)),
    (1, Script(pay=Says.OFFLINE, uses=1)),
    (1, Script(pay=Says.PROCESSING, truth=Truth.FAILED, delivers_after_seconds=3)),
)
"""Behaviours that are certain within about a quarter of a minute, each with its weight."""

PATIENT: Sequence[tuple[int, Script]] = (
    *QUICK,
    (2, Script(pay=Says.TIMEOUT, delivers_after_seconds=15)),
    (1, Script(pay=Says.CLOSED)),
    (1, Script(pay=Says.UNEXPECTED)),
    (1, Script(pay=Says.OFFLINE)),
    (1, Script(pay=Says.OFFLINE, uses=2)),
    (1, Script(pay=Says.CODE, code="091", uses=1)),
    (1, Script(pay=Says.CODE, code="777", truth=Truth.DELIVERED)),
    (1, Script(pay=Says.PROCESSING, delivers_after_seconds=90)),
    (1, Script(pay=Says.RESET, appears_after_seconds=20)),
    (1, Script(token_after_seconds=40)),
    (1, Script(key_change=True)),
    (1, Script(verify=Verify.UNAVAILABLE)),
)
"""The same, and behaviours that take minutes to become certain."""

_PAYING = (
    (16, Paying.EXACTLY),
    (1, Paying.SHORT),
    (1, Paying.OVER),
    (1, Paying.TWICE),
    (1, Paying.WITHOUT_MEMO),
    (1, Paying.UNKNOWN_MEMO),
)
"""Most people pay what is due, once."""


def draw_crowd(
    count: int, seed: int, behaviours: Sequence[tuple[int, Script]] = PATIENT
) -> Sequence[Customer]:
    """Draw customers, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  a repeatable crowd, no secret
    return [_draw(chance, number, behaviours) for number in range(count)]


def _draw(chance: random.Random, number: int, behaviours: Sequence[tuple[int, Script]]) -> Customer:
    payer = number % identities.PAYERS + 1
    weights, scripts = zip(*behaviours, strict=True)
    paying_weights, payings = zip(*_PAYING, strict=True)
    return Customer(
        payer=payer,
        typed=_draw_order(chance, identities.payer(payer).public_key, number),
        script=chance.choices(scripts, weights)[0],
        paying=chance.choices(payings, paying_weights)[0],
    )


def _draw_order(chance: random.Random, wallet: str, number: int) -> Typed:
    """Draw an order whose account nobody else has, so that its script is its own."""
    bill_type = chance.choice((BillType.ELECTRICITY, BillType.AIRTIME, BillType.CABLE_TV))
    amount = str(chance.randint(500, 20_000))
    if bill_type is BillType.ELECTRICITY:
        return Typed(
            bill_type=bill_type,
            wallet=wallet,
            account=f"45{number:09d}",
            biller=chance.choice(("ekedc", "ikedc", "aedc", "jed", "ibedc")),
            meter_type=chance.choice(("prepaid", "postpaid")),
            amount=str(max(2000, int(amount))),
        )
    if bill_type is BillType.AIRTIME:
        biller = chance.choice(("mtn", "airtel", "glo"))
        account = f"0803{number:07d}"
        return Typed(
            bill_type=bill_type, wallet=wallet, account=account, biller=biller, amount=amount
        )
    return Typed(
        bill_type=bill_type,
        wallet=wallet,
        account=f"7{number:09d}",
        biller="dstv",
        amount=RENEWAL_NAIRA,
    )


class Crowd:
    """The customers, let loose on a running stack."""

    def __init__(
        self, customers: Sequence[Customer], *, settings: Settings, store: Store, sandbox_url: str
    ) -> None:
        self._customers = customers
        self._settings = settings
        self._store = store
        self._sandbox_url = sandbox_url

    async def order_and_pay(self) -> None:
        """Place every order and pay for it as its customer pays; returns when all of it is in the ledger."""
        orders: list[Order] = []
        async with sandbox_at(self._sandbox_url) as sandbox:
            for customer in self._customers:
                await _give_script(sandbox, customer)
                orders.append(await self._store.orders.place(read_typed(customer.typed)))
        payers: dict[int, list[tuple[str, Stroops]]] = {}
        for customer, order in zip(self._customers, orders, strict=True):
            payers.setdefault(customer.payer, []).extend(_payments(customer.paying, order))
        await asyncio.gather(*(self._pay(payer, due) for payer, due in payers.items()))

    async def _pay(self, payer: int, payments: Sequence[tuple[str, Stroops]]) -> None:
        """Pay from one wallet, one after the other: an account has one transaction in a ledger."""
        for memo, amount in payments:
            await pay_in_sandbox(self._settings, memo=memo, amount=amount, payer=payer)

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
        return sum(customer.paying not in _STRAYS for customer in self._customers) - ended


_STRAYS = frozenset({Paying.WITHOUT_MEMO, Paying.UNKNOWN_MEMO})


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


async def _give_script(sandbox: httpx.AsyncClient, customer: Customer) -> None:
    words = customer.script.model_dump(mode="json", exclude_none=True)
    path = f"/world/vtpass/accounts/{customer.typed.account}"
    (await sandbox.post(path, json=words)).raise_for_status()
