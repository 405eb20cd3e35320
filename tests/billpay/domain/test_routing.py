from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import Kobo, cngn
from billpay.domain.orders import Order
from billpay.domain.routing import PREFERENCE, ProviderName, route
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


@pytest.mark.parametrize(
    ("bill_type", "first"),
    [
        (BillType.ELECTRICITY, FLUTTERWAVE),
        (BillType.CABLE_TV, FLUTTERWAVE),
        (BillType.AIRTIME, VTPASS),
        (BillType.DATA, VTPASS),
    ],
)
def test_without_a_wish_the_quick_starts_order_holds(bill_type, first):
    assert route(order(bill_type, "nobody"), lambda _: True)[0] is first


def test_the_provider_an_order_names_is_asked_first():
    assert list(route(order(BillType.ELECTRICITY, "vtpass"), lambda _: True)) == [
        VTPASS,
        FLUTTERWAVE,
        PAYSTACK,
    ]


@pytest.mark.parametrize("bill_type", BillType)
def test_an_order_that_names_who_cannot_sell_it_goes_to_who_can(bill_type):
    """The quick start's SQL names flutterwave whatever is registered."""
    assert route(order(bill_type, "flutterwave"), lambda name: name is VTPASS) == [VTPASS]


@given(
    st.sampled_from(BillType),
    st.sampled_from([*ProviderName, "nobody", ""]),
    st.sets(st.sampled_from(ProviderName)),
)
def test_everybody_who_sells_it_is_asked_once_and_nobody_else(bill_type, requested, sellers):
    asked = route(order(bill_type, requested), lambda name: name in sellers)
    assert len(asked) == len(set(asked))
    assert set(asked) == sellers
    if requested in sellers:
        assert asked[0] == requested


def test_every_bill_type_knows_every_provider():
    assert {frozenset(names) for names in PREFERENCE.values()} == {frozenset(ProviderName)}
