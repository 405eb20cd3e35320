"""Every text that a customer reads, in one file. The same facts always give the same text.

Words and layout of a delivery and of a failure are given; the others speak in the same voice. A line whose fact we do
not know is left out: nothing is invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from billpay.domain.bills import BillType
from billpay.domain.deposits import StrayReason
from billpay.domain.ids import LAGOS
from billpay.domain.money import Stroops, in_kobo, spoken_cngn, spoken_naira
from billpay.domain.outcomes import Receipt
from billpay.domain.refunds import Refund, SetAside
from billpay.domain.summaries import NO_PROVIDER
from billpay.domain.tokens import spoken_token
from billpay.notifications.bill import Bill

_FAILED = "Bill Payment Failed - Refund Processed"
_NOTHING_TO_DO = "You do not need to do anything."


@dataclass(frozen=True, kw_only=True)
class Text:
    """A message without its envelope."""

    subject: str
    body: str = field(repr=False)
    """May hold a token."""


class Advice(Enum):
    """What a customer should do about a bill that was not paid."""

    CHECK_ACCOUNT = "check the account"
    CHECK_ORDER = "check the order"
    ORDER_AGAIN = "order again"
    TRY_LATER = "try later"


def completed(bill: Bill, receipt: Receipt | None, reference: str | None) -> Text:
    """Tell that the bill is paid, with the token where there is one."""
    match bill.bill_type:
        case BillType.ELECTRICITY:
            if receipt is not None and receipt.token is not None:
                return _token(bill, receipt)
            return _electricity_without_token(bill, reference)
        case BillType.AIRTIME:
            return _airtime(bill)
        case BillType.DATA:
            return _data(bill)
        case BillType.CABLE_TV:
            return _subscription(bill)


def refunded(
    bill: Bill,
    refund: Refund,
    advice: Advice,
    *,
    is_own_wallet: bool,
    waiting: SetAside | None = None,
) -> Text:
    """Tell that the bill was not paid and the money went back.

    `is_own_wallet`: to the wallet of the order; `waiting`: to be claimed on the network, since no payment arrives.
    """
    gone_back = _gone_back(is_own_wallet=is_own_wallet, waiting=waiting)
    if refund.reason == NO_PROVIDER:
        spoken = f"Your {_spoken_refund(refund.amount)} has been refunded."
        return Text(
            subject=_FAILED,
            body=_paragraphs(
                [
                    "We couldn't complete your bill payment after multiple attempts.",
                    gone_back if waiting else spoken,
                    _advice(advice, bill),
                ]
            ),
        )
    return Text(
        subject=_FAILED,
        body=_paragraphs(
            ["We couldn't complete your bill payment."],
            [*_about(bill), *_returned(refund)],
            [gone_back, _advice(advice, bill)],
        ),
    )


def excess_refunded(bill: Bill, refund: Refund, waiting: SetAside | None = None) -> Text:
    """Tell that the bill is paid and the rest went back."""
    gone = ["Your bill has been paid, and the rest has been refunded to your wallet."]
    return Text(
        subject=f"Extra cNGN Refunded - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["You sent more cNGN than your bill needed."],
            [*_about(bill), *_returned(refund)],
            ["Your bill has been paid.", _waits(waiting)] if waiting else gone,
        ),
    )


def excess_kept(bill: Bill, amount: Stroops) -> Text:
    """Tell that the bill is paid and that the rest stays with us."""
    return Text(
        subject=f"Extra cNGN Received - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["You sent more cNGN than your bill needed."],
            [*_about(bill), f"Extra Amount: {spoken_cngn(amount)}", "Status: Not refunded"],
            ["Your bill has been paid. Extra amounts are kept; please contact us about yours."],
        ),
    )


def excess_held(bill: Bill, amount: Stroops) -> Text:
    """Tell that the bill is paid and that a person looks after the rest."""
    return Text(
        subject=f"Extra cNGN Under Review - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["You sent more cNGN than your bill needed."],
            [*_about(bill), f"Extra Amount: {spoken_cngn(amount)}", "Status: Under review"],
            [
                "Your bill has been paid. One of us is looking after the rest, and it is safe.",
                _NOTHING_TO_DO,
            ],
        ),
    )


def still_confirming(bill: Bill) -> Text:
    """Tell that it takes longer than usual, and that nothing is lost."""
    return Text(
        subject=f"Bill Payment Still Being Confirmed - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["Your bill payment is taking longer than usual."],
            [*_about(bill), f"Amount: {bill.amount}", "Status: Being confirmed"],
            [
                "Nothing is lost: your bill will be paid, or your cNGN will be refunded.",
                _NOTHING_TO_DO,
            ],
        ),
    )


def refund_under_way(bill: Bill) -> Text:
    """Tell that the bill was not paid and the money is on its way."""
    return Text(
        subject="Bill Payment Failed - Refund On Its Way",
        body=_paragraphs(
            ["We couldn't complete your bill payment."],
            [*_about(bill), "Status: Refund on its way"],
            ["Your cNGN is on its way back to your wallet.", _NOTHING_TO_DO],
        ),
    )


def held(bill: Bill) -> Text:
    """Tell that a person looks after the payment."""
    return Text(
        subject=f"Bill Payment Under Review - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["Your bill payment needs a closer look."],
            [*_about(bill), f"Amount: {bill.amount}", "Status: Under review"],
            ["One of us is looking after it, and your money is safe.", _NOTHING_TO_DO],
        ),
    )


def stray_refunded(refund: Refund, reason: StrayReason, waiting: SetAside | None = None) -> Text:
    """Tell whoever paid that their money belonged to no order and went back."""
    is_unmatched = reason not in (StrayReason.DUPLICATE, StrayReason.DUST)
    return Text(
        subject="Payment Not Used - Refund Processed",
        body=_paragraphs(
            ["We couldn't use your payment for a bill."],
            _returned(refund),
            [
                _gone_back(is_own_wallet=True, waiting=waiting),
                *(["Please send it again with the memo of your order."] if is_unmatched else []),
            ],
        ),
    )


def stray_refund_under_way(amount: Stroops) -> Text:
    """Tell whoever paid that their money is on its way back."""
    return Text(
        subject="Payment Not Used - Refund On Its Way",
        body=_paragraphs(
            ["We couldn't use your payment for a bill."],
            [f"Amount: {spoken_cngn(amount)}", "Status: Refund on its way"],
            ["Your cNGN is on its way back to your wallet.", _NOTHING_TO_DO],
        ),
    )


def stray_held(amount: Stroops) -> Text:
    """Tell whoever paid that a person looks after their money."""
    return Text(
        subject="Payment Under Review",
        body=_paragraphs(
            ["We couldn't use your payment for a bill."],
            [f"Amount: {spoken_cngn(amount)}", "Status: Under review"],
            ["One of us is looking after it, and your money is safe.", _NOTHING_TO_DO],
        ),
    )


def _token(bill: Bill, receipt: Receipt) -> Text:
    """Lead with what must be entered, in the order in which the meter wants it."""
    key_changes = receipt.key_change_tokens
    tokens = [
        *(
            f"Key Change Token {position}: {spoken_token(token)}"
            for position, token in enumerate(key_changes, start=1)
        ),
        *([f"Token: {spoken_token(receipt.token)}"] if receipt.token else []),
        *([f"Bonus Token: {spoken_token(receipt.bonus_token)}"] if receipt.bonus_token else []),
    ]
    enter = (
        "this token on your meter"
        if len(tokens) == 1
        else "these tokens in this order on your meter"
    )
    return Text(
        subject=f"Electricity Token - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["Your electricity payment was successful!"],
            [
                f"Meter: {bill.account}",
                f"Amount: {bill.amount}",
                *tokens,
                *([f"Units: {receipt.units}"] if receipt.units else []),
                f"Enter {enter} to load electricity.",
            ],
        ),
    )


def _electricity_without_token(bill: Bill, reference: str | None) -> Text:
    """A postpaid bill, or a prepaid one whose delivery a person has vouched for."""
    missing = "If your meter has not been credited, please contact us."
    return Text(
        subject=f"Electricity Payment - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["Your electricity payment was successful!"],
            [
                f"Meter: {bill.account}",
                f"Amount: {bill.amount}",
                "Status: Paid",
                *([f"Reference: {reference}"] if reference else []),
                *([missing] if bill.wants_token else []),
            ],
        ),
    )


def _airtime(bill: Bill) -> Text:
    return Text(
        subject=f"Airtime Delivered - {bill.amount} {bill.biller}",
        body=_paragraphs(
            ["Your airtime has been delivered!"],
            [
                f"Phone: {bill.account}",
                f"Amount: {bill.amount} {bill.biller} Airtime",
                "Status: Delivered",
            ],
        ),
    )


def _data(bill: Bill) -> Text:
    plan = bill.product or bill.amount
    return Text(
        subject=f"Data Activated - {plan} {bill.biller}",
        body=_paragraphs(
            ["Your data bundle is now active!"],
            [
                f"Phone: {bill.account}",
                f"Plan: {plan}",
                *([f"Valid for: {bill.validity}"] if bill.validity else []),
            ],
        ),
    )


def _subscription(bill: Bill) -> Text:
    has_decoder = bill.account_kind == "smart card"
    return Text(
        subject=f"{bill.biller} Subscription Renewed",
        body=_paragraphs(
            [f"Your {bill.biller} subscription has been renewed!"],
            [
                f"{bill.account_kind.title()}: {bill.account}",
                *([f"Package: {bill.product}"] if bill.product else []),
                f"Amount: {bill.amount}",
                *(["Your decoder should be active within 5 minutes."] if has_decoder else []),
            ],
        ),
    )


def _about(bill: Bill) -> list[str]:
    return [f"Provider: {bill.biller}", f"Account: {bill.account}"]


def _returned(refund: Refund) -> list[str]:
    reason = refund.reason[:1].upper() + refund.reason[1:].rstrip(".")
    return [f"Amount Refunded: {spoken_cngn(refund.amount)}", f"Reason: {reason}"]


def _gone_back(*, is_own_wallet: bool, waiting: SetAside | None) -> str:
    if waiting is not None:
        return _waits(waiting)
    wallet = "your wallet" if is_own_wallet else "the wallet it came from"
    return f"Your cNGN has been refunded to {wallet}."


def _waits(waiting: SetAside) -> str:
    """Tell whose wallet takes no payment where its money is, and until when."""
    until = waiting.reclaimable_at.astimezone(LAGOS)
    return (
        f"Your wallet could not take the payment, so {spoken_cngn(waiting.amount)} wait for you on the network: claim "
        f"them with your wallet by {until:%d %B %Y} (claimable balance {waiting.balance_id}). "
        "After that, please contact us."
    )


def _advice(advice: Advice, bill: Bill) -> str:
    match advice:
        case Advice.CHECK_ACCOUNT:
            chosen = f" and {bill.product_kind}" if bill.product_kind else ""
            return f"Please verify your {bill.account_kind} number{chosen} and try again."
        case Advice.CHECK_ORDER:
            return "Please check your order and try again."
        case Advice.ORDER_AGAIN:
            return "Please place a new order and send the amount it asks for in time."
        case Advice.TRY_LATER:
            return "Please try again later."


def _spoken_refund(amount: Stroops) -> str:
    """In naira, as the customer knows the bill; in cNGN where naira has no coin that small."""
    try:
        return spoken_naira(in_kobo(amount))
    except ValueError:
        return spoken_cngn(amount)


def _paragraphs(*paragraphs: Sequence[str]) -> str:
    return "\n\n".join("\n".join(lines) for lines in paragraphs)
