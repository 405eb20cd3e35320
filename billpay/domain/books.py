"""What our records say at one moment, as far as a reconciliation compares it with the ledger and with Temporal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billpay.domain.journal import AccountBalance, Opening, Withdrawal
from billpay.domain.money import Stroops
from billpay.domain.reconciliation import Difference, DispositionTotal, Equation
from billpay.domain.refunds import EnvelopeKind, EnvelopeState


@dataclass(frozen=True, kw_only=True)
class RecordedDeposit:
    """A deposit, in what the ledger can confirm of it."""

    operation_id: str
    transaction_hash: str
    ledger: int
    payer: str
    amount: Stroops


@dataclass(frozen=True, kw_only=True)
class SignedRefund:
    """A refund's transaction, in what the ledger can confirm of it."""

    refund_id: str
    transaction_hash: str
    hashes: frozenset[str]
    """Every name the ledger may know it by: its own, and those of the fee bumps around it."""

    state: EnvelopeState
    kind: EnvelopeKind
    destination: str
    amount: Stroops
    ledger: int | None
    """Where it was applied; None where it was not, or nobody noted it."""


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """A deposit that is neither delivered nor gone back, or owes its excess: a workflow has to run for it."""

    operation_id: str
    workflow_id: str | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Books:
    """Everything our records say, seen at one moment; movements only of the ledgers that are read again."""

    installed_at: datetime
    cursor: int
    """How far the watcher has read the ledger."""

    opening: Opening
    equation: Equation
    journal: Stroops
    accounts: Sequence[AccountBalance]
    totals: Sequence[DispositionTotal]
    deposits: Mapping[str, RecordedDeposit]
    parked: frozenset[str]
    """Credits that no deposit could be made of, and that a person has."""

    refunds: Sequence[SignedRefund]
    """Applied in these ledgers, or of unknown ledger; in flight; or believed to have moved nothing."""

    reclaims: Mapping[str, Stroops]
    """Transactions by which balances may be taken back just now, with what they bring."""

    withdrawals: Mapping[str, Withdrawal]
    undecided: Sequence[Undecided]
    contradictions: Sequence[Difference]
    """What our records say against each other."""
