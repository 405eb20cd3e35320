"""The texts, word for word: whoever changes one changes what customers read."""

from textwrap import dedent

import pytest

from billpay.domain.deposits import StrayReason
from billpay.domain.money import cngn
from billpay.domain.outcomes import Receipt
from billpay.domain.refunds import RefundPurpose
from billpay.domain.tokens import Token
from billpay.notifications import wording
from billpay.notifications.wording import Advice, Text
from workflows.bill_payment import NO_PROVIDER

TOKEN = Token("12345678901234567890")


def receipt(token: Token | None = TOKEN, **more) -> Receipt:
    return Receipt(provider_reference="VT123456", token=token, **more)


def reads(text: Text, subject: str, body: str) -> bool:
    assert text.subject == subject
    assert text.body == dedent(body).strip()
    return True


# Deliveries


def test_a_token_is_told_whole_in_groups_of_four(bill):
    """I8."""
    assert reads(
        wording.completed(bill(), receipt(), "VT123456"),
        "Electricity Token - ₦5,000 EKEDC",
        """
        Your electricity payment was successful!

        Meter: 1234567890
        Amount: ₦5,000
        Token: 1234-5678-9012-3456-7890
        Enter this token on your meter to load electricity.
        """,
    )


def test_tokens_are_told_in_the_order_in_which_the_meter_wants_them(bill):
    several = receipt(
        key_change_tokens=(Token("1" * 20), Token("2" * 20)),
        bonus_token=Token("00000000000000000009"),
        units="79.9 kWh",
    )
    assert reads(
        wording.completed(bill(), several, "VT123456"),
        "Electricity Token - ₦5,000 EKEDC",
        """
        Your electricity payment was successful!

        Meter: 1234567890
        Amount: ₦5,000
        Key Change Token 1: 1111-1111-1111-1111-1111
        Key Change Token 2: 2222-2222-2222-2222-2222
        Token: 1234-5678-9012-3456-7890
        Bonus Token: 0000-0000-0000-0000-0009
        Units: 79.9 kWh
        Enter these tokens in this order on your meter to load electricity.
        """,
    )


def test_a_postpaid_bill_speaks_of_no_token(bill):
    assert reads(
        wording.completed(bill(account_type="POSTPAID"), receipt(None), "VT123456"),
        "Electricity Payment - ₦5,000 EKEDC",
        """
        Your electricity payment was successful!

        Meter: 1234567890
        Amount: ₦5,000
        Status: Paid
        Reference: VT123456
        """,
    )


def test_a_prepaid_delivery_vouched_for_by_a_person_says_what_to_do_without_a_token(bill):
    assert reads(
        wording.completed(bill(), None, None),
        "Electricity Payment - ₦5,000 EKEDC",
        """
        Your electricity payment was successful!

        Meter: 1234567890
        Amount: ₦5,000
        Status: Paid
        If your meter has not been credited, please contact us.
        """,
    )


def test_airtime(bill):
    assert reads(
        wording.completed(
            bill("airtime", "08012345678", "500", provider_code="mtn"), receipt(None), "VT123456"
        ),
        "Airtime Delivered - ₦500 MTN",
        """
        Your airtime has been delivered!

        Phone: 080****5678
        Amount: ₦500 MTN Airtime
        Status: Delivered
        """,
    )


def test_data_with_its_plan_and_validity(bill):
    plan = {"variation_code": "glo-dg-320", "product_name": "Glo Data (SME) N320 - 1GB - 30 days"}
    assert reads(
        wording.completed(
            bill("data", "07012345678", "320", provider_code="glo", **plan), None, None
        ),
        "Data Activated - 1GB GLO",
        """
        Your data bundle is now active!

        Phone: 070****5678
        Plan: 1GB
        Valid for: 30 days
        """,
    )


def test_data_of_which_only_the_code_is_known_invents_nothing(bill):
    assert reads(
        wording.completed(
            bill("data", "07012345678", "320", provider_code="glo", plan="glo-dg-320"), None, None
        ),
        "Data Activated - glo-dg-320 GLO",
        """
        Your data bundle is now active!

        Phone: 070****5678
        Plan: glo-dg-320
        """,
    )


def test_a_tv_package(bill):
    package = {"variation_code": "dstv79", "product_name": "DStv Compact N7,400"}
    assert reads(
        wording.completed(
            bill("cable_tv", "1234567890", "7400", provider_code="dstv", **package), None, None
        ),
        "DSTV Subscription Renewed",
        """
        Your DSTV subscription has been renewed!

        Smart Card: 123****890
        Package: DSTV Compact
        Amount: ₦7,400
        Your decoder should be active within 5 minutes.
        """,
    )


def test_a_renewal_as_it_stands_names_no_package(bill):
    assert reads(
        wording.completed(bill("cable_tv", "1234567890", "3600", provider_code="gotv"), None, None),
        "GOtv Subscription Renewed",
        """
        Your GOtv subscription has been renewed!

        Smart Card: 123****890
        Amount: ₦3,600
        Your decoder should be active within 5 minutes.
        """,
    )


def test_showmax_has_a_phone_and_no_decoder(bill):
    package = {"package": "mobile_only_3", "product_name": "Mobile Only - N3,800 - 3 Months"}
    assert reads(
        wording.completed(
            bill("cable_tv", "08012345678", "3800", provider_code="showmax", **package), None, None
        ),
        "Showmax Subscription Renewed",
        """
        Your Showmax subscription has been renewed!

        Phone: 080****5678
        Package: Mobile Only - N3,800 - 3 Months
        Amount: ₦3,800
        """,
    )


# Refunds


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


def test_the_reason_with_a_text_of_its_own_is_the_one_workflows_give():
    assert wording.AFTER_ATTEMPTS == NO_PROVIDER


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


def test_a_text_in_a_log_gives_no_token_away(bill):
    """I18."""
    text = wording.completed(bill(), receipt(), None)
    assert "1234-5678" in text.body
    assert "1234-5678" not in f"{text!r} {text.subject}"
