"""An order's facts as its customer may read them: names instead of codes, numbers masked, amounts spoken."""

import re
from dataclasses import dataclass

from billpay.domain.bills import BillType, biller_name
from billpay.domain.masking import masked_account, masked_phone
from billpay.domain.money import spoken_cngn, spoken_naira
from billpay.domain.orders import Order, OrderRow, read_order
from billpay.domain.phones import canonical_phone
from billpay.domain.products import name_without_price
from billpay.failures import Invalid

_PRODUCT_NAMES = ("product_name", "plan_name", "package_name", "plan", "package")
"""Fields of an order's metadata that may hold a product's name, or only its code."""

_SIZE = re.compile(r"\d+(\.\d+)?\s?[MGT]B\b", re.IGNORECASE)
_VALIDITY = re.compile(r"\b(\d+)[ -]?((?:hr|hour|day|week|month|year)s?)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Bill:
    """One bill in a customer's words."""

    bill_type: BillType
    biller: str
    amount: str
    """What the biller gets; what was due where the order cannot be read."""

    account_kind: str
    """What the account number is: "meter", "phone" or "smart card"."""

    account: str
    """The number as it may be shown: a meter whole, since its owner must compare it; the others masked."""

    is_servable: bool = True
    """Whether the order can be read at all."""

    wants_token: bool = False
    product: str | None = None
    validity: str | None = None
    """How long a data plan lasts, where its name tells it."""

    @property
    def product_kind(self) -> str | None:
        """What the product is called; None where none was chosen."""
        if self.product is None:
            return None
        return "plan" if self.bill_type is BillType.DATA else "package"


def bill_of(row: OrderRow) -> Bill:
    """Read an order's rows as far as they can be read: a refund is also owed for an order that cannot be served."""
    try:
        order = read_order(row)
    except Invalid:
        return _as_written(row)
    kind = _account_kind(order.bill_type, order.account_number)
    biller = biller_name(order.biller)
    name = _product_name(order, row)
    return Bill(
        bill_type=order.bill_type,
        biller=biller,
        amount=spoken_naira(order.bill_amount),
        account_kind=kind,
        account=_shown(kind, order.account_number),
        wants_token=order.wants_token,
        product=_spoken_product(order.bill_type, biller, name) if name else None,
        validity=_validity(name) if name and order.bill_type is BillType.DATA else None,
    )


def _as_written(row: OrderRow) -> Bill:
    """Show an unreadable order; nothing in it is believed, so every number is masked."""
    bill_type = BillType(row.bill_type)
    kind = _account_kind(bill_type, row.account_number)
    return Bill(
        bill_type=bill_type,
        biller=biller_name(str(row.metadata.get("provider_code") or "").strip()) or "unknown",
        amount=spoken_cngn(row.due),
        account_kind=kind,
        account=_masked(kind, row.account_number.strip()),
        is_servable=False,
    )


def _account_kind(bill_type: BillType, account_number: str) -> str:
    if bill_type is BillType.ELECTRICITY:
        return "meter"
    # Showmax, sold as cable TV, knows its customers by phone.
    is_phone = bill_type is not BillType.CABLE_TV or canonical_phone(account_number)
    return "phone" if is_phone else "smart card"


def _shown(kind: str, account_number: str) -> str:
    return account_number if kind == "meter" else _masked(kind, account_number)


def _masked(kind: str, account_number: str) -> str:
    return (masked_phone if kind == "phone" else masked_account)(account_number)


def _product_name(order: Order, row: OrderRow) -> str | None:
    """The product's name where the order tells it, else its code; of a renewal what is running, where that is known."""
    if order.product_code is None:
        return row.current_package
    words = (str(row.metadata.get(field) or "").strip() for field in _PRODUCT_NAMES)
    return next((word for word in words if word and word != order.product_code), order.product_code)


def _spoken_product(bill_type: BillType, biller: str, name: str) -> str:
    """Write `1GB` for "Glo Data N320 - 1GB - 30 days", and `DSTV Compact` for "DStv Compact N7,900"."""
    if bill_type is BillType.DATA:
        size = _SIZE.search(name)
        return size.group().replace(" ", "").upper() if size else name
    unpriced = name_without_price(name)
    own_name = unpriced.lower().startswith(f"{biller.lower()} ")
    return biller + unpriced[len(biller) :] if own_name else unpriced


def _validity(name: str) -> str | None:
    found = _VALIDITY.search(name)
    return f"{found[1]} {found[2].lower()}" if found else None
