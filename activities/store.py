"""Step: make results final, and write down what was decided."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.cases import CaseKind
from billpay.domain.steps import RecordProgress, StoreResult
from billpay.failures import Misconfigured
from billpay.store import RefusedError, Store

REFUSED_AGAIN_SECONDS = 300.0
"""How often what the records refuse is tried again: a person has its case."""


@dataclass(frozen=True)
class StoreActivities:
    """Writing to our own records."""

    store: Store

    @activity.defn(name=names.STORE_RESULT)
    async def store_result(self, request: StoreResult) -> None:
        """Complete the order: token, provider reference, deposit and status in one commit.

        Safe to repeat: a completed order stays as it is.

        Raises:
            Misconfigured: the records refuse it, which a case tells; it is tried again after a while.
        """
        with failures_cross():
            async with self._refusals_told(request.transaction_id):
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

        Raises:
            Misconfigured: the records refuse the status, which a case tells; it is tried again after a while.
        """
        with failures_cross():
            if request.status is not None and request.transaction_id is not None:
                async with self._refusals_told(request.transaction_id):
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

    @asynccontextmanager
    async def _refusals_told(self, transaction_id: UUID) -> AsyncIterator[None]:
        """Have a person told of what the records refuse: repeated in silence it would be nobody's business for ever.

        Raises:
            Misconfigured: they refuse it.
        """
        subject = str(transaction_id)
        try:
            yield
        except RefusedError as refused:
            await self.store.cases.open(
                CaseKind.STUCK_PAYMENT, subject, str(refused), transaction_id=transaction_id
            )
            raise Misconfigured(
                str(refused), retry_after_seconds=REFUSED_AGAIN_SECONDS
            ) from refused
        if activity.info().attempt > 1:
            await self.store.cases.end(
                CaseKind.STUCK_PAYMENT, subject, "the records have taken what they refused"
            )
