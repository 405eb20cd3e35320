"""Paystack over HTTP: key, balance and signed webhooks, and no bill to be had on any route.

Shapes: github.com/PaystackOSS/openapi and paystack.com/docs/payments/webhooks. Amounts are kobo. Every request for
anything else is kept, so that a test can show that nobody tried to buy.
"""

import hashlib
import hmac
import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from billpay.clock import Clock
from billpay.domain.money import Kobo, naira
from billpay.sandbox.identities import paystack_secret_key
from billpay.sandbox.journal import Journal
from billpay.sandbox.shop_world import WalletSwitch
from billpay.sandbox.wire import has_bearer

JOURNAL_KIND = "paystack"
OPENING_BALANCE = naira("1000000")
SIGNATURE_HEADER = "x-paystack-signature"

_METHODS = ["GET", "POST", "PUT", "DELETE"]


class Change(BaseModel):
    """One step of the account's state, as journalled."""

    balance: Kobo | None = None
    attempt: dict[str, str] | None = None
    """A request for something that Paystack does not have."""


class PaystackAccount:
    """One Paystack account: a balance, and what was asked of it in vain."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock = clock
        self._journal = journal
        self.balance = OPENING_BALANCE
        self.attempts: list[dict[str, str]] = []
        for record in journal.replay(JOURNAL_KIND):
            self._apply(Change.model_validate(record))

    def set_balance(self, balance: Kobo) -> None:
        """Fill or drain the balance."""
        self._commit(Change(balance=balance))

    def refuse(self, method: str, path: str) -> None:
        """Keep a request for something that does not exist."""
        asked_at = self._clock().isoformat()
        self._commit(Change(attempt={"method": method, "path": path, "asked_at": asked_at}))

    def _commit(self, change: Change) -> None:
        self._journal.append(JOURNAL_KIND, change.model_dump(mode="json", exclude_none=True))
        self._apply(change)

    def _apply(self, change: Change) -> None:
        if change.balance is not None:
            self.balance = change.balance
        if change.attempt is not None:
            self.attempts.append(change.attempt)


def signature_of(body: bytes) -> str:
    """Sign a webhook's body as Paystack does."""
    return hmac.new(paystack_secret_key().encode(), body, hashlib.sha512).hexdigest()


def paystack_router(account: PaystackAccount) -> APIRouter:
    """Speak what there is of Paystack's API; to be mounted under its base path."""
    router = APIRouter(tags=["paystack"])

    @router.get("/balance")
    async def balance(request: Request) -> Response:
        if not has_bearer(request, paystack_secret_key()):
            return _refusal(401, "Invalid key", "invalid_Key")
        rows = [{"currency": "NGN", "balance": account.balance}]
        return JSONResponse({"status": True, "message": "Balances retrieved", "data": rows})

    @router.api_route("/{path:path}", methods=_METHODS)
    async def anything_else(path: str, request: Request) -> Response:
        account.refuse(request.method, path)
        return _refusal(404, "The requested endpoint does not exist", "unknown_endpoint")

    return router


def _refusal(http_status: int, message: str, code: str) -> Response:
    answer = {
        "status": False,
        "message": message,
        "meta": {"nextStep": "Check the request and try again"},
        "type": "validation_error",
        "code": code,
    }
    return JSONResponse(answer, http_status)


class WebhookSwitch(BaseModel):
    """Has an event written and signed."""

    model_config = ConfigDict(extra="forbid")

    event: str
    data: dict[str, Any]


def paystack_world_router(account: PaystackAccount) -> APIRouter:
    """Show what was asked in vain, and turn the switches; to be mounted under /world."""
    router = APIRouter(tags=["world"])

    @router.get("/truth/paystack")
    async def truth() -> list[dict[str, str]]:
        return account.attempts

    @router.get("/paystack/wallet")
    async def wallet() -> dict[str, int]:
        return {"balance_kobo": account.balance}

    @router.post("/paystack/wallet")
    async def set_wallet(switch: WalletSwitch) -> dict[str, int]:
        account.set_balance(switch.balance_kobo)
        return {"balance_kobo": account.balance}

    @router.post("/paystack/webhooks")
    async def webhook(switch: WebhookSwitch) -> Response:
        body = json.dumps(switch.model_dump()).encode()
        headers = {SIGNATURE_HEADER: signature_of(body)}
        return Response(body, media_type="application/json", headers=headers)

    return router
