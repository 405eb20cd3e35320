"""Kolo: an adapter to a provider that does not exist, as small as one can be and still be believed.

`docs/adding-a-provider.md` walks through it. It sells prepaid and postpaid electricity, airtime and DStv, takes kobo as
whole numbers, says what became of an order in one word, and refuses with one word and HTTP 4xx.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TypeVar

import httpx
from pydantic import SecretStr

from billpay.domain.accounts import AccountOk, AccountRefused, AccountVerdict, ProductNotSold
from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.money import Kobo, spoken_naira
from billpay.domain.outcomes import (
    Answer,
    Declined,
    Delivered,
    NeverSeen,
    Processing,
    Receipt,
    TokenAwaited,
    Whose,
)
from billpay.domain.tokens import parse_token
from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import JsonScalar, text_at
from billpay.providers.http import ProviderHttp, Question, Reply

NAME = "kolo"
SOLD = frozenset(
    {
        (BillType.ELECTRICITY, "ekedc"),
        (BillType.ELECTRICITY, "ikedc"),
        (BillType.AIRTIME, "mtn"),
        (BillType.CABLE_TV, "dstv"),
    }
)
_OURS = frozenset({"unknown key", "address", "float", "biller"})
_CUSTOMERS = {"account": "This account number is not known"}
_PROVIDERS = {"amount": "The provider does not take this amount"}

Answered = TypeVar("Answered")


class Kolo:
    """Sells a few bills through Kolo."""

    name = NAME

    def __init__(
        self,
        *,
        base_url: str,
        key: SecretStr,
        read_timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = ProviderHttp("Kolo", base_url, transport=transport)
        self._key = key
        self._read_timeout_seconds = read_timeout_seconds

    def sells(self, bill_type: BillType, biller: BillerCode) -> bool:
        """Whether it is on the short list."""
        return (bill_type, biller) in SOLD

    async def verify_account(self, purchase: Purchase) -> AccountVerdict:
        """Ask for the account, and look a package up on the menu."""
        if purchase.product_code is not None:
            menu = await self.products(purchase.bill_type, purchase.biller)
            product = next((one for one in menu if one.code == purchase.product_code), None)
            if product is None:
                return ProductNotSold(reason="This package is not on sale at the moment")
            if product.price != purchase.amount:
                reason = f"{product.name} now costs {spoken_naira(product.price or Kobo(0))}"
                return AccountRefused(reason=reason, price=product.price)
        return await self._ask(
            "GET",
            f"billers/{_biller(purchase)}",
            lambda reply: _read_account(reply, purchase),
            # In the query, which is not logged; a path is.
            query={"account": purchase.account_number},
        )

    async def buy(self, purchase: Purchase, request_id: str) -> Answer:
        """Buy once, under this request id."""
        body: dict[str, JsonScalar] = {
            "id": request_id,
            "biller": _biller(purchase),
            "account": purchase.account_number,
            "kobo": purchase.amount,
            "product": purchase.product_code or "",
        }
        return await self._ask(
            "POST",
            "orders",
            lambda reply: _read_order(reply, purchase, request_id, is_purchase=True),
            body=body,
            request_id=request_id,
        )

    async def requery(
        self, purchase: Purchase, request_id: str, provider_reference: str | None = None
    ) -> Answer:
        """Ask what became of a request id."""
        del provider_reference
        return await self._ask(
            "GET",
            f"orders/{request_id}",
            lambda reply: _read_order(reply, purchase, request_id, is_purchase=False),
            request_id=request_id,
        )

    async def float_balance(self) -> Kobo:
        """Answer our balance, which Kolo keeps in kobo."""
        return await self._ask("GET", "balance", _read_balance)

    async def products(self, bill_type: BillType, biller: BillerCode) -> Sequence[Product]:
        """List packages; everything else takes any amount."""
        if bill_type is not BillType.CABLE_TV:
            return []
        return await self._ask("GET", f"menu/{biller}", _read_menu)

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()

    async def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[Reply], Answered],
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, JsonScalar] | None = None,
        request_id: str | None = None,
    ) -> Answered:
        question = Question(
            method="POST" if method == "POST" else "GET",
            path=path,
            moves_money=body is not None,
            read_timeout_seconds=self._read_timeout_seconds,
            bearer=self._key,
            query=query or {},
            body=body,
            request_id=request_id,
        )
        return await self._http.ask(question, read)


def _biller(purchase: Purchase) -> str:
    return f"{purchase.biller}-{purchase.meter_type}" if purchase.meter_type else purchase.biller


def _read_account(reply: Reply, purchase: Purchase) -> AccountVerdict:
    refused = text_at(reply.document, "error")
    if refused == "account":
        return AccountRefused(reason=_CUSTOMERS[refused])
    if refused is not None:
        _fail(refused, reply, Unavailable)
    least = reply.document.get("least_kobo")
    if not isinstance(least, int):
        raise Unavailable("Kolo said nothing of the account", evidence=_evidence(reply))
    if purchase.amount < least:
        return AccountRefused(reason=f"The least it takes is {spoken_naira(Kobo(least))}")
    return AccountOk(holder=text_at(reply.document, "holder"), minimum=Kobo(least) or None)


def _read_order(reply: Reply, purchase: Purchase, request_id: str, *, is_purchase: bool) -> Answer:
    refused = text_at(reply.document, "error")
    if refused == "order" and not is_purchase:
        return Answer(outcome=NeverSeen(code=refused), body=reply.text)
    if refused is not None and is_purchase:
        for reasons, whose in ((_CUSTOMERS, Whose.CUSTOMER), (_PROVIDERS, Whose.PROVIDER)):
            if refused in reasons:
                declined = Declined(code=refused, reason=reasons[refused], whose=whose)
                return Answer(outcome=declined, body=reply.text)
    unclear = Ambiguous if is_purchase else Unavailable
    if refused is not None:
        _fail(refused, reply, unclear)
    if text_at(reply.document, "id") != request_id:
        raise unclear("Kolo told of another order", evidence=_evidence(reply))
    return _by_state(reply, purchase)


def _by_state(reply: Reply, purchase: Purchase) -> Answer:
    """Two words are certain, everything else is not."""
    state, reference = text_at(reply.document, "state"), text_at(reply.document, "ref") or ""
    if state == "void":
        reason = "The provider could not complete the purchase"
        return Answer(
            outcome=Declined(code=state, reason=reason, whose=Whose.PROVIDER), body=reply.text
        )
    if state != "done":
        return Answer(outcome=Processing(code=state, provider_reference=reference), body=reply.text)
    token = parse_token(text_at(reply.document, "token") or "") if purchase.wants_token else None
    is_complete = token is not None or not purchase.wants_token
    kind = Delivered if is_complete else TokenAwaited
    return Answer(
        outcome=kind(code=state, provider_reference=reference),
        receipt=Receipt(provider_reference=reference, token=token),
        body=reply.text,
    )


def _read_balance(reply: Reply) -> Kobo:
    kobo = reply.document.get("kobo")
    if not isinstance(kobo, int):
        _fail(text_at(reply.document, "error") or "no balance", reply, Unavailable)
    return Kobo(kobo)


def _read_menu(reply: Reply) -> Sequence[Product]:
    rows = reply.document.get("menu")
    if not isinstance(rows, list):
        _fail(text_at(reply.document, "error") or "no menu", reply, Unavailable)
    return [Product(code=row["code"], name=row["name"], price=Kobo(row["kobo"])) for row in rows]


def _fail(refused: str, reply: Reply, unclear: type[Failure]) -> NoReturn:
    kind, words = (Misconfigured, refused) if refused in _OURS else (unclear, "an unknown word")
    raise kind(f"Kolo refused: {words} (HTTP {reply.status})", evidence=_evidence(reply))


def _evidence(reply: Reply) -> Evidence:
    return Evidence(provider="Kolo", http_status=reply.status)


def build_kolo(settings) -> Kolo | None:
    """Build it from the settings; None without a key. This and its line in the registry is all that knows of it."""
    if settings.kolo_key is None:
        return None
    return Kolo(
        base_url=settings.kolo_base_url,
        key=settings.kolo_key,
        read_timeout_seconds=settings.kolo_read_timeout_seconds,
    )
