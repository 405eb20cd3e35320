"""Buying from one provider: one attempt, asked about until it is certain."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from billpay.domain.ids import request_id
    from billpay.domain.interventions import Intervention
    from billpay.domain.messages import MessageKind
    from billpay.domain.outcomes import (
        Declined,
        Delivered,
        NotSold,
        Outcome,
        Postponed,
        Settled,
        TokenAwaited,
        Whose,
    )
    from billpay.domain.routing import ProviderName
    from billpay.domain.statuses import BillStatus
    from billpay.domain.steps import (
        AbandonAttempt,
        BillPaymentRequest,
        PurchaseStep,
    )
    from workflows import policies, steps
    from workflows.refunding import Refunding
    from workflows.review import Decision
    from workflows.steps import StepFailed, step_failed

UNCONFIRMED = "the provider could not confirm the payment"
"""What a customer reads when a person ended the wait for a provider."""

AFTER_THE_DEADLINE = frozenset(
    {Intervention.RETRY_PAYMENT, Intervention.REFUND_PAYMENT, Intervention.MARK_DELIVERED}
)
"""What a person may decide once a provider has been uncertain for too long, or all were asked in vain."""

BEFORE_THE_DEADLINE = frozenset({Intervention.RETRY_PAYMENT})
"""A provider in doubt may be asked at once; nothing else is anybody's to decide yet."""


@dataclass(frozen=True)
class Sold:
    """The bill is paid."""

    detail: str
    actor: str = "service"
    provider_reference: str | None = None


@dataclass(frozen=True)
class GiveBack:
    """The bill will not be paid."""

    reason: str
    """In words its payer may read."""


@dataclass(frozen=True)
class NextProvider:
    """This provider is out of the question for this order, and has sold nothing."""

    detail: str


Ending = Sold | GiveBack | NextProvider


class Purchasing(Refunding):
    """A workflow that can buy an order's bill."""

    def __init__(self, request: BillPaymentRequest) -> None:
        super().__init__()
        self._request = request
        self._attempts = 0
        self._confirmations = 0

    async def _buy(
        self, provider: ProviderName, *, others: tuple[ProviderName, ...] = ()
    ) -> Ending:
        """Open one attempt; another one only after a refusal that was a matter of timing."""
        ending: Ending = NextProvider(f"{provider} was never asked")
        for _ in range(policies.POSTPONEMENTS):
            step = self._next_attempt(provider, others)
            outcome = await self._purchase(step)
            ending = await self._conclude(step, outcome)
            if not isinstance(outcome, Postponed) or not isinstance(ending, NextProvider):
                break
            await workflow.sleep(
                timedelta(seconds=outcome.retry_after_seconds),
                summary=f"{provider} wants to be asked later: {outcome.reason}",
            )
        return ending

    async def _finish(self, step: PurchaseStep) -> Ending:
        """Find out what became of a purchase that an earlier run of this workflow has left behind."""
        self._attempts = step.number
        self._enter(BillStatus.PROVIDER_PROCESSING, provider=step.provider, attempt=step.number)
        return await self._conclude(step, await self._confirm(step))

    def _next_attempt(
        self, provider: ProviderName, others: tuple[ProviderName, ...]
    ) -> PurchaseStep:
        self._attempts += 1
        self._enter(BillStatus.PROCESSING_BILL, provider=provider, attempt=self._attempts)
        return PurchaseStep(
            transaction_id=self._request.transaction_id,
            provider=provider,
            number=self._attempts,
            request_id=request_id(workflow.info().workflow_id, self._attempts, workflow.now()),
            others=others,
        )

    async def _purchase(self, step: PurchaseStep) -> Settled | StepFailed | Ending:
        """Buy once; whatever is not certain is confirmed, never repeated and never refunded."""
        try:
            outcome = await steps.pay_bill(step)
        except ActivityError as error:
            failed = step_failed(error)
            if failed.word != steps.UNFORESEEN:
                return failed
        else:
            if isinstance(outcome, Settled):
                return outcome
        return await self._confirm(step)

    async def _conclude(self, step: PurchaseStep, outcome: Settled | StepFailed | Ending) -> Ending:
        """Turn what became of an attempt into what happens next."""
        match outcome:
            case Delivered():
                return Sold(f"{step.provider} delivered as {outcome.provider_reference}")
            case Declined() | Postponed():
                is_final = isinstance(outcome, Declined) and outcome.whose is Whose.CUSTOMER
                reason = outcome.reason if is_final else None
                return await self._abandon(step, f"{step.provider}: {outcome.reason}", reason)
            case NotSold():
                return await self._abandon(step, f"{step.provider} has proven to have sold nothing")
            case StepFailed():
                reason = outcome.customer if outcome.word == "Invalid" else None
                return await self._abandon(step, f"{outcome.word}: {outcome.detail}", reason)
            case _:
                return outcome

    async def _abandon(
        self,
        step: PurchaseStep,
        detail: str,
        customer_reason: str | None = None,
        *,
        actor: str = "service",
    ) -> Ending:
        """Give the provider up for this order, which ends here where there is a reason for its customer.

        Only ever called when nothing was sold, or a person vouches for that. Where our own records know better (an
        answer got lost between the provider and them), the provider is asked until it is certain.
        """
        try:
            await steps.abandon_attempt(AbandonAttempt(attempt=step, detail=detail, actor=actor))
        except ActivityError:
            return await self._conclude(step, await self._confirm(step))
        self._enter(BillStatus.PROVIDER_FAILED)
        return NextProvider(detail) if customer_reason is None else GiveBack(customer_reason)

    async def _confirm(self, step: PurchaseStep) -> Settled | Ending:
        """Ask until the provider is certain; a person may be asked, but time alone decides nothing (I13)."""
        self._enter(BillStatus.PROVIDER_PROCESSING)
        await workflow.sleep(
            policies.FIRST_QUESTION_AFTER, summary=f"before asking {step.provider}"
        )
        waited = timedelta(seconds=self._request.rules.confirmation_deadline_seconds)
        deadline: timedelta | None = waited
        ended: Settled | Ending | None = None
        while ended is None:
            asking = self._start_confirming(step)
            self._decidable = BEFORE_THE_DEADLINE if deadline else AFTER_THE_DEADLINE
            if not await self._certainty_or_decision(asking, deadline):
                deadline = None
                await self._call_for_help(step, waited)
                await self._certainty_or_decision(asking, None)
            ended = await self._outcome_or_decision(step, asking)
        self._decidable = frozenset()
        return ended

    def _start_confirming(self, step: PurchaseStep) -> workflow.ActivityHandle[Outcome]:
        self._confirmations += 1
        return steps.start_confirming(step, self._confirmations)

    async def _certainty_or_decision(
        self, asking: workflow.ActivityHandle[Outcome], deadline: timedelta | None
    ) -> bool:
        """Wait until the provider is certain or a person has decided; False when the deadline came first."""
        try:
            await workflow.wait_condition(
                lambda: asking.done() or self._decision is not None,
                timeout=deadline,
                timeout_summary="until a person is asked" if deadline else None,
            )
        except TimeoutError:
            return False
        return True

    async def _call_for_help(self, step: PurchaseStep, waited: timedelta) -> None:
        """Park while the questions go on: operators decide, the customer is told that nothing is lost."""
        await self._park(
            f"{step.provider} is not certain about {step.request_id} after {waited}",
            AFTER_THE_DEADLINE,
            order_status=BillStatus.NEEDS_REVIEW,
        )
        await self._tell(MessageKind.STILL_CONFIRMING)

    async def _outcome_or_decision(
        self, step: PurchaseStep, asking: workflow.ActivityHandle[Outcome]
    ) -> Settled | Ending | None:
        """Take the provider's certainty where there is one, else a person's decision; None: ask on."""
        decision = await self._take_decision() if self._decision else None
        if decision:
            asking.cancel()
        with suppress(ActivityError):
            # Certainty that came in the same moment as a decision is worth more than the decision.
            outcome = await asking
            if isinstance(outcome, Settled):
                return outcome
        match decision:
            case Decision(intervention=Intervention.MARK_DELIVERED):
                return vouched(decision)
            case Decision(intervention=Intervention.REFUND_PAYMENT):
                return await self._refund_on_request(step, decision)
            case _:
                return None

    async def _refund_on_request(
        self, step: PurchaseStep, decision: Decision
    ) -> Settled | Ending | None:
        """Ask one last time: what a provider certainly sold is not refunded, whoever wishes it."""
        try:
            outcome = await steps.ask_provider(step)
        except ActivityError as error:
            failed = step_failed(error)
            if failed.word == steps.UNFORESEEN:
                # It may have answered, and the answer was lost: nothing is given up on that.
                await self._record("refund_refused", f"asked again first: {failed.detail}")
                return None
            # The provider is silent; the person who decided has better sources.
        else:
            if isinstance(outcome, TokenAwaited):
                await self._record("refund_refused", "sold: only its token is still awaited")
                return None
            if isinstance(outcome, Settled):
                return outcome
        request = decision.request
        return await self._abandon(
            step, f"given up by an operator: {request.reason}", UNCONFIRMED, actor=request.actor
        )


def vouched(decision: Decision) -> Sold:
    """Take a person's word for the delivery."""
    request = decision.request
    return Sold(
        f"delivery vouched for: {request.reason}", request.actor, request.provider_reference
    )
