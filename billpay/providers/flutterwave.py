"""Flutterwave: the adapter to its v3 bills API, for all four bill types.

What it sells is discovered (`flutterwave_menu`, `flutterwave_catalogue`, `flutterwave_names`); how its answers are read
is decided in `flutterwave_answers` (sales), `flutterwave_accounts` (validation) and `flutterwave_words` (refusals).
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_FLOOR
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from billpay.clock import Clock, system_clock
from billpay.domain.accounts import AccountOk, AccountRefused, AccountVerdict, ProductNotSold
from billpay.domain.bills import BILLERS, BillerCode, BillType, Product
from billpay.domain.money import Kobo
from billpay.domain.outcomes import Answer, NeverSeen
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured, Unavailable
from billpay.providers.base import Purchase, not_sent
from billpay.providers.documents import kobo_at, naira_number, text_at
from billpay.providers.flutterwave_accounts import read_account
from billpay.providers.flutterwave_answers import read_payment, read_status
from billpay.providers.flutterwave_catalogue import (
    Catalogue,
    MemoryCatalogue,
    is_paid_by_phone,
    price_refusal,
    product_of,
    refusal_before_asking,
)
from billpay.providers.flutterwave_menu import Menu, nothing_listed
from billpay.providers.flutterwave_words import (
    PROVIDER,
    Meaning,
    Verdict,
    evidence_of,
    no_answer,
    read_envelope,
)
from billpay.providers.http import ProviderHttp, Question, Reply, host_of

PAY_TIMEOUT_SECONDS = 35.0
"""Flutterwave itself gives up after 28 seconds and answers 503 (developer.flutterwave.com/docs/error-timeouts)."""

READ_TIMEOUT_SECONDS = 20.0

_OFFERED = frozenset(
    (bill_type, biller.code) for biller in BILLERS for bill_type in biller.bill_types
)
_PRICED = frozenset({BillType.DATA, BillType.CABLE_TV})
_LIVE_DOMAIN = "flutterwave.com"
_TEST_KEY = "FLWSECK_TEST"
_NAIRA = "NGN"

Answered = TypeVar("Answered")


class Flutterwave:
    """Sells electricity, airtime, data and cable TV through Flutterwave.

    A payment is never taken for a delivery: its answer says that it was accepted, a status question says the rest.
    """

    name: ProviderName = ProviderName.FLUTTERWAVE

    def __init__(
        self,
        *,
        base_url: str,
        secret_key: SecretStr,
        read_timeout_seconds: float = PAY_TIMEOUT_SECONDS,
        catalogue: Catalogue | None = None,
        clock: Clock = system_clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = ProviderHttp(PROVIDER, base_url, suffix="/v3", transport=transport)
        self._secret_key = secret_key
        self._read_timeout_seconds = read_timeout_seconds
        self._menu = Menu(get=self._get, catalogue=catalogue or MemoryCatalogue(), clock=clock)
        self.is_live = _is_live(base_url, secret_key)

    def sells(self, bill_type: BillType, biller: BillerCode) -> bool:
        """Whether this biller may be asked for: one we know, which the lists read lately do not lack."""
        return (bill_type, biller) in _OFFERED and not self._menu.is_missing(bill_type, biller)

    async def verify_account(self, purchase: Purchase) -> AccountVerdict:
        """Ask whether the account can be served, and the product bought for this amount. Moves nothing; safe to repeat.

        Raises:
            Unavailable: it could not be asked; says nothing about the account.
            Misconfigured: our key or address was refused.
        """
        reason = refusal_before_asking(purchase, is_live=self.is_live)
        if reason is not None:
            return AccountRefused(reason=reason)
        item = await self._menu.item(purchase)
        if item is None:
            return ProductNotSold(reason="This product is not on sale at the moment")
        reason = price_refusal(purchase, item)
        if reason is not None:
            return AccountRefused(reason=reason, price=item.price)
        if is_paid_by_phone(purchase) or not item.can_be_validated:
            return AccountOk()
        try:
            return await self._get(
                f"bill-items/{item.item_code}/validate",
                {"code": item.biller_code, "customer": purchase.account_number},
                lambda reply: read_account(reply, purchase),
            )
        except Misconfigured as refused:
            await self._forget_what_is_gone(purchase, refused)
            raise

    async def buy(self, purchase: Purchase, request_id: str) -> Answer:
        """Buy once, under this request id. Not safe to repeat without a `requery` that says `NeverSeen`.

        Raises:
            Unavailable: nothing was sold; the same id may be sent again.
            Ambiguous: it may have been sold.
            Misconfigured: our key, float or catalogue was refused; nothing was sold.
        """
        reason = refusal_before_asking(purchase, is_live=self.is_live)
        if reason is not None:
            return not_sent(AccountRefused(reason=reason))
        item = await self._menu.item(purchase)
        if item is None:
            raise nothing_listed(purchase)
        reason = price_refusal(purchase, item)
        if reason is not None:
            return not_sent(ProductNotSold(reason=reason))
        question = Question(
            method="POST",
            path=f"billers/{item.biller_code}/items/{item.item_code}/payment",
            moves_money=True,
            read_timeout_seconds=self._read_timeout_seconds,
            bearer=self._secret_key,
            body={
                "country": "NG",
                "customer_id": purchase.account_number,
                "amount": naira_number(purchase.amount),
                "reference": request_id,
            },
            request_id=request_id,
        )
        try:
            return await self._http.ask(
                question, lambda reply: read_payment(reply, purchase, request_id)
            )
        except Misconfigured as refused:
            await self._forget_what_is_gone(purchase, refused)
            raise

    async def requery(
        self, purchase: Purchase, request_id: str, provider_reference: str | None = None
    ) -> Answer:
        """Ask what became of a request id. Never buys; safe to repeat.

        Flutterwave's documentation asks by its own reference as often as by the merchant's, so where ours is unknown
        and theirs was once told, theirs is asked for too before the bill counts as never seen.

        Raises:
            Unavailable: it could not be asked; says nothing about the purchase.
            Misconfigured: our key or address was refused; says nothing about the purchase.
        """
        answer = await self._status(request_id, purchase, request_id)
        if isinstance(answer.outcome, NeverSeen) and provider_reference is not None:
            return await self._status(provider_reference, purchase, request_id)
        return answer

    async def float_balance(self) -> Kobo:
        """Answer what our NGN balance holds, rounded down.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        return await self._get(f"balances/{_NAIRA}", {}, _read_balance)

    async def products(self, bill_type: BillType, biller: BillerCode) -> Sequence[Product]:
        """List plans or packages with their prices; empty for airtime and electricity.

        Their codes are looked up all the same, so that `sells` knows whether there are any.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        listing = await self._menu.listing(bill_type, biller)
        return [product_of(item) for item in listing.items] if bill_type in _PRICED else []

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()

    async def _status(self, reference: str, purchase: Purchase, request_id: str) -> Answer:
        # Without `verbose` the answer has no status at all.
        return await self._get(
            f"bills/{quote(reference, safe='')}",
            {"verbose": "1"},
            lambda reply: read_status(reply, purchase, request_id),
            request_id=request_id,
        )

    async def _get(
        self,
        path: str,
        query: Mapping[str, str],
        read: Callable[[Reply], Answered],
        *,
        request_id: str | None = None,
    ) -> Answered:
        question = Question(
            method="GET",
            path=path,
            moves_money=False,
            read_timeout_seconds=min(READ_TIMEOUT_SECONDS, self._read_timeout_seconds),
            bearer=self._secret_key,
            query=query,
            request_id=request_id,
        )
        return await self._http.ask(question, read)

    async def _forget_what_is_gone(self, purchase: Purchase, refused: Misconfigured) -> None:
        """Have the catalogue found anew where one of its codes was refused."""
        if refused.evidence.code == Meaning.CATALOGUE:
            await self._menu.forget(purchase.bill_type, purchase.biller)


def _is_live(base_url: str, secret_key: SecretStr) -> bool:
    """Whether real money is spent there: test and live share an address, so the key decides."""
    host = host_of(base_url)
    theirs = host == _LIVE_DOMAIN or host.endswith(f".{_LIVE_DOMAIN}")
    return theirs and not secret_key.get_secret_value().startswith(_TEST_KEY)


def _read_balance(reply: Reply) -> Kobo:
    """Read our NGN balance, told alone or in a list of all currencies."""
    envelope = read_envelope(reply)
    if envelope.verdict is not Verdict.SUCCESS:
        raise no_answer(envelope, "tell our balance")
    data: Any = envelope.data
    wallets = data if isinstance(data, list) else [data]
    for wallet in wallets:
        balance = kobo_at(wallet, "available_balance", rounding=ROUND_FLOOR)
        if text_at(wallet, "currency") == _NAIRA and balance is not None:
            return balance
    raise Unavailable(f"{PROVIDER} told no NGN balance", evidence=evidence_of(envelope))
