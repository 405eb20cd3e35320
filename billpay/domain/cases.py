"""What only a person can put right: what became of it, what it costs, and what may be done about it.

A case is opened once, in the commit of what it tells, and closed by a person with a reason. Closing moves no money.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from billpay.domain.money import Kobo


class CaseKind(StrEnum):
    """What happened; each line says what ends it."""

    SOLD_AFTER_ALL = "sold_after_all"
    """A provider says that it sold what was settled as not sold; ended by a person."""

    REVERSED = "reversed"
    """A provider says that it did not sell what was settled as sold; ended by a person."""

    OTHER_TOKENS = "other_tokens"
    """A provider names other tokens than it did first; ended by a person."""

    LATE_TOKEN = "late_token"  # noqa: S105  a name, no secret
    """A token came after its customer was told that the order is complete without one; ended by a person."""

    PARKED_CREDIT = "parked_credit"
    """Something came to the treasury that no deposit can be made of; ended by a person."""

    UNSTARTED_DEPOSIT = "unstarted_deposit"
    """A deposit is recorded and its workflow cannot be started; ended when it is."""

    HELD_REFUND = "held_refund"
    """A refund is held; ended when it is let go or paid, and by nobody's word before that."""

    PROVIDER_ACCOUNT = "provider_account"
    """A provider refuses our key, or our float there is empty; ended by a purchase it answers, or by a person."""

    LEDGER_GAP = "ledger_gap"
    """The ledger's server has forgotten what we have not read; ended by itself when a server has it, or by a person."""

    LEDGER_SILENT = "ledger_silent"
    """Nothing was heard of the ledger for too long; ended by itself."""

    MISSED_CREDIT = "missed_credit"
    """A second reading of the ledger found a deposit that the first had missed, and it was taken in; or it tells
    otherwise of one that is recorded, which stays. Ended by a person."""

    TREASURY = "treasury"
    """Refunds stand still: the treasury is short, frozen, or its key is refused; ended by the next one that is paid."""

    UNCLAIMED_BALANCE = "unclaimed_balance"
    """A refund set aside on the ledger was not claimed in time; ended when it is claimed or taken back."""

    TAKEN_BACK = "taken_back"
    """A refund that nobody claimed was taken back, and is owed outside this service; ended when its payment is
    recorded, or by a person."""

    STUCK_PAYMENT = "stuck_payment"
    """Our records refuse what a payment's workflow has to write down; ended when they take it, or by a person."""

    RECONCILIATION = "reconciliation"
    """Ledger, records and workflows do not tell the same; ended by the first reconciliation without that difference,
    or by a person."""


CONTRADICTIONS = frozenset({CaseKind.SOLD_AFTER_ALL, CaseKind.REVERSED, CaseKind.OTHER_TOKENS})
"""Late truths: each is told once of an attempt, whatever its provider says afterwards."""


class Standing(StrEnum):
    """Where the order of a contradicted attempt stands, as far as its money is concerned."""

    PAID_BACK = "paid_back"
    """The whole refund is paid, or signed and on its way: nobody can stop it any more."""

    HELD_BACK = "held_back"
    """The whole refund is wanted, and nothing of it is on its way."""

    BOUGHT_AGAIN = "bought_again"
    """Another attempt of the order is sold, or may be."""

    COMPLETED = "completed"
    """The order is delivered, by this attempt or on a person's word."""

    UNDECIDED = "undecided"
    """Nothing was given back and nothing else was bought yet."""


class Case(BaseModel):
    """One thing that waits for a person, or has waited."""

    model_config = ConfigDict(frozen=True)

    case_id: int
    kind: CaseKind
    subject: str
    """What it is about: a request id, a credit's operation id, a provider."""

    transaction_id: UUID | None
    operation_id: str | None
    loss: Kobo
    """What was lost by it when it was opened, if whoever spoke last is right; zero where it could still be averted."""

    detail: str
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    resolution: str | None = None
    """What came of it, in the words of whoever closed it."""

    standing: Standing | None = None
    """Where its order stands now; None where it contradicts no attempt."""

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a person."""
        return self.closed_at is None

    @property
    def advice(self) -> str:
        """Say what may be done about it now."""
        if self.kind is CaseKind.SOLD_AFTER_ALL and self.standing is not None:
            return _SOLD_AFTER_ALL[self.standing]
        return _ADVICE[self.kind]


def loss_of(kind: CaseKind, standing: Standing, bill_amount: Kobo) -> Kobo:
    """Answer what a contradiction has cost so far, if the provider is right now.

    Sold after all, the bill is lost once the money went back or was spent a second time. Reversed, it is what the
    customer has paid for and does not have. Other tokens cost nothing by themselves.
    """
    is_lost = {
        CaseKind.SOLD_AFTER_ALL: standing in (Standing.PAID_BACK, Standing.BOUGHT_AGAIN),
        CaseKind.REVERSED: True,
    }
    return bill_amount if is_lost.get(kind, False) else Kobo(0)


_CLAIM = "take it up with the provider by the request id, then close this case with what came of it"

_SOLD_AFTER_ALL = {
    Standing.PAID_BACK: f"the customer has the sale and the money: {_CLAIM}",
    Standing.BOUGHT_AGAIN: f"it was bought a second time, or may have been: {_CLAIM}",
    Standing.HELD_BACK: (
        "the money is here and nothing of it goes back by itself; ask the provider's staff. Sold: leave the refund "
        "held, the money pays for the sale; hand the customer what was sold (`show ID --reveal-token`) and close this "
        "case. The order cannot be marked delivered any more, since its refund was opened. Not sold: `refund ID` lets "
        "the refund go"
    ),
    Standing.UNDECIDED: (
        "nothing more is bought for the order, and its refund would be held; ask the provider's staff. Sold: "
        "`mark-delivered ID` as soon as the payment waits for a decision. Not sold: `refund ID`, twice"
    ),
    Standing.COMPLETED: "the order is delivered, so this only confirms it: close this case",
}

_ADVICE = {
    CaseKind.SOLD_AFTER_ALL: _CLAIM,
    CaseKind.REVERSED: (
        "ask the customer whether it was served, and the provider what it did with the charge. The order stays as it "
        "is; whatever is owed to the customer is paid outside this service. Close this case with what came of it"
    ),
    CaseKind.OTHER_TOKENS: (
        "the first tokens stay; ask the provider which are good and give the customer those that are missing, then "
        "close this case"
    ),
    CaseKind.LATE_TOKEN: (
        "the customer does not have it yet: `resend ID` tells it, or hand it over (`show ID --reveal-token`), then "
        "close this case"
    ),
    CaseKind.PARKED_CREDIT: (
        "it may be somebody's money: read it in `parked_credits`, look the operation up on the network, settle it by "
        "hand, then close this case"
    ),
    CaseKind.UNSTARTED_DEPOSIT: (
        "the money is recorded and waits: mend what the reason names; the start is tried again with every look at the "
        "ledger, and this case ends by itself with it"
    ),
    CaseKind.HELD_REFUND: (
        "mend what the reason names, then `retry ID`, or send it elsewhere with `refund-to ID ADDRESS`; this case ends "
        "by itself when the refund is let go"
    ),
    CaseKind.PROVIDER_ACCOUNT: (
        "mend the key or fill the float; this case ends by itself with the next purchase that the provider answers"
    ),
    CaseKind.LEDGER_GAP: (
        "point the service at a server whose history reaches back far enough: deposits in the gap are read from there, "
        "and this case ends by itself"
    ),
    CaseKind.LEDGER_SILENT: (
        "deposits wait and are not lost: look after the ledger's server and the watcher; this case ends by itself"
    ),
    CaseKind.MISSED_CREDIT: (
        "the deposit as it is recorded goes its way; ask the ledger's servers which of them is right, or change the "
        "one that is not, then close this case"
    ),
    CaseKind.TREASURY: (
        "mend what the reason names (fund the treasury, unfreeze it, mend its key): refunds go on by themselves, and "
        "this case ends with the first one that is paid"
    ),
    CaseKind.UNCLAIMED_BALANCE: (
        "tell the payer that their refund waits on the ledger to be claimed, or take it back with "
        "`claimables take-back BALANCE`; this case ends by itself when it is claimed or taken back"
    ),
    CaseKind.TAKEN_BACK: (
        "pay its payer from the treasury by hand and record that with `withdrawals record HASH --for DEPOSIT`: this "
        "case ends with it. Paid in another way: close this case"
    ),
    CaseKind.STUCK_PAYMENT: (
        "compare the payment's timeline (`show ID`) with what the reason names; it is tried again every few minutes, "
        "and this case ends by itself when it succeeds"
    ),
    CaseKind.RECONCILIATION: (
        "look at the report (`reconcile`), mend what differs; this case ends by itself with the first reconciliation "
        "that finds no such difference"
    ),
}
