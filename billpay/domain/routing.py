"""Which provider is asked, and in which order."""

from collections.abc import Callable, Sequence
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


def route(order: Order, sells: Callable[[ProviderName], bool]) -> Sequence[ProviderName]:
    """Line up the providers that can sell this order: the one it names first, then by preference."""
    preferred = PREFERENCE[order.bill_type]
    named = [name for name in preferred if name == order.requested_provider]
    rest = [name for name in preferred if name != order.requested_provider]
    return [name for name in named + rest if sells(name)]
