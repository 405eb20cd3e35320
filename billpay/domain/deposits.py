"""One incoming cNGN payment operation, and what is to be done with it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from billpay.domain.money import Kobo, Stroops, in_stroops, spoken_cngn
from billpay.domain.orders import Order


class Credit(BaseModel):
    """A credit of cNGN to the treasury, as the ledger states it."""

    model_config = ConfigDict(frozen=True)

    operation_id: str
    """The ledger's own name for the operation (SEP-35 total order id), the unit of idempotency."""

    paging_token: str
    transaction_hash: str
    ledger: int
    closed_at: datetime
    payer: str
    """Who the refund would go to: the operation's source, multiplexed where the payer is."""

    amount: Stroops
    memo: bytes | None
    """Raw bytes of a text memo; None where there is none or it is of another type."""

    memo_type: str
    alias: int | None = None
    """The number by which it names an order, for payers who cannot send text: the id of the multiplexed destination,
    else a memo of the kind `id`; None where there is neither."""


class Disposition(StrEnum):
    """Where a deposit's money is."""

    PENDING = "pending"
    """Recorded; its workflow decides."""

    DELIVERED = "delivered"
    """Spent on the bill it was sent for."""

    REFUNDED = "refunded"
    """Returned to its payer."""

    HELD = "held"
    """Kept for a person, who has been told."""

    KEPT = "kept"
    """Dust that claims no order: ours by policy, without a workflow."""


class StrayReason(StrEnum):
    """Why a deposit claims no order."""

    NO_MEMO = "no_memo"
    UNKNOWN_MEMO = "unknown_memo"
    DUPLICATE = "duplicate"
    CONTRADICTORY = "contradictory"
    """Its memo names one order and its destination another: nobody guesses."""

    DUST = "dust"
    """So little that sending it back costs more than it is worth."""


class Deposit(BaseModel):
    """A recorded credit, and the order it claims, if any."""

    model_config = ConfigDict(frozen=True)

    credit: Credit
    transaction_id: UUID | None
    """The order its memo names; None for a stray one."""

    stray_reason: StrayReason | None
    """None exactly when the deposit claims its order."""

    disposition: Disposition


class DepositPolicy(BaseModel):
    """What we do with deposits that do not fit; settings with these defaults."""

    model_config = ConfigDict(frozen=True)

    dust: Stroops = in_stroops(Kobo(100))
    """An excess up to this (one naira) is kept: sending it back costs more than it is worth."""

    late_limit: timedelta = timedelta(days=1)
    """How old an order may be when its payment arrives; beyond, prices are no longer believed."""


class PayTheBill(BaseModel):
    """The deposit covers the order."""

    kind: Literal["pay"] = "pay"
    excess: Stroops
    """To be returned after delivery; zero where there is none above dust."""


class ReturnIt(BaseModel):
    """The deposit cannot pay the order and goes back."""

    kind: Literal["return"] = "return"
    reason: str
    """In the customer's words."""

    hold: str | None = None
    """Why a person must let it go first: a policy, in the operator's words; None where it goes by itself."""


def assess(order: Order, credit: Credit, policy: DepositPolicy) -> PayTheBill | ReturnIt:
    """Decide what a deposit that claims an order is good for.

    Judged by the ledger's close time alone: wall clocks may differ, the ledger's order does not.
    """
    if credit.amount < order.due:
        return ReturnIt(
            reason=f"{spoken_cngn(credit.amount)} arrived, {spoken_cngn(order.due)} was due"
        )
    if credit.closed_at > order.expires_at and (
        credit.closed_at - order.created_at > policy.late_limit
    ):
        return ReturnIt(reason="the payment arrived too long after the order expired")
    return PayTheBill(excess=excess_of(order, credit, policy))


def excess_of(order: Order, credit: Credit, policy: DepositPolicy) -> Stroops:
    """Answer what is to be returned after delivery: what came above the due, unless it is dust."""
    excess = Stroops(credit.amount - order.due)
    return excess if excess > policy.dust else Stroops(0)
