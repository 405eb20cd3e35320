"""VTPass over HTTP: its wire format under /vtpass/api.

Almost everything is answered with HTTP 200, wrong keys included; the meaning is in `code`, or for lists in
`response_description` (vtpass.com/documentation).
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from billpay.sandbox.identities import vtpass_api_key, vtpass_public_key, vtpass_secret_key
from billpay.sandbox.scripts import Says
from billpay.sandbox.vtpass_answers import Status, pay_answer, refusal_answer, true_status
from billpay.sandbox.vtpass_catalogue import CATEGORIES, SERVICES
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_listings import service_row, variations_content
from billpay.sandbox.vtpass_requests import text_field
from billpay.sandbox.vtpass_shop import Reply, Shop
from billpay.sandbox.wire import (
    NO_ANSWERS,
    cut_in_half,
    has_key,
    in_naira,
    keyed_route,
    read_object,
)


def vtpass_router(shop: Shop) -> APIRouter:
    """Speak VTPass's API for this shop; to be mounted under its base path."""

    def check(request: Request) -> Response | None:
        if shop.outage is not None:
            return NO_ANSWERS[shop.outage]()
        _check_keys(request)
        if not shop.is_whitelisted:
            raise Refusal("027")
        return None

    router = APIRouter(route_class=keyed_route(check, _refused), tags=["vtpass"])
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
        nothing = NO_ANSWERS.get(reply.says)
        return _PAY_RESPONSES[reply.says](reply) if nothing is None else nothing()

    @router.post("/requery")
    async def requery(request: Request) -> dict[str, Any]:
        return shop.requery(text_field(await _body(request), "request_id"))

    return router


def _check_keys(request: Request) -> None:
    """Ask for `api-key` and, on GET, `public-key`, else `secret-key`; further keys do not matter."""
    expected = {"api-key": vtpass_api_key()}
    if request.method == "GET":
        expected["public-key"] = vtpass_public_key()
    else:
        expected["secret-key"] = vtpass_secret_key()
    if not all(has_key(request, name, key) for name, key in expected.items()):
        raise Refusal("087")


def _refused(error: Exception) -> Response | None:
    return JSONResponse(refusal_answer(error)) if isinstance(error, Refusal) else None


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
    """Read a JSON object.

    Raises:
        Refusal: 011 for anything else.
    """
    body = await read_object(request)
    if body is None:
        raise Refusal("011")
    return body


def _told(reply: Reply, status: Status) -> dict[str, Any]:
    return pay_answer(reply.sale, reply.purchase, status, reply.now)


def _telling(status: Status) -> Callable[[Reply], Response]:
    return lambda reply: JSONResponse(_told(reply, status))


def _refusing(code: str, http_status: int = 200) -> Callable[[Reply], Response]:
    def respond(reply: Reply) -> Response:
        return JSONResponse(refusal_answer(Refusal(reply.code or code)), http_status)

    return respond


_PAY_RESPONSES: dict[Says, Callable[[Reply], Response]] = {
    Says.DELIVERED: _telling(Status.DELIVERED),
    Says.PROCESSING: _telling(Status.PENDING),
    Says.FAILED: _telling(Status.FAILED),
    Says.OFFLINE: _refusing("030"),
    Says.CODE: _refusing("091"),
    Says.UNEXPECTED: _refusing("083", http_status=500),
    Says.TRUNCATED: lambda reply: cut_in_half(_told(reply, true_status(reply.sale))),
}
