"""Flutterwave over HTTP: its wire format under /flutterwave/v3, and the hidden truth with its switches under /world.

Answers keep to developer.flutterwave.com/docs/bill-payments: a refusal is HTTP 400 with a sentence, an unknown bill
is one too.
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
from billpay.sandbox.flutterwave_answers import (
    biller_row,
    category_rows,
    in_naira,
    item_row,
    payment_data,
    refusal_answer,
    success,
)
from billpay.sandbox.flutterwave_catalogue import CATEGORIES
from billpay.sandbox.flutterwave_shop import FlutterwaveShop, Reply
from billpay.sandbox.flutterwave_triggers import FlutterwaveScript
from billpay.sandbox.flutterwave_words import Refusal
from billpay.sandbox.identities import _seed
from billpay.sandbox.vtpass_triggers import Says
from billpay.sandbox.vtpass_wire import HangUp, Hold

RETRY_AFTER_SECONDS = 7
"""What a refusal for too many requests asks for."""

_PAGE = "<html><head><title>Flutterwave</title></head><body><h1>We will be right back</h1></body></html>"


def flutterwave_secret_key() -> str:
    """Answer the bearer key of the sandbox's account."""
    return f"FLWSECK_TEST-{_seed('flutterwave secret key').hex()}-X"


def has_bearer(request: Request, key: str) -> bool:
    """Whether a request carries this bearer key."""
    given = request.headers.get("authorization", "").encode()
    return hmac.compare_digest(given, f"Bearer {key}".encode())


class _KeyedRoute(APIRoute):
    """Checks the key before anything else, and writes every refusal as Flutterwave does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's own handler."""
        handle = super().get_route_handler()

        async def handle_keyed(request: Request) -> Response:
            if not has_bearer(request, flutterwave_secret_key()):
                return _refused(Refusal("key"))
            try:
                return await handle(request)
            except Refusal as refusal:
                return _refused(refusal)

        return handle_keyed


def _refused(refusal: Refusal) -> Response:
    is_flood = refusal.code == "slow down"
    return JSONResponse(
        refusal_answer(refusal),
        refusal.http_status,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)} if is_flood else None,
    )


def flutterwave_router(shop: FlutterwaveShop) -> APIRouter:
    """Speak Flutterwave's bills API for this shop; to be mounted under its base path."""
    router = APIRouter(route_class=_KeyedRoute, tags=["flutterwave"])
    _add_lists(router, shop)

    @router.get("/balances")
    async def balances() -> dict[str, Any]:
        return success("Wallet balances fetched", [_wallet(shop)])

    @router.get("/balances/NGN")
    async def naira_balance() -> dict[str, Any]:
        return success("Wallet balance fetched", _wallet(shop))

    @router.get("/bill-items/{item_code}/validate")
    async def validate(item_code: str, code: str = "", customer: str = "") -> dict[str, Any]:
        _check_address(shop)
        return success("Item validated successfully", shop.validate(code, item_code, customer))

    @router.post("/billers/{biller_code}/items/{item_code}/payment")
    async def pay(biller_code: str, item_code: str, request: Request) -> Response:
        _check_address(shop)
        reply = shop.pay(biller_code, item_code, await _body(request))
        return _PAY_RESPONSES[reply.says](reply)

    @router.get("/bills/{reference}")
    async def status(reference: str, request: Request, verbose: str = "") -> dict[str, Any]:
        _check_address(shop)
        if request.headers.get("content-type") != "application/json":
            # As integrators found out: the real service then knows no bill at all.
            raise Refusal("unknown")
        data = shop.status(reference, is_verbose=verbose == "1")
        return success("Bill status fetch successful", data)

    return router


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
    balance = in_naira(shop.balance)
    return {"currency": "NGN", "available_balance": balance, "ledger_balance": balance}


def _check_country(country: str) -> None:
    if country != "NG":
        raise Refusal("country")


def _check_address(shop: FlutterwaveShop) -> None:
    if not shop.is_whitelisted:
        raise Refusal("ip")


async def _body(request: Request) -> dict[str, Any]:
    """Read a JSON object without letting a float near an amount.

    Raises:
        Refusal: it is none.
    """
    try:
        body = json.loads(await request.body(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal("field") from None
    if not isinstance(body, dict):
        raise Refusal("field")
    return body


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _accepted_answer(reply: Reply) -> dict[str, Any]:
    return success("Bill payment successful", payment_data(reply.bill, reply.purchase, reply.now))


def _accepting(reply: Reply) -> Response:
    return JSONResponse(_accepted_answer(reply))


def _refusing(code: str) -> Callable[[Reply], Response]:
    return lambda reply: _refused(Refusal(reply.code or code))


def _truncated(reply: Reply) -> Response:
    whole = json.dumps(_accepted_answer(reply))
    return Response(whole[: len(whole) // 2], media_type="application/json")


_PAY_RESPONSES: dict[Says, Callable[[Reply], Response]] = {
    Says.DELIVERED: _accepting,
    Says.PROCESSING: _accepting,
    # A payment that fails was accepted too; only its status tells.
    Says.FAILED: _accepting,
    Says.OFFLINE: _refusing("offline"),
    Says.CODE: _refusing("offline"),
    Says.UNEXPECTED: _refusing("gave up"),
    Says.TIMEOUT: lambda _: Hold(),
    Says.RESET: lambda _: HangUp(reset=True),
    Says.CLOSED: lambda _: HangUp(reset=False),
    Says.EMPTY: lambda _: Response(),
    Says.HTML: lambda _: HTMLResponse(_PAGE),
    Says.TRUNCATED: _truncated,
}


class WalletSwitch(BaseModel):
    """Fills or drains the account's balance."""

    model_config = ConfigDict(extra="forbid")

    balance_kobo: Annotated[Kobo, Field(ge=0)]


class WhitelistSwitch(BaseModel):
    """Lets the client's address in, or not."""

    model_config = ConfigDict(extra="forbid")

    is_whitelisted: bool


class BillSwitch(BaseModel):
    """Settles a bill by hand."""

    model_config = ConfigDict(extra="forbid")

    truth: Literal["delivered", "failed", "reversed"]


def flutterwave_world_router(shop: FlutterwaveShop) -> APIRouter:
    """Show what no client of Flutterwave can see, and turn its switches; to be mounted under /world."""
    router = APIRouter(tags=["world"])

    @router.get("/truth/flutterwave")
    async def truth() -> list[dict[str, Any]]:
        return shop.truth()

    @router.get("/flutterwave/wallet")
    async def wallet() -> dict[str, int]:
        return {"balance_kobo": shop.balance}

    @router.post("/flutterwave/wallet")
    async def set_wallet(switch: WalletSwitch) -> dict[str, int]:
        shop.set_balance(switch.balance_kobo)
        return {"balance_kobo": shop.balance}

    @router.post("/flutterwave/whitelist")
    async def set_whitelist(switch: WhitelistSwitch) -> dict[str, bool]:
        shop.set_whitelisted(is_whitelisted=switch.is_whitelisted)
        return {"is_whitelisted": shop.is_whitelisted}

    @router.post("/flutterwave/accounts/{account}")
    async def script_account(account: str, script: FlutterwaveScript) -> dict[str, Any]:
        shop.script(account, script)
        return {"account": account, "script": script.model_dump(mode="json")}

    @router.delete("/flutterwave/accounts/{account}")
    async def unscript_account(account: str) -> dict[str, Any]:
        shop.script(account, None)
        return {"account": account, "script": None}

    @router.post("/flutterwave/sales/{reference}")
    async def settle_bill(reference: str, switch: BillSwitch) -> dict[str, Any]:
        try:
            bill = shop.settle(reference, switch.truth)
        except LookupError as error:
            raise HTTPException(404, str(error)) from None
        return {"request_id": reference, "happened": bill.happened}

    return router
