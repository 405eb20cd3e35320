"""What is done when a product costs something else at pay time than when it was ordered."""

from enum import StrEnum

from billpay.domain.money import Kobo, spoken_naira


class PriceChange(StrEnum):
    """The policy; a price that rose is refunded under either."""

    REFUND = "refund"
    """Only the price that was ordered is paid."""

    PAY_LOWER = "pay_lower"
    """A price that fell is paid and the rest goes back, unless it is dust."""


def is_paid(ordered: Kobo, now: Kobo, policy: PriceChange) -> bool:
    """Whether the present price is paid instead of the ordered one."""
    return policy is PriceChange.PAY_LOWER and 0 < now < ordered


def spoken_change(what: str, ordered: Kobo, now: Kobo) -> str:
    """Say both prices, for the customer and the timeline alike."""
    return f"{what} cost {spoken_naira(ordered)} when ordered and costs {spoken_naira(now)} now"
