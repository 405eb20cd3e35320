"""A deposit that claims no order: its only business is to go back, or to be held for a person."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billpay.domain.messages import MessageKind
    from billpay.domain.refunds import RefundPurpose
    from billpay.domain.steps import RefundStep, ReturnDepositRequest
    from workflows.holding import Holding
    from workflows.review import uncancellable


@workflow.defn(name="ReturnDepositWorkflow")
class ReturnDepositWorkflow(Holding):
    """Return a deposit that claims no order; what a policy holds goes back when a person lets it go.

    | step           | undo |
    |----------------|------|
    | refund_payment | none: it is the undo of the deposit |
    | notify_customer| none |
    """

    @workflow.init
    def __init__(self, request: ReturnDepositRequest) -> None:
        super().__init__()
        self._operation_id = request.operation_id

    def _about(self) -> tuple[None, str]:
        return None, self._operation_id

    @workflow.run
    async def run(self, request: ReturnDepositRequest) -> str:
        """Answer how it ended."""
        return await uncancellable(self._settle(request))

    async def _settle(self, request: ReturnDepositRequest) -> str:
        paid = await self._refund(
            RefundStep(
                operation_id=request.operation_id,
                purpose=RefundPurpose.WHOLE,
                amount=None,
                reason=request.reason,
                hold=request.hold,
            )
        )
        await self._notify(MessageKind.REFUNDED)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return f"refunded in {paid.transaction_hash}"
