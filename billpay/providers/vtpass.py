"""VTPass: the adapter to vtpass.com, for all four bill types.

How its answers are read is decided in `vtpass_answers` (sales), `vtpass_accounts` (verification),
`vtpass_catalogue` (names, plans, prices) and `vtpass_codes` (response codes); `vtpass_requests` writes the bodies.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_FLOOR
from typing import TypeVar

import httpx
from pydantic import SecretStr

from billpay.domain.accounts import AccountOk, AccountVerdict
from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.money import Kobo
from billpay.domain.outcomes import Answer
from billpay.domain.routing import ProviderName
from billpay.failures import Evidence, Misconfigured, Unavailable
from billpay.providers.base import Purchase, not_sent
from billpay.providers.documents import JsonScalar, kobo_at
from billpay.providers.http import ProviderHttp, Question, Reply
from billpay.providers.vtpass_accounts import read_account
from billpay.providers.vtpass_answers import Asked, read_sale
from billpay.providers.vtpass_catalogue import (
    SERVICES,
    is_live_address,
    is_paid_by_phone,
    price_refusal,
    read_products,
    refusal_before_asking,
    service_id,
)
from billpay.providers.vtpass_codes import blames_us, code_in, meaning_of
from billpay.providers.vtpass_requests import pay_body, verify_body

PAY_TIMEOUT_SECONDS = 60.0
READ_TIMEOUT_SECONDS = 30.0
REQUERY_TIMEOUT_SECONDS = 20.0

_PRICED = frozenset({BillType.DATA, BillType.CABLE_TV})
_BALANCE_OK = "001"

Answered = TypeVar("Answered")


class VTPass:
    """Sells electricity, airtime, data and cable TV through VTPass.

    Amounts go out as naira, digit by digit; keys go out as headers and nowhere else.
    """

    name: ProviderName = ProviderName.VTPASS

    def __init__(
        self,
        *,
        base_url: str,
        api_key: SecretStr,
        public_key: SecretStr,
        secret_key: SecretStr,
        read_timeout_seconds: float = PAY_TIMEOUT_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = ProviderHttp("VTPass", base_url, suffix="/api", transport=transport)
        # VTPass answers 087 when a GET carries the secret key alone or a POST the public one.
        self._get_keys = {"api-key": api_key, "public-key": public_key}
        self._post_keys = {"api-key": api_key, "secret-key": secret_key}
        self._read_timeout_seconds = read_timeout_seconds
        self.is_live = is_live_address(base_url)

    def sells(self, bill_type: BillType, biller: BillerCode) -> bool:
        """Whether VTPass has a service for this biller."""
        return (bill_type, biller) in SERVICES

    async def verify_account(self, purchase: Purchase) -> AccountVerdict:
        """Ask whether the account can be served, and the product bought for this amount. Moves nothing; safe to repeat.

        A phone is only checked for its form: its prefix names the network that was once given the range.

        Raises:
            Unavailable: it could not be asked; says nothing about the account.
            Misconfigured: our key, address or catalogue was refused.
        """
        refusal = refusal_before_asking(purchase, is_live=self.is_live)
        if refusal is not None:
            return refusal
        verdict: AccountVerdict = AccountOk()
        if not is_paid_by_phone(purchase):
            verdict = await self._post(
                "merchant-verify",
                verify_body(purchase),
                lambda reply: read_account(reply, purchase),
                timeout_seconds=READ_TIMEOUT_SECONDS,
            )
        if not isinstance(verdict, AccountOk) or purchase.product_code is None:
            return verdict
        products = await self.products(purchase.bill_type, purchase.biller)
        return price_refusal(purchase, products) or verdict

    async def buy(self, purchase: Purchase, request_id: str) -> Answer:
        """Buy once, under this request id. Not safe to repeat without a `requery` that says `NeverSeen`.

        `Postponed` with code 085 proves that nothing was sold only if this id was never sent before: VTPass refuses
        an id of yesterday whatever became of it.

        Raises:
            Unavailable: nothing was sold; the same id may be sent again.
            Ambiguous: it may have been sold.
            Misconfigured: our key, float or catalogue was refused; nothing was sold.
        """
        refusal = refusal_before_asking(purchase, is_live=self.is_live)
        if refusal is not None:
            return not_sent(refusal)
        return await self._post(
            "pay",
            pay_body(purchase, request_id),
            lambda reply: read_sale(reply, purchase, request_id, Asked.PAY),
            timeout_seconds=self._read_timeout_seconds,
            request_id=request_id,
            moves_money=True,
        )

    async def requery(
        self, purchase: Purchase, request_id: str, provider_reference: str | None = None
    ) -> Answer:
        """Ask what became of a request id, which is the one name that VTPass finds a purchase by. Never buys.

        Raises:
            Unavailable: it could not be asked; says nothing about the purchase.
            Misconfigured: our key or address was refused; says nothing about the purchase.
        """
        del provider_reference
        return await self._post(
            "requery",
            {"request_id": request_id},
            lambda reply: read_sale(reply, purchase, request_id, Asked.REQUERY),
            timeout_seconds=REQUERY_TIMEOUT_SECONDS,
            request_id=request_id,
        )

    async def float_balance(self) -> Kobo:
        """Answer what our VTPass wallet holds, rounded down.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        return await self._get("balance", {}, _read_balance)

    async def products(self, bill_type: BillType, biller: BillerCode) -> Sequence[Product]:
        """List plans or packages with their prices; empty for airtime and electricity.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        service = service_id(bill_type, biller)
        if bill_type not in _PRICED:
            return []
        return await self._get("service-variations", {"serviceID": service}, read_products)

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()

    async def _get(
        self, path: str, query: Mapping[str, str], read: Callable[[Reply], Answered]
    ) -> Answered:
        question = Question(
            method="GET",
            path=path,
            moves_money=False,
            read_timeout_seconds=self._at_most(READ_TIMEOUT_SECONDS),
            keys=self._get_keys,
            query=query,
        )
        return await self._http.ask(question, read)

    async def _post(
        self,
        path: str,
        body: Mapping[str, JsonScalar],
        read: Callable[[Reply], Answered],
        *,
        timeout_seconds: float,
        request_id: str | None = None,
        moves_money: bool = False,
    ) -> Answered:
        question = Question(
            method="POST",
            path=path,
            moves_money=moves_money,
            read_timeout_seconds=self._at_most(timeout_seconds),
            keys=self._post_keys,
            body=body,
            request_id=request_id,
        )
        return await self._http.ask(question, read)

    def _at_most(self, seconds: float) -> float:
        """No question waits longer than a purchase does."""
        return min(seconds, self._read_timeout_seconds)


def _read_balance(reply: Reply) -> Kobo:
    """Read `balance`, which has a numeric code of its own and keeps its content under `contents`."""
    balance = kobo_at(reply.document, "contents", "balance", rounding=ROUND_FLOOR)
    code = code_in(reply.document)
    if code == _BALANCE_OK and balance is not None:
        return balance
    failure = Misconfigured if code is not None and blames_us(code) else Unavailable
    words = meaning_of(code).words if code is not None else "an answer without a code"
    raise failure(
        f"VTPass did not tell our balance: {words} ({code})",
        evidence=Evidence(provider="VTPass", code=code, http_status=reply.status),
    )
