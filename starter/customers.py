"""Simulated customers: random orders, random behaviour of each provider, random mistakes in paying.

Everything is drawn from one seed, so a run that went wrong can be lived again.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from billpay.domain.bills import BillType
from billpay.domain.routing import ProviderName
from billpay.sandbox import identities
from billpay.sandbox.scripts import Says, Script, Truth, Verify
from starter.ordering import Typed

Drawn = TypeVar("Drawn")
Weighted = Sequence[tuple[int, Drawn]]
"""What may be drawn, each with its weight."""

_F, _V = ProviderName.FLUTTERWAVE, ProviderName.VTPASS


class Paying(StrEnum):
    """How a customer pays."""

    EXACTLY = "exactly"
    SHORT = "short"
    OVER = "over"
    TWICE = "twice"
    WITHOUT_MEMO = "without_memo"
    UNKNOWN_MEMO = "unknown_memo"


_PAYING: Weighted[Paying] = (
    (16, Paying.EXACTLY),
    (1, Paying.SHORT),
    (1, Paying.OVER),
    (1, Paying.TWICE),
    (1, Paying.WITHOUT_MEMO),
    (1, Paying.UNKNOWN_MEMO),
)
"""Most people pay what is due, once."""


@dataclass(frozen=True, kw_only=True)
class Customer:
    """One simulated customer."""

    payer: int
    """Whose wallet of the sandbox pays."""

    typed: Typed
    scripts: Mapping[ProviderName, Script]
    """How each provider behaves for this customer's account, whatever the other one does."""

    paying: Paying


Behaviours = Mapping[ProviderName, Weighted[Script]]

_CERTAIN_SOON: Weighted[Script] = (
    (8, Script()),
    (3, Script(pay=Says.PROCESSING, delivers_after_seconds=3)),
    (2, Script(pay=Says.PROCESSING, truth=Truth.FAILED, delivers_after_seconds=3)),
    (2, Script(pay=Says.RESET)),
    (1, Script(pay=Says.TRUNCATED)),
    (1, Script(pay=Says.HTML)),
    (1, Script(pay=Says.EMPTY)),
    (1, Script(pay=Says.FAILED)),
    (1, Script(pay=Says.UNEXPECTED)),
    (1, Script(pay=Says.UNEXPECTED, truth=Truth.DELIVERED)),
    (1, Script(verify=Verify.WRONG)),
)
_CERTAIN_LATE: Weighted[Script] = (
    (2, Script(pay=Says.TIMEOUT, delivers_after_seconds=15)),
    (1, Script(pay=Says.TIMEOUT, truth=Truth.FAILED, delivers_after_seconds=15)),
    (1, Script(pay=Says.CLOSED)),
    (1, Script(pay=Says.OFFLINE)),
    (1, Script(pay=Says.PROCESSING, delivers_after_seconds=90)),
    (1, Script(pay=Says.RESET, appears_after_seconds=20)),
    (1, Script(token_after_seconds=40)),
    (1, Script(verify=Verify.UNAVAILABLE)),
)

_AT_ONCE = {"token_after_seconds": 0}
"""Whatever the habit of the disco."""

QUICK: Behaviours = {
    shop: [(weight, script.model_copy(update=_AT_ONCE)) for weight, script in _CERTAIN_SOON]
    for shop in (_F, _V)
}
"""What is certain within about a quarter of a minute at each provider."""

PATIENT: Behaviours = {
    _F: (
        *_CERTAIN_SOON,
        *_CERTAIN_LATE,
        (1, Script(pay=Says.CODE, code="amount")),
        (1, Script(pay=Says.CODE, code="product off")),
        (1, Script(pay=Says.CODE, code="slow down", uses=1)),
        (1, Script(pay=Says.CODE, code="a sentence nobody knows", truth=Truth.DELIVERED)),
    ),
    _V: (
        *_CERTAIN_SOON,
        *_CERTAIN_LATE,
        (1, Script(pay=Says.OFFLINE, uses=1)),
        (1, Script(pay=Says.OFFLINE, uses=2)),
        (1, Script(pay=Says.CODE, code="091", uses=1)),
        (1, Script(pay=Says.CODE, code="777", truth=Truth.DELIVERED)),
        (1, Script(key_change=True)),
    ),
}
"""The same, and what takes minutes to become certain."""


@dataclass(frozen=True, kw_only=True)
class _Bill:
    """Something that customers order."""

    bill_type: BillType
    biller: str
    prefix: str
    """How the account numbers of its customers begin."""

    product: str | None = None
    amount: str | None = None
    """In naira; None where it is the customer's choice, or the price list's."""


def _power(biller: str) -> _Bill:
    return _Bill(bill_type=BillType.ELECTRICITY, biller=biller, prefix="45")


def _airtime(biller: str) -> _Bill:
    return _Bill(bill_type=BillType.AIRTIME, biller=biller, prefix="0803")


def _data(biller: str, plan: str) -> _Bill:
    return _Bill(bill_type=BillType.DATA, biller=biller, prefix="0806", product=plan)


def _tv(
    biller: str, *, prefix: str = "70", product: str | None = None, amount: str | None = None
) -> _Bill:
    return _Bill(
        bill_type=BillType.CABLE_TV, biller=biller, prefix=prefix, product=product, amount=amount
    )


_BILLS: Weighted[_Bill] = (
    *((3, _power(biller)) for biller in ("ekedc", "ikedc", "aedc", "jed", "ibedc")),
    *((3, _airtime(biller)) for biller in ("mtn", "airtel", "glo")),
    # The price of the bouquet that the sandbox's accounts have.
    (3, _tv("dstv", amount="7900")),
    (2, _tv("gotv", amount="3600")),
    (2, _data("airtel", "airt-1500")),
    (2, _data("mtn", "mtn-100mb-1000")),
    # From here on only one provider sells it, or only one knows surely which item is meant.
    (2, _power("abedc")),
    (1, _power("kaedco")),
    (2, _tv("startimes", amount="1500")),
    (1, _tv("startimes", product="nova")),
    (1, _tv("showmax", prefix="0810", product="full_3")),
    (1, _data("glo", "glo-dg-320")),
)

_WISHES: Weighted[str | None] = ((8, None), (1, "vtpass"), (1, "flutterwave"), (1, "paystack"))
"""Whom customers ask for by name."""


def draw_crowd(count: int, seed: int, behaviours: Behaviours = PATIENT) -> Sequence[Customer]:
    """Draw customers, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  a repeatable crowd, no secret
    return [_draw(chance, number, behaviours) for number in range(count)]


def _draw(chance: random.Random, number: int, behaviours: Behaviours) -> Customer:
    payer = number % identities.PAYERS + 1
    return Customer(
        payer=payer,
        typed=_draw_order(chance, identities.payer(payer).public_key, number),
        scripts={shop: _one_of(chance, scripts) for shop, scripts in behaviours.items()},
        paying=_one_of(chance, _PAYING),
    )


def _draw_order(chance: random.Random, wallet: str, number: int) -> Typed:
    """Draw an order whose account nobody else has, so that its scripts are its own."""
    bill, wish = _one_of(chance, _BILLS), _one_of(chance, _WISHES)
    amount, meter_type = str(chance.randint(2_000, 9_000)), chance.choice(("prepaid", "postpaid"))
    return Typed(
        bill_type=bill.bill_type,
        wallet=wallet,
        account=f"{bill.prefix}{number:0{_ACCOUNT_DIGITS - len(bill.prefix)}d}",
        biller=bill.biller,
        meter_type=meter_type if bill.bill_type is BillType.ELECTRICITY else None,
        product=bill.product,
        amount=None if bill.product else bill.amount or amount,
        # A product's code is one provider's own.
        provider=None if bill.product else wish,
    )


def _one_of(chance: random.Random, weighted: Weighted[Drawn]) -> Drawn:
    choices = [choice for _, choice in weighted]
    return chance.choices(choices, [weight for weight, _ in weighted])[0]


_ACCOUNT_DIGITS = 11
"""As many as a phone number has, and a meter."""
