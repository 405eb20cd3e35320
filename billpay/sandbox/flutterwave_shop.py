"""The Flutterwave behind the wire: its references, its lists and its refusals."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from billpay.clock import Clock
from billpay.domain.money import Kobo, naira
from billpay.sandbox.flutterwave_answers import status_data, validation_data
from billpay.sandbox.flutterwave_bills import Bill, FlutterwavePurchase
from billpay.sandbox.flutterwave_catalogue import Biller, Item, Kind, Listings
from billpay.sandbox.flutterwave_triggers import script_of
from billpay.sandbox.flutterwave_words import Refusal
from billpay.sandbox.journal import Journal
from billpay.sandbox.scripts import Says, Script
from billpay.sandbox.shop import BillShop

TOKEN_DELAYS_SECONDS = {"KANO": 30.0}
"""Discos whose token follows the sale."""

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")


@dataclass(frozen=True)
class Reply:
    """What a payment gets for an answer."""

    says: Says
    code: str | None
    """The refusal of `Says.CODE`."""

    bill: Bill
    purchase: FlutterwavePurchase
    now: datetime


class FlutterwaveShop(BillShop[Bill]):
    """One Flutterwave account: its lists, its balance, its bills and how its billers behave."""

    def __init__(self, clock: Clock, journal: Journal, account: str = "") -> None:
        self._listings = Listings(account)
        super().__init__("flutterwave", Bill, clock, journal, account)

    def billers_of(self, category: str) -> list[Biller]:
        """List a category's billers."""
        return self._listings.of(category)

    def biller(self, code: str) -> Biller:
        """Find a biller.

        Raises:
            Refusal: there is none of this code.
        """
        biller = self._listings.billers.get(code)
        if biller is None:
            raise Refusal("biller")
        return biller

    def validate(self, biller_code: str, item_code: str, account: str) -> dict[str, Any]:
        """Answer what the biller says of an account.

        Raises:
            Refusal: a code is wrong, or the account is, or the biller cannot be asked.
        """
        biller = self.biller(biller_code)
        item = _item(biller, item_code)
        script = self._script(biller, item, account)
        return validation_data(biller, item, account, script)

    def pay(self, biller_code: str, item_code: str, body: Mapping[str, Any]) -> Reply:
        """Sell what is asked for, or do whatever the account's script says.

        Raises:
            Refusal: nothing was charged; the refusal is on record, and the reference stays free.
        """
        now = self.settle_due()
        heard = self._heard(biller_code, body)
        try:
            biller, purchase, script = self._accept(heard, biller_code, item_code, body)
        except Refusal as refusal:
            self.save(heard if heard.is_kept else heard.refused(refusal.code, now))
            raise
        delay = TOKEN_DELAYS_SECONDS.get(biller.name.split()[0], 0)
        bill = heard.made(purchase, script, now, token_delay=delay, refusal=script.code)
        self.save_made(bill)
        return Reply(says=script.pay, code=script.code, bill=bill, purchase=purchase, now=now)

    def status(self, reference: str, *, is_verbose: bool) -> dict[str, Any]:
        """Answer what became of a bill, asked for by our reference or one of theirs; the truth, once it is visible.

        Raises:
            Refusal: no such bill is known (yet).
        """
        now = self.settle_due()
        bill = self.asked_about(self._find(reference))
        if not bill.is_visible(now) or bill.purchase is None:
            raise Refusal("unknown")
        return status_data(bill, bill.purchase, now, is_verbose=is_verbose)

    def tokens(self, deal: Bill) -> list[str]:
        """Answer the token that a sold deal bought."""
        return [deal.token] if deal.token else []

    def _script(self, biller: Biller, item: Item, account: str) -> Script:
        is_prepaid = _is_prepaid(biller, item)
        return self.scripted(account) or script_of(biller.kind, account, is_prepaid=is_prepaid)

    def _find(self, reference: str) -> Bill:
        bill = self.deal(reference)
        if bill.is_kept:
            return bill
        theirs = (b for b in self.deals() if b.is_kept and reference in (b.tx_ref, b.flw_ref))
        return next(theirs, bill)

    def _heard(self, biller_code: str, body: Mapping[str, Any]) -> Bill:
        """Count one more payment for its reference; one is made up where none is given."""
        bill = self.deal(_text(body, "reference") or f"unnamed-{len(self.deals())}")
        heard: dict[str, Any] = {"pay_calls": bill.pay_calls + 1}
        if not bill.is_kept:
            heard |= {"service_id": biller_code, "account": _account(body)}
        return bill.model_copy(update=heard)

    def _accept(
        self, heard: Bill, biller_code: str, item_code: str, body: Mapping[str, Any]
    ) -> tuple[Biller, FlutterwavePurchase, Script]:
        biller = self.biller(biller_code)
        item = _item(biller, item_code)
        if heard.is_kept:
            raise Refusal("duplicate")
        purchase = _read_purchase(biller, item, body)
        script = self._script(biller, item, purchase.account)
        if purchase.amount < script.least_kobo:
            raise Refusal("amount")
        if purchase.total > self.wallet:
            raise Refusal("balance")
        return biller, purchase, script


def _item(biller: Biller, code: str) -> Item:
    item = biller.item(code)
    if item is None:
        raise Refusal("item")
    return item


def _is_prepaid(biller: Biller, item: Item) -> bool:
    return biller.kind is Kind.UTILITY and "prepaid" in item.name.lower()


def _read_purchase(biller: Biller, item: Item, body: Mapping[str, Any]) -> FlutterwavePurchase:
    account, country = _account(body), _text(body, "country")
    if not account or "amount" not in body or not country:
        raise Refusal("field")
    if country != "NG":
        raise Refusal("country")
    amount = _amount(body["amount"])
    if amount is None or not item.takes(amount):
        raise Refusal("amount")
    return FlutterwavePurchase(
        service_id=biller.code,
        account=account,
        variation=item.code,
        amount=amount,
        item_name=item.name,
        fee=item.fee,
        is_prepaid=_is_prepaid(biller, item),
    )


def _account(body: Mapping[str, Any]) -> str:
    return _text(body, "customer_id").removeprefix("+")


def _amount(value: Any) -> Kobo | None:
    """Read an amount that must be a JSON number; `ValueError` of anything finer than a kobo makes it none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    text = str(value)
    try:
        return naira(text) if _AMOUNT.fullmatch(text) else None
    except ValueError:
        return None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""
