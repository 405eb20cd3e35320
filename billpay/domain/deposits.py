"""One incoming cNGN payment operation, and what is to be done with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from billpay.domain.money import Kobo, Stroops, in_stroops, spoken_cngn
from billpay.domain.orders import Order

NO_MEMO = "none"
"""The ledger's word for a transaction without any memo."""


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


class ReturnPolicy(StrEnum):
    """What is done with a deposit that pays for nothing."""

    REFUND = "refund"
    """It goes back by itself."""

    HOLD = "hold"
    """It goes back when a person lets it go."""


class ExcessPolicy(StrEnum):
    """What is done with what came above the due."""

    REFUND = "refund"
    """It goes back by itself, once the bill is paid."""

    KEEP = "keep"
    """It is ours, and its payer is told."""

    HOLD = "hold"
    """It goes back when a person lets it go."""


class DustPolicy(StrEnum):
    """What is done with a deposit of dust that pays for nothing."""

    KEEP = "keep"
    """It is ours at once, and nobody is told: a message costs more than it is worth."""

    REFUND = "refund"
    """It goes back like any other stray deposit."""


class DepositPolicy(BaseModel):
    """What we do with deposits that do not fit; settings with these defaults."""

    model_config = ConfigDict(frozen=True)

    dust: Stroops = in_stroops(Kobo(100))
    """What is at most this (one naira) is not worth sending back: an excess, or a deposit that pays for nothing."""

    late_limit: timedelta = timedelta(days=1)
    """How old an order may be when its payment arrives; beyond, prices are no longer believed."""

    short: ReturnPolicy = ReturnPolicy.REFUND
    """Less came than was due."""

    late: ReturnPolicy = ReturnPolicy.REFUND
    """It came too long after the order expired."""

    duplicate: ReturnPolicy = ReturnPolicy.REFUND
    """Its order was paid already."""

    unmatched: ReturnPolicy = ReturnPolicy.REFUND
    """It names no order, none of ours, or two."""

    over: ExcessPolicy = ExcessPolicy.REFUND
    """More came than was due, and more than dust."""

    dusty: DustPolicy = DustPolicy.KEEP
    """Dust came that pays for nothing."""

    def hold_stray(self, reason: StrayReason) -> str | None:
        """Say why a stray deposit waits for a person; None where it goes back by itself."""
        match reason:
            case StrayReason.DUPLICATE:
                return _hold(self.duplicate, "BILL_PROCESSOR_DUPLICATE_POLICY")
            case StrayReason.DUST:
                return None
            case _:
                return _hold(self.unmatched, "BILL_PROCESSOR_UNMATCHED_POLICY")


def _hold(policy: ReturnPolicy, name: str) -> str | None:
    return f"{name} holds it for a person" if policy is ReturnPolicy.HOLD else None


class Named(BaseModel):
    """An order that a credit names, as far as matching needs it."""

    model_config = ConfigDict(frozen=True)

    transaction_id: UUID
    due: Stroops
    is_payable: bool
    """Whether nobody has paid it yet."""


class Match(BaseModel):
    """What a credit is for."""

    model_config = ConfigDict(frozen=True)

    transaction_id: UUID | None
    """The order it names; None where that is no order, or not one alone."""

    stray_reason: StrayReason | None
    """Why it does not claim that order; None where it does."""

    disposition: Disposition = Disposition.PENDING


def match_credit(credit: Credit, orders: Sequence[Named], policy: DepositPolicy) -> Match:
    """Decide which order a credit claims, or why none, from the orders that its memo and its alias name.

    Dust claims nothing unless it is all that is due: whoever sends a trifle to somebody's memo must not use the order
    up, and the payment proper still finds it unpaid.
    """
    order = orders[0] if len(orders) == 1 else None
    reason = _stray_reason(credit, orders)
    is_short = order is not None and credit.amount < order.due
    if credit.amount <= policy.dust and (reason or is_short):
        reason = StrayReason.DUST
    is_kept = reason is StrayReason.DUST and policy.dusty is DustPolicy.KEEP
    return Match(
        transaction_id=order.transaction_id if order else None,
        stray_reason=reason,
        disposition=Disposition.KEPT if is_kept else Disposition.PENDING,
    )


def _stray_reason(credit: Credit, orders: Sequence[Named]) -> StrayReason | None:
    if len(orders) > 1:
        return StrayReason.CONTRADICTORY
    if orders:
        return None if orders[0].is_payable else StrayReason.DUPLICATE
    is_silent = credit.memo is None and credit.alias is None and credit.memo_type == NO_MEMO
    # A hash names nothing of ours; a return memo is somebody's refund to us.
    return StrayReason.NO_MEMO if is_silent else StrayReason.UNKNOWN_MEMO


class PayTheBill(BaseModel):
    """The deposit covers the order."""

    kind: Literal["pay"] = "pay"
    excess: Stroops
    """To be returned after delivery; zero where there is none above dust."""

    kept: Stroops = Stroops(0)
    """What came above the due and is ours by policy; dust is not counted."""

    hold: str | None = None
    """Why a person must let the excess go first; None where it goes by itself."""


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
            reason=f"{spoken_cngn(credit.amount)} arrived, {spoken_cngn(order.due)} was due",
            hold=_hold(policy.short, "BILL_PROCESSOR_SHORT_POLICY"),
        )
    if credit.closed_at > order.expires_at and (
        credit.closed_at - order.created_at > policy.late_limit
    ):
        return ReturnIt(
            reason="the payment arrived too long after the order expired",
            hold=_hold(policy.late, "BILL_PROCESSOR_LATE_POLICY"),
        )
    return weigh(order, credit, policy)


def weigh(order: Order, credit: Credit, policy: DepositPolicy) -> PayTheBill:
    """Decide what becomes of what came above the due.

    The policy is about what the customer sent too much. What the price fell by since the order is owed back whatever
    the policy; nobody asked the customer for less.
    """
    excess = _unless_dust(credit.amount - order.due, policy)
    came_above = _unless_dust(credit.amount - order.due - in_stroops(order.price_fell_by), policy)
    if not came_above or policy.over is ExcessPolicy.REFUND:
        return PayTheBill(excess=excess)
    if policy.over is ExcessPolicy.HOLD:
        return PayTheBill(excess=excess, hold="BILL_PROCESSOR_OVER_POLICY holds it for a person")
    return PayTheBill(excess=_unless_dust(in_stroops(order.price_fell_by), policy), kept=came_above)


def _unless_dust(amount: int, policy: DepositPolicy) -> Stroops:
    return Stroops(amount if amount > policy.dust else 0)
