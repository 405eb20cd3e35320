from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import Kobo, cngn
from billpay.domain.orders import Order
from billpay.domain.routing import (
    NO_BILLS,
    NO_PROVIDER_OF_OURS,
    PREFERENCE,
    SELLS_NO_BILLS,
    PassedOver,
    ProviderName,
    Route,
    ask_last,
    route,
)
from billpay.domain.statuses import BillStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FLUTTERWAVE, VTPASS, PAYSTACK = (
    ProviderName.FLUTTERWAVE,
    ProviderName.VTPASS,
    ProviderName.PAYSTACK,
)


def order(bill_type, requested="vtpass"):
    return Order(
        transaction_id=UUID(int=1),
        wallet_address="payer",
        bill_type=bill_type,
        biller=BillerCode("x"),
        account_number="123456",
        due=cngn("1"),
        bill_amount=Kobo(100),
        contact_phone="",
        requested_provider=requested,
        status=BillStatus.PENDING_PAYMENT,
        created_at=NOW,
        expires_at=NOW,
    )


def everybody_sells(_):
    return None


def only(*sellers):
    return lambda name: None if name in sellers else "is not configured here"


@pytest.mark.parametrize(
    ("bill_type", "asked"),
    [
        (BillType.ELECTRICITY, [FLUTTERWAVE, VTPASS]),
        (BillType.CABLE_TV, [FLUTTERWAVE, VTPASS]),
        (BillType.AIRTIME, [VTPASS, FLUTTERWAVE]),
        (BillType.DATA, [VTPASS, FLUTTERWAVE]),
    ],
)
def test_without_a_wish_the_quick_starts_order_holds(bill_type, asked):
    planned = route(order(bill_type, "nobody"), everybody_sells)
    assert planned.sellers == asked
    assert planned.passed_over == [PassedOver("nobody", NO_PROVIDER_OF_OURS)]


def test_the_provider_an_order_names_is_asked_first():
    planned = route(order(BillType.ELECTRICITY, "vtpass"), everybody_sells)
    assert planned == Route([VTPASS, FLUTTERWAVE], [])


@pytest.mark.parametrize("bill_type", BillType)
def test_an_order_that_names_who_cannot_sell_it_goes_to_who_can(bill_type):
    """The quick start's SQL names flutterwave whatever is registered."""
    planned = route(order(bill_type, "flutterwave"), only(VTPASS))
    assert planned == Route([VTPASS], [PassedOver(FLUTTERWAVE, "is not configured here")])


@pytest.mark.parametrize("bill_type", BillType)
def test_paystack_sells_no_bills_and_that_is_said_to_who_names_it(bill_type):
    """Whatever its adapter or its keys say: it has no API for them."""
    planned = route(order(bill_type, "paystack"), everybody_sells)
    assert PAYSTACK not in planned.sellers
    assert list(map(str, planned.passed_over)) == ["paystack sells no bills"]


def test_who_would_have_come_later_is_not_passed_over():
    planned = route(order(BillType.AIRTIME, "vtpass"), only(VTPASS))
    assert planned.passed_over == []


def test_where_nobody_sells_it_the_reasons_of_all_are_told():
    planned = route(order(BillType.AIRTIME, "vtpass"), only())
    assert planned.sellers == []
    assert [one.name for one in planned.passed_over] == [VTPASS, FLUTTERWAVE, PAYSTACK]
    assert planned.passed_over[-1].why == NO_BILLS


@given(
    st.sampled_from(BillType),
    st.sampled_from([*ProviderName, "nobody", ""]),
    st.sets(st.sampled_from(ProviderName)),
)
def test_everybody_who_sells_it_is_asked_once_and_nobody_else(bill_type, requested, sellers):
    planned = route(order(bill_type, requested), only(*sellers))
    asked = planned.sellers
    assert len(asked) == len(set(asked))
    assert set(asked) == sellers - SELLS_NO_BILLS
    if requested in asked:
        assert asked[0] == requested
        assert planned.passed_over == []
    assert not {one.name for one in planned.passed_over} & set(asked)


def test_every_bill_type_knows_every_provider():
    assert {frozenset(names) for names in PREFERENCE.values()} == {frozenset(ProviderName)}


# Asked last


@given(st.permutations(ProviderName), st.sets(st.sampled_from(ProviderName)))
def test_who_is_asked_last_is_still_asked(sellers, open_ones):
    """An open breaker refunds nobody: nobody falls out of the route."""
    moved = ask_last(Route(sellers, []), open_ones, "is tired")
    assert sorted(moved.sellers) == sorted(sellers)
    assert [name for name in moved.sellers if name not in open_ones] == [
        name for name in sellers if name not in open_ones
    ]
    assert [name in open_ones for name in moved.sellers] == sorted(
        name in open_ones for name in moved.sellers
    )


@given(st.permutations(ProviderName), st.sets(st.sampled_from(ProviderName)))
def test_only_who_has_lost_a_place_was_passed_over(sellers, open_ones):
    moved = ask_last(Route(sellers, []), open_ones, "is tired")
    expected = {n for n in sellers if sellers.index(n) < moved.sellers.index(n) and n in open_ones}
    assert {one.name for one in moved.passed_over} == expected


def test_what_was_passed_over_before_is_told_too():
    planned = Route([FLUTTERWAVE, VTPASS], [PassedOver(PAYSTACK, NO_BILLS)])
    moved = ask_last(planned, {FLUTTERWAVE}, "is tired")
    assert moved.sellers == [VTPASS, FLUTTERWAVE]
    assert list(map(str, moved.passed_over)) == ["paystack sells no bills", "flutterwave is tired"]
