"""Paystack: sells no bills, and says so instead of pretending.

Its API collects money and pays out to banks; no route of it buys airtime, data, electricity or TV
(github.com/PaystackOSS/openapi). What is real here is the key, the balance and the signature of its webhooks.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import NoReturn

import httpx
from pydantic import SecretStr

from billpay.domain.accounts import AccountVerdict
from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.money import Kobo
from billpay.domain.outcomes import Answer
from billpay.domain.routing import ProviderName
from billpay.failures import Evidence, Misconfigured, Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import text_at
from billpay.providers.http import ProviderHttp, Question, Reply

PROVIDER = "Paystack"
READ_TIMEOUT_SECONDS = 20.0
SELLS_NOTHING = "Paystack has no bill-payment API; name another provider for this order"

_SECRET_KEY = re.compile(r"sk_(?:test|live)_\w+", re.ASCII)
_LIVE_KEY = "sk_live_"
_NAIRA = "NGN"
_KOBO = re.compile(r"[0-9]{1,18}")


class Paystack:
    """Has a balance and webhooks, and nothing to sell."""

    name: ProviderName = ProviderName.PAYSTACK

    def __init__(
        self,
        *,
        base_url: str,
        secret_key: SecretStr,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not _SECRET_KEY.fullmatch(secret_key.get_secret_value()):
            raise Misconfigured(
                "Paystack's secret key begins with sk_test_ or sk_live_; this one does not",
                evidence=Evidence(provider=PROVIDER),
            )
        self._http = ProviderHttp(PROVIDER, base_url, transport=transport)
        self._secret_key = secret_key
        self._read_timeout_seconds = read_timeout_seconds
        self.is_live = secret_key.get_secret_value().startswith(_LIVE_KEY)

    def sells(self, bill_type: BillType, biller: BillerCode) -> bool:
        """Never."""
        del bill_type, biller
        return False

    async def verify_account(self, purchase: Purchase) -> AccountVerdict:
        """Refuse to be asked.

        Raises:
            Misconfigured: always; names the reason.
        """
        del purchase
        _refuse()

    async def buy(self, purchase: Purchase, request_id: str) -> Answer:
        """Refuse to buy; nothing is sent.

        Raises:
            Misconfigured: always; names the reason.
        """
        del purchase
        _refuse(request_id)

    async def requery(
        self, purchase: Purchase, request_id: str, provider_reference: str | None = None
    ) -> Answer:
        """Refuse to be asked; says nothing about any purchase.

        Raises:
            Misconfigured: always; names the reason.
        """
        del purchase, provider_reference
        _refuse(request_id)

    async def products(self, bill_type: BillType, biller: BillerCode) -> Sequence[Product]:
        """Refuse to list; an empty list would mean that customers choose the amount.

        Raises:
            Misconfigured: always; names the reason.
        """
        del bill_type, biller
        _refuse()

    async def check_key(self) -> None:
        """Have Paystack accept our key. Moves nothing; safe to repeat.

        Raises:
            Unavailable: it could not be asked.
            Misconfigured: our key or address was refused.
        """
        await self.float_balance()

    async def float_balance(self) -> Kobo:
        """Answer our NGN balance, which Paystack tells in kobo.

        Raises:
            Unavailable, Misconfigured: as for every question.
        """
        question = Question(
            method="GET",
            path="balance",
            moves_money=False,
            read_timeout_seconds=self._read_timeout_seconds,
            bearer=self._secret_key,
        )
        return await self._http.ask(question, _read_balance)

    def is_genuine(self, body: bytes, signature: str) -> bool:
        """Whether a webhook was signed with our key: HMAC-SHA512 over the body as received, before it is parsed.

        A genuine event is still no proof of anything but itself: it may come twice, late and out of order (fault 50).
        """
        key = self._secret_key.get_secret_value().encode()
        expected = hmac.new(key, body, hashlib.sha512).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode())

    async def close(self) -> None:
        """Release the connections."""
        await self._http.close()


def _refuse(request_id: str | None = None) -> NoReturn:
    raise Misconfigured(SELLS_NOTHING, evidence=Evidence(provider=PROVIDER, request_id=request_id))


def _read_balance(reply: Reply) -> Kobo:
    """Read the NGN row; whole kobo or no number at all."""
    rows = reply.document.get("data")
    if reply.document.get("status") is True and isinstance(rows, list):
        for row in rows:
            kobo = text_at(row, "balance")
            if text_at(row, "currency") == _NAIRA and kobo and _KOBO.fullmatch(kobo):
                return Kobo(int(kobo))
    raise Unavailable(
        f"{PROVIDER} told no NGN balance (HTTP {reply.status})",
        evidence=Evidence(provider=PROVIDER, http_status=reply.status),
    )
