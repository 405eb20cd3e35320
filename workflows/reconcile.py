"""Ledger, records and workflows are compared."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities import names
    from billpay.domain.reconciliation import ReconciliationSummary
    from workflows import policies
    from workflows.steps import as_paragraphs


@workflow.defn(name="ReconcileWorkflow")
class ReconcileWorkflow:
    """Compare once. A schedule starts it every hour, one at a time.

    It touches no money: what differs becomes a case for a person, and the whole report is kept in the database.
    """

    @workflow.run
    async def run(self) -> ReconciliationSummary:
        """Answer what was compared and how much of it differs; the Web UI shows it in words as well."""
        summary: ReconciliationSummary = await workflow.execute_activity(
            names.RECONCILE,
            result_type=ReconciliationSummary,
            activity_id=names.RECONCILE,
            summary="compare ledger, records and workflows",
            **policies.RECONCILE,
        )
        workflow.set_current_details(as_paragraphs(summary.spoken))
        return summary
