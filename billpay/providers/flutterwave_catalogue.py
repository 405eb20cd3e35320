"""What Flutterwave sells, as far as this account can see it, and where that knowledge is kept.

Nothing is known before it is asked for: categories lead to billers, billers to items, and an item's two codes are what
a purchase names (developer.flutterwave.com/docs/bill-payments, "Fetching bills and billers' information").
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.money import Kobo, spoken_naira
from billpay.domain.phones import canonical_phone, network_hint
from billpay.failures import Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import kobo_at, text_at
from billpay.providers.flutterwave_names import (
    Row,
    is_for,
    is_subscription,
    product_slug,
    simple,
)
from billpay.providers.flutterwave_words import (
    PROVIDER,
    Verdict,
    evidence_of,
    no_answer,
    read_envelope,
)
from billpay.providers.http import Reply

OPEN_AMOUNT = "open amount"
"""What an operator calls an item that takes any amount: airtime, or a TV renewal."""

TEST_ACCOUNTS = frozenset({"0025401100"})
"""Flutterwave's own test smartcard; nobody owns it."""

_CODE = re.compile(r"[0-9A-Za-z_-]{1,40}")
"""Codes become parts of an address, so anything else on a list is passed over."""

_SANDBOX_PHONE = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that can be bought."""

    biller_code: str
    item_code: str
    name: str
    price: Kobo | None
    """None where the customer chooses the amount."""

    fee: Kobo
    """Charged to us on top of the amount."""

    can_be_validated: bool
    finds_network: bool = False
    """Whether it credits the network that a number's range was given to, whichever network was ordered."""

    stands_for: str | None = None
    """What an operator says it is: `prepaid`, `postpaid`, `OPEN_AMOUNT` or a product code of ours."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A biller's items as they were found; none where Flutterwave does not list the biller."""

    items: tuple[Item, ...]
    read_at: datetime


class Catalogue(Protocol):
    """Where listings are kept between questions; one that operators edit adds what they say in `stands_for`."""

    async def find(self, bill_type: BillType, biller: BillerCode) -> Listing | None:
        """Answer what was kept last, whatever its age."""
        ...

    async def keep(self, bill_type: BillType, biller: BillerCode, listing: Listing) -> Listing:
        """Keep a new listing, and answer it as operators have it."""
        ...

    async def forget(self, bill_type: BillType, biller: BillerCode) -> None:
        """Have the listing found anew; what operators said stays."""
        ...


class MemoryCatalogue:
    """Keeps listings for as long as the process lives."""

    def __init__(self) -> None:
        self._listings: dict[tuple[BillType, BillerCode], Listing] = {}

    async def find(self, bill_type: BillType, biller: BillerCode) -> Listing | None:
        """Answer what was kept last."""
        return self._listings.get((bill_type, biller))

    async def keep(self, bill_type: BillType, biller: BillerCode, listing: Listing) -> Listing:
        """Keep a new listing."""
        self._listings[bill_type, biller] = listing
        return listing

    async def forget(self, bill_type: BillType, biller: BillerCode) -> None:
        """Drop the listing."""
        self._listings.pop((bill_type, biller), None)


def read_rows(reply: Reply, code_field: str) -> Sequence[Row]:
    """Read a list of categories or billers.

    Raises:
        Unavailable: there is no list.
        Misconfigured: our key or account was refused.
    """
    rows = (
        Row(code, tuple(simple(name) for name in _texts(entry, "name", "short_name")))
        for entry in _listed(reply)
        if (code := _code_at(entry, code_field))
    )
    return list(dict.fromkeys(rows))


def read_items(reply: Reply, biller: Row, *, finds_network: bool) -> tuple[Item, ...]:
    """Read a biller's items; a code that is listed with two prices is passed over.

    Raises:
        Unavailable, Misconfigured: as for every list.
    """
    by_code: dict[str, list[Item]] = defaultdict(list)
    for entry in _listed(reply):
        item = _read_item(entry, biller, finds_network=finds_network)
        if item is not None:
            by_code[item.item_code].append(item)
    return tuple(same[0] for same in by_code.values() if len({one.price for one in same}) == 1)


def _listed(reply: Reply) -> list[Any]:
    envelope = read_envelope(reply)
    if envelope.verdict is not Verdict.SUCCESS:
        raise no_answer(envelope, "list what it sells")
    if not isinstance(envelope.data, list):
        raise Unavailable(f"{PROVIDER} answered without a list", evidence=evidence_of(envelope))
    return envelope.data


def _read_item(entry: Any, biller: Row, *, finds_network: bool) -> Item | None:
    code, name, price = (
        _code_at(entry, "item_code"),
        text_at(entry, "name"),
        kobo_at(entry, "amount"),
    )
    if code is None or name is None or price is None or price < 0:
        return None
    return Item(
        biller_code=biller.code,
        item_code=code,
        name=name,
        price=price or None,
        fee=kobo_at(entry, "fee") or Kobo(0),
        can_be_validated=entry.get("is_resolvable") is not False,
        finds_network=finds_network,
    )


def _code_at(entry: Any, field: str) -> str | None:
    code = text_at(entry, field)
    return code if code is not None and _CODE.fullmatch(code) else None


def _texts(entry: Any, *fields: str) -> Iterable[str]:
    return (text for field in fields if (text := text_at(entry, field)))


def is_paid_by_phone(purchase: Purchase) -> bool:
    """Whether the account is a phone, which needs no validation."""
    return purchase.bill_type in (BillType.AIRTIME, BillType.DATA)


def refusal_before_asking(purchase: Purchase, *, is_live: bool) -> str | None:
    """Say why an order is refused without a word to Flutterwave, in the customer's words; None where it is not."""
    account = purchase.account_number
    if is_live and account in TEST_ACCOUNTS:
        return "This account number exists for tests only"
    is_phone = canonical_phone(account) or (not is_live and _SANDBOX_PHONE.fullmatch(account))
    if is_paid_by_phone(purchase) and not is_phone:
        return "This is no valid Nigerian phone number"
    if purchase.bill_type is BillType.DATA and purchase.product_code is None:
        return "No plan was chosen"
    return None


def item_for(purchase: Purchase, items: Iterable[Item]) -> Item | None:
    """Find the one item that a purchase means; None where none fits or several do, which only an operator resolves."""
    wanted = wanted_word(purchase)
    fitting = [
        item
        for item in items
        if not item.finds_network or network_hint(purchase.account_number) == purchase.biller
    ]
    said = [item for item in fitting if item.stands_for == wanted]
    named = [item for item in fitting if item.stands_for is None and _is_meant(item, purchase)]
    found = said or named
    return found[0] if len(found) == 1 else None


def wanted_word(purchase: Purchase) -> str:
    """Name what a purchase wants of its biller, in our words."""
    return purchase.meter_type or purchase.product_code or OPEN_AMOUNT


def _is_meant(item: Item, purchase: Purchase) -> bool:
    if purchase.bill_type is BillType.ELECTRICITY:
        return purchase.meter_type is not None and is_for(purchase.meter_type, item.name)
    if purchase.product_code is None:
        return item.price is None and is_subscription(item.name)
    if item.item_code.lower() == purchase.product_code.lower():
        return True
    # Another provider's code: the same name at the same price is the same product, anything less is not.
    slugs = (product_slug(purchase.biller, text) for text in (item.name, purchase.product_code))
    return item.price == purchase.amount and len(set(slugs)) == 1


def price_refusal(purchase: Purchase, item: Item) -> str | None:
    """Say why an item cannot be had for this amount, in the customer's words; None where it can."""
    if item.price is None or item.price == purchase.amount:
        return None
    return f"{item.name} now costs {spoken_naira(item.price)}"


def product_of(item: Item) -> Product:
    """Show an item as a product of its biller."""
    return Product(code=item.item_code, name=item.name, price=item.price)
