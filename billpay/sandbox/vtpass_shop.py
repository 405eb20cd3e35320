"""The VTPass behind the wire: its request ids, its look-alike rule and its refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billpay.clock import Clock
from billpay.sandbox.journal import Journal
from billpay.sandbox.scripts import Says, Script
from billpay.sandbox.shop import BillShop
from billpay.sandbox.vtpass_accounts import read_account, verification
from billpay.sandbox.vtpass_answers import requery_answer
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_receipts import TOKEN_DELAYS, tokens_of
from billpay.sandbox.vtpass_requests import check_request_id, read_purchase, text_field
from billpay.sandbox.vtpass_sales import Sale, VTPassPurchase
from billpay.sandbox.vtpass_triggers import script_of

LOOK_ALIKE_WINDOW = timedelta(seconds=30)
"""Within it, the same service for the same account under another id is refused (vtpass.com, code 019)."""

_LOOK_ALIKE = "019"


@dataclass(frozen=True)
class Reply:
    """What a pay call gets for an answer."""

    says: Says
    code: str | None
    """The code of `Says.CODE`."""

    sale: Sale
    purchase: VTPassPurchase
    now: datetime


class Shop(BillShop[Sale]):
    """One VTPass account: its wallet, its sales and how its billers behave."""

    def __init__(self, clock: Clock, journal: Journal, seed: int = 0) -> None:
        self._last_purchases: dict[tuple[str, str], datetime] = {}
        super().__init__("vtpass", Sale, clock, journal, str(seed))

    def verify(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer merchant-verify's content.

        Raises:
            Refusal: 011, 012 or 030.
        """
        service, account, meter_type = read_account(body)
        script = self.scripted(account) or script_of(service, account, meter_type)
        return verification(service, account, meter_type, script, self.clock())

    def pay(self, body: Mapping[str, Any]) -> Reply:
        """Sell what is asked for, or do whatever the account's script says.

        Raises:
            Refusal: nothing was charged; the refusal is on record.
        """
        now = self.settle_due()
        sale = self._heard(body)
        try:
            purchase = self._accept(sale, body, now)
            script = self._script(purchase)
        except Refusal as refusal:
            self._record_refusal(sale, refusal, now)
            raise
        sale = sale.made(
            purchase,
            script,
            now,
            token_delay=TOKEN_DELAYS.get(purchase.service_id, 0),
            refusal=_refusal_code(script),
            keeps_refusal=True,
        )
        self.save_made(sale)
        return Reply(says=script.pay, code=script.code, sale=sale, purchase=purchase, now=now)

    def requery(self, request_id: str) -> dict[str, Any]:
        """Answer what became of a request id; the truth, once it is visible.

        Raises:
            Refusal: 011 without an id, 015 for one that is not known (yet), the refusal's own code for a refused one.
        """
        now = self.settle_due()
        if not request_id:
            raise Refusal("011")
        sale = self.asked_about(self.deal(request_id))
        if sale.is_visible(now) and sale.code is not None:
            raise Refusal(sale.code)
        if not sale.is_visible(now) or sale.purchase is None:
            raise Refusal("015")
        return requery_answer(sale, sale.purchase, now)

    def tokens(self, deal: Sale) -> list[str]:
        """Answer every token that a sold deal bought, the one that was paid for first."""
        tokens = tokens_of(deal)
        return tokens.all() if tokens else []

    def kept(self, deal: Sale) -> None:
        """Remember when an account was last sold to at a service."""
        if deal.counts_as_purchase and deal.received_at is not None:
            key = deal.service_id, deal.account
            last = self._last_purchases.get(key, deal.received_at)
            self._last_purchases[key] = max(deal.received_at, last)

    def _heard(self, body: Mapping[str, Any]) -> Sale:
        """Count one more pay call for its request id."""
        sale = self.deal(text_field(body, "request_id"))
        heard: dict[str, Any] = {"pay_calls": sale.pay_calls + 1}
        if not sale.is_kept:
            account = text_field(body, "billersCode") or text_field(body, "phone")
            heard |= {"service_id": text_field(body, "serviceID"), "account": account}
        return sale.model_copy(update=heard)

    def _accept(self, sale: Sale, body: Mapping[str, Any], now: datetime) -> VTPassPurchase:
        if not sale.request_id:
            raise Refusal("011")
        check_request_id(sale.request_id, now)
        if sale.is_kept:
            raise Refusal("014")
        purchase = read_purchase(body)
        last = self._last_purchases.get((purchase.service_id, purchase.account))
        if last is not None and now - last < LOOK_ALIKE_WINDOW:
            raise Refusal(_LOOK_ALIKE)
        if purchase.total > self.wallet:
            raise Refusal("018")
        return purchase

    def _script(self, purchase: VTPassPurchase) -> Script:
        by_nature = script_of(purchase.service, purchase.account, purchase.variation)
        script = self.scripted(purchase.account) or by_nature
        if purchase.amount < script.least_kobo:
            raise Refusal("013")
        return script

    def _record_refusal(self, sale: Sale, refusal: Refusal, now: datetime) -> None:
        """Keep a refusal: a look-alike's id is used up by it, any other stays free."""
        if not sale.request_id:
            return
        if not sale.is_kept:
            sale = sale.refused(refusal.code, now, is_kept=refusal.code == _LOOK_ALIKE)
        self.save(sale)


def _refusal_code(script: Script) -> str:
    """Name the code under which a refused sale is kept."""
    return script.code or ("030" if script.pay is Says.OFFLINE else "091")
