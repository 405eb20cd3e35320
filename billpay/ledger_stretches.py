"""What one run of the audit has read by now, and what has come of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from billpay.domain.ledger_audits import LedgerAuditReport
from billpay.intake import place_of
from billpay.ledger.base import CreditPage


@dataclass
class Tally:
    """What has come of the run so far."""

    ends_at: datetime
    is_stopping: Callable[[], bool]
    pages: int = 0
    credits: int = 0
    missed: int = 0
    differing: int = 0
    absent: int = 0
    told_differences: int = 0
    unanswered: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)

    def report(self, silent: tuple[str, ...]) -> LedgerAuditReport:
        """Answer it as what crosses to the workflow."""
        return LedgerAuditReport(
            pages=self.pages,
            credits=self.credits,
            missed=self.missed,
            differing=self.differing,
            absent=self.absent,
            unanswered=tuple(self.unanswered),
            silent=silent,
            unfinished=tuple(self.unfinished),
        )


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of the ledger that one page of one server tells everything about."""

    after: int
    through: int
    page: CreditPage

    def holds(self, operation_id: str) -> bool:
        """Whether an operation lies in it."""
        return self.after < place_of(operation_id) <= self.through
