"""The report of one reconciliation: what the ledger, our records and Temporal say, and where they differ."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from billpay.domain.money import Stroops, spoken_cngn


class DifferenceKind(StrEnum):
    """What does not fit together."""

    BALANCE = "balance"
    """The wallet holds another amount than our records add up to, and no single movement explains it."""

    JOURNAL = "journal"
    """The journal's account of the wallet is not what our records add up to."""

    CREDIT_UNRECORDED = "credit_unrecorded"
    """The ledger has a credit that we have not recorded (I1)."""

    DEPOSIT_NOT_ON_LEDGER = "deposit_not_on_ledger"
    """We have a deposit that the ledger does not have (I1)."""

    DEPOSIT_DIFFERS = "deposit_differs"
    """A deposit's amount, payer or transaction is not the ledger's (I1)."""

    DEBIT_UNEXPLAINED = "debit_unexplained"
    """cNGN left the wallet, and it was no refund of ours and no withdrawal that was recorded (I5)."""

    REFUND_NOT_ON_LEDGER = "refund_not_on_ledger"
    """A refund counts as paid, and the ledger does not have it (I9)."""

    REFUND_DIFFERS = "refund_differs"
    """A refund's amount or destination is not the ledger's (I9)."""

    REFUND_UNMARKED = "refund_unmarked"
    """The ledger has applied a refund's transaction that we believe to have moved nothing (I9, I10)."""

    REFUND_PAID_TWICE = "refund_paid_twice"
    """The ledger has paid one refund more than once (I9)."""

    WITHDRAWAL_NOT_ON_LEDGER = "withdrawal_not_on_ledger"
    """A withdrawal was recorded, and the ledger does not have it, or not with that amount (I5)."""

    UNBALANCED_ENTRY = "unbalanced_entry"
    """The postings of an entry do not add up to zero (I6)."""

    OVERDRAWN_ACCOUNT = "overdrawn_account"
    """More was taken out of an account of the journal than ever was in it (I6)."""

    MISPLACED_DEPOSIT = "misplaced_deposit"
    """The journal has a deposit's money elsewhere, or in more places, than the deposit says (I2)."""

    DELIVERED_AND_REFUNDED = "delivered_and_refunded"
    """A deposit's value was delivered, or may have been, and goes back as well (I3)."""

    REFUND_UNPROVEN = "refund_unproven"
    """A refund counts as paid without an applied transaction, or is not paid although it has one (I9)."""

    REFUND_OVERDUE = "refund_overdue"
    """A refund is wanted for a day and neither paid nor held: whatever it waits for, a person should look (I19)."""

    WORKFLOW_MISSING = "workflow_missing"
    """A deposit is undecided or owes a refund, and no workflow runs for it (I19)."""

    WORKFLOW_FAILED = "workflow_failed"
    """A deposit is undecided or owes a refund, and its workflow has failed or was terminated (I19)."""

    WORKFLOW_LINGERS = "workflow_lingers"
    """A deposit was decided long ago, nothing of it is owed, and its workflow still runs."""


class Difference(BaseModel):
    """One thing that does not fit."""

    model_config = ConfigDict(frozen=True)

    kind: DifferenceKind
    about: str
    """What it is about: an operation, a refund, an entry, a workflow."""

    detail: str
    """For the operator."""

    @property
    def subject(self) -> str:
        """Name it the same whenever it is found again."""
        return f"{self.kind}:{self.about}"


class InMotion(BaseModel):
    """What is on its way at this ledger, and no difference yet."""

    model_config = ConfigDict(frozen=True)

    about: str
    detail: str


class Equation(BaseModel):
    """What the wallet must hold at a ledger: what it held at the opening, and what came and went by our records."""

    model_config = ConfigDict(frozen=True)

    opening: Stroops
    credited: Stroops
    refunded: Stroops
    """Sent back, and set aside on the ledger."""

    reclaimed: Stroops
    withdrawn: Stroops

    @property
    def expected(self) -> Stroops:
        """Answer what the wallet must hold."""
        came = self.opening + self.credited + self.reclaimed
        return Stroops(came - self.refunded - self.withdrawn)


class ChainRead(BaseModel):
    """How much of the ledger's history was read again and compared movement by movement."""

    model_config = ConfigDict(frozen=True)

    first_ledger: int
    credits: int
    debits: int


class BookBalance(BaseModel):
    """What the postings of one account of the journal add up to, in stroops or kobo."""

    model_config = ConfigDict(frozen=True)

    currency: str
    account: str
    balance: int


class DispositionTotal(BaseModel):
    """How many deposits are in one place, and how much they brought."""

    model_config = ConfigDict(frozen=True)

    disposition: str
    deposits: int
    amount: Stroops


class ReconciliationReport(BaseModel):
    """What one reconciliation found."""

    model_config = ConfigDict(frozen=True)

    made_at: datetime
    wallet: str
    ledger: int
    """As of which everything is compared."""

    holding: Stroops
    """What the ledger says the wallet holds."""

    opening_ledger: int
    equation: Equation
    journal: Stroops
    """What the journal says the wallet holds."""

    on_the_way: Stroops
    """What the ledger has moved already and our records are about to learn: in, less out."""

    chain: ChainRead
    books: tuple[BookBalance, ...]
    deposits: tuple[DispositionTotal, ...]
    running_workflows: int
    in_motion: tuple[InMotion, ...]
    differences: tuple[Difference, ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything fits."""
        return not self.differences


class ReconciliationSummary(BaseModel):
    """What a history keeps of a reconciliation; the report is in the database."""

    model_config = ConfigDict(frozen=True)

    reconciliation_id: int
    ledger: int
    holding: Stroops
    differences: int
    in_motion: int

    @property
    def spoken(self) -> str:
        """Say it in a few lines."""
        many = f"{self.differences} difference{'' if self.differences == 1 else 's'}"
        found = f"{many}: look at `cases`" if self.differences else "nothing differs"
        lines = [
            f"{found}, as of ledger {self.ledger}",
            f"the wallet holds {spoken_cngn(self.holding)}",
        ]
        if self.in_motion:
            lines.append(f"on its way, and no difference: {self.in_motion}")
        return "\n".join(lines)
