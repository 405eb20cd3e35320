"""Asking again about purchases that are settled: a provider may say something else by now.

What it says is kept like every answer, and what contradicts the first certain outcome becomes a case there
(`billpay.store.late_truth`). Nothing is decided here, and nothing is bought.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum

from billpay.clock import Clock
from billpay.domain.follow_ups import (
    QUESTIONS_AT_ONCE,
    RUN_LASTS,
    SILENCES,
    FollowUp,
    FollowUpReport,
)
from billpay.domain.routing import ProviderName
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.providers.base import Provider, Purchase
from billpay.store import Store

log = logging.getLogger(__name__)


class _Heard(StrEnum):
    """What came of one question; the names of `FollowUpReport`'s counts."""

    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    BROKEN = "broken"


class FollowUps:
    """Asks what is due."""

    def __init__(
        self, *, store: Store, providers: Mapping[ProviderName, Provider], clock: Clock
    ) -> None:
        self._store = store
        self._providers = providers
        self._clock = clock

    async def ask_due(self, *, is_stopping: Callable[[], bool] = lambda: False) -> FollowUpReport:
        """Ask every provider a bounded number of due questions, side by side, and answer what came of them.

        Safe to repeat: it only asks. A provider that is silent or broken delays its own questions and nobody else's;
        one that is not configured any more is asked when it is again.

        Raises:
            Unavailable: our records gave no answer; what was asked before is kept.
        """
        asking = (
            self._ask_one_provider(name, provider, is_stopping)
            for name, provider in self._providers.items()
        )
        # All of them end before the first failure is told, so that none goes on unseen.
        heard = await asyncio.gather(*asking, return_exceptions=True)
        counts: Counter[str] = Counter()
        for one in heard:
            if isinstance(one, BaseException):
                raise one
            counts += one
        return FollowUpReport(**counts)

    async def _ask_one_provider(
        self, name: ProviderName, provider: Provider, is_stopping: Callable[[], bool]
    ) -> Counter[str]:
        """Ask one question after the other, until enough were asked or left unanswered."""
        counts: Counter[str] = Counter()
        silences, ends_at = 0, self._clock() + RUN_LASTS
        for follow_up in await self._store.follow_ups.due(name, QUESTIONS_AT_ONCE):
            if silences == SILENCES or self._clock() >= ends_at or is_stopping():
                break
            heard = await self._ask(provider, follow_up)
            silences = silences + 1 if heard is _Heard.UNANSWERED else 0
            counts[heard] += 1
            await self._plan(follow_up, was_answered=heard is _Heard.ANSWERED)
        return counts

    async def _ask(self, provider: Provider, follow_up: FollowUp) -> _Heard:
        """Ask about one attempt and keep the answer; whatever goes wrong with it is this attempt's alone (fault 67)."""
        try:
            order = await self._store.orders.get(follow_up.transaction_id)
            answer = await provider.requery(
                Purchase.of(order), follow_up.request_id, follow_up.provider_reference
            )
            await self._store.attempts.save_answer(follow_up.request_id, answer)
        except (Unavailable, Ambiguous, Misconfigured) as silence:
            log.info("no answer about %s: %s", follow_up.request_id, silence.detail)
            return _Heard.UNANSWERED
        except Exception as bug:  # noqa: BLE001  the others are asked, whatever it is
            # Its name alone: what a provider said may hold a token (I18).
            log.error("%s broke its question: %s", follow_up.request_id, type(bug).__name__)  # noqa: TRY400  as above
            return _Heard.BROKEN
        return _Heard.ANSWERED

    async def _plan(self, follow_up: FollowUp, *, was_answered: bool) -> None:
        next_question_at = follow_up.next_question_at(self._clock(), was_answered=was_answered)
        await self._store.follow_ups.plan(follow_up, next_question_at, was_answered=was_answered)
