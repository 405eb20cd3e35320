from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.deposits import Credit, DepositPolicy, PayTheBill, ReturnIt, assess
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
