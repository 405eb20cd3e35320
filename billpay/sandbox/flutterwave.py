"""Flutterwave over HTTP: its wire format under /flutterwave/v3.

Answers keep to developer.flutterwave.com/docs/bill-payments: a refusal is HTTP 400 with a sentence, an unknown bill
is one too.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from billpay.sandbox.flutterwave_answers import (
    biller_row,
    category_rows,
    item_row,
    payment_data,
    refusal_answer,
    success,
)
from billpay.sandbox.flutterwave_catalogue import CATEGORIES
from billpay.sandbox.flutterwave_shop import FlutterwaveShop, Reply
from billpay.sandbox.flutterwave_words import Refusal
from billpay.sandbox.identities import flutterwave_secret_key
from billpay.sandbox.scripts import Says
from billpay.sandbox.wire import (
    NO_ANSWERS,
    cut_in_half,
    has_bearer,
    in_naira,
    keyed_route,
    read_object,
)

RETRY_AFTER_SECONDS = 7
"""What a refusal for too many requests asks for."""


def flutterwave_router(shop: FlutterwaveShop) -> APIRouter:
    """Speak Flutterwave's bills API for this shop; to be mounted under its base path."""

    def check(request: Request) -> Response | None:
        if shop.outage is not None:
            return NO_ANSWERS[shop.outage]()
        if not has_bearer(request, flutterwave_secret_key()):
            raise Refusal("key")
        return None

    router = APIRouter(route_class=keyed_route(check, _refused), tags=["flutterwave"])
    _add_lists(router, shop)
    _add_bills(router, shop)

    @router.get("/balances")
    async def balances() -> dict[str, Any]:
        return success("Wallet balances fetched", [_wallet(shop)])

    @router.get("/balances/NGN")
    async def naira_balance() -> dict[str, Any]:
        return success("Wallet balance fetched", _wallet(shop))

    return router


def _add_bills(router: APIRouter, shop: FlutterwaveShop) -> None:
    @router.get("/bill-items/{item_code}/validate")
    async def validate(item_code: str, code: str = "", customer: str = "") -> dict[str, Any]:
        _check_address(shop)
        return success("Item validated successfully", shop.validate(code, item_code, customer))

    @router.post("/billers/{biller_code}/items/{item_code}/payment")
    async def pay(biller_code: str, item_code: str, request: Request) -> Response:
        _check_address(shop)
        body = await read_object(request)
        if body is None:
            raise Refusal("field")
        reply = shop.pay(biller_code, item_code, body)
        nothing = NO_ANSWERS.get(reply.says)
        return _PAY_RESPONSES[reply.says](reply) if nothing is None else nothing()

    @router.get("/bills/{reference}")
    async def status(reference: str, request: Request, verbose: str = "") -> dict[str, Any]:
        _check_address(shop)
        if request.headers.get("content-type") != "application/json":
            # As integrators found out: the real service then knows no bill at all.
            raise Refusal("unknown")
        data = shop.status(reference, is_verbose=verbose == "1")
        return success("Bill status fetch successful", data)


def _refused(error: Exception) -> Response | None:
    if not isinstance(error, Refusal):
        return None
    is_flood = error.code == "slow down"
    return JSONResponse(
        refusal_answer(error),
        error.http_status,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)} if is_flood else None,
    )


def _add_lists(router: APIRouter, shop: FlutterwaveShop) -> None:
    @router.get("/top-bill-categories")
    async def categories(country: str = "") -> dict[str, Any]:
        _check_country(country)
        return success("Categories fetched successfully", category_rows())

    @router.get("/bills/{category}/billers")
    async def billers(category: str, country: str = "") -> dict[str, Any]:
        _check_country(country)
        if category not in CATEGORIES:
            raise Refusal("category")
        rows = [biller_row(n, biller) for n, biller in enumerate(shop.billers_of(category), 1)]
        return success("Billers fetched successfully", rows)

    @router.get("/billers/{biller_code}/items")
    async def items(biller_code: str) -> dict[str, Any]:
        biller = shop.biller(biller_code)
        rows = [item_row(n, biller, item) for n, item in enumerate(biller.items, 1)]
        return success("Bill items fetched successfully", rows)


def _wallet(shop: FlutterwaveShop) -> dict[str, Any]:
    balance = in_naira(shop.wallet)
    return {"currency": "NGN", "available_balance": balance, "ledger_balance": balance}


def _check_country(country: str) -> None:
    if country != "NG":
        raise Refusal("country")


def _check_address(shop: FlutterwaveShop) -> None:
    if not shop.is_whitelisted:
        raise Refusal("ip")


def _accepted(reply: Reply) -> dict[str, Any]:
    return success("Bill payment successful", payment_data(reply.bill, reply.purchase, reply.now))


def _accepting(reply: Reply) -> Response:
    return JSONResponse(_accepted(reply))


def _refusing(code: str) -> Callable[[Reply], Response]:
    return lambda reply: _refused(Refusal(reply.code or code)) or Response()


_PAY_RESPONSES: dict[Says, Callable[[Reply], Response]] = {
    Says.DELIVERED: _accepting,
    Says.PROCESSING: _accepting,
    # A payment that fails was accepted too; only its status tells.
    Says.FAILED: _accepting,
    Says.OFFLINE: _refusing("offline"),
    Says.CODE: _refusing("offline"),
    Says.UNEXPECTED: _refusing("gave up"),
    Says.TRUNCATED: lambda reply: cut_in_half(_accepted(reply)),
}
