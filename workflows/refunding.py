"""The compensation: money goes back, however long it takes, or a person is asked."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billpay.domain.interventions import Intervention
    from billpay.domain.refunds import RefundHeld, RefundPaid
    from billpay.domain.statuses import BillStatus
    from billpay.domain.steps import RefundStep, RetryRefund
    from workflows import steps
    from workflows.review import Reviewable

_TRY_AGAIN = frozenset({Intervention.RETRY_PAYMENT, Intervention.REFUND_PAYMENT})


class Refunding(Reviewable):
    """A workflow that can send money back."""

    async def _refund(self, step: RefundStep) -> RefundPaid:
        """Return once the ledger has applied the refund; park whenever it cannot be sent."""
        while True:
            self._enter(BillStatus.REFUND_PROCESSING)
            answer = await steps.refund_payment(step)
            if isinstance(answer, RefundPaid):
                self._enter(BillStatus.REFUNDED)
                return answer
            await self._wait_out(step, answer)

    async def _wait_out(self, step: RefundStep, held: RefundHeld) -> None:
        """Wait for a person's word to try a held refund again; its records are already parked."""
        decision = await self._ask_a_person(
            f"refund held: {held.reason}", _TRY_AGAIN, order_status=None
        )
        if decision is None:
            raise RuntimeError("a wait without a timeout ended without a decision")
        await steps.retry_refund(
            RetryRefund(
                operation_id=step.operation_id,
                purpose=step.purpose,
                actor=decision.request.actor,
                reason=decision.request.reason,
            )
        )
