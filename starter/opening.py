"""What commands open before they work, and what they say when it cannot be opened."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from billpay.clock import system_clock
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured
from billpay.providers import build_providers
from billpay.providers.base import Provider
from billpay.settings import Settings
from billpay.store import Store


def database_of(settings: Settings) -> str:
    """Answer the database's address.

    Raises:
        Misconfigured: none is named, and no local stack is up.
    """
    if settings.database_url is None:
        raise Misconfigured("there is no database: `make up` starts one, DATABASE_URL names one")
    return settings.required("database_url")


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Store]:
    """Open the store on a database of the present schema.

    Raises:
        Misconfigured: no database is named, or it has another schema.
        Unavailable: it gives no answer.
        SettingsError: there is no sealing key.
    """
    url = database_of(settings)
    store = await Store.open(url, sealing_key=settings.sealing_key(), clock=system_clock)
    try:
        await store.require_current_schema()
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def opened_providers(settings: Settings) -> AsyncIterator[Mapping[ProviderName, Provider]]:
    """Open every provider that has keys.

    Raises:
        Misconfigured: one has some of its keys and lacks others.
    """
    providers = build_providers(settings)
    try:
        yield providers
    finally:
        for provider in providers.values():
            await provider.close()
