"""Step: read the ledger again, and listen whether it is heard at all."""

from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.ledger_audits import LedgerAuditReport
from billpay.ledger_audit import LedgerAudit


@dataclass(frozen=True)
class AuditActivities:
    """The nets under the watcher."""

    ledger_audit: LedgerAudit

    @activity.defn(name=names.AUDIT_LEDGER)
    async def audit_ledger(self) -> LedgerAuditReport:
        """Read again what is due, take in what was missed, and call a person to silence and to differences.

        Safe to repeat: a credit is recorded once, a case opened once, and the cursor is never moved (I1, I11).

        Raises:
            Unavailable: our records gave no answer; the policy repeats it.
        """
        with failures_cross():
            return await self.ledger_audit.run(is_stopping=activity.is_worker_shutdown)
