"""The accounts of the double-entry journal, and the events that are posted in it.

Every event that moves money from one place to another is one entry, whose postings add up to zero in each currency.
Plus is what we have, or have spent; minus is where it came from, or whose it is:

    a deposit comes in        treasury +5030    pending   -5030
    its bill is paid          pending  +5030    sold      -5000   fees -30   (excess: what came above the due)
    or it goes back           pending  +5030    treasury  -5030
    or a person must look     pending  +5030    held      -5030
    or it is set aside        pending  +5030    treasury  -5030   claimable +5030   unclaimed -5030
      and is claimed          unclaimed +5030   claimable -5030
      or taken back           unclaimed +5030   claimable -5030   treasury  +5030   held      -5030
        and paid by hand      held      +5030   treasury  -5030
    a provider sold it (NGN)  cost_of_sales +5000                 float:vtpass      -5000

Triggers write it, in the commit of the change (`billpay/store/migrations/versions/0007_postings.sql`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billpay.domain.money import Stroops


class Account(StrEnum):
    """Where cNGN is, and whose."""

    TREASURY = "treasury"
    """In the wallet: what the ledger says it holds."""

    CLAIMABLE = "claimable"
    """Set aside on the ledger."""

    PENDING = "pending"
    """Came in and is not decided: its payer's."""

    HELD = "held"
    """Waits for a person: its payer's."""

    UNCLAIMED = "unclaimed"
    """Set aside for a payer who has not claimed it: the other side of `claimable`."""

    SOLD = "sold"
    """Paid for bills, at what the bill cost: ours."""

    FEES = "fees"
    """Our fees: ours."""

    EXCESS = "excess"
    """Came above the due. What is owed of it goes back; what is left is ours by policy."""

    KEPT = "kept"
    """Dust that claimed no order: ours by policy."""

    OPENING = "opening"
    """The other side of what the wallet held before this journal: outside, of either sign."""

    WITHDRAWALS = "withdrawals"
    """Taken out of the wallet by people: outside."""


CNGN_ACCOUNTS = tuple(Account)

COST_OF_SALES = "cost_of_sales"
DISPUTED = "disputed"
"""What a provider says it sold after it had been settled as not sold: a person claims it, or bears it."""

NAIRA_ACCOUNTS = (COST_OF_SALES, DISPUTED)
FLOAT_PREFIX = "float:"
"""Before a provider's name: our float there. It is filled outside this service, so its balance here only ever falls."""

_ASSETS = frozenset({Account.TREASURY, Account.CLAIMABLE, Account.WITHDRAWALS})
_OWED_OR_OURS = frozenset(
    {
        Account.PENDING,
        Account.HELD,
        Account.UNCLAIMED,
        Account.SOLD,
        Account.FEES,
        Account.EXCESS,
        Account.KEPT,
    }
)


class EntryKind(StrEnum):
    """What happened."""

    OPENING = "opening"
    DEPOSIT = "deposit"
    HELD = "held"
    RELEASED = "released"
    DELIVERED = "delivered"
    REFUND = "refund"
    SET_ASIDE = "set_aside"
    CLAIMED = "claimed"
    RECLAIMED = "reclaimed"
    SALE = "sale"
    SOLD_AFTER_ALL = "sold_after_all"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, kw_only=True)
class AccountBalance:
    """What the postings of one account add up to."""

    account: str
    currency: str
    balance: int

    @property
    def is_overdrawn(self) -> bool:
        """Whether more was taken out of it than ever was in it (I6); what lies outside may have either sign."""
        if self.currency != "cNGN":
            return self.account in NAIRA_ACCOUNTS and self.balance < 0
        if self.account in _ASSETS:
            return self.balance < 0
        return self.account in _OWED_OR_OURS and self.balance > 0


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the wallet held when the journal was opened, and as of which ledger."""

    wallet: str
    ledger: int
    holding: Stroops
    opened_at: datetime


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """cNGN that somebody took out of the wallet, on the word of whoever recorded it."""

    operation_id: str
    transaction_hash: str
    ledger: int
    closed_at: datetime
    destination: str | None
    amount: Stroops
    recorded_at: datetime
    actor: str
    reason: str
    settles: str | None = None
    """The deposit whose payer got by it what was taken back for them; None for everything else."""
