"""The catalogue is read anew, provider by provider."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from billpay.domain.catalogue import (
        CatalogueRefreshed,
        PriceListsRead,
        ReadPriceLists,
        RefreshCatalogue,
    )
    from billpay.domain.routing import ProviderName
    from workflows import steps
    from workflows.steps import step_failed


@workflow.defn(name="RefreshCatalogueWorkflow")
class RefreshCatalogueWorkflow:
    """Read every provider's lists at once, each for itself: one that fails is told and stops nobody.

    Started by a schedule, and by operators between its times; two at once do no harm. Touches no money.
    """

    @workflow.run
    async def run(self, request: RefreshCatalogue) -> CatalogueRefreshed:
        """Answer what came of it, provider by provider."""
        read = await asyncio.gather(*(_read(provider) for provider in request.providers))
        return CatalogueRefreshed(read=tuple(read))


async def _read(provider: ProviderName) -> PriceListsRead:
    try:
        return await steps.read_price_lists(ReadPriceLists(provider=provider))
    except ActivityError as error:
        failed = step_failed(error)
        return PriceListsRead(
            provider=provider,
            lists=0,
            products=0,
            changes=0,
            failures=(f"{failed.word}: {failed.detail}",),
        )
