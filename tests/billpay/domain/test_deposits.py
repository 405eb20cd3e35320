from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.deposits import (
    Credit,
    DepositPolicy,
    Disposition,
    DustPolicy,
    ExcessPolicy,
    Match,
    Named,
    PayTheBill,
    ReturnIt,
    ReturnPolicy,
    StrayReason,
    assess,
    match_credit,
    weigh,
)
from billpay.domain.money import Kobo, Stroops, cngn
from billpay.domain.orders import Order
from billpay.domain.statuses import BillStatus

CREATED = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXPIRES = CREATED + timedelta(hours=1)
POLICY = DepositPolicy()
DUE = cngn("5030")
TICK = timedelta(microseconds=1)

ORDER = Order(
    transaction_id=UUID(int=1),
    wallet_address="payer",
    bill_type=BillType.ELECTRICITY,
    biller=BillerCode("ekedc"),
    account_number="1234567890",
    meter_type=MeterType.PREPAID,
    due=DUE,
    bill_amount=Kobo(500_000),
    contact_phone="",
    requested_provider="flutterwave",
    status=BillStatus.PENDING_PAYMENT,
    created_at=CREATED,
    expires_at=EXPIRES,
)


def credit(amount=DUE, closed_at=CREATED):
    return Credit(
        operation_id="1",
        paging_token="1",
        transaction_hash="0" * 64,
        ledger=1,
        closed_at=closed_at,
        payer="payer",
        amount=Stroops(amount),
        memo=ORDER.memo.encode(),
        memo_type="text",
    )


@pytest.mark.parametrize(
    ("beyond", "excess"),
    [
        (0, 0),
        (1, 0),
        (POLICY.dust, 0),
        (POLICY.dust + 1, POLICY.dust + 1),
        (DUE, DUE),
    ],
)
def test_what_came_above_the_due_goes_back_unless_it_is_dust(beyond, excess):
    """Fault 22."""
    assert assess(ORDER, credit(DUE + beyond), POLICY) == PayTheBill(excess=Stroops(excess))


@pytest.mark.parametrize("short", [1, 100_000, DUE])
def test_whatever_is_short_goes_back(short):
    """Fault 22: one stroop short is short."""
    verdict = assess(ORDER, credit(DUE - short), POLICY)
    assert isinstance(verdict, ReturnIt)
    assert "5,030 cNGN was due" in verdict.reason


@pytest.mark.parametrize(
    ("closed_at", "kind"),
    [
        (EXPIRES, "pay"),
        (EXPIRES + TICK, "pay"),
        (CREATED + POLICY.late_limit, "pay"),
        (CREATED + POLICY.late_limit + TICK, "return"),
        (CREATED + timedelta(days=400), "return"),
    ],
)
def test_a_late_payment_is_good_for_a_day(closed_at, kind):
    assert assess(ORDER, credit(closed_at=closed_at), POLICY).kind == kind


def test_an_order_that_lives_longer_than_a_day_is_not_late_before_it_expires():
    patient = ORDER.model_copy(update={"expires_at": CREATED + timedelta(days=3)})
    in_time = credit(closed_at=CREATED + timedelta(days=3))
    assert assess(patient, in_time, POLICY).kind == "pay"
    assert assess(patient, credit(closed_at=CREATED + timedelta(days=3) + TICK), POLICY).kind == (
        "return"
    )


@given(st.integers(min_value=1, max_value=10**15), st.integers(0, 10**8))
def test_a_deposit_is_bill_and_excess_and_dust(amount, dust):
    """I2, I5: nothing of it is unaccounted for, and nothing above dust is kept."""
    verdict = assess(ORDER, credit(amount), DepositPolicy(dust=Stroops(dust)))
    if isinstance(verdict, ReturnIt):
        assert amount < DUE
        return
    assert 0 <= amount - DUE - verdict.excess <= dust


# Policies


@pytest.mark.parametrize(
    ("policy", "beyond", "expected"),
    [
        (ExcessPolicy.REFUND, cngn("7"), PayTheBill(excess=cngn("7"))),
        (ExcessPolicy.KEEP, cngn("7"), PayTheBill(excess=Stroops(0), kept=cngn("7"))),
        (ExcessPolicy.KEEP, POLICY.dust, PayTheBill(excess=Stroops(0))),
        (ExcessPolicy.HOLD, POLICY.dust, PayTheBill(excess=Stroops(0))),
    ],
)
def test_the_policy_says_what_becomes_of_an_excess(policy, beyond, expected):
    rules = POLICY.model_copy(update={"over": policy})
    assert assess(ORDER, credit(DUE + beyond), rules) == expected


def test_an_excess_may_wait_for_a_person():
    verdict = assess(ORDER, credit(DUE + cngn("7")), DepositPolicy(over=ExcessPolicy.HOLD))
    assert verdict.excess == cngn("7")
    assert "BILL_PROCESSOR_OVER_POLICY" in verdict.hold


@pytest.mark.parametrize("policy", list(ExcessPolicy))
def test_what_a_price_fell_by_goes_back_whatever_the_policy(policy):
    """Nobody asked the customer for less, so it was not sent too much."""
    cheaper = ORDER.model_copy(
        update={"due": Stroops(DUE - cngn("100")), "price_fell_by": Kobo(100_00)}
    )
    rules = DepositPolicy(over=policy)
    assert weigh(cheaper, credit(), rules) == PayTheBill(excess=cngn("100"))


def test_what_a_price_fell_by_goes_back_where_the_rest_is_kept():
    cheaper = ORDER.model_copy(
        update={"due": Stroops(DUE - cngn("100")), "price_fell_by": Kobo(100_00)}
    )
    kept = weigh(cheaper, credit(DUE + cngn("7")), DepositPolicy(over=ExcessPolicy.KEEP))
    assert kept == PayTheBill(excess=cngn("100"), kept=cngn("7"))


@pytest.mark.parametrize(
    ("name", "paid"),
    [("short", credit(DUE - 1)), ("late", credit(closed_at=CREATED + timedelta(days=2)))],
)
def test_what_is_short_or_late_waits_for_a_person_only_by_policy(name, paid):
    usual = assess(ORDER, paid, POLICY)
    held = assess(ORDER, paid, DepositPolicy(**{name: ReturnPolicy.HOLD}))
    assert (usual.reason, usual.hold) == (held.reason, None)
    assert f"BILL_PROCESSOR_{name.upper()}_POLICY" in held.hold


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        (StrayReason.DUPLICATE, "duplicate"),
        (StrayReason.NO_MEMO, "unmatched"),
        (StrayReason.UNKNOWN_MEMO, "unmatched"),
        (StrayReason.CONTRADICTORY, "unmatched"),
    ],
)
def test_a_stray_deposit_waits_for_a_person_only_by_its_own_policy(reason, name):
    assert POLICY.hold_stray(reason) is None
    for policy in ("duplicate", "unmatched"):
        hold = DepositPolicy(**{policy: ReturnPolicy.HOLD}).hold_stray(reason)
        assert (hold is not None) == (policy == name)


def test_dust_never_waits_for_a_person():
    everything = DepositPolicy(duplicate=ReturnPolicy.HOLD, unmatched=ReturnPolicy.HOLD)
    assert everything.hold_stray(StrayReason.DUST) is None


# Matching


def named(number=1, due=DUE, *, is_payable=True):
    return Named(transaction_id=UUID(int=number), due=due, is_payable=is_payable)


def stray(reason, transaction_id=None, disposition=Disposition.PENDING):
    return Match(transaction_id=transaction_id, stray_reason=reason, disposition=disposition)


def test_a_credit_that_names_one_unpaid_order_claims_it_however_much_it_is():
    claimed = Match(transaction_id=UUID(int=1), stray_reason=None)
    for amount in (POLICY.dust + 1, DUE, 10 * DUE):
        assert match_credit(credit(amount), [named()], POLICY) == claimed


def test_a_credit_for_a_paid_order_is_one_too_many():
    found = match_credit(credit(), [named(is_payable=False)], POLICY)
    assert found == stray(StrayReason.DUPLICATE, UUID(int=1))


def test_two_orders_at_once_are_nobodys():
    """Fault 17: its memo names one order and its destination another."""
    found = match_credit(credit(), [named(1), named(2)], POLICY)
    assert found == stray(StrayReason.CONTRADICTORY)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"memo": None, "memo_type": "none"}, StrayReason.NO_MEMO),
        ({"memo": b"hello", "memo_type": "text"}, StrayReason.UNKNOWN_MEMO),
        ({"memo": None, "memo_type": "hash"}, StrayReason.UNKNOWN_MEMO),
        ({"memo": None, "memo_type": "return"}, StrayReason.UNKNOWN_MEMO),
        ({"memo": None, "memo_type": "id", "alias": 7}, StrayReason.UNKNOWN_MEMO),
        ({"memo": None, "memo_type": "none", "alias": 0}, StrayReason.UNKNOWN_MEMO),
    ],
)
def test_a_credit_that_names_no_order_of_ours_says_whether_it_names_anything(facts, reason):
    """Fault 13: a return memo is somebody's refund to us."""
    nobodys = credit().model_copy(update=facts)
    assert match_credit(nobodys, [], POLICY) == stray(reason)


KEPT = Disposition.KEPT
PENDING = Disposition.PENDING


@pytest.mark.parametrize(("policy", "where"), [("keep", KEPT), ("refund", PENDING)])
@pytest.mark.parametrize(
    ("orders", "names"),
    [
        ([], None),
        ([named()], UUID(int=1)),
        ([named(is_payable=False)], UUID(int=1)),
        ([named(1), named(2)], None),
    ],
)
def test_dust_claims_nothing(policy, where, orders, names):
    """A trifle sent to somebody's memo must not use the order up."""
    rules = DepositPolicy(dusty=DustPolicy(policy))
    for amount in (1, rules.dust):
        found = match_credit(credit(amount), orders, rules)
        assert found == stray(StrayReason.DUST, names, where)


def test_an_order_of_no_more_than_dust_can_be_paid():
    tiny = named(due=Stroops(POLICY.dust - 1))
    assert match_credit(credit(tiny.due), [tiny], POLICY).stray_reason is None
    assert match_credit(credit(tiny.due - 1), [tiny], POLICY).stray_reason is StrayReason.DUST


def test_without_a_dust_limit_nothing_is_dust():
    rules = DepositPolicy(dust=Stroops(0))
    assert match_credit(credit(1), [named()], rules).stray_reason is None
