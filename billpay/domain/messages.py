"""What a customer is told, and under which name, so that nobody is told the same thing twice."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class MessageKind(StrEnum):
    """The occasions on which a customer hears from us."""

    COMPLETED = "completed"
    """The bill is paid; with the token where there is one."""

    STILL_CONFIRMING = "still_confirming"
    """The provider is not certain yet and it takes longer than usual; nothing is lost."""

    REFUNDED = "refunded"
    """Everything that came was returned."""

    EXCESS_REFUNDED = "excess_refunded"
    """The bill is paid and what came above it was returned."""

    EXCESS_KEPT = "excess_kept"
    """The bill is paid and what came above it is kept, by policy."""

    HELD = "held"
    """A person looks after the payment."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to one customer; the same id is never shown twice."""

    message_id: str
    kind: MessageKind
    transaction_id: UUID | None
    operation_id: str | None
    wallet_address: str
    subject: str
    body: str = field(repr=False)
    """May hold a token: stored sealed, never logged."""
