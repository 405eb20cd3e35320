"""Whether ledger, records and workflows tell the same: a pure comparison of what each of them says.

A single wrong fact is a single difference. Where one movement does not fit, the ledger's word on it is taken for the
balance, so that the balance differs only by what no movement explains. What is merely on its way is told apart, and
what one look finds is believed when a second look finds it too (`persisting`). Who looks is `billpay.reconciler`.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billpay.domain.books import Books, SignedRefund, Undecided
from billpay.domain.deposits import Credit
from billpay.domain.money import Stroops, spoken_cngn
from billpay.domain.reconciliation import (
    BookBalance,
    ChainRead,
    DifferenceKind,
    InMotion,
    ReconciliationReport,
)
from billpay.domain.refunds import EnvelopeKind, EnvelopeState
from billpay.findings import Findings, bounded
from billpay.intake import CLOCK_MARGIN, place_of
from billpay.ledger.base import Debit
from billpay.ledger.refund_destinations import account_behind

GRACE = timedelta(minutes=2)
"""What is younger is on its way: a deposit whose workflow starts, a credit that the watcher comes to."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What the ledger says, as of one ledger."""

    ledger: int
    holding: Stroops
    first_ledger: int
    """From here on every movement was read again."""

    credits: Sequence[Credit]
    debits: Sequence[Debit]
    found: Mapping[str, int]
    """Transactions that were looked up by their hash and have succeeded, with their ledgers."""


@dataclass(frozen=True, kw_only=True)
class WorkflowsSeen:
    """What Temporal says, by workflow id."""

    running: Collection[str]
    failed: Collection[str]
    """Ended without a result: failed, terminated, cancelled or timed out."""

    lingering: Collection[str] = ()
    """Running although their deposit was decided long ago and nothing of it is owed."""


def compare(
    books: Books, chain: Chain, workflows: WorkflowsSeen, *, now: datetime
) -> ReconciliationReport:
    """Hold what our records say against the ledger, Temporal and themselves."""
    comparison = _Comparison(opened=books.opening.ledger, books=books, chain=chain, now=now)
    comparison.match_credits()
    comparison.match_debits()
    comparison.match_refunds()
    comparison.match_reclaims()
    comparison.match_withdrawals()
    comparison.add_up()
    comparison.match_workflows(workflows)
    return ReconciliationReport(
        made_at=now,
        wallet=books.opening.wallet,
        ledger=chain.ledger,
        holding=chain.holding,
        opening_ledger=books.opening.ledger,
        equation=books.equation,
        journal=books.journal,
        on_the_way=Stroops(comparison.on_the_way),
        chain=ChainRead(
            first_ledger=chain.first_ledger,
            credits=len(chain.credits),
            debits=len(chain.debits),
        ),
        books=tuple(
            BookBalance(currency=one.currency, account=one.account, balance=one.balance)
            for one in books.accounts
        ),
        deposits=tuple(books.totals),
        running_workflows=len(workflows.running),
        in_motion=bounded(comparison.in_motion),
        differences=tuple(comparison.differences),
    )


def persisting(first: ReconciliationReport, second: ReconciliationReport) -> ReconciliationReport:
    """Answer the second look with those differences alone that the first one had as well; the others were motion."""
    before = {difference.subject for difference in first.differences}
    still = tuple(one for one in second.differences if one.subject in before)
    moving = [
        InMotion(about=one.about, detail=one.detail)
        for one in second.differences
        if one.subject not in before
    ]
    return second.model_copy(
        update={"differences": still, "in_motion": bounded([*second.in_motion, *moving])}
    )


@dataclass(kw_only=True)
class _Comparison(Findings):
    """One comparison under way."""

    books: Books
    chain: Chain
    now: datetime
    matched: set[str] = field(default_factory=set)
    """Hashes of refunds and names of withdrawals that the ledger's debits were found to be."""

    def match_credits(self) -> None:
        """Find each credit of the ledger among our deposits, and each deposit among its credits (I1)."""
        credited = {credit.operation_id: credit for credit in self.chain.credits}
        for credit in credited.values():
            self._match_credit(credit)
        for deposit in self.books.deposits.values():
            if deposit.operation_id not in credited:
                self.differs(
                    DifferenceKind.DEPOSIT_NOT_ON_LEDGER,
                    deposit.operation_id,
                    f"{spoken_cngn(deposit.amount)} recorded in ledger {deposit.ledger}",
                    explains=(-deposit.amount, deposit.ledger),
                )

    def _match_credit(self, credit: Credit) -> None:
        recorded = self.books.deposits.get(credit.operation_id)
        came = f"{spoken_cngn(credit.amount)} from {credit.payer} in ledger {credit.ledger}"
        if recorded is not None:
            ours = (recorded.amount, _account(recorded.payer), recorded.transaction_hash)
            theirs = (credit.amount, _account(credit.payer), credit.transaction_hash)
            if ours != theirs:
                self.differs(
                    DifferenceKind.DEPOSIT_DIFFERS,
                    credit.operation_id,
                    f"the ledger has {came}, we have {spoken_cngn(recorded.amount)} from {recorded.payer}",
                    explains=(credit.amount - recorded.amount, credit.ledger),
                )
        elif credit.operation_id in self.books.parked:
            self.explain(credit.amount, credit.ledger)
            self.moves(credit.operation_id, f"{came}: parked, in a person's hands")
        elif self._is_older_than_us(credit):
            return
        elif self._is_still_coming(credit):
            self.comes(credit.amount, credit.ledger)
            self.moves(credit.operation_id, f"{came}: the watcher has not come to it yet")
        else:
            self.differs(
                DifferenceKind.CREDIT_UNRECORDED,
                credit.operation_id,
                f"{came} ({credit.transaction_hash})",
                explains=(credit.amount, credit.ledger),
            )

    def match_debits(self) -> None:
        """Find each debit of the ledger among our withdrawals and refunds (I5, I9)."""
        signed = {name: refund for refund in self.books.refunds for name in refund.hashes}
        paid: Counter[str] = Counter()
        for debit in {debit.operation_id: debit for debit in self.chain.debits}.values():
            refund = signed.get(debit.transaction_hash)
            if debit.operation_id in self.books.withdrawals:
                self._match_withdrawal(debit)
            elif refund is not None:
                paid[refund.refund_id] += 1
                self._match_refund(debit, refund, times=paid[refund.refund_id])
            elif debit.ledger > self.books.opening.ledger:
                self.differs(
                    DifferenceKind.DEBIT_UNEXPLAINED,
                    debit.operation_id,
                    f"{_went(debit)} ({debit.transaction_hash}): no refund of ours, no withdrawal",
                    explains=(-debit.amount, debit.ledger),
                )

    def _match_withdrawal(self, debit: Debit) -> None:
        recorded = self.books.withdrawals[debit.operation_id]
        self.matched.add(debit.operation_id)
        if (recorded.amount, recorded.transaction_hash) != (debit.amount, debit.transaction_hash):
            self.differs(
                DifferenceKind.WITHDRAWAL_NOT_ON_LEDGER,
                debit.operation_id,
                f"the ledger has {_went(debit)}, we have {spoken_cngn(recorded.amount)}",
                explains=(recorded.amount - debit.amount, debit.ledger),
            )

    def _match_refund(self, debit: Debit, refund: SignedRefund, *, times: int) -> None:
        self.matched.add(refund.transaction_hash)
        explains = (-debit.amount, debit.ledger)
        what = f"{_went(debit)} ({debit.transaction_hash})"
        if times > 1:
            self.differs(
                DifferenceKind.REFUND_PAID_TWICE, refund.refund_id, f"once more: {what}", explains
            )
        elif refund.state is EnvelopeState.IN_FLIGHT:
            self.comes(*explains)
            self.moves(refund.refund_id, f"{what}: about to be noted")
        elif refund.state is not EnvelopeState.APPLIED:
            self.differs(
                DifferenceKind.REFUND_UNMARKED,
                refund.refund_id,
                f"{what}, and we believe that it is {refund.state}",
                explains,
            )
        elif debit.amount != refund.amount or not _reaches(debit, refund):
            self.differs(
                DifferenceKind.REFUND_DIFFERS,
                refund.refund_id,
                f"{what}, owed are {spoken_cngn(refund.amount)} to {refund.destination}",
                explains=(refund.amount - debit.amount, debit.ledger),
            )

    def match_refunds(self) -> None:
        """Find each refund that counts as paid among the ledger's debits; what was set aside, by its transaction."""
        for refund in self.books.refunds:
            if refund.transaction_hash in self.matched:
                continue
            found = [self.chain.found[name] for name in refund.hashes & self.chain.found.keys()]
            if found and refund.state is EnvelopeState.IN_FLIGHT:
                self.comes(-refund.amount, found[0])
                self.moves(
                    refund.refund_id,
                    f"{spoken_cngn(refund.amount)} set aside in ledger {found[0]}: about to be noted",
                )
            elif found:
                continue
            elif refund.state is EnvelopeState.IN_FLIGHT:
                self.moves(refund.refund_id, f"{spoken_cngn(refund.amount)} signed, in flight")
            elif refund.state is EnvelopeState.APPLIED and refund.ledger is not None:
                self.differs(
                    DifferenceKind.REFUND_NOT_ON_LEDGER,
                    refund.refund_id,
                    f"{spoken_cngn(refund.amount)} in {refund.transaction_hash}, ledger {refund.ledger}",
                    explains=(refund.amount, refund.ledger),
                )

    def match_reclaims(self) -> None:
        """Find what the ledger has brought back already and nobody has noted."""
        for name, amount in self.books.reclaims.items():
            ledger = self.chain.found.get(name)
            if ledger is not None:
                self.comes(amount, ledger)
                self.moves(
                    name, f"{spoken_cngn(amount)} taken back in ledger {ledger}: about to be noted"
                )

    def match_withdrawals(self) -> None:
        """Find each withdrawal that was recorded among the ledger's debits (I5)."""
        for withdrawal in self.books.withdrawals.values():
            if withdrawal.operation_id not in self.matched:
                self.differs(
                    DifferenceKind.WITHDRAWAL_NOT_ON_LEDGER,
                    withdrawal.operation_id,
                    f"{spoken_cngn(withdrawal.amount)} recorded in ledger {withdrawal.ledger}",
                    explains=(withdrawal.amount, withdrawal.ledger),
                )

    def add_up(self) -> None:
        """Hold the equation against the ledger and the journal, and the records against themselves (I2, I3, I5, I6)."""
        expected = self.books.equation.expected
        rest = self.chain.holding - expected - self.correction
        if rest:
            parked = len(self.books.parked)
            self.differs(
                DifferenceKind.BALANCE,
                "wallet",
                f"the wallet holds {spoken_cngn(self.chain.holding)}, our records say {spoken_cngn(expected)}; "
                f"{_signed(rest)} that no movement explains"
                + (f", while {parked} credits are parked" if parked else ""),
            )
        if self.books.journal != expected:
            self.differs(
                DifferenceKind.JOURNAL,
                "treasury",
                f"the journal says {spoken_cngn(self.books.journal)}, our records {spoken_cngn(expected)}",
            )
        for one in self.books.accounts:
            if one.is_overdrawn:
                self.differs(
                    DifferenceKind.OVERDRAWN_ACCOUNT,
                    f"{one.currency} {one.account}",
                    f"its postings add up to {one.balance}",
                )
        self.differences += self.books.contradictions

    def match_workflows(self, seen: WorkflowsSeen) -> None:
        """Find a running workflow for each undecided deposit, and none that was left over (I19)."""
        for deposit in self.books.undecided:
            if deposit.workflow_id is None or deposit.workflow_id not in seen.running:
                self._without_workflow(deposit, seen)
        for workflow_id in sorted(seen.lingering):
            self.differs(
                DifferenceKind.WORKFLOW_LINGERS,
                workflow_id,
                "its deposit was decided long ago and nothing of it is owed",
            )

    def _without_workflow(self, deposit: Undecided, seen: WorkflowsSeen) -> None:
        name = deposit.workflow_id
        if self.now - deposit.recorded_at < GRACE:
            self.moves(deposit.operation_id, "just recorded: its workflow starts")
        elif name is not None and name in seen.failed:
            self.differs(
                DifferenceKind.WORKFLOW_FAILED,
                deposit.operation_id,
                f"undecided, and {name} has ended without a result",
            )
        else:
            what = f"{name} does not run" if name else "its workflow was never started"
            self.differs(
                DifferenceKind.WORKFLOW_MISSING, deposit.operation_id, f"undecided, and {what}"
            )

    def _is_older_than_us(self, credit: Credit) -> bool:
        is_before = credit.closed_at < self.books.installed_at - CLOCK_MARGIN
        return is_before and credit.ledger <= self.books.opening.ledger

    def _is_still_coming(self, credit: Credit) -> bool:
        is_ahead = place_of(credit.operation_id) > self.books.cursor
        return is_ahead and self.now - credit.closed_at < GRACE


def _account(address: str) -> str:
    """Answer the account behind an address; not every server tells who multiplexed."""
    return account_behind(address) or address


def _reaches(debit: Debit, refund: SignedRefund) -> bool:
    if refund.kind is EnvelopeKind.CLAIMABLE_BALANCE:
        return True
    return debit.destination is not None and (
        _account(debit.destination) == _account(refund.destination)
    )


def _went(debit: Debit) -> str:
    return (
        f"{spoken_cngn(debit.amount)} to {debit.destination or 'nobody'} in ledger {debit.ledger}"
    )


def _signed(amount: int) -> str:
    return f"{'-' if amount < 0 else '+'}{spoken_cngn(Stroops(abs(amount)))}"
