"""What a customer reads of a delivery, word for word: whoever changes a text changes what customers read."""

from billpay.domain.outcomes import Receipt
from billpay.domain.tokens import Token
from billpay.notifications import wording
from tests.billpay.notifications.conftest import reads

TOKEN = Token("12345678901234567890")


def receipt(token: Token | None = TOKEN, **more) -> Receipt:
    return Receipt(provider_reference="VT123456", token=token, **more)


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
        Package: Mobile Only - 3 Months
        Amount: ₦3,800
        """,
    )


def test_a_text_in_a_log_gives_no_token_away(bill):
    """I18."""
    text = wording.completed(bill(), receipt(), None)
    assert "1234-5678" in text.body
    assert "1234-5678" not in f"{text!r} {text.subject}"
