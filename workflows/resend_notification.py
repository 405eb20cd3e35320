"""Tell a customer again, after the payment's own workflow has ended."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billpay.domain.interventions import Intervention
    from billpay.domain.steps import NotifyStep, RecordProgress, ResendRequest
    from workflows import steps
    from workflows.review import resend_edition


@workflow.defn(name="ResendNotificationWorkflow")
class ResendNotificationWorkflow:
    """Repeat what fits where the payment stands; touches no money."""

    @workflow.run
    async def run(self, request: ResendRequest) -> None:
        """Record who wished it, then tell the customer."""
        await steps.record_progress(
            RecordProgress(
                kind=Intervention.RESEND_NOTIFICATION,
                detail=request.reason,
                actor=request.actor,
                transaction_id=request.transaction_id,
            )
        )
        await steps.notify_customer(
            NotifyStep(
                kind=None,
                transaction_id=request.transaction_id,
                operation_id=None,
                edition=resend_edition(),
            )
        )
