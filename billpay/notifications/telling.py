"""Which words fit a payment as it stands. Pure: the same records always give the same text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from billpay.domain.attempts import Attempt
from billpay.domain.deposits import Deposit, Disposition, StrayReason
from billpay.domain.messages import MessageKind
from billpay.domain.money import Stroops
from billpay.domain.orders import OrderRow
from billpay.domain.outcomes import Declined, Receipt, Settled, Whose
from billpay.domain.refunds import Refund, RefundPurpose, RefundStatus, SetAside
from billpay.domain.statuses import BillStatus
from billpay.notifications import wording
from billpay.notifications.bill import Bill, bill_of
from billpay.notifications.wording import Advice, Text

_UNPAID = frozenset({BillStatus.PENDING_PAYMENT, BillStatus.EXPIRED})
_GOING_BACK = frozenset({BillStatus.REFUND_INITIATED, BillStatus.REFUND_PROCESSING})


@dataclass(frozen=True, kw_only=True)
class PaidOrder:
    """What the records say of an order and the deposit that claims it."""

    row: OrderRow
    deposit: Deposit | None
    """None while nobody has paid."""

    statuses: frozenset[BillStatus]
    """Every status it has been in."""

    attempts: Sequence[Attempt]
    refunds: Sequence[Refund]
    provider_reference: str | None
    receipt: Receipt | None = field(repr=False)
    waiting: SetAside | None = None
    """The balance in which its refund waits to be claimed; None where the money arrived."""


@dataclass(frozen=True, kw_only=True)
class StrayDeposit:
    """What the records say of a deposit that claims no order."""

    deposit: Deposit
    refunds: Sequence[Refund]
    waiting: SetAside | None = None
    """As `PaidOrder.waiting`."""


def fitting(paid: PaidOrder) -> MessageKind | None:
    """Choose what to tell of an order now; None where no money of its customer is here."""
    status = paid.row.status
    if status in _UNPAID:
        return None
    if status is BillStatus.COMPLETED:
        return MessageKind.COMPLETED
    if status is BillStatus.REFUNDED:
        return MessageKind.REFUNDED
    is_in_doubt = any(not isinstance(attempt.outcome, Settled) for attempt in paid.attempts)
    if status is BillStatus.NEEDS_REVIEW and not is_in_doubt:
        return MessageKind.HELD
    return MessageKind.STILL_CONFIRMING


def words(paid: PaidOrder, kind: MessageKind) -> Text:
    """Write a message about an order.

    Raises:
        LookupError: it tells of a refund, or of an excess, that there is not.
    """
    bill = bill_of(paid.row)
    match kind:
        case MessageKind.COMPLETED:
            return wording.completed(bill, paid.receipt, paid.provider_reference)
        case MessageKind.REFUNDED:
            refund = _refund(paid.refunds, RefundPurpose.WHOLE)
            own = refund.destination == paid.row.wallet_address
            return wording.refunded(
                bill, refund, _advice(paid, bill), is_own_wallet=own, waiting=paid.waiting
            )
        case MessageKind.EXCESS_REFUNDED:
            refund = _refund(paid.refunds, RefundPurpose.EXCESS)
            return wording.excess_refunded(bill, refund, paid.waiting)
        case MessageKind.EXCESS_KEPT:
            return wording.excess_kept(bill, _excess(paid))
        case MessageKind.HELD:
            return _held(paid, bill)
        case MessageKind.STILL_CONFIRMING:
            is_going_back = paid.row.status in _GOING_BACK
            return (wording.refund_under_way if is_going_back else wording.still_confirming)(bill)


def fitting_stray(stray: StrayDeposit) -> MessageKind:
    """Choose what to tell of a stray deposit now."""
    if any(refund.status is RefundStatus.PAID for refund in stray.refunds):
        return MessageKind.REFUNDED
    is_held = stray.deposit.disposition is Disposition.HELD
    return MessageKind.HELD if is_held else MessageKind.STILL_CONFIRMING


def stray_words(stray: StrayDeposit, kind: MessageKind) -> Text:
    """Write a message about a stray deposit.

    Raises:
        LookupError: it tells of a refund that there is not.
    """
    amount = stray.deposit.credit.amount
    match kind:
        case MessageKind.REFUNDED:
            reason = stray.deposit.stray_reason or StrayReason.UNKNOWN_MEMO
            refund = _refund(stray.refunds, RefundPurpose.WHOLE)
            return wording.stray_refunded(refund, reason, stray.waiting)
        case MessageKind.HELD:
            return wording.stray_held(amount)
        case _:
            return wording.stray_refund_under_way(amount)


def _refund(refunds: Sequence[Refund], purpose: RefundPurpose) -> Refund:
    for refund in refunds:
        if refund.purpose is purpose:
            return refund
    raise LookupError(f"there is no refund ({purpose}) to tell of")


def _held(paid: PaidOrder, bill: Bill) -> Text:
    """Of an order that is delivered only the excess can be held."""
    if paid.row.status is BillStatus.COMPLETED:
        return wording.excess_held(bill, _excess(paid))
    return wording.held(bill)


def _excess(paid: PaidOrder) -> Stroops:
    """Answer what the customer sent above what the order asked for."""
    if paid.deposit is None:
        raise LookupError("nobody has paid the order: it has no excess to tell of")
    return Stroops(paid.deposit.credit.amount - paid.row.due)


def _advice(paid: PaidOrder, bill: Bill) -> Advice:
    """Advise by what is at fault: the account, the order, the deposit, or nothing of the customer's."""
    outcomes = [attempt.outcome for attempt in paid.attempts]
    if BillStatus.ACCOUNT_INVALID in paid.statuses:
        return Advice.CHECK_ACCOUNT
    if not bill.is_servable or any(
        isinstance(outcome, Declined) and outcome.whose is Whose.CUSTOMER for outcome in outcomes
    ):
        return Advice.CHECK_ORDER
    if BillStatus.VERIFYING_ACCOUNT not in paid.statuses and _misses(paid):
        return Advice.ORDER_AGAIN
    return Advice.TRY_LATER


def _misses(paid: PaidOrder) -> bool:
    """Whether the deposit came short or late."""
    if paid.deposit is None:
        return False
    credit = paid.deposit.credit
    return credit.amount < paid.row.due or credit.closed_at > paid.row.expires_at
