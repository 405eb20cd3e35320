"""Buying once: store the intent, ask before repeating, keep every answer before anyone acts on it.

The rule everything rests on: a request id is sent again only after its provider has been asked about it. Whether an
attempt is dead, certain or in doubt is read from its row alone, so any worker may continue where another one died.
"""

from collections.abc import Mapping

from billpay.clock import Clock
from billpay.domain.attempts import Attempt, counts_as_denial, weigh_denial
from billpay.domain.outcomes import Answer, NeverSeen, NotSold, Outcome, Postponed, Settled
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import PurchaseStep
from billpay.failures import Ambiguous, Evidence, Misconfigured, Unavailable
from billpay.providers.base import Provider, Purchase
from billpay.store import Store


class Buyer:
    """Carries attempts out and finds out what became of them."""

    def __init__(
        self, *, store: Store, providers: Mapping[ProviderName, Provider], clock: Clock
    ) -> None:
        self._store = store
        self._providers = providers
        self._clock = clock

    async def pay(self, step: PurchaseStep, *, is_repetition: bool) -> Outcome:
        """Buy an attempt's product, at most once under its request id.

        Safe to repeat: a repetition asks the provider first and buys only what it has never seen.

        Raises:
            Unavailable: nothing was sold; the attempt may be repeated.
            Ambiguous: it may have been sold; only asking may follow.
            Misconfigured: our side is wrong; nothing was sold.
        """
        try:
            return await self._pay(step, is_repetition=is_repetition)
        except Unavailable as nothing_sold:
            await self._show(step, BillStatus.RETRY_SCHEDULED, nothing_sold.detail)
            raise
        except Ambiguous as doubt:
            await self._show(step, BillStatus.PROVIDER_PROCESSING, doubt.detail)
            raise

    async def confirm(self, step: PurchaseStep) -> Outcome:
        """Ask once what became of an attempt, and keep the answer. Safe to repeat: it never buys.

        Denials are weighed here: one proves nothing, two far enough apart prove that nothing was sold.

        Raises:
            Unavailable, Misconfigured: it could not be asked, which says nothing about the attempt.
        """
        attempt = await self._open(step)
        if isinstance(attempt.outcome, Settled):
            return attempt.outcome
        if attempt.sent_at is None:
            attempt = await self._store.attempts.close_unsent(attempt.request_id)
            if attempt.outcome is not None:
                return attempt.outcome
        provider, purchase = await self._counterpart(attempt)
        answer = await provider.requery(purchase, attempt.request_id)
        if isinstance(answer.outcome, NeverSeen):
            return await self._weigh(attempt, answer)
        return await self._keep(attempt, answer)

    async def _pay(self, step: PurchaseStep, *, is_repetition: bool) -> Outcome:
        attempt = await self._open(step)
        if isinstance(attempt.outcome, Settled):
            return attempt.outcome
        provider, purchase = await self._counterpart(attempt)
        if is_repetition or attempt.sent_at is not None:
            answer = await self._ask_before_repeating(provider, purchase, attempt)
            if answer is not None:
                return await self._keep(attempt, answer)
            await self._show(step, BillStatus.PROCESSING_BILL, "sent again under the same id")
        return await self._send(provider, purchase, attempt)

    async def _open(self, step: PurchaseStep) -> Attempt:
        return await self._store.attempts.open(
            transaction_id=step.transaction_id,
            number=step.number,
            provider=step.provider,
            request_id=step.request_id,
        )

    async def _counterpart(self, attempt: Attempt) -> tuple[Provider, Purchase]:
        order = await self._store.orders.get(attempt.transaction_id)
        provider = self._providers.get(attempt.provider)
        if provider is None:
            # A provider removed by configuration says nothing about what it has sold before (fault 63).
            raise Misconfigured(f"{attempt.provider} is not configured here any more")
        return provider, Purchase.of(order)

    async def _ask_before_repeating(
        self, provider: Provider, purchase: Purchase, attempt: Attempt
    ) -> Answer | None:
        """Answer what the provider knows of the attempt; None where the same id may be sent again."""
        try:
            answer = await provider.requery(purchase, attempt.request_id)
        except (Unavailable, Misconfigured) as silence:
            if attempt.sent_at is None:
                # The last sending is known to have had no effect, so there is nothing to find out.
                return None
            raise Ambiguous(
                f"sent, and cannot be asked about: {silence.detail}", evidence=silence.evidence
            ) from silence
        if not isinstance(answer.outcome, NeverSeen):
            return answer
        if attempt.is_accepted:
            raise Ambiguous("accepted once and denied now", evidence=_evidence(attempt))
        # A provider refuses a second sale under one id, so a denial that comes too early does no harm here.
        return None

    async def _send(self, provider: Provider, purchase: Purchase, attempt: Attempt) -> Outcome:
        await self._store.attempts.mark_sent(attempt.request_id)
        try:
            answer = await provider.buy(purchase, attempt.request_id)
        except (Unavailable, Misconfigured) as failure:
            # What an earlier sending did is not undone by this one's having had no effect.
            if attempt.sent_at is not None:
                raise Ambiguous(failure.detail, evidence=failure.evidence) from failure
            await self._store.attempts.mark_unsent(attempt.request_id)
            raise
        if isinstance(answer.outcome, Postponed) and attempt.sent_at is not None:
            # The refusal is of this sending; the earlier one under the same id may still have been accepted.
            raise Ambiguous(f"refused on repetition: {answer.outcome.reason}")
        return await self._keep(attempt, answer)

    async def _weigh(self, attempt: Attempt, denial: Answer) -> Outcome:
        now = self._clock()
        if not counts_as_denial(attempt, now):
            return denial.outcome
        verdict = weigh_denial(attempt, now)
        if isinstance(verdict, NotSold):
            return await self._keep(attempt, Answer(outcome=verdict, body=denial.body))
        await self._store.attempts.record_denial(attempt.request_id)
        return verdict

    async def _keep(self, attempt: Attempt, answer: Answer) -> Outcome:
        """Make the answer durable before anyone acts on it; a token seen once is never lost (I7)."""
        kept = await self._store.attempts.save_answer(attempt.request_id, answer)
        return kept.outcome or answer.outcome

    async def _show(self, step: PurchaseStep, status: BillStatus, detail: str) -> None:
        await self._store.orders.change_status(step.transaction_id, status, detail=detail)


def _evidence(attempt: Attempt) -> Evidence:
    return Evidence(provider=attempt.provider, request_id=attempt.request_id)
