"""What works with the wallet's key, put together: the same in a worker that refunds and under a person's hands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from billpay.ledger.base import LedgerSource
from billpay.ledger.channels import Channels
from billpay.ledger.claimables import Claimables
from billpay.ledger.signing import SecretSigner, Signer
from billpay.ledger.sources import build_source
from billpay.ledger.treasury import Treasury
from billpay.settings import Settings
from billpay.store import Store
from starter.opening import opened_store


@dataclass(frozen=True, kw_only=True)
class Wallet:
    """Everything that signs."""

    treasury: Treasury
    channels: Channels
    claimables: Claimables


def build_signer(settings: Settings) -> Signer:
    """Read the wallet's key; nothing else in this project does.

    Raises:
        SettingsError: it is not set.
        Misconfigured: it is no key.
    """
    return SecretSigner(SecretStr(settings.required("system_wallet_secret")))


def build_wallet(
    settings: Settings, *, store: Store, source: LedgerSource, signer: Signer
) -> Wallet:
    """Build what signs.

    Raises:
        SettingsError: a variable that it needs is not set.
    """
    rules = settings.refund_rules()
    passphrase = settings.required("stellar_network_passphrase")
    return Wallet(
        treasury=Treasury(
            source=source,
            signer=signer,
            refunds=store.refunds,
            channels=store.channels,
            cases=store.cases,
            asset_code=settings.cngn_asset_code,
            asset_issuer=settings.required("cngn_asset_issuer"),
            network_passphrase=passphrase,
            rules=rules,
        ),
        channels=Channels(
            source=source,
            signer=signer,
            store=store.channels,
            network_passphrase=passphrase,
            fee_cap=rules.fee_cap,
        ),
        claimables=Claimables(
            source=source,
            signer=signer,
            store=store.claimables,
            channels=store.channels,
            network_passphrase=passphrase,
            fee_cap=rules.fee_cap,
        ),
    )


@asynccontextmanager
async def opened_wallet(settings: Settings) -> AsyncIterator[Wallet]:
    """Open everything that a command which signs works with.

    Raises:
        SettingsError: a variable is not set, perhaps the wallet's key: then this is not the process that has it.
        Misconfigured: the key is none, no database is named, or it has another schema.
        Unavailable: the database gives no answer.
    """
    signer = build_signer(settings)
    source = build_source(settings)
    try:
        async with opened_store(settings) as store:
            yield build_wallet(settings, store=store, source=source, signer=signer)
    finally:
        await source.close()
