"""The nets under the watcher: the ledger is read again, and its silence is noticed."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import names
    from billpay.domain.ledger_audits import LedgerAuditReport
    from workflows import policies
    from workflows.steps import as_paragraphs


@workflow.defn(name="AuditLedgerWorkflow")
class AuditLedgerWorkflow:
    """Read again what is due, once. A schedule starts it every few minutes, one at a time.

    How far each re-reading has come is kept in the records, so a run that is lost, skipped or repeated misses nothing.
    It touches no money: what the first reading missed goes the way of every deposit, all else becomes a case for a
    person.
    """

    @workflow.run
    async def run(self) -> LedgerAuditReport:
        """Answer what the run came to; the Web UI shows it in words as well."""
        report: LedgerAuditReport = await workflow.execute_activity(
            names.AUDIT_LEDGER,
            result_type=LedgerAuditReport,
            activity_id=names.AUDIT_LEDGER,
            summary="read the ledger again",
            **policies.AUDIT_LEDGER,
        )
        workflow.set_current_details(as_paragraphs(report.summary))
        return report
