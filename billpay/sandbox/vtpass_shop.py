"""The VTPass behind the wire: who was sold what, whatever was answered.

Which account does what is the table in `vtpass_triggers`. Every change is in the journal before an answer leaves, in
one record with the wallet it changed, so a restart finds sales, counters, scripts and pending times as they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from billpay.clock import Clock
from billpay.domain.money import Kobo, naira
from billpay.sandbox.journal import Journal
from billpay.sandbox.vtpass_accounts import read_account, verification
from billpay.sandbox.vtpass_answers import requery_answer
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_receipts import TOKEN_DELAYS, tokens_of
from billpay.sandbox.vtpass_requests import (
    Purchase,
    check_request_id,
    read_purchase,
    text_field,
)
from billpay.sandbox.vtpass_sales import Happened, Sale, made_sale
from billpay.sandbox.vtpass_triggers import Says, Script, script_of

JOURNAL_KIND = "vtpass"
OPENING_BALANCE = naira("10000000")
LOOK_ALIKE_WINDOW = timedelta(seconds=30)
"""Within it, the same service for the same account under another id is refused (vtpass.com, code 019)."""

_LOOK_ALIKE = "019"


class Change(BaseModel):
    """One step of the shop's state, as journalled."""

    sale: Sale | None = None
    wallet: Kobo | None = None
    account: str | None = None
    """The account whose script changes: to `script`, or back to the trigger table without one."""

    script: Script | None = None


@dataclass(frozen=True)
class Reply:
    """What a pay call gets for an answer."""

    says: Says
    code: str | None
    """The code of `Says.CODE`."""

    sale: Sale
    purchase: Purchase
    now: datetime


class Shop:
    """One VTPass account: its wallet, its sales and how its billers behave."""

    def __init__(self, clock: Clock, journal: Journal, seed: int = 0) -> None:
        self._clock = clock
        self._journal = journal
        self._seed = seed
        self._wallet = OPENING_BALANCE
        self._sales: dict[str, Sale] = {}
        self._pending: set[str] = set()
        self._scripts: dict[str, Script] = {}
        self._last_purchases: dict[tuple[str, str], datetime] = {}
        for record in journal.replay(JOURNAL_KIND):
            self._apply(Change.model_validate(record))

    @property
    def wallet(self) -> Kobo:
        """The reseller's balance, in kobo."""
        self._settle_due()
        return self._wallet

    def verify(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer merchant-verify's content.

        Raises:
            Refusal: 011, 012 or 030.
        """
        service, account, meter_type = read_account(body)
        script = self._scripts.get(account) or script_of(service, account, meter_type)
        return verification(service, account, meter_type, script.verify, self._clock())

    def pay(self, body: Mapping[str, Any]) -> Reply:
        """Sell what is asked for, or do whatever the account's script says.

        Raises:
            Refusal: nothing was charged; the refusal is on record.
        """
        now = self._settle_due()
        sale = self._heard(body)
        try:
            purchase = self._accept(sale, body, now)
        except Refusal as refusal:
            self._record_refusal(sale, refusal, now)
            raise
        scripted = self._scripts.get(purchase.account)
        script = scripted or script_of(purchase.service, purchase.account, purchase.variation)
        delay = TOKEN_DELAYS.get(purchase.service_id, 0)
        sale = made_sale(sale, purchase, script, delay, now)
        self._save(
            sale,
            account=purchase.account if scripted else None,
            script=scripted.after_one_use() if scripted else None,
        )
        return Reply(says=script.pay, code=script.code, sale=sale, purchase=purchase, now=now)

    def requery(self, request_id: str) -> dict[str, Any]:
        """Answer what became of a request id; the truth, once it is visible.

        Raises:
            Refusal: 011 without an id, 015 for one that is not known (yet), the refusal's own code for a refused one.
        """
        now = self._settle_due()
        if not request_id:
            raise Refusal("011")
        known = self._sales.get(request_id) or self._unheard(request_id)
        sale = known.model_copy(update={"requeries": known.requeries + 1})
        self._save(sale)
        if sale.is_visible(now) and sale.code is not None:
            raise Refusal(sale.code)
        if not sale.is_visible(now) or sale.purchase is None:
            raise Refusal("015")
        return requery_answer(sale, sale.purchase, now)

    def script(self, account: str, script: Script | None) -> None:
        """Let an account behave as told, at every service; None returns it to the trigger table."""
        self._commit(Change(account=account, script=script))

    def set_wallet(self, balance: Kobo) -> None:
        """Fill or drain the wallet."""
        self._settle_due()
        self._commit(Change(wallet=balance))

    def settle(self, request_id: str, happened: Happened) -> Sale:
        """Settle a sale by hand, as VTPass's staff does: a pending one early, or a settled one otherwise.

        Raises:
            LookupError: no sale is kept under this id.
        """
        now = self._settle_due()
        sale = self._sales.get(request_id)
        if sale is None or not sale.counts_as_purchase:
            raise LookupError(f"no sale is kept under {request_id!r}")
        settled = sale.settled(happened, now)
        self._save(settled)
        return settled

    def truth(self) -> list[dict[str, Any]]:
        """Tell of every request id ever seen what really happened, in the order of first sight."""
        self._settle_due()
        return [_truth_row(sale) for sale in self._sales.values()]

    def _settle_due(self) -> datetime:
        """Settle every pending sale whose time has come, and answer the present moment."""
        now = self._clock()
        for request_id in sorted(self._pending):
            sale = self._sales[request_id]
            if sale.becomes and sale.settles_at and sale.settles_at <= now:
                self._save(sale.settled(sale.becomes, sale.settles_at))
        return now

    def _heard(self, body: Mapping[str, Any]) -> Sale:
        """Count one more pay call for its request id."""
        request_id = text_field(body, "request_id")
        sale = self._sales.get(request_id) or self._unheard(request_id)
        heard: dict[str, Any] = {"pay_calls": sale.pay_calls + 1}
        if not sale.is_kept:
            account = text_field(body, "billersCode") or text_field(body, "phone")
            heard |= {"service_id": text_field(body, "serviceID"), "account": account}
        return sale.model_copy(update=heard)

    def _unheard(self, request_id: str) -> Sale:
        return Sale(request_id=request_id, serial=f"{self._seed}:{request_id}")

    def _accept(self, sale: Sale, body: Mapping[str, Any], now: datetime) -> Purchase:
        if not sale.request_id:
            raise Refusal("011")
        check_request_id(sale.request_id, now)
        if sale.is_kept:
            raise Refusal("014")
        purchase = read_purchase(body)
        last = self._last_purchases.get((purchase.service_id, purchase.account))
        if last is not None and now - last < LOOK_ALIKE_WINDOW:
            raise Refusal(_LOOK_ALIKE)
        if purchase.total > self._wallet:
            raise Refusal("018")
        return purchase

    def _record_refusal(self, sale: Sale, refusal: Refusal, now: datetime) -> None:
        """Keep a refusal: a look-alike's id is used up by it, any other stays free."""
        if not sale.request_id:
            return
        if not sale.is_kept:
            sale = sale.model_copy(
                update={
                    "happened": Happened.REFUSED,
                    "code": refusal.code,
                    "is_kept": refusal.code == _LOOK_ALIKE,
                    "received_at": now,
                }
            )
        self._save(sale)

    def _save(
        self, sale: Sale, *, account: str | None = None, script: Script | None = None
    ) -> None:
        before = self._sales.get(sale.request_id)
        moved = sale.charged - (before.charged if before else 0)
        wallet = Kobo(self._wallet - moved) if moved else None
        self._commit(Change(sale=sale, wallet=wallet, account=account, script=script))

    def _commit(self, change: Change) -> None:
        self._journal.append(JOURNAL_KIND, change.model_dump(mode="json", exclude_none=True))
        self._apply(change)

    def _apply(self, change: Change) -> None:
        if change.wallet is not None:
            self._wallet = change.wallet
        if change.account is not None:
            self._scripts.pop(change.account, None)
            if change.script is not None:
                self._scripts[change.account] = change.script
        if change.sale is not None:
            self._apply_sale(change.sale)

    def _apply_sale(self, sale: Sale) -> None:
        self._sales[sale.request_id] = sale
        if sale.happened is Happened.PENDING:
            self._pending.add(sale.request_id)
        else:
            self._pending.discard(sale.request_id)
        if sale.counts_as_purchase and sale.received_at is not None:
            key = sale.service_id, sale.account
            self._last_purchases[key] = max(
                sale.received_at, self._last_purchases.get(key, sale.received_at)
            )


def _truth_row(sale: Sale) -> dict[str, Any]:
    tokens = tokens_of(sale) if sale.happened is Happened.SOLD else None
    return {
        "request_id": sale.request_id,
        "service": sale.service_id,
        "account": sale.account,
        "variation": sale.purchase.variation if sale.purchase else None,
        "amount_kobo": sale.purchase.amount if sale.purchase else None,
        "happened": sale.happened,
        "code": sale.code,
        "sold_at": sale.sold_at.isoformat() if sale.sold_at else None,
        "tokens": tokens.all() if tokens else [],
        "charged_kobo": sale.charged,
        "pay_calls": sale.pay_calls,
        "requeries": sale.requeries,
    }
