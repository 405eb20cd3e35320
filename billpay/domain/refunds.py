"""cNGN sent back to whoever paid: the only compensation there is, since a purchase cannot be undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from billpay.domain.money import Stroops, cngn


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


class MemoKind(StrEnum):
    """Which memo a refund carries where a person has given one; without one it carries the deposit's hash."""

    TEXT = "text"
    """Up to 28 bytes of UTF-8."""

    ID = "id"
    """A number of 64 bits, in decimal digits."""

    HASH = "hash"
    """32 bytes, in hexadecimal digits."""


TEXT_MEMO_BYTES = 28
HASH_MEMO_BYTES = 32
LARGEST_ID_MEMO = (1 << 64) - 1


def require_memo(memo: str, kind: MemoKind) -> None:
    """Make sure that a memo is what a transaction can carry.

    Raises:
        ValueError: says what it should be.
    """
    if kind is MemoKind.TEXT and not 0 < len(memo.encode()) <= TEXT_MEMO_BYTES:
        raise ValueError(f"a memo of text has 1 to {TEXT_MEMO_BYTES} bytes")
    if kind is MemoKind.ID and not (
        memo.isascii() and memo.isdigit() and len(memo) <= len(str(LARGEST_ID_MEMO))
    ):
        raise ValueError("a memo id is a whole number in digits")
    if kind is MemoKind.ID and int(memo) > LARGEST_ID_MEMO:
        raise ValueError(f"a memo id is at most {LARGEST_ID_MEMO}")
    if kind is MemoKind.HASH and not _is_hash(memo):
        raise ValueError(f"a memo hash has {HASH_MEMO_BYTES} bytes, in hexadecimal digits")


def _is_hash(memo: str) -> bool:
    try:
        return len(memo) == 2 * HASH_MEMO_BYTES and len(bytes.fromhex(memo)) == HASH_MEMO_BYTES
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class RefundCeilings:
    """What goes back without a person's word: a bug must not empty the treasury."""

    each: Stroops
    """At most this much at once."""

    hourly: Stroops
    """At most this much within any hour, approved refunds not counted."""


@dataclass(frozen=True, kw_only=True)
class RefundRules:
    """By what rules money goes back; settings with these defaults."""

    ceilings: RefundCeilings = RefundCeilings(
        each=cngn("1000000"),
        hourly=cngn("10000000"),
    )
    fee_cap: int = 100_000
    """What is bid for each operation at most, in stroops of XLM: a hundredth of one."""

    claim_window: timedelta = timedelta(days=30)
    """How long what was set aside on the ledger is its payer's alone."""

    exchanges: frozenset[str] = frozenset()
    """Accounts that many customers share: nothing goes there without a memo."""


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
    memo: str | None = None
    """What it carries instead of a return memo, given by a person together with the destination."""

    memo_type: MemoKind | None = None
    is_approved: bool = False
    """Whether a person has let it go: no ceiling and no policy holds it any more."""


class EnvelopeKind(StrEnum):
    """By which operation a refund's transaction gives the money back."""

    PAYMENT = "payment"
    """Straight into the payer's account."""

    CLAIMABLE_BALANCE = "claimable_balance"
    """Set aside on the ledger for a payer whose account cannot take it now; ours again if nobody claims it."""


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
    kind: EnvelopeKind = EnvelopeKind.PAYMENT
    balance_id: str | None = None
    """The claimable balance it makes, whenever it is applied; None for a payment."""

    reclaimable_at: datetime | None = None
    """From when on, at the latest, that balance may be taken back; None for a payment."""

    applied_hash: str | None = None
    """The hash under which it stands in the ledger: that of the fee bump around it, where one was needed."""

    refused: Sequence[str] = ()
    """The codes by which the network last refused it for a reason that does not pass; proves nothing by itself."""


class FeeBump(BaseModel):
    """A higher bid for a signed refund: the treasury's own envelope around it, which leaves it as it is.

    It is valid for as long as what it wraps, and uses the same sequence number: either is applied, never both.
    """

    model_config = ConfigDict(frozen=True)

    transaction_hash: str
    inner_hash: str
    envelope_xdr: str
    fee: int
    """What is bid for each operation, in stroops of XLM."""


@dataclass(frozen=True, kw_only=True)
class RefundPast:
    """What was tried for a refund at its present destination, and moved nothing."""

    failures: Sequence[Sequence[str]] = ()
    """The result codes of what failed in a ledger, oldest first."""

    deaths: int = 0
    """How many envelopes were never taken into a ledger."""


class BalanceState(StrEnum):
    """What became of a claimable balance that a refund was set aside in."""

    OPEN = "open"
    """On the ledger; its payer may claim it, and from a certain moment on we may, too."""

    CLAIMED = "claimed"
    """Gone from the ledger, and not to us. Terminal."""

    RECLAIMED = "reclaimed"
    """Taken back by us. Terminal."""


class SetAside(BaseModel):
    """A refund that waits on the ledger to be claimed."""

    model_config = ConfigDict(frozen=True)

    balance_id: str
    refund_id: str
    operation_id: str
    claimant: str
    amount: Stroops
    created_ledger: int
    reclaimable_at: datetime
    state: BalanceState


class RefundPaid(BaseModel):
    """The ledger applied the refund."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["paid"] = "paid"
    transaction_hash: str
    amount: Stroops
    balance_id: str | None = None
    """The claimable balance it waits in; None where it went straight to the payer."""


class RefundHeld(BaseModel):
    """The refund cannot be sent as things stand; nothing of it is in flight."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["held"] = "held"
    reason: str
    """For the operator."""


RefundAnswer = Annotated[RefundPaid | RefundHeld, Field(discriminator="kind")]
