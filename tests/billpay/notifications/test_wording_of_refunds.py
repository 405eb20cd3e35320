"""What a customer reads of a refund, of waiting and of a deposit without an order, word for word."""

from datetime import UTC, datetime

import pytest

from billpay.domain.deposits import StrayReason
from billpay.domain.money import cngn
from billpay.domain.refunds import BalanceState, RefundPurpose, SetAside
from billpay.domain.summaries import NO_PROVIDER, stray_reason
from billpay.notifications import wording
from billpay.notifications.wording import Advice
from tests.billpay.notifications.conftest import reads

BALANCE = "0" * 72
WAITS = (
    "Your wallet could not take the payment, so 5,030 cNGN wait for you on the network: claim them with your wallet by "
    f"01 April 2026 (claimable balance {BALANCE}). After that, please contact us."
)


@pytest.fixture
def waiting() -> SetAside:
    """A refund that was set aside on the ledger."""
    return SetAside(
        balance_id=BALANCE,
        refund_id="refund-1-whole",
        operation_id="1",
        claimant="G...",
        amount=cngn("5030"),
        created_ledger=7,
        reclaimable_at=datetime(2026, 3, 31, 23, 30, tzinfo=UTC),
        state=BalanceState.OPEN,
    )


def test_a_refund_with_its_reason(bill, refund):
    assert reads(
        wording.refunded(
            bill(account="9999999999"),
            refund("5000", "Meter number not found"),
            Advice.CHECK_ACCOUNT,
            is_own_wallet=True,
        ),
        "Bill Payment Failed - Refund Processed",
        """
        We couldn't complete your bill payment.

        Provider: EKEDC
        Account: 9999999999
        Amount Refunded: 5,000 cNGN
        Reason: Meter number not found

        Your cNGN has been refunded to your wallet.
        Please verify your meter number and try again.
        """,
    )


def test_a_refund_after_all_attempts(bill, refund):
    assert reads(
        wording.refunded(
            bill("cable_tv", "1234567890", "1000", provider_code="dstv"),
            refund("1000", NO_PROVIDER),
            Advice.TRY_LATER,
            is_own_wallet=True,
        ),
        "Bill Payment Failed - Refund Processed",
        """
        We couldn't complete your bill payment after multiple attempts.
        Your ₦1,000 has been refunded.
        Please try again later.
        """,
    )


@pytest.mark.parametrize(
    ("amount", "spoken"), [("5030.5", "₦5,030.50"), ("1000.0000001", "1,000.0000001 cNGN")]
)
def test_a_refund_is_told_exactly_whatever_came(bill, refund, amount, spoken):
    text = wording.refunded(
        bill(), refund(amount, NO_PROVIDER), Advice.TRY_LATER, is_own_wallet=True
    )
    assert f"Your {spoken} has been refunded." in text.body


@pytest.mark.parametrize(
    ("facts", "advice", "sentence"),
    [
        (
            ("airtime", "08012345678", "500", "mtn"),
            Advice.CHECK_ACCOUNT,
            "Please verify your phone number and try again.",
        ),
        (
            ("cable_tv", "1234567890", "500", "dstv"),
            Advice.CHECK_ACCOUNT,
            "Please verify your smart card number and try again.",
        ),
        (
            ("cable_tv", "1234567890", "500", "dstv", "dstv79"),
            Advice.CHECK_ACCOUNT,
            "Please verify your smart card number and package and try again.",
        ),
        (
            ("data", "08012345678", "500", "mtn", "mtn-500"),
            Advice.CHECK_ACCOUNT,
            "Please verify your phone number and plan and try again.",
        ),
        (
            ("airtime", "08012345678", "5", "mtn"),
            Advice.CHECK_ORDER,
            "Please check your order and try again.",
        ),
        (
            ("airtime", "08012345678", "500", "mtn"),
            Advice.ORDER_AGAIN,
            "Please place a new order and send the amount it asks for in time.",
        ),
        (("airtime", "08012345678", "500", "mtn"), Advice.TRY_LATER, "Please try again later."),
    ],
)
def test_a_refund_ends_with_what_to_do(bill, refund, facts, advice, sentence):
    bill_type, account, due, biller, *product = facts
    metadata = {"provider_code": biller} | ({"variation_code": product[0]} if product else {})
    text = wording.refunded(
        bill(bill_type, account, due, **metadata),
        refund(due, "it did not work."),
        advice,
        is_own_wallet=True,
    )
    assert text.body.splitlines()[-1] == sentence
    assert "Reason: It did not work\n" in text.body


def test_money_from_another_wallet_goes_back_there_and_says_so(bill, refund):
    """I9."""
    text = wording.refunded(
        bill(), refund("10", "4 cNGN arrived"), Advice.ORDER_AGAIN, is_own_wallet=False
    )
    assert "Your cNGN has been refunded to the wallet it came from." in text.body


def test_an_excess_goes_back_after_the_bill_was_paid(bill, refund):
    assert reads(
        wording.excess_refunded(
            bill(), refund("1970.5", "more arrived than was due", RefundPurpose.EXCESS)
        ),
        "Extra cNGN Refunded - ₦5,000 EKEDC",
        """
        You sent more cNGN than your bill needed.

        Provider: EKEDC
        Account: 1234567890
        Amount Refunded: 1,970.5 cNGN
        Reason: More arrived than was due

        Your bill has been paid, and the rest has been refunded to your wallet.
        """,
    )


@pytest.mark.parametrize("reason", [NO_PROVIDER, "Meter number not found"])
def test_a_refund_that_waits_to_be_claimed_says_where_and_until_when(bill, refund, waiting, reason):
    """I9: nobody is told that money has arrived which their wallet could not take."""
    text = wording.refunded(
        bill(), refund("5030", reason), Advice.TRY_LATER, is_own_wallet=True, waiting=waiting
    )
    assert WAITS in text.body
    assert "has been refunded" not in text.body


def test_an_excess_and_a_stray_that_wait_say_so_too(bill, refund, waiting):
    excess = refund("7", "more arrived than was due", RefundPurpose.EXCESS)
    stray = refund("100", "the payment carried no memo")
    for text in (
        wording.excess_refunded(bill(), excess, waiting),
        wording.stray_refunded(stray, StrayReason.NO_MEMO, waiting),
    ):
        assert WAITS in text.body
        assert "has been refunded" not in text.body


# Waiting


def test_a_payment_in_doubt_promises_that_nothing_is_lost(bill):
    assert reads(
        wording.still_confirming(bill()),
        "Bill Payment Still Being Confirmed - ₦5,000 EKEDC",
        """
        Your bill payment is taking longer than usual.

        Provider: EKEDC
        Account: 1234567890
        Amount: ₦5,000
        Status: Being confirmed

        Nothing is lost: your bill will be paid, or your cNGN will be refunded.
        You do not need to do anything.
        """,
    )


def test_a_payment_that_a_person_looks_after(bill):
    assert reads(
        wording.held(bill()),
        "Bill Payment Under Review - ₦5,000 EKEDC",
        """
        Your bill payment needs a closer look.

        Provider: EKEDC
        Account: 1234567890
        Amount: ₦5,000
        Status: Under review

        One of us is looking after it, and your money is safe.
        You do not need to do anything.
        """,
    )


def test_a_refund_that_is_not_in_the_ledger_yet(bill):
    assert reads(
        wording.refund_under_way(bill()),
        "Bill Payment Failed - Refund On Its Way",
        """
        We couldn't complete your bill payment.

        Provider: EKEDC
        Account: 1234567890
        Status: Refund on its way

        Your cNGN is on its way back to your wallet.
        You do not need to do anything.
        """,
    )


# Deposits without an order


def test_money_without_an_order_goes_back_with_a_hint(refund):
    assert reads(
        wording.stray_refunded(refund("100", "the payment carried no memo"), StrayReason.NO_MEMO),
        "Payment Not Used - Refund Processed",
        """
        We couldn't use your payment for a bill.

        Amount Refunded: 100 cNGN
        Reason: The payment carried no memo

        Your cNGN has been refunded to your wallet.
        Please send it again with the memo of your order.
        """,
    )


def test_whoever_paid_twice_is_not_asked_to_pay_again(refund):
    text = wording.stray_refunded(
        refund("100", "the order had already been paid"), StrayReason.DUPLICATE
    )
    assert text.body.endswith("Your cNGN has been refunded to your wallet.")


def test_money_without_an_order_that_cannot_go_back_yet():
    amount = cngn("100")
    assert "Status: Refund on its way" in wording.stray_refund_under_way(amount).body
    assert "Status: Under review" in wording.stray_held(amount).body


def test_an_excess_that_is_kept(bill):
    assert reads(
        wording.excess_kept(bill(), cngn("970")),
        "Extra cNGN Received - ₦5,000 EKEDC",
        """
        You sent more cNGN than your bill needed.

        Provider: EKEDC
        Account: 1234567890
        Extra Amount: 970 cNGN
        Status: Not refunded

        Your bill has been paid. Extra amounts are kept; please contact us about yours.
        """,
    )


def test_an_excess_that_a_person_looks_after(bill):
    assert reads(
        wording.excess_held(bill(), cngn("970")),
        "Extra cNGN Under Review - ₦5,000 EKEDC",
        """
        You sent more cNGN than your bill needed.

        Provider: EKEDC
        Account: 1234567890
        Extra Amount: 970 cNGN
        Status: Under review

        Your bill has been paid. One of us is looking after the rest, and it is safe.
        You do not need to do anything.
        """,
    )


def test_dust_that_went_back_is_not_to_be_sent_again(refund):
    text = wording.stray_refunded(refund("0.5", stray_reason(StrayReason.DUST)), StrayReason.DUST)
    assert "too small" in text.body
    assert "again" not in text.body
