import pytest

from billpay.domain.accounts import AccountRefused, ProductNotSold
from billpay.domain.bills import BILLERS, BillerCode, BillType, Product
from billpay.domain.money import Kobo
from billpay.failures import Misconfigured, Unavailable
from billpay.providers.vtpass_catalogue import (
    TRIGGER_ACCOUNTS,
    is_live_address,
    price_refusal,
    read_products,
    refusal_before_asking,
    service_id,
)

PLAN = {"variation_code": "airt-1500", "name": "3GB", "variation_amount": "1499.01"}
MENU = [
    Product(code="nova", name="Nova", price=Kobo(90_000)),
    Product(code="ewallet", name="Wallet", price=None),
]


def listed(*rows, spelling="variations", **fields):
    return {"response_description": "000", "content": {spelling: list(rows)}} | fields


def test_every_biller_we_know_has_a_service():
    names = {
        (kind, biller.code): service_id(kind, biller.code)
        for biller in BILLERS
        for kind in biller.bill_types
    }
    assert len(set(names.values())) == len(names)
    assert names[BillType.ELECTRICITY, "ikedc"] == "ikeja-electric"
    assert names[BillType.AIRTIME, "9mobile"] == "etisalat"
    assert names[BillType.DATA, "9mobile"] == "etisalat-data"
    assert names[BillType.CABLE_TV, "startimes"] == "startimes"


def test_what_nobody_sells_has_no_service():
    with pytest.raises(Misconfigured):
        service_id(BillType.AIRTIME, BillerCode("dstv"))


@pytest.mark.parametrize("spelling", ["variations", "varations"])
def test_products_are_read_in_both_spellings(reply, spelling):
    [product] = read_products(reply(listed(PLAN, spelling=spelling)))
    assert product == Product(code="airt-1500", name="3GB", price=Kobo(149_901))


def test_a_price_of_zero_is_an_open_amount(reply):
    [product] = read_products(reply(listed(PLAN | {"variation_amount": "0.00"})))
    assert product.price is None


def test_a_code_with_two_prices_is_not_sold(reply):
    """Fault 49: which of them would be charged is anybody's guess."""
    other = {"variation_code": "mtn-xtratalk-300", "variation_amount": "300"}
    twice = listed(other, PLAN, other | {"variation_amount": "200"})
    assert [product.code for product in read_products(reply(twice))] == ["airt-1500"]


def test_a_code_listed_twice_at_one_price_is_sold(reply):
    [product] = read_products(reply(listed(PLAN, PLAN | {"name": "3GB again"})))
    assert product.name == "3GB"


@pytest.mark.parametrize(
    "unusable", [None, "text", {}, {"variation_code": "x"}, PLAN | {"variation_amount": "soon"}]
)
def test_rows_that_cannot_be_read_are_passed_over(reply, unusable):
    assert len(read_products(reply(listed(unusable, PLAN)))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        listed(),
        {"response_description": "000", "content": None},
        {"response_description": "000", "content": {"variations": {"a": 1}}},
        {"response_description": "083", "content": {"errors": []}},
    ],
)
def test_no_list_says_nothing_about_a_plan(reply, answer):
    with pytest.raises(Unavailable):
        read_products(reply(answer))


@pytest.mark.parametrize("refusal", [{"code": "087"}, {"response_description": "012"}])
def test_a_refused_list_is_our_fault(reply, refusal):
    with pytest.raises(Misconfigured):
        read_products(reply(refusal))


@pytest.mark.parametrize(
    ("code", "amount", "is_refused"),
    [
        ("nova", 90_000, False),
        ("nova", 89_999, True),
        ("nova", 90_001, True),
        ("ewallet", 12_345, False),
    ],
)
def test_a_plan_is_sold_at_exactly_its_price(purchase, code, amount, is_refused):
    """Fault 49: a price that changed is found before money moves."""
    wanted = purchase(BillType.CABLE_TV, product_code=code, amount=Kobo(amount))
    refusal = AccountRefused(reason="Nova now costs ₦900", price=Kobo(90_000))
    assert price_refusal(wanted, MENU) == (refusal if is_refused else None)


def test_a_plan_that_is_not_listed_says_nothing_of_the_account(purchase):
    """Fault 49: it was withdrawn, or its code is another provider's, who sells it."""
    wanted = purchase(BillType.CABLE_TV, product_code="gone")
    assert isinstance(price_refusal(wanted, MENU), ProductNotSold)


@pytest.mark.parametrize(
    ("address", "is_live"),
    [
        ("https://vtpass.com", True),
        ("https://vtpass.com/api/", True),
        ("https://www.vtpass.com/api", True),
        ("https://api-service.vtpass.com/api", True),
        ("https://API.VTpass.com.", True),
        ("https://sandbox.vtpass.com/api", False),
        ("http://127.0.0.1:8080/vtpass", False),
        ("https://notvtpass.com", False),
        ("https://vtpass.com.example.org", False),
        ("http://[bad", False),
    ],
)
def test_live_is_every_host_of_vtpass_but_its_sandbox(address, is_live):
    """Fault 53."""
    assert is_live_address(address) is is_live


@pytest.mark.parametrize("bill_type", list(BillType))
@pytest.mark.parametrize("account", sorted(TRIGGER_ACCOUNTS))
def test_trigger_accounts_are_refused_where_money_is_real(purchase, bill_type, account):
    """Fault 53: a test number left in production must not buy."""
    wanted = purchase(bill_type, account_number=account, product_code="x")
    refusal = AccountRefused(reason="This account number exists for tests only")
    assert refusal_before_asking(wanted, is_live=True) == refusal


def test_a_sandbox_takes_its_trigger_accounts(purchase):
    for account in ("08011111111", "201000000000", "620000000000"):
        wanted = purchase(BillType.AIRTIME, account_number=account)
        assert refusal_before_asking(wanted, is_live=False) is None


@pytest.mark.parametrize("bill_type", [BillType.AIRTIME, BillType.DATA])
@pytest.mark.parametrize("number", ["0803123456", "06031234567", "620000000000", "abc", ""])
def test_what_is_no_phone_is_refused(purchase, bill_type, number):
    wanted = purchase(bill_type, account_number=number, product_code="x")
    refusal = AccountRefused(reason="This is no valid Nigerian phone number")
    assert refusal_before_asking(wanted, is_live=True) == refusal


@pytest.mark.parametrize("biller", ["mtn", "airtel", "glo", "9mobile"])
def test_a_prefix_never_refuses_a_network(purchase, biller):
    """Numbers are portable: the prefix names the network that was once given the range."""
    wanted = purchase(BillType.AIRTIME, biller=BillerCode(biller), account_number="08031234567")
    assert refusal_before_asking(wanted, is_live=True) is None


@pytest.mark.parametrize(
    ("biller", "reason"),
    [
        ("startimes", "StarTimes is sold by package only; choose one"),
        ("showmax", "Showmax is sold by package only; choose one"),
        ("dstv", None),
        ("gotv", None),
    ],
)
def test_only_dstv_and_gotv_renew_without_a_package(purchase, biller, reason):
    """Another provider may renew the others, so it is no fault of the account."""
    card = {"biller": BillerCode(biller), "account_number": "08031234567"}
    refusal = refusal_before_asking(purchase(BillType.CABLE_TV, **card), is_live=True)
    assert refusal == (ProductNotSold(reason=reason) if reason else None)


def test_data_without_a_plan_is_sold_by_nobody(purchase):
    refusal = refusal_before_asking(purchase(BillType.DATA), is_live=True)
    assert refusal == AccountRefused(reason="No plan was chosen")
