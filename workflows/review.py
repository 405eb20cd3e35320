"""Waiting for a person: what may be decided, by which message, and how a refusal sounds.

Both workflows that hold money share this. What cannot go on by itself is parked here and its operator told;
updates and signals of the same names (`billpay.domain.interventions`) end the wait. Workflow classes inherit the
handlers.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from billpay.domain.interventions import (
        STATUS_QUERY,
        Intervention,
        InterventionRequest,
        PaymentProgress,
    )
    from billpay.domain.messages import MessageKind
    from billpay.domain.routing import ProviderName
    from billpay.domain.statuses import BillStatus
    from billpay.domain.steps import NotifyStep, RecordProgress
    from workflows import steps
    from workflows.search_attributes import BILL_PROVIDER, BILL_STATUS
    from workflows.steps import step_failed

T = TypeVar("T")

ACCEPTED = "accepted"

TOLD_ASIDE = "notify-aside"
"""Payments that began before messages went their own way wait for each message where they did before."""


@dataclass(frozen=True)
class Decision:
    """What a person decided, who and why."""

    intervention: Intervention
    request: InterventionRequest


async def uncancellable(settling: Coroutine[Any, Any, T]) -> T:
    """Finish what concerns money whatever cancellations arrive.

    A shield alone is not enough: the workflow would close while the shielded part still runs, and its refund be lost.
    """
    task = asyncio.create_task(settling)
    while True:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.done():
                raise
            workflow.logger.warning("cancellation ignored: this payment ends by itself")


class Reviewable:
    """A workflow that can wait for a person and tell where it stands."""

    def __init__(self) -> None:
        self._progress = PaymentProgress(status=BillStatus.CNGN_RECEIVED)
        self._decidable: frozenset[Intervention] = frozenset()
        self._decision: Decision | None = None
        self._telling: asyncio.Task[None] | None = None
        """The message that is being delivered, after all those before it."""

    @workflow.query(name=STATUS_QUERY, description="Where the payment stands; no secret in it.")
    def status(self) -> PaymentProgress:
        """Answer where the payment stands."""
        return self._progress

    def _about(self) -> tuple[Any, str]:
        """Name the order (None for a stray deposit) and the deposit this workflow is about."""
        raise NotImplementedError

    def _enter(
        self,
        status: BillStatus,
        *,
        provider: ProviderName | None = None,
        attempt: int | None = None,
        waiting_for: str | None = None,
    ) -> None:
        """Show operators where the payment stands: search attributes, status query and live details."""
        before = self._progress
        now = PaymentProgress(
            status=status,
            provider=provider or before.provider,
            attempt=before.attempt if attempt is None else attempt,
            waiting_for=waiting_for,
        )
        self._progress = now
        updates = []
        if now.status != before.status:
            updates.append(BILL_STATUS.value_set(now.status))
        if now.provider and now.provider != before.provider:
            updates.append(BILL_PROVIDER.value_set(now.provider))
        if updates:
            workflow.upsert_search_attributes(updates)
        workflow.set_current_details(_details(now))

    async def _ask_a_person(
        self,
        why: str,
        allowed: frozenset[Intervention],
        *,
        within: timedelta | None = None,
        order_status: BillStatus | None = BillStatus.NEEDS_REVIEW,
    ) -> Decision | None:
        """Park until a person decides; None when that time passed without a decision."""
        await self._park(why, allowed, order_status=order_status)
        return await self._next_decision(within)

    async def _park(
        self, why: str, allowed: frozenset[Intervention], *, order_status: BillStatus | None
    ) -> None:
        """Tell operators that this payment waits for them, and open the door for their decision."""
        self._decidable = allowed
        self._enter(BillStatus.NEEDS_REVIEW, waiting_for=why)
        await self._record("review", why, status=order_status)

    async def _next_decision(self, within: timedelta | None) -> Decision | None:
        try:
            await workflow.wait_condition(
                lambda: self._decision is not None,
                timeout=within,
                timeout_summary="waiting for an operator" if within else None,
            )
        except TimeoutError:
            self._decidable = frozenset()
            return None
        return await self._take_decision()

    async def _take_decision(self) -> Decision:
        """Consume the decision that has arrived and write it into the timeline."""
        decision = self._decision
        if decision is None:
            raise RuntimeError("no decision has arrived")
        self._decision, self._decidable = None, frozenset()
        await self._record(
            decision.intervention, decision.request.reason, actor=decision.request.actor
        )
        return decision

    async def _record(
        self, kind: str, detail: str, *, actor: str = "service", status: BillStatus | None = None
    ) -> None:
        transaction_id, operation_id = self._about()
        await steps.record_progress(
            RecordProgress(
                kind=kind,
                detail=detail,
                actor=actor,
                status=status,
                transaction_id=transaction_id,
                operation_id=operation_id,
            )
        )

    async def _notify(self, kind: MessageKind | None, *, edition: int = 1) -> None:
        """Tell the customer, without a kind whatever fits now.

        A message that cannot be delivered changes nothing about the money (I8).
        """
        transaction_id, operation_id = self._about()
        try:
            await steps.notify_customer(
                NotifyStep(
                    kind=kind,
                    transaction_id=transaction_id,
                    operation_id=operation_id,
                    edition=edition,
                )
            )
        except ActivityError as error:
            await self._record("notification_failed", step_failed(error).detail)

    async def _tell(self, kind: MessageKind) -> None:
        """Have the customer told, after what they are told already, while the money goes its way.

        A channel that takes no messages for a day must keep neither a refund nor a decision waiting.
        """
        if workflow.patched(TOLD_ASIDE):
            self._telling = asyncio.create_task(self._tell_after(self._telling, kind))
        else:
            await self._notify(kind)

    async def _tell_after(self, before: asyncio.Task[None] | None, kind: MessageKind) -> None:
        if before is not None:
            await before
        await self._notify(kind)

    async def _all_told(self) -> None:
        """Wait until every message is delivered, or known to be undeliverable."""
        if self._telling is not None:
            await self._telling

    def _refusal(self, intervention: Intervention) -> str | None:
        """Say why an intervention cannot be accepted now; None where it can."""
        if self._decision is not None:
            return (
                f"{self._decision.intervention} was decided a moment ago and is being carried out"
            )
        if intervention not in self._decidable:
            allowed = ", ".join(sorted(self._decidable)) or "nothing waits for a decision"
            return f"{intervention} is not possible while {self._progress.status}: {allowed}"
        return None

    def _validate(self, intervention: Intervention) -> None:
        refusal = self._refusal(intervention)
        if refusal:
            raise ApplicationError(refusal, type="Refused")

    def _decide(self, intervention: Intervention, request: InterventionRequest) -> str:
        refusal = self._refusal(intervention)
        if refusal:
            # Only a signal comes here refused: it cannot be answered, so the log must say it.
            workflow.logger.warning("signal ignored: %s", refusal)
            return refusal
        self._decision = Decision(intervention, request)
        return ACCEPTED

    @workflow.update(
        name=Intervention.RETRY_PAYMENT,
        description="Ask the provider again at once; buy again only what is proven not sold.",
    )
    def retry_payment(self, request: InterventionRequest) -> str:
        """Ask or buy again."""
        return self._decide(Intervention.RETRY_PAYMENT, request)

    @retry_payment.validator
    def _validate_retry(self, request: InterventionRequest) -> None:  # noqa: ARG002  SDK's shape
        self._validate(Intervention.RETRY_PAYMENT)

    @workflow.signal(name=Intervention.RETRY_PAYMENT, description="As the update, unanswered.")
    def retry_payment_signal(self, request: InterventionRequest) -> None:
        """Ask or buy again."""
        self._decide(Intervention.RETRY_PAYMENT, request)

    @workflow.update(
        name=Intervention.REFUND_PAYMENT,
        description="Give the money back, after one last question to the provider.",
    )
    def refund_payment(self, request: InterventionRequest) -> str:
        """Give the money back."""
        return self._decide(Intervention.REFUND_PAYMENT, request)

    @refund_payment.validator
    def _validate_refund(self, request: InterventionRequest) -> None:  # noqa: ARG002  SDK's shape
        self._validate(Intervention.REFUND_PAYMENT)

    @workflow.signal(name=Intervention.REFUND_PAYMENT, description="As the update, unanswered.")
    def refund_payment_signal(self, request: InterventionRequest) -> None:
        """Give the money back."""
        self._decide(Intervention.REFUND_PAYMENT, request)

    @workflow.update(
        name=Intervention.MARK_DELIVERED,
        description="A person has made certain that the bill is paid.",
    )
    def mark_delivered(self, request: InterventionRequest) -> str:
        """Take a person's word for the delivery."""
        return self._decide(Intervention.MARK_DELIVERED, request)

    @mark_delivered.validator
    def _validate_delivered(self, request: InterventionRequest) -> None:  # noqa: ARG002  SDK's shape
        self._validate(Intervention.MARK_DELIVERED)

    @workflow.signal(name=Intervention.MARK_DELIVERED, description="As the update, unanswered.")
    def mark_delivered_signal(self, request: InterventionRequest) -> None:
        """Take a person's word for the delivery."""
        self._decide(Intervention.MARK_DELIVERED, request)

    @workflow.update(
        name=Intervention.RESEND_NOTIFICATION,
        description="Tell the customer again where the payment stands.",
    )
    async def resend_notification(self, request: InterventionRequest) -> str:
        """Tell the customer again where the payment stands."""
        await self._resend(request)
        return ACCEPTED

    @workflow.signal(
        name=Intervention.RESEND_NOTIFICATION, description="As the update, unanswered."
    )
    async def resend_notification_signal(self, request: InterventionRequest) -> None:
        """Tell the customer again where the payment stands."""
        await self._resend(request)

    async def _resend(self, request: InterventionRequest) -> None:
        await self._record(Intervention.RESEND_NOTIFICATION, request.reason, actor=request.actor)
        await self._notify(None, edition=resend_edition())


def resend_edition() -> int:
    """Number a deliberate repetition, the same on replay and different for every wish."""
    return int(workflow.now().timestamp())


def _details(progress: PaymentProgress) -> str:
    lines = [f"**{progress.status}**"]
    if progress.provider:
        lines.append(f"provider {progress.provider}, attempt {progress.attempt}")
    if progress.waiting_for:
        lines.append(f"waits for an operator: {progress.waiting_for}")
    return "\n\n".join(lines)
