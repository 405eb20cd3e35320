"""What can be bought now, from whom and at what price, as the providers' own lists say it.

A list is one biller's products at one provider. What is not listed any more is withdrawn, never forgotten: an order
for it may be on its way, and its name is still told to customers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.money import Kobo
from billpay.domain.routing import ProviderName

INTERVALS_UNTIL_OLD = 2
"""A list that missed two refreshes in a row is shown with a warning; one missed refresh is an ordinary day."""

HIGHEST_PRICE = Kobo(10**13)
"""A hundred billion naira: what costs more is a mistake of whoever lists it."""


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """What one provider sells of one biller."""

    provider: ProviderName
    bill_type: BillType
    biller: BillerCode
    is_sold: bool
    """Whether the provider had the biller at all when it was last asked."""

    products: Sequence[Product]
    """What is sold now; empty where the customer chooses the amount."""

    read_at: datetime | None
    """When it was last read; None while it never could be."""

    failure: str | None
    """Why it could not be read when it was last tried, for operators; None where it was."""

    def is_old(self, now: datetime, interval: timedelta) -> bool:
        """Whether it has missed too many refreshes to be believed."""
        return self.read_at is None or now - self.read_at > INTERVALS_UNTIL_OLD * interval


class Seen(StrEnum):
    """What a look at a list found to be different from the last one."""

    LISTED = "listed"
    REPRICED = "repriced"
    RENAMED = "renamed"
    WITHDRAWN = "withdrawn"
    BACK = "back"
    """Listed again after it was withdrawn."""


@dataclass(frozen=True)
class Known:
    """A product as it was last seen."""

    product: Product
    is_withdrawn: bool = False


@dataclass(frozen=True)
class Change:
    """One difference, and the product as it is from now on."""

    seen: Seen
    product: Product


def sellable(listed: Iterable[Product]) -> Sequence[Product]:
    """Take each code once; one listed at two prices is left out, since nobody knows which would be charged."""
    by_code: dict[str, list[Product]] = {}
    for product in listed:
        if product.price is None or 0 < product.price <= HIGHEST_PRICE:
            by_code.setdefault(product.code, []).append(product)
    return [same[0] for same in by_code.values() if len({one.price for one in same}) == 1]


def changes(known: Sequence[Known], listed: Iterable[Product]) -> Iterator[Change]:
    """Compare a list with what was known of it; what is known to be withdrawn is not withdrawn again."""
    now = {product.code: product for product in sellable(listed)}
    before = {one.product.code: one for one in known}
    for code, product in now.items():
        seen = _difference(before.get(code), product)
        if seen is not None:
            yield Change(seen, product)
    for code, one in before.items():
        if code not in now and not one.is_withdrawn:
            yield Change(Seen.WITHDRAWN, one.product)


def _difference(before: Known | None, product: Product) -> Seen | None:
    if before is None:
        return Seen.LISTED
    if before.is_withdrawn:
        return Seen.BACK
    if before.product.price != product.price:
        return Seen.REPRICED
    return Seen.RENAMED if before.product.name != product.name else None


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True)


class RefreshCatalogue(_Step):
    """Starts the workflow that reads every provider's lists."""

    providers: tuple[ProviderName, ...]


class ReadPriceLists(_Step):
    """Read everything that one provider lists."""

    provider: ProviderName


class PriceListsRead(_Step):
    """What came of reading one provider's lists."""

    provider: ProviderName
    lists: int
    products: int
    changes: int
    failures: tuple[str, ...]
    """What could not be read and why, for operators; one line each."""


class CatalogueRefreshed(_Step):
    """What came of a refresh, provider by provider."""

    read: tuple[PriceListsRead, ...]
