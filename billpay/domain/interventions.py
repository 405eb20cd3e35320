"""What an operator may ask of a payment, and how it is named on the wire.

Each exists twice under one name: as an update, which answers and refuses, and as a signal, for tools that
speak only signals.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Intervention(StrEnum):
    """Names of the updates and signals of both workflows."""

    RETRY_PAYMENT = "retry_payment"
    """Ask or buy again: asks the provider first, buys only what is proven not sold."""

    REFUND_PAYMENT = "refund_payment"
    """Give the money back; asks the provider once more before it does."""

    MARK_DELIVERED = "mark_delivered"
    """A person has made certain that the bill is paid."""

    RESEND_NOTIFICATION = "resend_notification"
    """Tell the customer the last message again."""


class InterventionRequest(BaseModel):
    """Who intervenes and why; kept in the timeline for good (I16)."""

    model_config = ConfigDict(frozen=True)

    actor: str = Field(min_length=1, max_length=100)
    """A person; the names under which the service itself and its customers act are nobody's."""

    reason: str = Field(min_length=1, max_length=500)
    provider_reference: str | None = Field(default=None, max_length=100)
    """The provider's name for the sale; `mark_delivered` only."""

    @field_validator("actor")
    @classmethod
    def _is_a_person(cls, actor: str) -> str:
        if actor.strip().lower() in ("", "service", "customer"):
            raise ValueError(f"{actor!r} is nobody: name the person who decides")
        return actor


STATUS_QUERY = "status"
"""The query that answers where a payment stands."""


class PaymentProgress(BaseModel):
    """Where a payment stands, as its workflow sees it; holds no secret."""

    model_config = ConfigDict(frozen=True)

    status: str
    provider: str | None = None
    attempt: int = 0
    waiting_for: str | None = None
    """What a person is asked to decide, and why; None while nobody is needed."""
