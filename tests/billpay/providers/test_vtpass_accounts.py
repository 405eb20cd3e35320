import pytest

from billpay.domain.accounts import AccountOk, AccountRefused, ProductNotSold
from billpay.domain.bills import BillType, MeterType
from billpay.domain.money import Kobo
from billpay.failures import Misconfigured, Unavailable
from billpay.providers.vtpass_accounts import read_account
from billpay.providers.vtpass_codes import CODES, blames_us

METER = {"Customer_Name": "ADA OBI", "Can_Vend": "yes", "WrongBillersCode": False}
CARD = {"Customer_Name": "ADA OBI", "Current_Bouquet": "DStv Compact", "Renewal_Amount": 5000}


@pytest.fixture
def read(purchase, reply):
    def read_content(content, bill_type=BillType.ELECTRICITY, code="000", **changes):
        return read_account(
            reply({"code": code, "content": content}), purchase(bill_type, **changes)
        )

    return read_content


@pytest.mark.parametrize("flag", [False, "false", None])
@pytest.mark.parametrize("code", ["000", "020"])
def test_a_named_account_is_good(read, flag, code):
    verdict = read(METER | {"WrongBillersCode": flag}, code=code)
    assert verdict == AccountOk(holder="ADA OBI")


@pytest.mark.parametrize(
    "wrong",
    [
        {"error": "no such meter", "WrongBillersCode": True},
        {"error": "no such meter"},
        METER | {"WrongBillersCode": True},
        METER | {"WrongBillersCode": "true"},
        METER | {"error": "no such meter", "WrongBillersCode": False},
    ],
)
def test_a_wrong_number_is_refused_although_its_code_is_000(read, wrong):
    """Fault 33: HTTP 200 and code 000 around an error."""
    assert read(wrong) == AccountRefused(reason="Meter number not found")
    assert read(wrong, BillType.CABLE_TV) == AccountRefused(reason="Smartcard number not found")


@pytest.mark.parametrize("echo", ["Meter_Number", "MeterNumber"])
def test_a_meter_may_be_confirmed_without_a_name(read, echo):
    """Jos names nobody and means yes."""
    nameless = {"Customer_Name": "", echo: "45012345678", "Can_Vend": "yes"}
    assert read(nameless) == AccountOk()


@pytest.mark.parametrize(
    "unclear",
    [
        {},
        None,
        [],
        "text",
        {"Customer_Name": "null"},
        {"Customer_Name": "N/A", "Meter_Number": "N/A"},
        {"Customer_Name": None, "Meter_Number": "45099999999"},
    ],
)
def test_an_unclear_answer_never_makes_a_meter_wrong(read, unclear):
    with pytest.raises(Unavailable):
        read(unclear)


@pytest.mark.parametrize("code", [*sorted(CODES.keys() - {"000", "020"}), "500", None])
def test_any_other_code_is_about_the_provider_or_about_us(read, code):
    """A customer is never told that the meter is wrong because our keys or the biller are."""
    expected = Misconfigured if code is not None and blames_us(code) else Unavailable
    with pytest.raises(expected) as failure:
        read(METER, code=code)
    assert type(failure.value) is expected
    assert failure.value.evidence.code == code


@pytest.mark.parametrize("no", ["no", "NO", False])
def test_a_meter_that_cannot_vend_is_refused(read, no):
    """Fault 48."""
    verdict = read(METER | {"Can_Vend": no})
    assert verdict == AccountRefused(reason="Meter number cannot be recharged at the moment")


@pytest.mark.parametrize(
    "minimum",
    [
        {"Minimum_Amount": 5000.01},
        {"Min_Purchase_Amount": "5,000.01"},
        {"Minimum_Amount": "1000", "Min_Purchase_Amount": 5000.001},
    ],
)
def test_less_than_the_minimum_is_refused_by_its_name(read, minimum):
    """Fault 47: debt makes a meter's minimum large; the highest of them counts, rounded up."""
    verdict = read(METER | minimum)
    assert verdict == AccountRefused(reason="The least this account takes is ₦5,000.01")


@pytest.mark.parametrize("none", ["", "0", 0, None, "N/A"])
def test_an_empty_minimum_is_none(read, none):
    assert read(METER | {"Minimum_Amount": none}).minimum is None


@pytest.mark.parametrize("written", ["4,999.999", 4999.99])
def test_more_than_the_maximum_is_refused_by_its_name(read, written):
    """Rounded down: what the biller takes to the kobo, it takes."""
    verdict = read(METER | {"MAX_Purchase_Amount": written})
    assert verdict == AccountRefused(reason="The most this account takes is ₦4,999.99")


@pytest.mark.parametrize("written", ["", "0.00", 0, None, 5000, "500000"])
def test_a_maximum_that_is_none_or_is_kept_refuses_nothing(read, written):
    assert read(METER | {"MAX_Purchase_Amount": written}).kind == "ok"


@pytest.mark.parametrize(("word", "wanted"), [("POSTPAID", "prepaid"), ("prepaid", "postpaid")])
def test_a_meter_of_the_other_kind_is_refused_by_its_kind(read, word, wanted):
    """Fault 48: a prepaid meter that is sold to as postpaid gets no token."""
    verdict = read(METER | {"Meter_Type": word}, meter_type=MeterType(wanted))
    assert verdict == AccountRefused(reason=f"This is a {word.lower()} meter")


@pytest.mark.parametrize("word", ["PREPAID", "prepaid", "", None, "N/A", "PRIME", "MD"])
def test_any_other_word_for_a_meters_kind_says_nothing(read, word):
    assert read(METER | {"Meter_Type": word}).kind == "ok"


def test_exactly_the_minimum_is_enough(read):
    assert read(METER | {"Minimum_Amount": 5000}).minimum == Kobo(500_000)


def test_a_renewal_costs_what_the_biller_says(read):
    verdict = read(CARD, BillType.CABLE_TV)
    assert verdict == AccountOk(
        holder="ADA OBI", current_package="DStv Compact", renewal_amount=Kobo(500_000)
    )


@pytest.mark.parametrize(
    ("price", "reason", "now"),
    [
        ("7900", "Renewing this subscription costs ₦7,900", 790_000),
        (4999.99, "Renewing this subscription costs ₦4,999.99", 499_999),
    ],
)
def test_a_renewal_at_any_other_amount_is_refused(read, price, reason, now):
    """The decoder would be credited with what was sent and stay dark."""
    verdict = read(CARD | {"Renewal_Amount": price}, BillType.CABLE_TV)
    assert verdict == AccountRefused(reason=reason, price=now)


@pytest.mark.parametrize("price", [None, "", "N/A", 0, "0.00"])
def test_a_renewal_without_a_price_is_not_sold_here_and_says_nothing_of_the_account(read, price):
    """VTPass's own sandbox names none; who takes any amount may still renew it."""
    assert isinstance(read(CARD | {"Renewal_Amount": price}, BillType.CABLE_TV), ProductNotSold)


def test_a_change_of_package_does_not_ask_for_the_renewal_price(read):
    verdict = read(CARD | {"Renewal_Amount": 7900}, BillType.CABLE_TV, product_code="dstv-padi")
    assert verdict.kind == "ok"


def test_a_startimes_account_has_no_bouquet(read):
    """`{Customer_Name, Balance, Smartcard_Number}` is all it says."""
    balance = {"Customer_Name": "ADA OBI", "Balance": 54.82, "WrongBillersCode": False}
    verdict = read(balance, BillType.CABLE_TV, product_code="nova")
    assert verdict == AccountOk(holder="ADA OBI")
