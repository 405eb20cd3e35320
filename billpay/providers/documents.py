"""Reading JSON whose shape is only promised.

Providers write "null" and "N/A" for nothing, numbers as text and text as numbers, and null where an object
is documented. Nothing here raises: what cannot be read is absent.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billpay.domain.money import Kobo

_ABSENT = frozenset({"", "null", "none", "n/a", "na"})
_KOBO_PLACES = 2


def at(document: Any, *path: str) -> Any:
    """Follow names through nested objects; None where the way ends."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def text_at(document: Any, *path: str) -> str | None:
    """Answer the text or number there, as text; None for what stands in the place of nothing."""
    return plain_text(at(document, *path))


def plain_text(value: Any) -> str | None:
    """Answer a text or number as text; None for anything else and for words that mean nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    text = str(value).strip()
    return None if text.lower() in _ABSENT else text


def kobo_at(document: Any, *path: str, rounding: str = ROUND_HALF_UP) -> Kobo | None:
    """Read naira there, whether number or text, rounded to whole kobo; None where it is no amount.

    Rounding is for outside amounts only: a provider's commissions carry the noise of its floats.
    """
    text = text_at(document, *path)
    if text is None:
        return None
    try:
        kobo = Decimal(text.replace(",", "")).scaleb(_KOBO_PLACES).quantize(Decimal(1), rounding)
        return Kobo(int(kobo))
    except (ArithmeticError, ValueError):
        return None
