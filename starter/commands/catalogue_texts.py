"""The catalogue for a person at a terminal, and for a program."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from billpay.domain.bills import Product, biller_name
from billpay.domain.catalogue import CatalogueRefreshed, PriceList
from billpay.domain.money import naira_amount, spoken_naira
from billpay.domain.products import name_without_price
from billpay.store.flutterwave_codes import StandingOverride
from starter.commands.titles import moment

NOTHING_KNOWN = "no list of this is known yet: `catalogue refresh` reads them"

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


def catalogue_text(lists: Sequence[PriceList], *, now: datetime, interval: timedelta) -> str:
    """Tell every list: biller by biller, each of its providers with its products."""
    blocks: dict[tuple[str, str], list[str]] = {}
    for one in lists:
        lines = blocks.setdefault((one.bill_type, one.biller), [])
        lines += _list_lines(one, now=now, interval=interval)
    text = [
        "\n".join((f"{bill_type.replace('_', ' ')}: {biller_name(biller)} ({biller})", *lines))
        for (bill_type, biller), lines in blocks.items()
    ]
    return "\n".join(text) or NOTHING_KNOWN


def catalogue_document(
    lists: Sequence[PriceList], *, now: datetime, interval: timedelta
) -> dict[str, Any]:
    """Write the same for a program; prices are naira as text, null where the customer chooses the amount."""
    return {
        "lists": [
            {
                "bill_type": one.bill_type,
                "biller": one.biller,
                "provider": one.provider,
                "is_sold": one.is_sold,
                "read_at": one.read_at.isoformat() if one.read_at else None,
                "age_seconds": int((now - one.read_at).total_seconds()) if one.read_at else None,
                "is_old": one.is_old(now, interval),
                "failure": one.failure,
                "takes_any_amount": one.is_sold and not one.bill_type.is_priced,
                "products": [_product_document(product) for product in one.products],
            }
            for one in lists
        ]
    }


def refreshed_text(refreshed: CatalogueRefreshed) -> str:
    """Tell what came of a refresh."""
    return "\n".join(_refreshed_lines(refreshed)) or "no provider has its keys here"


def overrides_text(overrides: Sequence[StandingOverride]) -> str:
    """Tell what operators have said, oldest first."""
    lines = (
        f"{said.bill_type} of {said.biller}, {said.stands_for}: {said.biller_code} {said.item_code} "
        f"({said.actor}, {moment(one.set_at)}: {said.reason})"
        for one in overrides
        for said in (one.override,)
    )
    return "\n".join(lines) or "names decide about all of Flutterwave's codes"


def age(since: timedelta) -> str:
    """Write how long ago something was, in its largest unit."""
    seconds = int(since.total_seconds())
    for unit, size in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _list_lines(one: PriceList, *, now: datetime, interval: timedelta) -> Iterator[str]:
    read = f"read {age(now - one.read_at)}" if one.read_at else "never read"
    old = ", OLD: it missed its refreshes" if one.is_old(now, interval) else ""
    failed = f", last failed: {_shown(one.failure)}" if one.failure else ""
    yield f"  from {one.provider} ({read}{old}{failed})"
    if not one.is_sold:
        yield "    does not sell it"
    elif not one.bill_type.is_priced:
        yield "    any amount"
    width = max((len(product.code) for product in one.products), default=0)
    for product in one.products:
        price = "any amount" if product.price is None else spoken_naira(product.price)
        name = _shown(name_without_price(product.name))
        yield f"    {_shown(product.code):<{width}}  {price:>12}  {name}"


def _shown(text: str) -> str:
    """Let nothing that a provider writes move the terminal's cursor."""
    return "".join(character if character.isprintable() else " " for character in text)


def _product_document(product: Product) -> dict[str, Any]:
    price = None if product.price is None else naira_amount(product.price)
    return {"code": product.code, "name": product.name, "price_naira": price}


def _refreshed_lines(refreshed: CatalogueRefreshed) -> Iterator[str]:
    for one in refreshed.read:
        yield f"{one.provider}: {one.lists} lists, {one.products} products, {one.changes} changes"
        yield from (f"  not read: {failure}" for failure in one.failures)
