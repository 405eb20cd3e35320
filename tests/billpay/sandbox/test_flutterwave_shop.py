"""The Flutterwave shop without its wire: references, refusals, balance, time and restarts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billpay.domain.tokens import parse_token
from billpay.sandbox.flutterwave_catalogue import Kind
from billpay.sandbox.flutterwave_shop import FlutterwaveShop
from billpay.sandbox.flutterwave_words import Refusal
from billpay.sandbox.journal import Journal
from billpay.sandbox.scripts import Says, Script, Truth, Verify
from billpay.sandbox.shop import OPENING_BALANCE

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
REFERENCE = "202603021200abcdef123456"
PHONE, METER = "08011111111", "1111111111111"


class Hands:
    """A clock that a test moves."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += timedelta(seconds=seconds)


class Till:
    """A shop with the codes of the two things that are bought here."""

    def __init__(self, hands, journal):
        self.shop = FlutterwaveShop(hands, journal)
        self.airtime = self.codes("MTN", "MTN VTU")
        self.power = self.codes("ENUGU DISCO ELECTRICITY BILLS", "PREPAID TOPUP")
        self.compact = self.codes("DSTV", "DSTV COMPACT")

    def codes(self, biller_name, item_name):
        billers = [b for kind in Kind for b in self.shop.billers_of(kind) if b.name == biller_name]
        item = next(item for item in billers[0].items if item_name in item.name)
        return billers[0].code, item.code

    def pay(self, codes=None, reference=REFERENCE, **changes):
        is_power = codes in (self.power, self.compact)
        body = {
            "country": "NG",
            "customer_id": METER if is_power else PHONE,
            "amount": 5000,
            "reference": reference,
        }
        return self.shop.pay(*(codes or self.airtime), body | changes)

    def status(self, reference=REFERENCE):
        return self.shop.status(reference, is_verbose=True)

    def truth(self, reference=REFERENCE):
        return next(row for row in self.shop.truth() if row["request_id"] == reference)


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def journal():
    return Journal(None)


@pytest.fixture
def till(hands, journal):
    return Till(hands, journal)


def refusal_of(call, *args, **changes):
    with pytest.raises(Refusal) as refused:
        call(*args, **changes)
    return refused.value.code


# Selling


def test_a_sale_takes_amount_and_fee_from_the_balance(till):
    till.pay(till.power)
    assert OPENING_BALANCE - till.shop.wallet == 510_000
    assert till.truth()["charged_kobo"] == 510_000


def test_the_same_reference_sells_once(till):
    """I4, fault 40."""
    till.pay()
    balance = till.shop.wallet
    assert refusal_of(till.pay) == "duplicate"
    assert (till.truth()["happened"], till.truth()["pay_calls"]) == ("sold", 2)
    assert till.shop.wallet == balance


def test_a_reference_that_was_refused_is_free(till):
    assert refusal_of(till.pay, amount=Decimal("0.001")) == "amount"
    assert (till.truth()["happened"], till.truth()["code"]) == ("refused", "amount")
    till.pay()
    assert (till.truth()["happened"], till.truth()["code"]) == ("sold", None)


def test_a_payment_without_a_reference_gets_one(till):
    till.pay(reference="")
    till.pay(reference=None)
    assert len({row["request_id"] for row in till.shop.truth()} - {""}) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"customer_id": ""}, "field"),
        ({"customer_id": 8011111111}, "field"),
        ({"country": None}, "field"),
        ({"country": "GH"}, "country"),
        ({"amount": "500"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": Decimal("50000.01")}, "amount"),
        ({"amount": Decimal("1E+3")}, "amount"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(till, changes, code):
    assert refusal_of(till.pay, **changes) == code
    assert till.shop.wallet == OPENING_BALANCE


def test_a_package_costs_exactly_its_price(till):
    assert refusal_of(till.pay, till.compact, amount=7899) == "amount"
    till.pay(till.compact, amount=7900, customer_id="1212121212")
    assert till.truth()["amount_kobo"] == 790_000


def test_codes_that_are_not_listed_are_refused(till):
    biller, item = till.airtime
    assert refusal_of(till.pay, ("BIL000", item)) == "biller"
    assert refusal_of(till.pay, (biller, "AT000")) == "item"
    assert refusal_of(till.shop.validate, biller, "AT000", PHONE) == "item"
    assert refusal_of(till.shop.validate, "BIL000", item, PHONE) == "biller"


def test_an_empty_balance_sells_nothing_to_the_kobo(till):
    """Fault 43."""
    till.shop.set_wallet(509_999)
    assert refusal_of(till.pay, till.power) == "balance"
    till.shop.set_wallet(510_000)
    till.pay(till.power)
    assert till.shop.wallet == 0


# Time


def test_a_pending_bill_is_charged_at_once_and_sold_at_its_time(till, hands):
    till.pay(customer_id="201000000000")
    assert (till.truth()["happened"], till.truth()["charged_kobo"]) == ("pending", 500_000)
    hands.pass_seconds(44)
    assert till.status()["status"] == "pending"
    hands.pass_seconds(100)
    assert till.status()["status"] == "successful"
    assert till.truth()["sold_at"] == (NOON + timedelta(seconds=45)).isoformat()


def test_a_pending_bill_that_fails_gives_the_money_back(till, hands):
    till.pay(customer_id="620000000000")
    hands.pass_seconds(30)
    assert till.status()["status"] == "failed"
    assert till.shop.wallet == OPENING_BALANCE


def test_a_sale_that_is_reversed_gives_the_money_back_and_stays_sold_once(till, hands):
    """Fault 38."""
    till.pay(till.power, customer_id="690000000000")
    hands.pass_seconds(59)
    assert till.status()["status"] == "successful"
    hands.pass_seconds(1)
    assert till.status()["status"] == "reversed"
    row = till.truth()
    assert (row["happened"], row["charged_kobo"]) == ("failed", 0)
    assert (row["sold_at"], row["reversed_at"]) == (
        NOON.isoformat(),
        (NOON + timedelta(seconds=60)).isoformat(),
    )
    assert till.shop.wallet == OPENING_BALANCE


def test_a_pending_bill_that_is_sold_late_is_reversed_later_still(till, hands):
    till.shop.script(
        PHONE,
        Script(pay=Says.PROCESSING, delivers_after_seconds=10, turns_after_seconds=5),
    )
    till.pay()
    hands.pass_seconds(3600)
    row = till.truth()
    assert row["sold_at"] == (NOON + timedelta(seconds=10)).isoformat()
    assert row["reversed_at"] == (NOON + timedelta(seconds=15)).isoformat()


def test_a_token_may_follow_the_sale(till, hands):
    """Fault 45."""
    reply = till.pay(till.power, customer_id="680000000000")
    assert not reply.bill.shows_token(hands.now)
    assert till.status()["extra"] is None
    hands.pass_seconds(30)
    assert [parse_token(till.status()["extra"])] == till.truth()["tokens"]


def test_a_discos_habit_is_to_be_late(till, hands):
    kano = till.codes("KANO DISCO ELECTRICITY BILLS", "PREPAID")
    till.shop.pay(
        *kano, {"country": "NG", "customer_id": METER, "amount": 5000, "reference": REFERENCE}
    )
    assert till.status()["extra"] is None
    hands.pass_seconds(30)
    assert parse_token(till.status()["extra"])


def test_enugus_tokens_begin_with_a_zero(till):
    """Fault 46."""
    till.pay(till.power)
    (token,) = till.truth()["tokens"]
    assert token.startswith("0")
    assert len(token) == 20


def test_a_bill_may_appear_late(till, hands):
    """Fault 39."""
    till.shop.script(PHONE, Script(appears_after_seconds=90))
    till.pay()
    assert refusal_of(till.status) == "unknown"
    hands.pass_seconds(90)
    assert till.status()["status"] == "successful"
    assert till.truth()["requeries"] == 2


# Asking


def test_a_bill_is_found_by_any_of_its_names(till):
    bill = till.pay().bill
    for name in (REFERENCE, bill.tx_ref, bill.flw_ref):
        assert till.status(name)["customer_reference"] == REFERENCE
    assert till.truth()["requeries"] == 3


def test_a_reference_that_nobody_paid_with_is_unknown_and_counted(till):
    assert refusal_of(till.status, "nobody") == "unknown"
    row = till.truth("nobody")
    assert (row["happened"], row["pay_calls"], row["requeries"]) == ("never_created", 0, 1)
    assert row["service"] == ""


@pytest.mark.parametrize("account", ["600000000000", "610000000000", "9999999999"])
def test_what_was_never_made_is_unknown(till, account):
    till.pay(customer_id=account)
    assert refusal_of(till.status) == "unknown"
    assert till.shop.wallet == OPENING_BALANCE


# Switches


def test_a_script_takes_the_place_of_the_table_for_as_long_as_it_says(till):
    till.shop.script(PHONE, Script(pay=Says.OFFLINE, verify=Verify.WRONG, uses=1))
    assert refusal_of(till.shop.validate, *till.power, PHONE) == "customer"
    assert till.pay(reference="a").says is Says.OFFLINE
    assert till.pay(reference="b").says is Says.DELIVERED


@pytest.mark.parametrize(
    ("truth", "status", "charged"),
    [("delivered", "successful", 500_000), ("failed", "failed", 0), ("reversed", "reversed", 0)],
)
def test_a_bill_can_be_settled_by_hand(till, truth, status, charged):
    till.pay(customer_id="201000000000")
    till.shop.settle(REFERENCE, truth)
    assert till.status()["status"] == status
    assert till.truth()["charged_kobo"] == charged == OPENING_BALANCE - till.shop.wallet


def test_what_was_never_made_cannot_be_settled(till):
    till.pay(customer_id="600000000000")
    for reference in (REFERENCE, "nobody"):
        with pytest.raises(LookupError):
            till.shop.settle(reference, "delivered")


# Restarts


def test_a_restart_finds_everything_as_it_was(till, hands, journal):
    till.pay(till.power, customer_id="690000000000")
    till.pay(customer_id="201000000000", reference="pending")
    till.shop.script(PHONE, Script(truth=Truth.FAILED, uses=2))
    till.pay(reference="scripted")
    till.shop.set_whitelisted(is_whitelisted=False)
    again = Till(hands, journal)
    assert again.shop.truth() == till.shop.truth()
    assert again.shop.wallet == till.shop.wallet
    assert not again.shop.is_whitelisted
    hands.pass_seconds(60)
    assert again.status("pending")["status"] == "successful"
    assert again.status()["status"] == "reversed"
    again.pay(reference="once more")
    again.pay(reference="and sold")
    assert again.truth("once more")["happened"] == "failed"
    assert again.truth("and sold")["happened"] == "sold"


def test_what_time_did_before_a_restart_is_not_done_twice(till, hands, journal):
    till.pay(customer_id="620000000000")
    hands.pass_seconds(30)
    assert till.shop.wallet == OPENING_BALANCE
    assert Till(hands, journal).shop.wallet == OPENING_BALANCE
