"""Writing JSON to the digit, and reading JSON whose shape is only promised.

Providers write "null" and "N/A" for nothing, numbers as text and text as numbers, and null where an object
is documented. No reader here raises: what cannot be read is absent.
"""

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from billpay.domain.money import KOBO_PER_NAIRA, Kobo, naira_amount

JsonScalar = str | int | Decimal

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


def naira_number(amount: Kobo) -> int | Decimal:
    """Write an amount for a JSON number: whole naira as an integer, else with its two decimals."""
    whole, kobo = divmod(amount, KOBO_PER_NAIRA)
    return Decimal(naira_amount(amount)) if kobo else whole


def write_json(body: Mapping[str, JsonScalar]) -> bytes:
    """Write a flat object; a Decimal becomes a JSON number digit by digit, never by way of a float."""
    members = (
        f"{json.dumps(name)}:{f'{value:f}' if isinstance(value, Decimal) else json.dumps(value)}"
        for name, value in body.items()
    )
    return ("{" + ",".join(members) + "}").encode()
