"""The providers there are, one line each; a new one is a file beside these and a line in `REGISTRY`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from pydantic import SecretStr

from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured
from billpay.providers.base import Provider
from billpay.providers.flutterwave import Flutterwave
from billpay.providers.flutterwave_catalogue import Catalogue
from billpay.providers.paystack import Paystack
from billpay.providers.vtpass import VTPass


class ProviderSettings(Protocol):
    """What the factories below read of the settings."""

    @property
    def flutterwave_base_url(self) -> str:
        """Where Flutterwave is, with or without `/v3`."""
        ...

    @property
    def flutterwave_api_key(self) -> SecretStr | None:
        """Its secret key; goes with every request."""
        ...

    @property
    def flutterwave_read_timeout_seconds(self) -> float:
        """How long a purchase may take to be answered."""
        ...

    @property
    def paystack_base_url(self) -> str:
        """Where Paystack is."""
        ...

    @property
    def paystack_api_key(self) -> SecretStr | None:
        """Its secret key; goes with every request, and signs its webhooks."""
        ...

    @property
    def vtpass_base_url(self) -> str:
        """Where VTPass is, with or without `/api`."""
        ...

    @property
    def vtpass_api_key(self) -> SecretStr | None:
        """Goes with every request."""
        ...

    @property
    def vtpass_public_key(self) -> SecretStr | None:
        """Goes with questions that list."""
        ...

    @property
    def vtpass_secret_key(self) -> SecretStr | None:
        """Goes with everything else."""
        ...

    @property
    def vtpass_read_timeout_seconds(self) -> float:
        """How long a purchase may take to be answered."""
        ...


ProviderFactory = Callable[[ProviderSettings], Provider | None]
"""Builds a provider from the settings; None where none of its keys is set."""


def _flutterwave(settings: ProviderSettings, catalogue: Catalogue | None = None) -> Provider | None:
    if settings.flutterwave_api_key is None:
        return None
    return Flutterwave(
        base_url=settings.flutterwave_base_url,
        secret_key=settings.flutterwave_api_key,
        read_timeout_seconds=settings.flutterwave_read_timeout_seconds,
        catalogue=catalogue,
    )


def _paystack(settings: ProviderSettings) -> Provider | None:
    if settings.paystack_api_key is None:
        return None
    return Paystack(base_url=settings.paystack_base_url, secret_key=settings.paystack_api_key)


def _vtpass(settings: ProviderSettings) -> Provider | None:
    keys = {
        "VTPASS_API_KEY": settings.vtpass_api_key,
        "VTPASS_PUBLIC_KEY": settings.vtpass_public_key,
        "VTPASS_SECRET_KEY": settings.vtpass_secret_key,
    }
    given = {name: key for name, key in keys.items() if key is not None}
    if not given:
        return None
    if missing := keys.keys() - given.keys():
        raise Misconfigured(f"VTPass needs {', '.join(sorted(missing))} as well")
    return VTPass(
        base_url=settings.vtpass_base_url,
        api_key=given["VTPASS_API_KEY"],
        public_key=given["VTPASS_PUBLIC_KEY"],
        secret_key=given["VTPASS_SECRET_KEY"],
        read_timeout_seconds=settings.vtpass_read_timeout_seconds,
    )


REGISTRY: Mapping[ProviderName, ProviderFactory] = {
    ProviderName.FLUTTERWAVE: _flutterwave,
    ProviderName.VTPASS: _vtpass,
    ProviderName.PAYSTACK: _paystack,
}


def build_providers(
    settings: ProviderSettings, *, flutterwave_catalogue: Catalogue | None = None
) -> dict[ProviderName, Provider]:
    """Build every provider that has keys; without a catalogue to share, Flutterwave's codes are found anew by each.

    Raises:
        Misconfigured: a provider has some of its keys and lacks others.
    """
    sharing: ProviderFactory = partial(_flutterwave, catalogue=flutterwave_catalogue)
    registry = {**REGISTRY, ProviderName.FLUTTERWAVE: sharing}
    built = {name: build(settings) for name, build in registry.items()}
    return {name: provider for name, provider in built.items() if provider is not None}
