"""What no client of a provider can see, and the switches of its shop; to be mounted under /world, the same for each."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from billpay.domain.money import Kobo
from billpay.sandbox.scripts import Says, Script
from billpay.sandbox.shop import BillShop


class _Switch(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WalletSwitch(_Switch):
    """Fills or drains the wallet."""

    balance_kobo: Annotated[Kobo, Field(ge=0)]


class WhitelistSwitch(_Switch):
    """Lets the client's address in, or not."""

    is_whitelisted: bool


class OutageSwitch(_Switch):
    """Brings the whole provider down, or up again with null."""

    says: Literal[Says.TIMEOUT, Says.RESET, Says.CLOSED, Says.EMPTY, Says.HTML, Says.GATEWAY] | None


class SaleSwitch(_Switch):
    """Settles a sale by hand."""

    truth: Literal["delivered", "failed", "reversed"]


def shop_world_router(shop: BillShop[Any]) -> APIRouter:
    """Tell the truth of a shop under /truth/NAME and take orders under /NAME/..."""
    router = APIRouter(tags=["world"])
    _add_switches(router, shop)

    @router.get(f"/truth/{shop.name}")
    async def truth() -> list[dict[str, Any]]:
        return shop.truth()

    @router.post(f"/{shop.name}/accounts/{{account}}")
    async def script_account(account: str, script: Script) -> dict[str, Any]:
        shop.script(account, script)
        return {"account": account, "script": script.model_dump(mode="json")}

    @router.delete(f"/{shop.name}/accounts/{{account}}")
    async def unscript_account(account: str) -> dict[str, Any]:
        shop.script(account, None)
        return {"account": account, "script": None}

    @router.post(f"/{shop.name}/sales/{{request_id}}")
    async def settle_sale(request_id: str, switch: SaleSwitch) -> dict[str, Any]:
        try:
            deal = shop.settle(request_id, switch.truth)
        except LookupError as error:
            raise HTTPException(404, str(error)) from None
        return {"request_id": request_id, "happened": deal.happened}

    return router


def _add_switches(router: APIRouter, shop: BillShop[Any]) -> None:
    @router.get(f"/{shop.name}/wallet")
    async def wallet() -> dict[str, int]:
        return {"balance_kobo": shop.wallet}

    @router.post(f"/{shop.name}/wallet")
    async def set_wallet(switch: WalletSwitch) -> dict[str, int]:
        shop.set_wallet(switch.balance_kobo)
        return {"balance_kobo": shop.wallet}

    @router.post(f"/{shop.name}/whitelist")
    async def set_whitelist(switch: WhitelistSwitch) -> dict[str, bool]:
        shop.set_whitelisted(is_whitelisted=switch.is_whitelisted)
        return {"is_whitelisted": shop.is_whitelisted}

    @router.post(f"/{shop.name}/outage")
    async def set_outage(switch: OutageSwitch) -> dict[str, str | None]:
        shop.set_outage(switch.says)
        return {"says": shop.outage}
