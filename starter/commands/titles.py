"""One line about a payment and one form of a moment, the same wherever a person reads them here."""

from datetime import datetime

from billpay.domain.orders import OrderRow, read_order
from billpay.domain.summaries import bill_title
from billpay.failures import Invalid


def title_of(order: OrderRow) -> str:
    """Write what an order is for, also where it can never be served."""
    try:
        return bill_title(read_order(order))
    except Invalid as invalid:
        return f"order that cannot be served: {invalid.detail}"


def moment(at: datetime) -> str:
    """Write a moment for a person."""
    return f"{at:%Y-%m-%d %H:%M:%S %Z}"
