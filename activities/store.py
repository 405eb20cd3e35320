"""Step: make results final, and write down what was decided."""

from dataclasses import dataclass

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.steps import RecordProgress, StoreResult
from billpay.store import Store


@dataclass(frozen=True)
class StoreActivities:
    """Writing to our own records."""

    store: Store

    @activity.defn(name=names.STORE_RESULT)
    async def store_result(self, request: StoreResult) -> None:
        """Complete the order: token, provider reference, deposit and status in one commit.

        Safe to repeat: a completed order stays as it is.
        """
        with failures_cross():
            await self.store.attempts.complete(
                request.transaction_id,
                detail=request.detail,
                actor=request.actor,
                provider_reference=request.provider_reference,
            )

    @activity.defn(name=names.RECORD_PROGRESS)
    async def record_progress(self, request: RecordProgress) -> None:
        """Append to the payment's timeline, with its new status if that changes.

        Safe to repeat: at worst the timeline says the same thing twice.
        """
        with failures_cross():
            if request.status is not None and request.transaction_id is not None:
                await self.store.orders.change_status(
                    request.transaction_id,
                    request.status,
                    detail=request.detail,
                    actor=request.actor,
                )
                return
            await self.store.orders.note(
                kind=request.kind,
                detail=request.detail,
                actor=request.actor,
                transaction_id=request.transaction_id,
                operation_id=request.operation_id,
            )
