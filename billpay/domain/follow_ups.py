"""When a provider is asked again about a purchase that is settled: it may know better by then.

Asking changes no outcome. What contradicts one becomes a case (`billpay.domain.cases`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from billpay.domain.routing import ProviderName

UNSOLD_AGES = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(hours=48),
    timedelta(hours=72),
)
"""How long after an attempt was settled as not sold its provider is asked again. Soon at first, while a refund that had
to wait can still be held; then through the provider's own repetitions; then after each of three nights, in which books
are compared. A weekend fits in."""

SOLD_AGES = (timedelta(hours=1), timedelta(hours=24), timedelta(hours=72))
"""The same for what was sold. Fewer, since most attempts are sold, and nobody can avert a reversal: it has to be known,
and not within minutes."""

REPEATED_AFTER = timedelta(hours=1)
"""A provider that gave no answer is asked again after this; its other questions come first meanwhile."""

GIVEN_UP_AFTER = timedelta(hours=96)
"""How long after an attempt was settled the last question is repeated at most: a provider may be away for a day."""

QUESTIONS_AT_ONCE = 50
"""Questions to one provider in one run, of which there is one in five minutes: ten a minute at most, beside purchases
and confirmations, which come first. A day has room for some 14,000; an outage that settled a thousand attempts in one
minute is asked about within two hours."""

SILENCES = 3
"""A provider that leaves this many questions of a run unanswered in a row is asked no more in it."""

RUN_LASTS = timedelta(minutes=3)
"""After this no new question is begun; what is left comes with the next run."""


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """A settled attempt whose next question is due."""

    request_id: str
    transaction_id: UUID
    provider: ProviderName
    provider_reference: str | None
    was_sold: bool
    settled_at: datetime

    def next_question_at(self, now: datetime, *, was_answered: bool) -> datetime | None:
        """Choose the moment of the question after the one just asked; None where that was the last.

        Ages that have passed meanwhile are not made up for: one answer stands for all of them.
        """
        ages = SOLD_AGES if self.was_sold else UNSOLD_AGES
        upcoming = next((at for age in ages if (at := self.settled_at + age) > now), None)
        if was_answered:
            return upcoming
        if upcoming is not None:
            return min(upcoming, now + REPEATED_AFTER)
        is_over = now + REPEATED_AFTER > self.settled_at + GIVEN_UP_AFTER
        return None if is_over else now + REPEATED_AFTER


class FollowUpReport(BaseModel):
    """What one run of questions came to."""

    model_config = ConfigDict(frozen=True)

    answered: int = 0
    unanswered: int = 0
    broken: int = 0
    """Questions that could not be asked, or whose answer could not be kept, for a reason nobody foresaw."""
