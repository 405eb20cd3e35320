"""What a provider's next word changes about an attempt; pure.

The first certain outcome stays, whatever is said later: money may have moved because of it. What contradicts it is a
case for a person, never an edit (I12).
"""

from datetime import datetime

from billpay.domain.attempts import Attempt, counts_as_denial
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    NotSold,
    Outcome,
    Postponed,
    Processing,
    Settled,
    TokenAwaited,
)

Sale = Delivered | TokenAwaited
"""Outcomes that say that money was spent at the provider."""

NoSale = Declined | Postponed | NotSold
"""Outcomes that say that nothing was sold."""


def outcome_after(attempt: Attempt, said: Outcome, now: datetime) -> Outcome:
    """Choose the outcome an attempt has once the provider has said this.

    A sale whose token is awaited is left by its delivery only. Not knowing the request proves nothing about a purchase
    that was accepted before, nor about one that was sent a moment ago, perhaps by another worker.
    """
    kept = attempt.outcome
    if isinstance(kept, Settled):
        return kept
    if isinstance(kept, TokenAwaited):
        return said if isinstance(said, Delivered) else kept
    is_ignorance = isinstance(said, NeverSeen) or (
        isinstance(said, NotSold)
        and (isinstance(kept, Processing) or not counts_as_denial(attempt, now))
    )
    return (kept or NeverSeen()) if is_ignorance else said


def contradicts(kept: Outcome | None, said: Outcome) -> bool:
    """Whether the provider now says the opposite of what it said for certain."""
    if isinstance(kept, Sale):
        return isinstance(said, NoSale)
    return isinstance(kept, NoSale) and isinstance(said, Sale)
