from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.bills import BillerCode, BillType, Product
from billpay.domain.catalogue import (
    HIGHEST_PRICE,
    Change,
    Known,
    PriceList,
    Seen,
    changes,
    sellable,
)
from billpay.domain.money import Kobo
from billpay.domain.routing import ProviderName

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = Product(code="a", name="1GB", price=Kobo(30_000))
DEARER = Product(code="a", name="1GB", price=Kobo(35_000))
RENAMED = Product(code="a", name="1GB - 30 days", price=Kobo(30_000))
OTHER = Product(code="b", name="2GB", price=Kobo(60_000))


@pytest.mark.parametrize(
    ("known", "listed", "expected"),
    [
        ([], [PLAN], [Change(Seen.LISTED, PLAN)]),
        ([Known(PLAN)], [PLAN], []),
        ([Known(PLAN)], [DEARER], [Change(Seen.REPRICED, DEARER)]),
        ([Known(PLAN)], [RENAMED], [Change(Seen.RENAMED, RENAMED)]),
        ([Known(PLAN)], [OTHER], [Change(Seen.LISTED, OTHER), Change(Seen.WITHDRAWN, PLAN)]),
        ([Known(PLAN, is_withdrawn=True)], [], []),
        ([Known(PLAN, is_withdrawn=True)], [DEARER], [Change(Seen.BACK, DEARER)]),
        # Which of two prices would be charged is anybody's guess (fault 49).
        ([Known(PLAN)], [PLAN, DEARER], [Change(Seen.WITHDRAWN, PLAN)]),
        ([], [PLAN, RENAMED], [Change(Seen.LISTED, PLAN)]),
    ],
)
def test_a_look_at_a_list_finds_what_has_changed(known, listed, expected):
    assert list(changes(known, listed)) == expected


PRODUCTS = st.builds(
    Product,
    code=st.sampled_from("abc"),
    name=st.sampled_from(["1GB", "2GB"]),
    price=st.one_of(st.none(), st.sampled_from([Kobo(1), Kobo(2), Kobo(0), Kobo(10**20)])),
)


@given(st.lists(st.lists(PRODUCTS, max_size=6), max_size=6))
def test_whatever_is_listed_the_second_look_finds_nothing_new(lists):
    """A refresh that is repeated changes nothing, and no list breaks it."""
    known: dict[str, Known] = {}
    for listed in lists:
        for change in changes(list(known.values()), listed):
            is_withdrawn = change.seen is Seen.WITHDRAWN
            known[change.product.code] = Known(change.product, is_withdrawn)
        assert list(changes(list(known.values()), listed)) == []
        on_sale = {one.product for one in known.values() if not one.is_withdrawn}
        assert on_sale == set(sellable(listed))


@pytest.mark.parametrize("price", [0, -1, HIGHEST_PRICE + 1])
def test_a_price_that_cannot_be_one_is_not_sold(price):
    assert sellable([Product(code="a", name="1GB", price=Kobo(price))]) == []


@pytest.mark.parametrize(
    ("age", "is_old"),
    [(timedelta(0), False), (2 * HOUR, False), (2 * HOUR + timedelta(seconds=1), True)],
)
def test_a_list_is_old_after_two_missed_refreshes(age, is_old):
    assert price_list(NOON - age).is_old(NOON, HOUR) is is_old


def test_a_list_that_was_never_read_is_old():
    assert price_list(None).is_old(NOON, HOUR)


def price_list(read_at):
    return PriceList(
        provider=ProviderName.VTPASS,
        bill_type=BillType.DATA,
        biller=BillerCode("mtn"),
        is_sold=True,
        products=[],
        read_at=read_at,
        failure=None,
    )
