"""The Flutterwave behind the wire: who was sold what, whatever was answered.

Which account does what is the table in `flutterwave_triggers`. Every change is in the journal before an answer leaves,
in one record with the balance it changed, so a restart finds bills, counters, scripts and pending times as they were.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from billpay.clock import Clock
from billpay.domain.money import Kobo, naira
from billpay.sandbox.flutterwave_answers import status_data, validation_data
from billpay.sandbox.flutterwave_bills import Bill, Purchase, made_bill
from billpay.sandbox.flutterwave_catalogue import Biller, Item, Kind, Listings
from billpay.sandbox.flutterwave_triggers import FlutterwaveScript, script_of
from billpay.sandbox.flutterwave_words import Refusal
from billpay.sandbox.journal import Journal
from billpay.sandbox.vtpass_sales import Happened
from billpay.sandbox.vtpass_triggers import Says

JOURNAL_KIND = "flutterwave"
OPENING_BALANCE = naira("10000000")
TOKEN_DELAYS_SECONDS = {"KANO": 30.0}
"""Discos whose token follows the sale."""

_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")


class Change(BaseModel):
    """One step of the shop's state, as journalled."""

    bill: Bill | None = None
    balance: Kobo | None = None
    is_whitelisted: bool | None = None
    account: str | None = None
    """The account whose script changes: to `script`, or back to the trigger table without one."""

    script: FlutterwaveScript | None = None


@dataclass(frozen=True)
class Reply:
    """What a payment gets for an answer."""

    says: Says
    code: str | None
    """The refusal of `Says.CODE`."""

    bill: Bill
    purchase: Purchase
    now: datetime


class FlutterwaveShop:
    """One Flutterwave account: its lists, its balance, its bills and how its billers behave."""

    def __init__(self, clock: Clock, journal: Journal, account: str = "") -> None:
        self._clock = clock
        self._journal = journal
        self._account = account
        self._listings = Listings(account)
        self._balance = OPENING_BALANCE
        self._bills: dict[str, Bill] = {}
        self._open: set[str] = set()
        self._scripts: dict[str, FlutterwaveScript] = {}
        self.is_whitelisted = True
        for record in journal.replay(JOURNAL_KIND):
            self._apply(Change.model_validate(record))

    @property
    def balance(self) -> Kobo:
        """The account's NGN balance, in kobo."""
        self._settle_due()
        return self._balance

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
        return validation_data(biller, item, account, script.verify)

    def pay(self, biller_code: str, item_code: str, body: Mapping[str, Any]) -> Reply:
        """Sell what is asked for, or do whatever the account's script says.

        Raises:
            Refusal: nothing was charged; the refusal is on record, and the reference stays free.
        """
        now = self._settle_due()
        reference = _text(body, "reference") or f"unnamed-{len(self._bills)}"
        known = self._bills.get(reference) or self._unheard(reference)
        heard = known.model_copy(update={"pay_calls": known.pay_calls + 1})
        try:
            biller, item, purchase = self._accept(heard, biller_code, item_code, body)
        except Refusal as refusal:
            self._record_refusal(heard, refusal, now)
            raise
        scripted = self._scripts.get(purchase.account)
        script = scripted or self._script(biller, item, purchase.account)
        delay = TOKEN_DELAYS_SECONDS.get(biller.name.split()[0], 0)
        bill = made_bill(heard, purchase, script, delay, now)
        left = scripted.after_one_use() if scripted else None
        self._save(
            bill,
            account=purchase.account if scripted else None,
            script=left if isinstance(left, FlutterwaveScript) else None,
        )
        return Reply(says=script.pay, code=script.code, bill=bill, purchase=purchase, now=now)

    def status(self, reference: str, *, is_verbose: bool) -> dict[str, Any]:
        """Answer what became of a bill, asked for by our reference or one of theirs; the truth, once it is visible.

        Raises:
            Refusal: no such bill is known (yet).
        """
        now = self._settle_due()
        known = self._find(reference) or self._unheard(reference)
        bill = known.model_copy(update={"requeries": known.requeries + 1})
        self._save(bill)
        if not bill.is_visible(now) or bill.purchase is None:
            raise Refusal("unknown")
        return status_data(bill, bill.purchase, now, is_verbose=is_verbose)

    def script(self, account: str, script: FlutterwaveScript | None) -> None:
        """Let an account behave as told, at every biller; None returns it to the trigger table."""
        self._commit(Change(account=account, script=script))

    def set_balance(self, balance: Kobo) -> None:
        """Fill or drain the balance."""
        self._settle_due()
        self._commit(Change(balance=balance))

    def set_whitelisted(self, *, is_whitelisted: bool) -> None:
        """Put the client's address on the account's whitelist, or take it off."""
        self._commit(Change(is_whitelisted=is_whitelisted))

    def settle(self, reference: str, truth: str) -> Bill:
        """Settle a bill by hand: "delivered", "failed", or "reversed" after it was sold.

        Raises:
            LookupError: no bill is kept under this reference.
        """
        now = self._settle_due()
        bill = self._bills.get(reference)
        if bill is None or not bill.is_kept:
            raise LookupError(f"no bill is kept under {reference!r}")
        if truth == "reversed":
            settled = bill.settled(Happened.SOLD, bill.sold_at or now).reversed(now)
        else:
            happened = Happened.SOLD if truth == "delivered" else Happened.FAILED
            settled = bill.settled(happened, now)
        self._save(settled)
        return settled

    def truth(self) -> list[dict[str, Any]]:
        """Tell of every reference ever seen what really happened, in the order of first sight."""
        self._settle_due()
        return [_truth_row(bill) for bill in self._bills.values()]

    def _script(self, biller: Biller, item: Item, account: str) -> FlutterwaveScript:
        is_prepaid = _is_prepaid(biller, item)
        return self._scripts.get(account) or script_of(biller.kind, account, is_prepaid=is_prepaid)

    def _settle_due(self) -> datetime:
        """Let time change every open bill, and answer the present moment."""
        now = self._clock()
        for reference in sorted(self._open):
            bill = self._bills[reference]
            later = bill.at(now)
            if later != bill:
                self._save(later)
        return now

    def _find(self, reference: str) -> Bill | None:
        bill = self._bills.get(reference)
        if bill is not None and bill.is_kept:
            return bill
        theirs = (
            b for b in self._bills.values() if b.is_kept and reference in (b.tx_ref, b.flw_ref)
        )
        return next(theirs, bill)

    def _unheard(self, reference: str) -> Bill:
        return Bill(reference=reference, serial=f"{self._account}:{reference}")

    def _accept(
        self, heard: Bill, biller_code: str, item_code: str, body: Mapping[str, Any]
    ) -> tuple[Biller, Item, Purchase]:
        biller = self.biller(biller_code)
        item = _item(biller, item_code)
        if heard.is_kept:
            raise Refusal("duplicate")
        purchase = _read_purchase(biller, item, body)
        if purchase.total > self._balance:
            raise Refusal("balance")
        return biller, item, purchase

    def _record_refusal(self, heard: Bill, refusal: Refusal, now: datetime) -> None:
        if not heard.is_kept:
            refused = {"happened": Happened.REFUSED, "code": refusal.code, "received_at": now}
            heard = heard.model_copy(update=refused)
        self._save(heard)

    def _save(
        self, bill: Bill, *, account: str | None = None, script: FlutterwaveScript | None = None
    ) -> None:
        before = self._bills.get(bill.reference)
        moved = bill.charged - (before.charged if before else 0)
        balance = Kobo(self._balance - moved) if moved else None
        self._commit(Change(bill=bill, balance=balance, account=account, script=script))

    def _commit(self, change: Change) -> None:
        self._journal.append(JOURNAL_KIND, change.model_dump(mode="json", exclude_none=True))
        self._apply(change)

    def _apply(self, change: Change) -> None:
        if change.balance is not None:
            self._balance = change.balance
        if change.is_whitelisted is not None:
            self.is_whitelisted = change.is_whitelisted
        if change.account is not None:
            self._scripts.pop(change.account, None)
            if change.script is not None:
                self._scripts[change.account] = change.script
        if change.bill is not None:
            self._bills[change.bill.reference] = change.bill
            (self._open.add if change.bill.is_open else self._open.discard)(change.bill.reference)


def _item(biller: Biller, code: str) -> Item:
    item = biller.item(code)
    if item is None:
        raise Refusal("item")
    return item


def _is_prepaid(biller: Biller, item: Item) -> bool:
    return biller.kind is Kind.UTILITY and "prepaid" in item.name.lower()


def _read_purchase(biller: Biller, item: Item, body: Mapping[str, Any]) -> Purchase:
    account, country = _text(body, "customer_id"), _text(body, "country")
    if not account or "amount" not in body or not country:
        raise Refusal("field")
    if country != "NG":
        raise Refusal("country")
    amount = _amount(body["amount"])
    if amount is None or not item.takes(amount):
        raise Refusal("amount")
    return Purchase(
        biller_code=biller.code,
        item_code=item.code,
        item_name=item.name,
        account=account.removeprefix("+"),
        amount=amount,
        fee=item.fee,
        is_prepaid=_is_prepaid(biller, item),
    )


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


def _truth_row(bill: Bill) -> dict[str, Any]:
    purchase = bill.purchase
    return {
        "request_id": bill.reference,
        "service": purchase.biller_code if purchase else None,
        "account": purchase.account if purchase else None,
        "variation": purchase.item_code if purchase else None,
        "amount_kobo": purchase.amount if purchase else None,
        "happened": bill.happened,
        "code": bill.code,
        "sold_at": bill.sold_at.isoformat() if bill.sold_at else None,
        "reversed_at": bill.reversed_at.isoformat() if bill.reversed_at else None,
        "tokens": [bill.token] if bill.sold_at and bill.token else [],
        "charged_kobo": bill.charged,
        "pay_calls": bill.pay_calls,
        "requeries": bill.requeries,
    }
