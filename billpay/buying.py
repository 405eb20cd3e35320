"""Buying once: store the intent, ask before repeating, keep every answer before anyone acts on it.

The rule everything rests on: a request id is sent again only after its provider has been asked about it. Whether an
attempt is dead, certain or in doubt is read from its row alone, so any worker may continue where another one died.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from billpay.breakers import Breakers
from billpay.clock import Clock, Stopwatch, system_stopwatch
from billpay.domain.attempts import Attempt, counts_as_denial, weigh_denial
from billpay.domain.breaker import Question, line_of
from billpay.domain.outcomes import (
    Answer,
    Declined,
    NeverSeen,
    NotSold,
    Outcome,
    Postponed,
    Settled,
)
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import PurchaseStep
from billpay.failures import Ambiguous, Evidence, Misconfigured, Unavailable
from billpay.floats import Floats
from billpay.price_check import purchase_at
from billpay.providers.base import Provider, Purchase
from billpay.store import RefusedError, Store

log = logging.getLogger(__name__)

LEAVES_WITHIN = timedelta(seconds=30)
"""How long after it was noted a purchase may still leave this machine.

Half of the grace time (`billpay.domain.attempts.GRACE`), so that no denial counts before it has left; twice what our
database may take to note it. A worker that was asleep in between (stopped, swapped out, on a suspended machine) must
not buy what two denials may have proven not sold meanwhile.
"""


class Buyer:
    """Carries attempts out and finds out what became of them.

    Without `breakers` nothing is counted, without `floats` no balance is looked at; neither changes what is safe.
    """

    def __init__(
        self,
        *,
        store: Store,
        providers: Mapping[ProviderName, Provider],
        clock: Clock,
        breakers: Breakers | None = None,
        floats: Floats | None = None,
        stopwatch: Stopwatch = system_stopwatch,
    ) -> None:
        self._store = store
        self._providers = providers
        self._clock = clock
        self._breakers = breakers
        self._floats = floats
        self._stopwatch = stopwatch

    async def pay(self, step: PurchaseStep, *, is_repetition: bool) -> Outcome:
        """Buy an attempt's product, at most once under its request id.

        Safe to repeat: a repetition asks the provider first and buys only what it has never seen. Where nothing was
        sent, the provider fails everybody and another one may be asked, the attempt ends at once as `NotSold`.

        Raises:
            Unavailable: nothing was sold; the attempt may be repeated.
            Ambiguous: it may have been sold; only asking may follow.
            Misconfigured: our side is wrong; nothing was sold.
        """
        try:
            return await self._pay(step, is_repetition=is_repetition)
        except Unavailable as nothing_sold:
            ended = await self._give_way(step)
            if ended is not None:
                return ended
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
            Ambiguous: it has answered, and the answer could not be kept; it is asked again.
        """
        attempt = await self._open(step)
        if isinstance(attempt.outcome, Settled):
            return attempt.outcome
        if attempt.sent_at is None:
            attempt = await self._store.attempts.close_unsent(attempt.request_id)
            if attempt.outcome is not None:
                return attempt.outcome
        provider, purchase = await self._counterpart(attempt)
        answer = await _ask(provider, purchase, attempt)
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
        return provider, await purchase_at(attempt.provider, order, self._store)

    async def _ask_before_repeating(
        self, provider: Provider, purchase: Purchase, attempt: Attempt
    ) -> Answer | None:
        """Answer what the provider knows of the attempt; None where the same id may be sent again."""
        try:
            answer = await _ask(provider, purchase, attempt)
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
        with _doubt_where_sent_before(attempt):
            await self._spend(purchase, attempt)
            begun = self._stopwatch()
            await self._store.attempts.mark_sent(attempt.request_id)
            answer = await self._buy(provider, purchase, attempt, begun)
        if isinstance(answer.outcome, Postponed) and attempt.sent_at is not None:
            # The refusal is of this sending; the earlier one under the same id may still have been accepted.
            raise Ambiguous(f"refused on repetition: {answer.outcome.reason}")
        kept = await self._keep(attempt, answer)
        if isinstance(answer.outcome, Declined | Postponed):
            self._give_back(purchase, attempt)
        await self._count(answer.outcome, purchase, attempt)
        return kept

    async def _buy(
        self, provider: Provider, purchase: Purchase, attempt: Attempt, begun: float
    ) -> Answer:
        slept = timedelta(seconds=self._stopwatch() - begun)
        if slept > LEAVES_WITHIN:
            await self._take_back(purchase, attempt)
            raise Unavailable(f"not sent: noted as sent {slept} ago, which is too long to trust")
        try:
            return await provider.buy(purchase, attempt.request_id)
        except (Unavailable, Misconfigured) as nothing_sold:
            await self._take_back(purchase, attempt)
            await self._count(nothing_sold, purchase, attempt)
            raise
        except Ambiguous as doubt:
            await self._count(doubt, purchase, attempt)
            raise

    async def _take_back(self, purchase: Purchase, attempt: Attempt) -> None:
        """Note that this sending is known to have had no effect; an earlier one may have had one."""
        if attempt.sent_at is None:
            with _doubt_where_not_kept():
                await self._store.attempts.mark_unsent(attempt.request_id)
        self._give_back(purchase, attempt)

    async def _spend(self, purchase: Purchase, attempt: Attempt) -> None:
        """Refuse what our float does not reach for, before anything is sent (fault 43)."""
        if self._floats is None:
            return
        try:
            await self._floats.spend(attempt.provider, purchase.amount)
        except Misconfigured as too_low:
            # That it does not reach for a large order says nothing about the others.
            if self._floats.is_empty(attempt.provider):
                await self._count(too_low, purchase, attempt)
            raise

    def _give_back(self, purchase: Purchase, attempt: Attempt) -> None:
        if self._floats is not None:
            self._floats.give_back(attempt.provider, purchase.amount)

    async def _count(self, said: Any, purchase: Purchase, attempt: Attempt) -> None:
        if self._breakers is not None:
            await self._breakers.count(
                said,
                by=attempt.provider,
                line=line_of(purchase.bill_type, purchase.biller),
                question=Question.PAY,
                transaction_id=attempt.transaction_id,
            )

    async def _give_way(self, step: PurchaseStep) -> Outcome | None:
        """Close an attempt that nobody has sent, for the next provider's sake; None where it is to be repeated."""
        if self._breakers is None or not step.others:
            return None
        attempt = await self._open(step)
        _, purchase = await self._counterpart(attempt)
        line = line_of(purchase.bill_type, purchase.biller)
        if not await self._breakers.is_open(attempt.provider, line):
            return None
        # Another worker may have sent it meanwhile; then it stays as it is.
        closed = await self._store.attempts.close_unsent(attempt.request_id)
        return closed.outcome if isinstance(closed.outcome, Settled) else None

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
        with _doubt_where_not_kept():
            kept = await self._store.attempts.save_answer(attempt.request_id, answer)
        return kept.outcome or answer.outcome

    async def _show(self, step: PurchaseStep, status: BillStatus, detail: str) -> None:
        """Show where the order stands. What it may not show, or cannot, changes nothing about the purchase."""
        try:
            await self._store.orders.change_status(step.transaction_id, status, detail=detail)
        except (RefusedError, Unavailable) as untold:
            log.warning("%s is not shown as %s: %s", step.transaction_id, status, untold)


async def _ask(provider: Provider, purchase: Purchase, attempt: Attempt) -> Answer:
    """Ask by our name, and by the provider's own where it has told one."""
    reference = getattr(attempt.outcome, "provider_reference", None)
    return await provider.requery(purchase, attempt.request_id, reference)


@contextmanager
def _doubt_where_sent_before(attempt: Attempt) -> Iterator[None]:
    """Let a failure say that nothing was sold only where no earlier sending may have been.

    What an earlier sending did is not undone by this one's having had no effect.
    """
    try:
        yield
    except (Unavailable, Misconfigured) as failure:
        if attempt.sent_at is None:
            raise
        raise Ambiguous(failure.detail, evidence=failure.evidence) from failure


@contextmanager
def _doubt_where_not_kept() -> Iterator[None]:
    """Let a silent store pass as doubt: what a provider did is known, and our records do not say it."""
    try:
        yield
    except Unavailable as lost:
        raise Ambiguous(f"it could not be written down: {lost.detail}") from lost


def _evidence(attempt: Attempt) -> Evidence:
    return Evidence(provider=attempt.provider, request_id=attempt.request_id)
