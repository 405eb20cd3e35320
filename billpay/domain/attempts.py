"""One purchase of one order under one request id, and what proves that it never happened."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from billpay.domain.outcomes import Delivered, NeverSeen, NotSold, Outcome, Processing, TokenAwaited
from billpay.domain.routing import ProviderName

GRACE = timedelta(seconds=60)
"""How long after the last sending a purchase may still be on its way to the provider."""

PROOF_DISTANCE = timedelta(seconds=120)
"""How far apart two denials must be to prove that nothing was sold."""


class Attempt(BaseModel):
    """One purchase, stored before the provider hears of it."""

    model_config = ConfigDict(frozen=True)

    transaction_id: UUID
    number: int
    """Counts the attempts of an order, from 1."""

    provider: ProviderName
    request_id: str
    opened_at: datetime
    sent_at: datetime | None = None
    """When it was last sent, stored before the first byte; None while the provider cannot have heard of it."""

    first_denied_at: datetime | None = None
    """When the provider first denied knowing it, after the grace time."""

    outcome: Outcome | None = None
    """The last definite or indefinite answer."""

    @property
    def is_accepted(self) -> bool:
        """Whether the provider has once said that it has the purchase; no later denial proves the opposite."""
        return isinstance(self.outcome, Processing | TokenAwaited | Delivered)


def weigh_denial(attempt: Attempt, now: datetime) -> NotSold | NeverSeen:
    """Decide whether a `NeverSeen` received now proves that nothing was sold.

    A denial inside the grace time counts for nothing; the first one after it is evidence, and a second one two
    minutes later is proof (vtpass.com/documentation/response-codes: whatever is unclear is pending).
    """
    first = attempt.first_denied_at
    if first is not None and now - first >= PROOF_DISTANCE:
        return NotSold(code="never seen twice")
    return NeverSeen()


def counts_as_denial(attempt: Attempt, now: datetime) -> bool:
    """Whether a `NeverSeen` received now is late enough to count, and contradicts nothing that was said before."""
    if attempt.is_accepted:
        return False
    return attempt.sent_at is None or now - attempt.sent_at >= GRACE
