import pytest

from billpay.domain.money import Kobo, naira
from billpay.domain.prices import PriceChange, is_paid, spoken_change

REFUND, PAY_LOWER = PriceChange


@pytest.mark.parametrize(
    ("now", "policy", "expected"),
    [
        (250, PAY_LOWER, True),
        (1, PAY_LOWER, True),
        (350, PAY_LOWER, False),
        (300, PAY_LOWER, False),
        (0, PAY_LOWER, False),
        (250, REFUND, False),
        (350, REFUND, False),
    ],
)
def test_only_a_price_that_fell_is_paid_and_only_by_policy(now, policy, expected):
    """Fault 49."""
    assert is_paid(Kobo(300), Kobo(now), policy) is expected


def test_both_prices_are_told():
    told = spoken_change("1GB - 30 days", naira("300"), naira("350.50"))
    assert told == "1GB - 30 days cost ₦300 when ordered and costs ₦350.50 now"
