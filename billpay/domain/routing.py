"""Which provider is asked, in which order, and why another one is passed over."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from enum import StrEnum

from billpay.domain.bills import BillType
from billpay.domain.orders import Order


class ProviderName(StrEnum):
    """Through whom we can be set up to buy."""

    VTPASS = "vtpass"
    FLUTTERWAVE = "flutterwave"
    PAYSTACK = "paystack"


_P = ProviderName

PREFERENCE: dict[BillType, tuple[ProviderName, ...]] = {
    BillType.ELECTRICITY: (_P.FLUTTERWAVE, _P.VTPASS, _P.PAYSTACK),
    BillType.CABLE_TV: (_P.FLUTTERWAVE, _P.VTPASS, _P.PAYSTACK),
    BillType.AIRTIME: (_P.VTPASS, _P.FLUTTERWAVE, _P.PAYSTACK),
    BillType.DATA: (_P.VTPASS, _P.FLUTTERWAVE, _P.PAYSTACK),
}
"""The order in which providers are tried for each bill type."""

SELLS_NO_BILLS = frozenset({_P.PAYSTACK})
"""Providers without a bill API, whatever their place in the table above."""

NO_PROVIDER_OF_OURS = "is no provider of ours"
NO_BILLS = "sells no bills"


@dataclass(frozen=True)
class PassedOver:
    """A provider that is not asked, or not in its usual place."""

    name: str
    why: str
    """Completes a sentence about it: `sells no bills`."""

    def __str__(self) -> str:
        """Say it in one clause."""
        return f"{self.name} {self.why}"


@dataclass(frozen=True)
class Route:
    """Whom to ask for an order, in this order."""

    sellers: Sequence[ProviderName]
    passed_over: Sequence[PassedOver]
    """Who would have come before the first of them; everybody where nobody sells it."""


def route(order: Order, refusal: Callable[[ProviderName], str | None]) -> Route:
    """Line up the providers that can sell this order: the one it names first, then by preference.

    `refusal` says why a provider cannot sell it; None where it can.
    """
    preferred = PREFERENCE[order.bill_type]
    named = [name for name in preferred if name == order.requested_provider]
    rest = [name for name in preferred if name != order.requested_provider]
    stranger = [] if named else [PassedOver(order.requested_provider, NO_PROVIDER_OF_OURS)]
    refusals = {name: NO_BILLS if name in SELLS_NO_BILLS else refusal(name) for name in preferred}
    wanted = named + rest
    sellers = [name for name in wanted if refusals[name] is None]
    ahead = wanted[: wanted.index(sellers[0])] if sellers else wanted
    passed_over = [PassedOver(name, why) for name in ahead if (why := refusals[name]) is not None]
    return Route(sellers, stranger + passed_over)


def ask_last(planned: Route, names: Container[ProviderName], why: str) -> Route:
    """Move some sellers behind the others; nobody is left out, and where all are moved nobody is."""
    sellers = list(planned.sellers)
    first = [name for name in sellers if name not in names]
    last = [name for name in sellers if name in names]
    moved = [name for name in last if any(sellers.index(name) < sellers.index(n) for n in first)]
    passed_over = [PassedOver(name, why) for name in moved]
    return Route([*first, *last], [*planned.passed_over, *passed_over])
