"""What every provider's shop has behind its wire: a wallet, its deals, and how accounts behave.

Every change is in the journal before an answer leaves, in one record with the wallet it changed, so a restart finds
deals, counters, scripts and pending times as they were. Each shop adds its menu, its rules and its words.
"""

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from billpay.clock import Clock
from billpay.domain.money import Kobo, naira
from billpay.sandbox.deals import Deal
from billpay.sandbox.journal import Journal
from billpay.sandbox.scripts import Happened, Says, Script

OPENING_BALANCE = naira("10000000")

DealT = TypeVar("DealT", bound=Deal)


class _Change(BaseModel):
    """One step of a shop's state, as journalled."""

    sale: dict[str, Any] | None = None
    """A deal, as its shop's own type writes it."""

    wallet: Kobo | None = None
    account: str | None = None
    """The account whose script changes: to `script`, or back to how it behaves by nature without one."""

    script: Script | None = None
    is_whitelisted: bool | None = None
    outage: Says | None = None
    is_outage_over: bool = False


class BillShop(Generic[DealT]):
    """One account at a provider, as the provider keeps it."""

    def __init__(
        self, name: str, deal: type[DealT], clock: Clock, journal: Journal, seed: str = ""
    ) -> None:
        self.name = name
        """The provider's, under which the shop is journalled and the world is told of it."""

        self.is_whitelisted = True
        """Whether our address is let in."""

        self.outage: Says | None = None
        """What every call gets for an answer while the whole provider is down; None while it is up."""

        self.clock = clock
        self._deal = deal
        self._journal = journal
        self._seed = seed
        self._wallet = OPENING_BALANCE
        self._deals: dict[str, DealT] = {}
        self._open: set[str] = set()
        self._scripts: dict[str, Script] = {}
        for record in journal.replay(name):
            self._apply(_Change.model_validate(record))

    @property
    def wallet(self) -> Kobo:
        """Our prepaid balance, in kobo."""
        self.settle_due()
        return self._wallet

    def set_wallet(self, balance: Kobo) -> None:
        """Fill or drain the wallet."""
        self.settle_due()
        self._commit(_Change(wallet=balance))

    def set_whitelisted(self, *, is_whitelisted: bool) -> None:
        """Let our address in, or not."""
        self._commit(_Change(is_whitelisted=is_whitelisted))

    def set_outage(self, says: Says | None) -> None:
        """Bring the whole provider down, or up again."""
        self._commit(_Change(outage=says, is_outage_over=says is None))

    def script(self, account: str, script: Script | None) -> None:
        """Let an account behave as told, at every service; None returns it to how it behaves by nature."""
        self._commit(_Change(account=account, script=script))

    def scripted(self, account: str) -> Script | None:
        """Answer how an account was told to behave."""
        return self._scripts.get(account)

    def settle(self, request_id: str, truth: str) -> DealT:
        """Settle a deal by hand, as a provider's staff does: "delivered", "failed", or "reversed" after it was sold.

        Raises:
            LookupError: no sale is kept under this id.
        """
        now = self.settle_due()
        deal = self._deals.get(request_id)
        if deal is None or not deal.is_made:
            raise LookupError(f"no sale is kept under {request_id!r}")
        if truth == "reversed":
            settled = deal.settled(Happened.SOLD, deal.sold_at or now).turned(now)
        else:
            settled = deal.settled(Happened.SOLD if truth == "delivered" else Happened.FAILED, now)
        self.save(settled)
        return settled

    def truth(self) -> list[dict[str, Any]]:
        """Tell of every request id ever seen what really happened, in the order of first sight."""
        self.settle_due()
        return [self._truth_row(deal) for deal in self._deals.values()]

    def tokens(self, deal: DealT) -> list[str]:
        """Answer every token that a sold deal bought, the one that was paid for first."""
        del deal
        return []

    def deals(self) -> list[DealT]:
        """Answer every deal, in the order of first sight."""
        return list(self._deals.values())

    def deal(self, request_id: str) -> DealT:
        """Answer what is known of a request id, which may be nothing."""
        known = self._deals.get(request_id)
        return known or self._deal(request_id=request_id, serial=f"{self._seed}:{request_id}")

    def asked_about(self, deal: DealT) -> DealT:
        """Count one more question after a deal."""
        asked = deal.model_copy(update={"requeries": deal.requeries + 1})
        self.save(asked)
        return asked

    def save(self, deal: DealT) -> None:
        """Keep a deal, with the wallet that it changes."""
        self._commit(self._change(deal), deal)

    def save_made(self, deal: DealT) -> None:
        """Keep a deal that a pay call has just made, and count the use of its account's script."""
        change = self._change(deal)
        script = self._scripts.get(deal.account)
        if script is not None:
            used = {"account": deal.account, "script": script.after_one_use()}
            change = change.model_copy(update=used)
        self._commit(change, deal)

    def settle_due(self) -> datetime:
        """Let time change every open deal, and answer the present moment."""
        now = self.clock()
        for request_id in sorted(self._open):
            deal = self._deals[request_id]
            later = deal.at(now)
            if later != deal:
                self.save(later)
        return now

    def _change(self, deal: DealT) -> _Change:
        before = self._deals.get(deal.request_id)
        moved = deal.charged - (before.charged if before else 0)
        wallet = Kobo(self._wallet - moved) if moved else None
        return _Change(sale=deal.model_dump(mode="json", exclude_none=True), wallet=wallet)

    def _commit(self, change: _Change, deal: DealT | None = None) -> None:
        record = change.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        self._journal.append(self.name, record)
        self._apply(change, deal)

    def _apply(self, change: _Change, deal: DealT | None = None) -> None:
        if change.wallet is not None:
            self._wallet = change.wallet
        if change.is_whitelisted is not None:
            self.is_whitelisted = change.is_whitelisted
        if change.outage is not None or change.is_outage_over:
            self.outage = change.outage
        if change.account is not None:
            self._scripts.pop(change.account, None)
            if change.script is not None:
                self._scripts[change.account] = change.script
        if change.sale is not None:
            self._keep(deal or self._deal.model_validate(change.sale))

    def _keep(self, deal: DealT) -> None:
        self._deals[deal.request_id] = deal
        (self._open.add if deal.is_open else self._open.discard)(deal.request_id)
        self.kept(deal)

    def kept(self, deal: DealT) -> None:
        """Hear of every deal as it is kept, after a restart as well."""

    def _truth_row(self, deal: DealT) -> dict[str, Any]:
        bought = deal.purchase
        return {
            "request_id": deal.request_id,
            "service": deal.service_id,
            "account": deal.account,
            "variation": bought.variation if bought else None,
            "amount_kobo": bought.amount if bought else None,
            "happened": deal.happened,
            "code": deal.code,
            "sold_at": deal.sold_at.isoformat() if deal.sold_at else None,
            "reversed_at": deal.reversed_at.isoformat() if deal.reversed_at else None,
            "tokens": self.tokens(deal) if deal.sold_at else [],
            "charged_kobo": deal.charged,
            "pay_calls": deal.pay_calls,
            "requeries": deal.requeries,
        }
