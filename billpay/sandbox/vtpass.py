"""VTPass over HTTP: its wire format under /vtpass/api, and the hidden truth with its switches under /world.

Almost everything is answered with HTTP 200, wrong keys included; the meaning is in `code`, or for lists in
`response_description` (vtpass.com/documentation).
"""

import hmac
import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Annotated, Any, Literal, NoReturn

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from billpay.domain.money import Kobo
from billpay.sandbox.identities import vtpass_api_key, vtpass_public_key, vtpass_secret_key
from billpay.sandbox.vtpass_answers import (
    Status,
    in_naira,
    pay_answer,
    refusal_answer,
    true_status,
)
from billpay.sandbox.vtpass_catalogue import CATEGORIES, SERVICES
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_listings import service_row, variations_content
from billpay.sandbox.vtpass_requests import text_field
from billpay.sandbox.vtpass_sales import Happened
from billpay.sandbox.vtpass_shop import Reply, Shop
from billpay.sandbox.vtpass_triggers import Says, Script
from billpay.sandbox.vtpass_wire import HangUp, Hold

_GATEWAY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)


class _KeyedRoute(APIRoute):
    """Checks the keys before anything else, and answers every refusal with HTTP 200."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        handle = super().get_route_handler()

        async def handle_keyed(request: Request) -> Response:
            try:
                _check_keys(request)
                return await handle(request)
            except Refusal as refusal:
                return JSONResponse(refusal_answer(refusal))

        return handle_keyed


def _check_keys(request: Request) -> None:
    """Ask for `api-key` and, on GET, `public-key`, else `secret-key`; further keys do not matter."""
    expected = {"api-key": vtpass_api_key()}
    if request.method == "GET":
        expected["public-key"] = vtpass_public_key()
    else:
        expected["secret-key"] = vtpass_secret_key()
    for name, key in expected.items():
        if not hmac.compare_digest(request.headers.get(name, "").encode(), key.encode()):
            raise Refusal("087")


def vtpass_router(shop: Shop) -> APIRouter:
    """Speak VTPass's API for this shop; to be mounted under its base path."""
    router = APIRouter(route_class=_KeyedRoute, tags=["vtpass"])
    _add_lists(router)

    @router.get("/balance")
    async def balance() -> dict[str, Any]:
        return {"code": 1, "contents": {"balance": in_naira(shop.wallet)}}

    @router.post("/merchant-verify")
    async def merchant_verify(request: Request) -> dict[str, Any]:
        return {"code": "000", "content": shop.verify(await _body(request))}

    @router.post("/pay")
    async def pay(request: Request) -> Response:
        reply = shop.pay(await _body(request))
        return _PAY_RESPONSES[reply.says](reply)

    @router.post("/requery")
    async def requery(request: Request) -> dict[str, Any]:
        return shop.requery(text_field(await _body(request), "request_id"))

    return router


def _add_lists(router: APIRouter) -> None:
    @router.get("/service-categories")
    async def service_categories() -> dict[str, Any]:
        rows = [{"identifier": identifier, "name": name} for identifier, name in CATEGORIES.items()]
        return _listed(rows)

    @router.get("/services")
    async def services(identifier: str = "") -> dict[str, Any]:
        if identifier not in CATEGORIES:
            return _listed([], "012" if identifier else "011")
        return _listed([service_row(s) for s in SERVICES.values() if s.kind == identifier])

    @router.get("/service-variations")
    async def service_variations(
        service_id: Annotated[str, Field(alias="serviceID")] = "",
    ) -> dict[str, Any]:
        if service_id not in SERVICES:
            return _listed([], "012" if service_id else "011")
        return _listed(variations_content(SERVICES[service_id]))


def _listed(content: object, code: str = "000") -> dict[str, Any]:
    return {"response_description": code, "content": content}


async def _body(request: Request) -> dict[str, Any]:
    """Read a JSON object without letting a float near an amount.

    Raises:
        Refusal: 011 for anything else.
    """
    try:
        body = json.loads(await request.body(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal("011") from None
    if not isinstance(body, dict):
        raise Refusal("011")
    return body


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _telling(status: Status) -> Callable[[Reply], Response]:
    def respond(reply: Reply) -> Response:
        return JSONResponse(pay_answer(reply.sale, reply.purchase, status, reply.now))

    return respond


def _refusing(code: str, http_status: int = 200) -> Callable[[Reply], Response]:
    def respond(reply: Reply) -> Response:
        return JSONResponse(refusal_answer(Refusal(reply.code or code)), http_status)

    return respond


def _truncated(reply: Reply) -> Response:
    status = true_status(reply.sale)
    whole = json.dumps(pay_answer(reply.sale, reply.purchase, status, reply.now))
    return Response(whole[: len(whole) // 2], media_type="application/json")


_PAY_RESPONSES: dict[Says, Callable[[Reply], Response]] = {
    Says.DELIVERED: _telling(Status.DELIVERED),
    Says.PROCESSING: _telling(Status.PENDING),
    Says.FAILED: _telling(Status.FAILED),
    Says.OFFLINE: _refusing("030"),
    Says.CODE: _refusing("091"),
    Says.UNEXPECTED: _refusing("083", http_status=500),
    Says.TIMEOUT: lambda _: Hold(),
    Says.RESET: lambda _: HangUp(reset=True),
    Says.CLOSED: lambda _: HangUp(reset=False),
    Says.EMPTY: lambda _: Response(),
    Says.HTML: lambda _: HTMLResponse(_GATEWAY_PAGE, 502),
    Says.TRUNCATED: _truncated,
}


class WalletSwitch(BaseModel):
    """Fills or drains the reseller's wallet."""

    model_config = ConfigDict(extra="forbid")

    balance_kobo: Annotated[Kobo, Field(ge=0)]


class SaleSwitch(BaseModel):
    """Settles a sale by hand."""

    model_config = ConfigDict(extra="forbid")

    truth: Literal["delivered", "failed"]


def vtpass_world_router(shop: Shop) -> APIRouter:
    """Show what no client of VTPass can see, and turn its switches; to be mounted under /world."""
    router = APIRouter(tags=["world"])

    @router.get("/truth/vtpass")
    async def truth() -> list[dict[str, Any]]:
        return shop.truth()

    @router.get("/vtpass/wallet")
    async def wallet() -> dict[str, int]:
        return {"balance_kobo": shop.wallet}

    @router.post("/vtpass/wallet")
    async def set_wallet(switch: WalletSwitch) -> dict[str, int]:
        shop.set_wallet(switch.balance_kobo)
        return {"balance_kobo": shop.wallet}

    @router.post("/vtpass/accounts/{account}")
    async def script_account(account: str, script: Script) -> dict[str, Any]:
        shop.script(account, script)
        return {"account": account, "script": script.model_dump(mode="json")}

    @router.delete("/vtpass/accounts/{account}")
    async def unscript_account(account: str) -> dict[str, Any]:
        shop.script(account, None)
        return {"account": account, "script": None}

    @router.post("/vtpass/sales/{request_id}")
    async def settle_sale(request_id: str, switch: SaleSwitch) -> dict[str, Any]:
        happened = Happened.SOLD if switch.truth == "delivered" else Happened.FAILED
        try:
            sale = shop.settle(request_id, happened)
        except LookupError as error:
            raise HTTPException(404, str(error)) from None
        return {"request_id": request_id, "happened": sale.happened}

    return router
