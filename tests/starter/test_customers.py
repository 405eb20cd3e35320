"""The drawn crowd: repeatable, all of it orders that can be placed, and everything in it that is meant to go wrong."""

import pytest

from billpay.domain.bills import BillType
from billpay.domain.routing import ProviderName
from billpay.sandbox.scripts import Says
from starter.customers import PATIENT, QUICK, Paying, draw_crowd
from starter.ordering import read_typed
from workflows.policies import FIRST_QUESTION_AFTER

MANY = 600
SHOPS = (ProviderName.FLUTTERWAVE, ProviderName.VTPASS)


def test_a_seed_draws_the_same_crowd_again():
    """A run that went wrong is lived again by its seed."""
    assert draw_crowd(50, 7) == draw_crowd(50, 7)
    assert draw_crowd(50, 7) != draw_crowd(50, 8)


def test_a_longer_crowd_begins_with_the_shorter_one():
    assert draw_crowd(50, 7)[:20] == draw_crowd(20, 7)


def test_every_order_can_be_placed_and_has_an_account_of_its_own():
    """Scripts belong to accounts: with a shared one a customer would live another one's story."""
    orders = [read_typed(customer.typed) for customer in draw_crowd(MANY, 7)]
    assert len({order.account_number for order in orders}) == MANY


def test_a_crowd_has_every_bill_every_wish_and_every_way_to_pay():
    crowd = draw_crowd(MANY, 7)
    assert {customer.typed.bill_type for customer in crowd} == set(BillType)
    assert {customer.typed.provider for customer in crowd} == {None, *ProviderName}
    assert {customer.paying for customer in crowd} == set(Paying)


def test_both_providers_may_be_in_doubt_about_one_account():
    """Fault 55: what one is silent about the other one is silent about too."""
    silent = [
        customer
        for customer in draw_crowd(MANY, 7)
        if all(customer.scripts[shop].pay in (Says.TIMEOUT, Says.RESET) for shop in SHOPS)
    ]
    assert silent


@pytest.mark.parametrize("shop", SHOPS)
def test_every_behaviour_of_a_shop_is_drawn(shop):
    drawn = {customer.scripts[shop].model_dump_json() for customer in draw_crowd(MANY, 7)}
    assert drawn == {script.model_dump_json() for _, script in PATIENT[shop]}


@pytest.mark.parametrize("shop", SHOPS)
def test_a_quick_crowd_is_certain_when_it_is_first_asked_about(shop):
    for _, script in QUICK[shop]:
        assert script.settles_after_seconds < FIRST_QUESTION_AFTER.total_seconds()
        assert script.appears_after_seconds == 0
        assert script.pay is not Says.TIMEOUT
