"""Finding out what this account can sell, seldom and once at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from billpay.clock import Clock
from billpay.domain.bills import BillerCode, BillType
from billpay.failures import Evidence, Misconfigured
from billpay.providers.base import Purchase
from billpay.providers.flutterwave_catalogue import (
    Catalogue,
    Item,
    Listing,
    item_for,
    read_items,
    read_rows,
    wanted_word,
)
from billpay.providers.flutterwave_names import Row, all_networks, biller_for, category_for
from billpay.providers.flutterwave_words import PROVIDER
from billpay.providers.http import Reply

LONGEST_AGE = timedelta(hours=6)
"""Prices and plans change without notice; a payment at a changed price is refused by Flutterwave itself."""

COUNTRY = {"country": "NG"}

Answered = TypeVar("Answered")


class Get(Protocol):
    """Asks Flutterwave one question that moves nothing."""

    def __call__(
        self, path: str, query: dict[str, str], read: Callable[[Reply], Answered]
    ) -> Awaitable[Answered]:
        """Ask, and read the answer."""
        ...


@dataclass(frozen=True)
class _Billers:
    """A category's billers as they were found."""

    rows: Sequence[Row]
    read_at: datetime


class Menu:
    """Answers which item a purchase means, from the catalogue or by asking."""

    def __init__(self, *, get: Get, catalogue: Catalogue, clock: Clock) -> None:
        self._get = get
        self._catalogue = catalogue
        self._clock = clock
        self._billers: dict[BillType, _Billers] = {}
        self._empty: dict[tuple[BillType, BillerCode], datetime] = {}
        """Billers without an item, and when they were last found so."""

        # Orders that arrive together ask once: a hundred discoveries at a time would be a flood (fault 51).
        self._asking = asyncio.Lock()

    def is_missing(self, bill_type: BillType, biller: BillerCode) -> bool:
        """Whether a biller was lately found to have nothing on its list, or to be on none.

        Of a biller that was not asked for nothing is concluded: where its name is missing, an operator may know it.
        """
        found_at = self._empty.get((bill_type, biller))
        return found_at is not None and self._is_fresh(found_at)

    async def item(self, purchase: Purchase) -> Item | None:
        """Find the item that a purchase means; None where no such thing is listed, or several are.

        Raises:
            Unavailable: Flutterwave could not be asked what it sells.
            Misconfigured: our key or address was refused.
        """
        listing = await self.listing(purchase.bill_type, purchase.biller)
        return item_for(purchase, listing.items)

    async def listing(self, bill_type: BillType, biller: BillerCode) -> Listing:
        """Answer a biller's items, at most `LONGEST_AGE` old.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        listing = await self._kept(bill_type, biller)
        if listing is None:
            async with self._asking:
                listing = await self._kept(bill_type, biller)
                if listing is None:
                    found = await self._discover(bill_type, biller)
                    listing = await self._catalogue.keep(bill_type, biller, found)
        if listing.items:
            self._empty.pop((bill_type, biller), None)
        else:
            self._empty[bill_type, biller] = listing.read_at
        return listing

    async def forget(self, bill_type: BillType, biller: BillerCode) -> None:
        """Have everything that leads to a biller's items found anew."""
        self._billers.pop(bill_type, None)
        await self._catalogue.forget(bill_type, biller)

    async def _kept(self, bill_type: BillType, biller: BillerCode) -> Listing | None:
        kept = await self._catalogue.find(bill_type, biller)
        return kept if kept is not None and self._is_fresh(kept.read_at) else None

    def _is_fresh(self, read_at: datetime) -> bool:
        return self._clock() - read_at < LONGEST_AGE

    async def _discover(self, bill_type: BillType, biller: BillerCode) -> Listing:
        rows = await self._billers_of(bill_type)
        own = biller_for(bill_type, biller, rows)
        found = own or all_networks(bill_type, rows)
        now = self._clock()
        if found is None:
            return Listing(items=(), read_at=now)
        items = await self._get(
            f"billers/{found.code}/items",
            {},
            lambda reply: read_items(reply, found, finds_network=own is None),
        )
        return Listing(items=items, read_at=now)

    async def _billers_of(self, bill_type: BillType) -> Sequence[Row]:
        kept = self._billers.get(bill_type)
        if kept is not None and self._is_fresh(kept.read_at):
            return kept.rows
        category = await self._category_of(bill_type)
        rows = await self._get(
            f"bills/{category.code}/billers", COUNTRY, lambda reply: read_rows(reply, "biller_code")
        )
        self._billers[bill_type] = _Billers(rows, self._clock())
        return rows

    async def _category_of(self, bill_type: BillType) -> Row:
        categories = await self._get(
            "top-bill-categories", COUNTRY, lambda reply: read_rows(reply, "code")
        )
        category = category_for(bill_type, categories)
        if category is None:
            raise Misconfigured(f"{PROVIDER} lists no category, or several, for {bill_type}")
        return category


def nothing_listed(purchase: Purchase) -> Misconfigured:
    """Answer the failure of buying what is not surely on a list; an operator can say which item it is."""
    return Misconfigured(
        f"{PROVIDER} lists nothing, or more than one thing, that is surely "
        f"{purchase.bill_type} of {purchase.biller}: {wanted_word(purchase)}",
        evidence=Evidence(provider=PROVIDER),
    )
