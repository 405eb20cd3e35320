"""The Kolo behind the wire, and its wire: wallet, deals, scripts and truth come with `BillShop`."""

import hashlib
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from billpay.domain.money import Kobo, naira
from billpay.sandbox.deals import Deal, Purchase
from billpay.sandbox.journal import Journal
from billpay.sandbox.scripts import FAULTS, Says, Script, Verify
from billpay.sandbox.shop import BillShop
from billpay.sandbox.wire import NO_ANSWERS, cut_in_half, has_bearer, keyed_route, read_object

KEY = f"kolo-{hashlib.sha256(b'the key of a provider that does not exist').hexdigest()}"
PACKAGES = {"compact": ("DStv Compact", naira("7900"))}
LIMITS = naira("500"), naira("200000")
_BILLERS = frozenset(
    {"mtn", "dstv"}
    | {f"{disco}-{kind}" for disco in ("ekedc", "ikedc") for kind in ("prepaid", "postpaid")}
)
_HTTP = {"unknown key": 401, "address": 403, "float": 402, "order": 404, "taken": 409}


class Refusal(Exception):  # noqa: N818  the provider's ordinary "no"
    """Kolo says no in one word."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class KoloShop(BillShop[Deal]):
    """One Kolo account."""

    def __init__(self, clock, journal: Journal) -> None:
        super().__init__("kolo", Deal, clock, journal)

    def behaviour(self, account: str) -> Script:
        """How an account was told to behave, or behaves by nature."""
        unknown = Script(pay=Says.CODE, code="account", verify=Verify.WRONG)
        return self.scripted(account) or FAULTS.get(account, unknown)

    def verify(self, biller: str, account: str) -> dict[str, Any]:
        """Answer what is known of an account."""
        script = self.behaviour(account)
        if biller not in _BILLERS:
            raise Refusal("biller")
        if script.verify is Verify.UNAVAILABLE:
            raise Refusal("biller asleep")
        if script.verify is not Verify.OK:
            raise Refusal("account")
        return {"holder": "KOLO TESTER", "least_kobo": script.least_kobo}

    def pay(self, body: dict[str, Any]) -> tuple[Script, Deal]:
        """Sell, or do as the account's script says."""
        now = self.settle_due()
        deal = self.deal(body["id"])
        deal = deal.model_copy(update={"pay_calls": deal.pay_calls + 1})
        try:
            purchase, script = self._accept(deal, body)
        except Refusal as refusal:
            self.save(deal if deal.is_kept else deal.refused(refusal.word, now))
            raise
        deal = deal.made(purchase, script, now, refusal=script.code)
        self.save_made(deal)
        return script, deal

    def order(self, request_id: str) -> dict[str, Any]:
        """Answer what became of an order, truly."""
        now = self.settle_due()
        deal = self.asked_about(self.deal(request_id))
        if not deal.is_visible(now):
            raise Refusal("order")
        return self.told(deal)

    def told(self, deal: Deal, state: str | None = None) -> dict[str, Any]:
        """Write an order, by default as it really stands."""
        truly = {"sold": "done", "failed": "void"}.get(deal.happened, "open")
        shows = deal.shows_token(self.clock())
        return {
            "id": deal.request_id,
            "state": state or truly,
            "ref": f"K{deal.digits('ref', 12)}",
            "token": next(iter(self.tokens(deal)), None) if shows else None,
        }

    def tokens(self, deal: Deal) -> list[str]:
        """Answer the token of prepaid electricity."""
        return [deal.digits("token", 20)] if deal.service_id.endswith("prepaid") else []

    def _accept(self, deal: Deal, body: dict[str, Any]) -> tuple[Purchase, Script]:
        if deal.is_kept:
            raise Refusal("taken")
        if body["biller"] not in _BILLERS:
            raise Refusal("biller")
        script = self.behaviour(body["account"])
        amount = Kobo(body["kobo"])
        least, most = max(LIMITS[0], script.least_kobo), LIMITS[1]
        price = PACKAGES.get(body["product"], ("", amount))[1]
        if not least <= amount <= most or amount != price:
            raise Refusal("amount")
        if amount > self.wallet:
            raise Refusal("float")
        return Purchase(
            service_id=body["biller"],
            account=body["account"],
            variation=body["product"] or None,
            amount=amount,
        ), script


def kolo_router(shop: KoloShop) -> APIRouter:
    """Speak Kolo's API for this shop; to be mounted under its base path."""

    def check(request: Request) -> Response | None:
        if shop.outage is not None:
            return NO_ANSWERS[shop.outage]()
        if not has_bearer(request, KEY):
            raise Refusal("unknown key")
        if not shop.is_whitelisted:
            raise Refusal("address")
        return None

    router = APIRouter(route_class=keyed_route(check, _refused))

    @router.get("/balance")
    async def balance() -> dict[str, Any]:
        return {"kobo": shop.wallet}

    @router.get("/menu/{biller}")
    async def menu(biller: str) -> dict[str, Any]:
        del biller
        rows = PACKAGES.items()
        return {"menu": [{"code": code, "name": name, "kobo": kobo} for code, (name, kobo) in rows]}

    @router.get("/billers/{biller}")
    async def verify(biller: str, account: str) -> dict[str, Any]:
        return shop.verify(biller, account)

    @router.post("/orders")
    async def buy(request: Request) -> Response:
        script, deal = shop.pay(await read_object(request) or {})
        return _answer(shop, script, deal)

    @router.get("/orders/{request_id}")
    async def order(request_id: str) -> dict[str, Any]:
        return shop.order(request_id)

    return router


def _answer(shop: KoloShop, script: Script, deal: Deal) -> Response:
    if script.pay in NO_ANSWERS:
        return NO_ANSWERS[script.pay]()
    if script.pay is Says.TRUNCATED:
        return cut_in_half(shop.told(deal))
    if script.pay is Says.UNEXPECTED:
        return JSONResponse({"error": "broken"}, 500)
    if script.pay in (Says.CODE, Says.OFFLINE):
        return _word(script.code or "biller asleep")
    states = {Says.DELIVERED: "done", Says.PROCESSING: "open", Says.FAILED: "void"}
    return JSONResponse(shop.told(deal, states[script.pay]))


def _word(word: str) -> Response:
    return JSONResponse({"error": word}, _HTTP.get(word, 400))


def _refused(error: Exception) -> Response | None:
    return _word(error.word) if isinstance(error, Refusal) else None
