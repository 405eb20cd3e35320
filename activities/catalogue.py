"""Step: read what a provider lists, biller by biller."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from temporalio import activity

from activities import names
from activities.crossing import failures_cross, handover
from billpay.domain.bills import BILLERS, BillType
from billpay.domain.catalogue import PriceListsRead, ReadPriceLists
from billpay.domain.routing import ProviderName
from billpay.failures import Failure, Misconfigured, Unavailable
from billpay.providers.base import Provider
from billpay.store import Store
from billpay.store.catalogue import ListKey

log = logging.getLogger(__name__)

PATIENCE = 3
"""Lists in a row that may go unread before the provider itself counts as unavailable; a list may be missing alone."""


@dataclass
class _Tally:
    """What has come of reading so far."""

    lists: int = 0
    products: int = 0
    changes: int = 0
    failures: list[str] = field(default_factory=list)
    silent: int = 0
    """Lists in a row that gave no answer."""


@dataclass(frozen=True)
class CatalogueActivities:
    """Keeping the catalogue as fresh as the providers' own lists."""

    store: Store
    providers: Mapping[ProviderName, Provider]
    """They ask afresh: nothing they have kept counts."""

    @activity.defn(name=names.READ_PRICE_LISTS)
    async def read_price_lists(self, request: ReadPriceLists) -> PriceListsRead:
        """Read every list of one provider, and keep it with what has changed; what cannot be read stays as it was.

        Safe to repeat: it only asks, and a list that says nothing new changes nothing.

        Raises:
            Unavailable: several lists in a row gave no answer; what was read before them is kept.
            Misconfigured: the provider has no keys here.
        """
        with failures_cross():
            provider = self.providers.get(request.provider)
            if provider is None:
                raise Misconfigured(f"{request.provider} is not configured here")
            tally = _Tally()
            for key in _lists_of(provider):
                if activity.is_worker_shutdown():
                    raise handover()
                await self._read(provider, key, tally)
            return PriceListsRead(
                provider=request.provider,
                lists=tally.lists,
                products=tally.products,
                changes=tally.changes,
                failures=tuple(tally.failures),
            )

    async def _read(self, provider: Provider, key: ListKey, tally: _Tally) -> None:
        try:
            listed = await provider.products(key.bill_type, key.biller)
        except Failure as failure:
            await self._note(key, failure, tally)
            return
        # A provider that discovers its billers knows only now whether it has this one.
        is_sold = provider.sells(key.bill_type, key.biller)
        tally.changes += await self.store.catalogue.keep(key, listed, is_sold=is_sold)
        tally.lists, tally.products, tally.silent = tally.lists + 1, tally.products + len(listed), 0

    async def _note(self, key: ListKey, failure: Failure, tally: _Tally) -> None:
        """Go on without this list; give the provider up where it does not answer at all."""
        await self.store.catalogue.fail(key, failure.detail)
        tally.failures.append(f"{key.bill_type} of {key.biller}: {failure.detail}")
        tally.silent = tally.silent + 1 if isinstance(failure, Unavailable) else 0
        if tally.silent == PATIENCE:
            raise failure


def _lists_of(provider: Provider) -> Iterator[ListKey]:
    """Name every list that the provider may have; who sells nothing has none.

    Lists of a kind follow each other: those of open amounts may need no question, and would hide a silent provider.
    """
    for bill_type in BillType:
        for biller in BILLERS:
            if bill_type in biller.bill_types and provider.sells(bill_type, biller.code):
                yield ListKey(provider=provider.name, bill_type=bill_type, biller=biller.code)
