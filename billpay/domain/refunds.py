"""cNGN sent back to whoever paid: the only compensation there is, since a purchase cannot be undone."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billpay.domain.money import Stroops


class RefundPurpose(StrEnum):
    """Which part of a deposit goes back; a deposit has at most one refund of each."""

    WHOLE = "whole"
    """Everything that came, since nothing was delivered."""

    EXCESS = "excess"
    """What came above the order's due, after delivery."""


class RefundStatus(StrEnum):
    """How far a refund has come."""

    OPEN = "open"
    """Wanted; nothing signed yet, or the last envelope is proven dead."""

    PAID = "paid"
    """Applied by the ledger. Terminal."""

    HELD = "held"
    """The ledger or a policy refuses it; a person decides."""


class Refund(BaseModel):
    """One refund, wanted once and paid at most once."""

    model_config = ConfigDict(frozen=True)

    refund_id: str
    operation_id: str
    transaction_id: UUID | None
    purpose: RefundPurpose
    destination: str
    amount: Stroops
    reason: str
    deposit_hash: str
    """The deposit's transaction, carried as the refund's return memo."""

    status: RefundStatus
    held_reason: str | None = None


class EnvelopeState(StrEnum):
    """What became of one signed refund transaction."""

    IN_FLIGHT = "in_flight"
    """Signed and stored; may be in a ledger or may still get into one."""

    APPLIED = "applied"
    """In a ledger and successful. Terminal."""

    FAILED = "failed"
    """In a ledger without effect: it consumed its sequence number and moved nothing. Terminal."""

    DEAD = "dead"
    """Proven never to enter a ledger. Terminal; its sequence number is free again."""


class RefundEnvelope(BaseModel):
    """A signed refund transaction, durable before anyone hears of it."""

    model_config = ConfigDict(frozen=True)

    transaction_hash: str
    refund_id: str
    source_account: str
    sequence: int
    envelope_xdr: str
    valid_until: datetime
    """By the ledger's clock; after a ledger closed later than this it can never be applied."""

    state: EnvelopeState


class RefundPaid(BaseModel):
    """The ledger applied the refund."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["paid"] = "paid"
    transaction_hash: str
    amount: Stroops


class RefundHeld(BaseModel):
    """The refund cannot be sent as things stand; nothing of it is in flight."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["held"] = "held"
    reason: str
    """For the operator."""


RefundAnswer = Annotated[RefundPaid | RefundHeld, Field(discriminator="kind")]
