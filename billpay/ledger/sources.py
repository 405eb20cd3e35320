"""Which server reads the ledger for us, and which one checks it."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from billpay.ledger.base import LedgerSource
from billpay.ledger.budget import budget_of
from billpay.ledger.horizon import Horizon
from billpay.ledger.rpc import StellarRpc


class SourceSettings(Protocol):
    """What the builders below read of the settings."""

    @property
    def ledger_source(self) -> str:
        """Which kind reads for us."""
        ...

    @property
    def horizon_url(self) -> str | None:
        """A Horizon server's address."""
        ...

    @property
    def stellar_rpc_url(self) -> str | None:
        """A Stellar RPC server's address."""
        ...

    @property
    def cngn_asset_code(self) -> str:
        """One half of our asset's name."""
        ...

    @property
    def bill_processor_ledger_requests_per_hour(self) -> int:
        """How much one server may be asked."""
        ...

    def required(self, name: str) -> str:
        """Answer a field's value; raises SettingsError where it is not set."""
        ...


class SourceKind(StrEnum):
    """The kinds of servers that tell the ledger."""

    HORIZON = "horizon"
    RPC = "rpc"


def build_source(settings: SourceSettings, kind: SourceKind | None = None) -> LedgerSource:
    """Build the source that LEDGER_SOURCE names, or another one.

    Raises:
        SettingsError: a variable that it needs is not set.
    """
    return REGISTRY[kind or SourceKind(settings.ledger_source)](settings)


def build_second_source(settings: SourceSettings) -> LedgerSource | None:
    """Build the other source, which checks the first; None where its address is not set.

    Raises:
        SettingsError: another variable that it needs is not set.
    """
    first = SourceKind(settings.ledger_source)
    others = (kind for kind in SourceKind if kind is not first and _address(settings, kind))
    other = next(others, None)
    return None if other is None else build_source(settings, other)


def _horizon(settings: SourceSettings) -> LedgerSource:
    base_url = settings.required("horizon_url")
    return Horizon(
        base_url=base_url,
        asset_code=settings.cngn_asset_code,
        asset_issuer=settings.required("cngn_asset_issuer"),
        budget=budget_of(base_url, settings.bill_processor_ledger_requests_per_hour),
    )


def _rpc(settings: SourceSettings) -> LedgerSource:
    base_url = settings.required("stellar_rpc_url")
    return StellarRpc(
        base_url=base_url,
        asset_code=settings.cngn_asset_code,
        asset_issuer=settings.required("cngn_asset_issuer"),
        network_passphrase=settings.required("stellar_network_passphrase"),
        budget=budget_of(base_url, settings.bill_processor_ledger_requests_per_hour),
    )


REGISTRY: Mapping[SourceKind, Callable[[SourceSettings], LedgerSource]] = {
    SourceKind.HORIZON: _horizon,
    SourceKind.RPC: _rpc,
}
"""How each kind is built; one line for each."""


def _address(settings: SourceSettings, kind: SourceKind) -> str | None:
    return {
        SourceKind.HORIZON: settings.horizon_url,
        SourceKind.RPC: settings.stellar_rpc_url,
    }[kind]
