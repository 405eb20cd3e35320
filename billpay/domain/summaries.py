"""One line about a payment for operators; safe to keep in clear: accounts are masked."""

from billpay.domain.bills import BillType, biller_name
from billpay.domain.deposits import StrayReason
from billpay.domain.masking import masked_account, masked_phone
from billpay.domain.money import Stroops, spoken_cngn, spoken_naira
from billpay.domain.orders import Order

NO_PROVIDER = "no provider could complete the payment after multiple attempts"
"""What a customer reads when everybody was asked in vain; the one reason that has a message of its own."""

_WORDS = {
    BillType.ELECTRICITY: "electricity",
    BillType.AIRTIME: "airtime",
    BillType.DATA: "data",
    BillType.CABLE_TV: "TV subscription",
}

_STRAY = {
    StrayReason.NO_MEMO: "the payment carried no memo",
    StrayReason.UNKNOWN_MEMO: "the payment's memo names no order of ours",
    StrayReason.DUPLICATE: "the order had already been paid",
    StrayReason.CONTRADICTORY: "the payment's memo and its destination name different orders",
    StrayReason.DUST: "the payment is too small to be used for a bill",
}


def bill_title(order: Order) -> str:
    """Write `₦5,000 EKEDC electricity for 123****890`."""
    is_phone = order.bill_type in (BillType.AIRTIME, BillType.DATA)
    account = (masked_phone if is_phone else masked_account)(order.account_number)
    biller = biller_name(order.biller)
    return f"{spoken_naira(order.bill_amount)} {biller} {_WORDS[order.bill_type]} for {account}"


def stray_title(amount: Stroops, reason: StrayReason) -> str:
    """Write what arrived and why it goes back."""
    return f"{spoken_cngn(amount)} to return: {stray_reason(reason)}"


def stray_reason(reason: StrayReason) -> str:
    """Say why a deposit claims no order, in words its payer may read."""
    return _STRAY[reason]
