"""What is bid for a place in a ledger."""

import pytest

from billpay.failures import Unavailable
from billpay.ledger.base import FeeStats
from billpay.ledger.refund_fees import ask_fees, bid, higher_bid

BUSY = FeeStats(base=100, usual=300, surge=9_000)


def test_a_usual_hour_costs_what_nine_of_ten_pay():
    assert bid(BUSY, cap=100_000, was_outbid=False) == 300


def test_what_was_too_little_once_bids_more():
    assert bid(BUSY, cap=100_000, was_outbid=True) == 9_000


def test_no_bid_is_above_the_cap_nor_below_the_networks_minimum():
    assert bid(BUSY, cap=1_000, was_outbid=True) == 1_000
    assert bid(FeeStats(base=500, usual=100, surge=100), cap=200, was_outbid=False) == 500
    assert bid(None, cap=100_000, was_outbid=True) == 100


@pytest.mark.parametrize(
    ("last", "cap", "following"),
    [(100, 100_000, 9_000), (900, 100_000, 9_000), (2_000, 100_000, 20_000), (2_000, 2_500, 2_500)],
)
def test_a_higher_bid_is_ten_times_the_last_or_what_the_surge_costs(last, cap, following):
    """Fault 26: a queue takes nothing less in its place."""
    assert higher_bid(BUSY, last, cap=cap) == following


def test_nothing_higher_is_bid_where_the_cap_is_reached():
    assert higher_bid(BUSY, 2_500, cap=2_500) is None
    assert higher_bid(None, 100, cap=100_000) == 1_000


async def test_a_server_that_cannot_tell_keeps_no_refund_waiting():
    class Silent:
        async def fee_stats(self):
            raise Unavailable("no answer")

    assert await ask_fees(Silent()) is None
