"""The VTPass shop without its wire: ids, refusals, wallet, time and restarts."""

from datetime import UTC, datetime, timedelta

import pytest

from billpay.domain.tokens import parse_token
from billpay.sandbox.journal import Journal
from billpay.sandbox.scripts import Happened, Says, Script, Truth, Verify
from billpay.sandbox.shop import OPENING_BALANCE
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_shop import Shop

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
"""Noon in Lagos, which is an hour ahead of UTC all year."""


class Hands:
    """A clock that a test moves."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def shop(hands):
    return Shop(hands, Journal(None))


def airtime(request_id="202603021200a", phone="08011111111", **changes):
    return {
        "request_id": request_id,
        "serviceID": "mtn",
        "amount": 500,
        "phone": phone,
    } | changes


def power(request_id="202603021200e", meter="1111111111111", **changes):
    return {
        "request_id": request_id,
        "serviceID": "ikeja-electric",
        "billersCode": meter,
        "variation_code": "prepaid",
        "amount": 2000,
        "phone": "08011111111",
    } | changes


def refusal_of(call, *args):
    with pytest.raises(Refusal) as refused:
        call(*args)
    return refused.value.code


def truth_of(shop, request_id):
    return next(row for row in shop.truth() if row["request_id"] == request_id)


@pytest.mark.parametrize(
    "request_id", ["202603021200", "2026030212001234567890", "202603021200-9b2c-old-style"]
)
def test_a_request_id_begins_with_lagos_date_and_time_and_ends_as_it_likes(shop, request_id):
    assert shop.pay(airtime(request_id)).says is Says.DELIVERED


@pytest.mark.parametrize(
    ("request_id", "text"),
    [
        ("20260302120", "DOES NOT CONTAIN DATE"),
        ("9b2cf535-f27e-4a0b-8e6c-0c8f3f2d1a77", "IMPROPER DATE FORMAT"),
        ("20260302120x123", "IMPROPER DATE FORMAT"),
        ("202603011200abc", "NOT TODAY'S DATE"),
        ("202603031200abc", "NOT TODAY'S DATE"),
    ],
)
def test_a_request_id_without_todays_lagos_date_is_refused_and_says_why(shop, request_id, text):
    """Fault 42: a UUID, the seed's choice, can never be paid."""
    with pytest.raises(Refusal, match=text) as refused:
        shop.pay(airtime(request_id))
    assert refused.value.code == "085"


def test_the_day_of_a_request_id_ends_at_midnight_in_lagos(shop, hands):
    """Fault 42: made at 23:59:59 and received after midnight is too late; an hour earlier UTC still has yesterday."""
    hands.now = datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC)
    assert shop.pay(airtime("202603022359a")).says is Says.DELIVERED
    hands.now = datetime(2026, 3, 2, 23, 0, 0, tzinfo=UTC)
    assert refusal_of(shop.pay, airtime("202603022359b")) == "085"
    assert shop.pay(airtime("202603030000c", phone="08012345678")).says is Says.DELIVERED


def test_yesterdays_sale_can_be_asked_about_but_not_paid_again(shop, hands):
    shop.pay(airtime())
    hands.pass_seconds(24 * 3600)
    assert refusal_of(shop.pay, airtime()) == "085"
    assert shop.requery("202603021200a")["content"]["transactions"]["status"] == "delivered"
    row = truth_of(shop, "202603021200a")
    assert (row["happened"], row["pay_calls"], row["requeries"]) == ("sold", 2, 1)


def test_the_same_request_id_sells_once(shop):
    """I4, fault 40."""
    shop.pay(airtime())
    wallet = shop.wallet
    assert refusal_of(shop.pay, airtime()) == "014"
    row = truth_of(shop, "202603021200a")
    assert (row["happened"], row["pay_calls"]) == ("sold", 2)
    assert shop.wallet == wallet


def test_a_request_id_nobody_paid_with_is_unknown_to_requery(shop):
    assert refusal_of(shop.requery, "202603021200zzz") == "015"
    row = truth_of(shop, "202603021200zzz")
    assert (row["happened"], row["pay_calls"], row["requeries"]) == ("never_created", 0, 1)


def test_a_look_alike_within_thirty_seconds_is_refused_and_stays_refused(shop, hands):
    """Fault 41: its id is used up by the refusal, nothing is charged, and a requery repeats 019."""
    shop.pay(power("202603021200e1"))
    wallet = shop.wallet
    hands.pass_seconds(29)
    assert refusal_of(shop.pay, power("202603021200e2")) == "019"
    assert refusal_of(shop.requery, "202603021200e2") == "019"
    assert refusal_of(shop.pay, power("202603021200e2")) == "014"
    assert truth_of(shop, "202603021200e2")["happened"] == "refused"
    assert shop.wallet == wallet
    hands.pass_seconds(1)
    assert shop.pay(power("202603021200e3")).sale.happened is Happened.SOLD


@pytest.mark.parametrize(
    "other",
    [
        airtime("202603021200b", phone="08012345678"),
        airtime("202603021200b", serviceID="airtel"),
    ],
)
def test_another_account_or_service_is_no_look_alike(shop, other):
    shop.pay(airtime())
    assert shop.pay(other).says is Says.DELIVERED


def test_a_sale_that_was_never_created_does_not_make_look_alikes(shop):
    shop.pay(airtime("202603021200a", phone="600000000000"))
    assert shop.pay(airtime("202603021200b", phone="600000000000")).says is Says.OFFLINE


def test_a_sale_takes_the_amount_less_commission_from_the_wallet(shop):
    shop.pay(airtime(amount=500))
    assert OPENING_BALANCE - shop.wallet == 48_250
    assert truth_of(shop, "202603021200a")["charged_kobo"] == 48_250


def test_a_low_wallet_refuses_and_the_id_stays_free(shop):
    """Fault 43."""
    shop.set_wallet(48_249)
    assert refusal_of(shop.pay, airtime(amount=500)) == "018"
    assert refusal_of(shop.requery, "202603021200a") == "015"
    row = truth_of(shop, "202603021200a")
    assert (row["happened"], row["code"], row["charged_kobo"]) == ("refused", "018", 0)
    shop.set_wallet(48_250)
    assert shop.pay(airtime(amount=500)).sale.happened is Happened.SOLD
    assert shop.wallet == 0


def test_a_pending_sale_is_charged_at_once_and_delivered_at_its_time(shop, hands):
    shop.pay(airtime(phone="201000000000"))
    assert truth_of(shop, "202603021200a")["happened"] == "pending"
    assert OPENING_BALANCE - shop.wallet == 48_250
    hands.pass_seconds(44)
    assert shop.requery("202603021200a")["content"]["transactions"]["status"] == "pending"
    hands.pass_seconds(100)
    assert shop.requery("202603021200a")["content"]["transactions"]["status"] == "delivered"
    row = truth_of(shop, "202603021200a")
    assert row["sold_at"] == (NOON + timedelta(seconds=45)).isoformat()


def test_a_pending_sale_that_fails_gives_the_money_back(shop, hands):
    """Nothing is kept of a sale that fails after it was accepted."""
    shop.pay(airtime(phone="620000000000"))
    assert shop.wallet < OPENING_BALANCE
    hands.pass_seconds(30)
    assert shop.requery("202603021200a")["code"] == "016"
    assert shop.wallet == OPENING_BALANCE
    assert truth_of(shop, "202603021200a")["happened"] == "failed"


def test_an_offline_biller_leaves_the_id_unknown_and_free(shop):
    for _ in range(3):
        assert shop.pay(airtime(phone="600000000000")).says is Says.OFFLINE
        assert refusal_of(shop.requery, "202603021200a") == "015"
    row = truth_of(shop, "202603021200a")
    assert (row["happened"], row["pay_calls"], row["requeries"]) == ("never_created", 3, 3)


def test_a_sale_not_processed_is_refused_for_good(shop):
    reply = shop.pay(airtime(phone="610000000000"))
    assert (reply.says, reply.code) == (Says.CODE, "091")
    assert refusal_of(shop.requery, "202603021200a") == "091"
    assert refusal_of(shop.pay, airtime(phone="610000000000")) == "014"
    assert shop.wallet == OPENING_BALANCE


def test_an_account_nobody_knows_fails_and_costs_nothing(shop):
    assert shop.pay(airtime(phone="08099999999")).says is Says.FAILED
    assert shop.requery("202603021200a")["code"] == "016"
    assert shop.wallet == OPENING_BALANCE


def test_a_script_governs_an_account_for_its_uses_then_the_table_does(shop, hands):
    shop.script("08011111111", Script(pay=Says.OFFLINE, uses=2))
    said = []
    for turn in range(3):
        said.append(shop.pay(airtime(f"202603021200a{turn}")).says)
        hands.pass_seconds(60)
    assert said == [Says.OFFLINE, Says.OFFLINE, Says.DELIVERED]


def test_a_script_can_be_taken_back(shop):
    shop.script("08011111111", Script(pay=Says.OFFLINE))
    shop.script("08011111111", None)
    assert shop.pay(airtime()).says is Says.DELIVERED


@pytest.mark.parametrize("says", list(Says))
@pytest.mark.parametrize(
    ("truth", "happened", "charged"),
    [
        (Truth.DELIVERED, "sold", 48_250),
        (Truth.FAILED, "failed", 0),
        (Truth.REFUSED, "refused", 0),
        (Truth.NEVER_CREATED, "never_created", 0),
    ],
)
def test_any_answer_can_hide_any_truth(shop, says, truth, happened, charged):
    code = "034" if says is Says.CODE else None
    shop.script("08011111111", Script(pay=says, code=code, truth=truth, delivers_after_seconds=0))
    assert shop.pay(airtime()).says is says
    row = truth_of(shop, "202603021200a")
    assert (row["happened"], row["charged_kobo"]) == (happened, charged)
    assert OPENING_BALANCE - shop.wallet == charged


def test_a_sale_can_stay_out_of_sight_for_a_while(shop, hands):
    """Fault 39: 015 soon after an accepted sale proves nothing."""
    shop.script("08011111111", Script(pay=Says.TIMEOUT, appears_after_seconds=90))
    shop.pay(airtime())
    hands.pass_seconds(89)
    assert refusal_of(shop.requery, "202603021200a") == "015"
    hands.pass_seconds(1)
    assert shop.requery("202603021200a")["content"]["transactions"]["status"] == "delivered"


@pytest.mark.parametrize("service_id", ["kano-electric", "aba-electric"])
def test_two_discos_deliver_first_and_bring_the_token_later(shop, hands, service_id):
    """Fault 45, I7."""
    reply = shop.pay(power(serviceID=service_id))
    assert reply.sale.happened is Happened.SOLD
    assert shop.requery("202603021200e")["purchased_code"] == ""
    hands.pass_seconds(30)
    token = parse_token(shop.requery("202603021200e")["purchased_code"])
    assert [token] == truth_of(shop, "202603021200e")["tokens"]


def test_the_wait_for_a_token_can_be_set_for_any_meter(shop, hands):
    shop.script("1111111111111", Script(token_after_seconds=600))
    shop.pay(power())
    hands.pass_seconds(599)
    assert shop.requery("202603021200e")["purchased_code"] == ""
    hands.pass_seconds(1)
    assert parse_token(shop.requery("202603021200e")["purchased_code"])


def test_tokens_are_the_same_for_the_same_seed_and_id_and_differ_otherwise(hands):
    def token(seed, request_id):
        shop = Shop(hands, Journal(None), seed)
        shop.pay(power(request_id))
        return truth_of(shop, request_id)["tokens"]

    assert token(1, "202603021200e") == token(1, "202603021200e")
    distinct = {*token(1, "202603021200e"), *token(2, "202603021200e"), *token(1, "202603021200f")}
    assert len(distinct) == 3


def test_staff_can_settle_a_pending_sale_and_turn_a_settled_one_around(shop):
    """Fault 38: failed, then delivered; delivered, then reversed. The wallet follows each time."""
    shop.pay(airtime(phone="201000000000"))
    for truth, happened, spent in [
        ("delivered", "sold", 48_250),
        ("failed", "failed", 0),
        ("delivered", "sold", 48_250),
        ("reversed", "failed", 0),
    ]:
        shop.settle("202603021200a", truth)
        assert truth_of(shop, "202603021200a")["happened"] == happened
        assert OPENING_BALANCE - shop.wallet == spent
    answer = shop.requery("202603021200a")
    assert (answer["code"], answer["content"]["transactions"]["status"]) == ("040", "reversed")


@pytest.mark.parametrize(
    ("account", "codes", "truths"),
    [
        ("690000000000", ("000", "040"), ("sold", "failed")),
        ("700000000000", ("016", "000"), ("failed", "sold")),
    ],
)
def test_a_sale_can_turn_into_its_opposite_later(shop, hands, account, codes, truths):
    """Fault 38: delivered, then reversed; failed, then delivered."""
    shop.pay(airtime(phone=account))
    for code, happened in zip(codes, truths, strict=True):
        assert shop.requery("202603021200a")["code"] == code
        row = truth_of(shop, "202603021200a")
        assert row["happened"] == happened
        assert OPENING_BALANCE - shop.wallet == (48_250 if happened == "sold" else 0)
        hands.pass_seconds(60)
    row = truth_of(shop, "202603021200a")
    assert (row["sold_at"] is None, row["reversed_at"] is None) == (False, truths[1] == "sold")


def test_staff_cannot_settle_what_was_never_kept(shop):
    shop.pay(airtime(phone="600000000000"))
    for request_id in ("202603021200a", "never-heard-of"):
        with pytest.raises(LookupError):
            shop.settle(request_id, "delivered")


def test_a_restart_forgets_nothing(tmp_path, hands):
    """Sales, counters, wallet, scripts with their uses left, look-alikes and pending times come back."""
    path = tmp_path / "journal"
    before = Shop(hands, Journal(path))
    before.script("08012345678", Script(verify=Verify.UNAVAILABLE, pay=Says.OFFLINE, uses=2))
    before.pay(airtime("202603021200a", phone="201000000000"))
    before.pay(airtime("202603021200b", phone="08012345678"))
    before.pay(power())
    before.requery("202603021200a")
    before.set_wallet(900_000)
    truth = before.truth()

    after = Shop(hands, Journal(path))
    assert after.truth() == truth
    assert after.wallet == 900_000
    assert refusal_of(after.pay, power("202603021200f")) == "019"
    assert after.pay(airtime("202603021200c", phone="08012345678")).says is Says.OFFLINE
    assert after.pay(airtime("202603021200d", phone="08012345678")).says is Says.DELIVERED
    hands.pass_seconds(45)
    assert after.requery("202603021200a")["content"]["transactions"]["status"] == "delivered"
    assert truth_of(after, "202603021200a")["requeries"] == 2


def test_nothing_happens_that_the_journal_could_not_keep(hands):
    """Every change is durable before its answer leaves."""

    class FullDisk(Journal):
        def append(self, kind, record):
            raise OSError("no space left on device")

    shop = Shop(hands, FullDisk(None))
    for change in (
        lambda: shop.pay(airtime()),
        lambda: shop.set_wallet(0),
        lambda: shop.script("08011111111", Script(pay=Says.OFFLINE)),
    ):
        with pytest.raises(OSError, match="no space"):
            change()
    assert (shop.truth(), shop.wallet) == ([], OPENING_BALANCE)


def test_a_sale_that_fell_due_while_the_shop_was_closed_settles_at_its_own_time(tmp_path, hands):
    path = tmp_path / "journal"
    Shop(hands, Journal(path)).pay(airtime(phone="201000000000"))
    hands.pass_seconds(3600)
    row = truth_of(Shop(hands, Journal(path)), "202603021200a")
    assert row["sold_at"] == (NOON + timedelta(seconds=45)).isoformat()
