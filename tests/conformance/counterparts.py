"""Each seller's counterpart in the sandbox: the settings it is reached by and the few facts that are its own.

This is the only code in the suite that knows one provider from another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from billpay.clock import Clock
from billpay.domain.money import Kobo, naira
from billpay.domain.routing import ProviderName
from billpay.providers import REGISTRY
from billpay.sandbox.flutterwave import flutterwave_router
from billpay.sandbox.flutterwave_shop import FlutterwaveShop
from billpay.sandbox.identities import environment
from billpay.sandbox.journal import Journal
from billpay.sandbox.shop import BillShop
from billpay.sandbox.shop_world import shop_world_router
from billpay.sandbox.vtpass import vtpass_router
from billpay.sandbox.vtpass_shop import Shop
from billpay.settings import load_settings
from tests.conformance import fourth_provider, fourth_sandbox


@dataclass(frozen=True, kw_only=True)
class Counterpart:
    """How one seller is reached, and what its sandbox takes."""

    name: str
    """As in the registry; the sandbox tells its truth and takes its scripts under the same."""

    shop: Callable[[Clock, Journal], BillShop[Any]]
    router: Callable[[Any], APIRouter]
    path: str
    """Where the sandbox has it."""

    keys: tuple[str, ...]
    """Its settings that are secret."""

    limits: tuple[Kobo, Kobo]
    """Least and most that its sandbox sells of prepaid electricity of IKEDC at once."""

    more_settings: Mapping[str, Any] = field(default_factory=dict)
    """What `billpay.settings` does not know."""

    @property
    def base_url(self) -> str:
        """The setting that says where it is."""
        return f"{self.name}_base_url"

    @property
    def read_timeout(self) -> str:
        """The setting that says how long it may take."""
        return f"{self.name}_read_timeout_seconds"

    def settings(self, url: str, **changes: Any) -> Any:
        """Answer the settings of a worker that lives in the sandbox at this address, some of them changed."""
        reached = {self.base_url: f"{url}{self.path}", self.read_timeout: 30.0}
        known = load_settings(environment(url)).model_dump()
        return SimpleNamespace(**known | dict(self.more_settings) | reached | changes)

    def app(self, clock: Clock, journal: Journal) -> FastAPI:
        """Build the part of the sandbox that plays this provider: smaller than all of it, and the same."""
        shop, app = self.shop(clock, journal), FastAPI()
        app.include_router(self.router(shop), prefix=self.path)
        app.include_router(shop_world_router(shop), prefix="/world")
        return app


FACTORIES: Mapping[str, Any] = {**REGISTRY, fourth_provider.NAME: fourth_provider.build_kolo}
"""The registry, with one line more for the provider that only the tests have."""

COUNTERPARTS = (
    Counterpart(
        name=ProviderName.FLUTTERWAVE,
        shop=FlutterwaveShop,
        router=flutterwave_router,
        path="/flutterwave/v3",
        keys=("flutterwave_api_key",),
        limits=(naira("500"), naira("500000")),
    ),
    Counterpart(
        name=ProviderName.VTPASS,
        shop=Shop,
        router=vtpass_router,
        path="/vtpass/api",
        keys=("vtpass_api_key", "vtpass_public_key", "vtpass_secret_key"),
        limits=(naira("1000"), naira("500000")),
    ),
    Counterpart(
        name=fourth_provider.NAME,
        shop=fourth_sandbox.KoloShop,
        router=fourth_sandbox.kolo_router,
        path="/kolo",
        keys=("kolo_key",),
        limits=fourth_sandbox.LIMITS,
        more_settings={"kolo_key": SecretStr(fourth_sandbox.KEY)},
    ),
)
