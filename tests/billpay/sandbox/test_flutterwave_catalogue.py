"""What a Flutterwave account lists, and that no two list alike."""

import pytest

from billpay.domain.money import Kobo
from billpay.sandbox.flutterwave_catalogue import CATEGORIES, Item, Kind, Listings


def codes(listings):
    """Every item's code, in the order of the lists."""
    return [item.code for biller in listings.billers.values() for item in biller.items]


def test_an_account_lists_the_same_codes_every_time():
    assert codes(Listings("a")) == codes(Listings("a"))


def test_two_accounts_have_codes_of_their_own():
    ours, theirs = codes(Listings("a")), codes(Listings("b"))
    assert len(ours) == len(theirs)
    assert sum(one != other for one, other in zip(ours, theirs, strict=True)) > len(ours) / 2


@pytest.mark.parametrize("account", ["", "a", "b", "c"])
def test_no_code_is_given_twice(account):
    listings = Listings(account)
    assert len(set(codes(listings))) == len(codes(listings))
    assert len(listings.billers) == 24


def test_billers_stand_in_categories_that_are_listed():
    listings = Listings()
    assert {biller.kind for biller in listings.billers.values()} == set(Kind) <= set(CATEGORIES)
    assert sum(len(listings.of(category)) for category in CATEGORIES) == len(listings.billers)


@pytest.mark.parametrize(
    ("price", "minimum", "maximum", "taken", "refused"),
    [
        (0, 0, 0, [1, 10**9], [0, -1]),
        (0, 50_000, 100_000, [50_000, 100_000], [49_999, 100_001]),
        (790_000, 0, 0, [790_000], [789_999, 790_001, 0]),
    ],
)
def test_an_item_takes_its_price_or_what_lies_within_its_limits(
    price, minimum, maximum, taken, refused
):
    item = Item("UB1", "x", Kobo(price), Kobo(0), Kobo(minimum), Kobo(maximum))
    assert all(item.takes(Kobo(amount)) for amount in taken)
    assert not any(item.takes(Kobo(amount)) for amount in refused)
