"""Money is whole numbers of the smallest unit: kobo for naira, stroops for cNGN on the ledger.

1 cNGN is 1 naira, so 1 kobo is 100,000 stroops. Decimal text exists only at the doors; a float never does.
"""

import re
from typing import NewType

Kobo = NewType("Kobo", int)
"""Hundredths of a naira."""

Stroops = NewType("Stroops", int)
"""Ten-millionths of one cNGN, the ledger's smallest unit (developers.stellar.org, "Stroops")."""

STROOPS_PER_KOBO = 100_000
STROOPS_PER_CNGN = 10_000_000
KOBO_PER_NAIRA = 100

_NAIRA_DECIMALS = 2
_CNGN_DECIMALS = 7
_WRITTEN = re.compile(r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,60})(?:\.(?P<fraction>[0-9]*))?")
"""Plain digits only: `decimal` would accept exponents and round what is long."""

_QUOTED = 60
"""Characters of a wrong amount that its refusal repeats."""


def _scaled(text: str, decimals: int, unit: str) -> int:
    written = _WRITTEN.fullmatch(text.strip().replace(",", ""))
    if written is None:
        raise ValueError(f"{text[:_QUOTED]!r} is not an amount of {unit}")
    sign, whole, fraction = (
        written["sign"],
        written["whole"],
        (written["fraction"] or "").rstrip("0"),
    )
    if len(fraction) > decimals:
        raise ValueError(f"{text[:_QUOTED]!r} is finer than the smallest unit of {unit}")
    return int(f"{sign}{whole}{fraction:0<{decimals}}")


def naira(text: str) -> Kobo:
    """Read naira from decimal text, exactly; `ValueError` for anything finer than a kobo."""
    return Kobo(_scaled(text, _NAIRA_DECIMALS, "naira"))


def cngn(text: str) -> Stroops:
    """Read cNGN from decimal text, exactly; `ValueError` for more than seven decimals."""
    return Stroops(_scaled(text, _CNGN_DECIMALS, "cNGN"))


def in_stroops(amount: Kobo) -> Stroops:
    """Turn kobo into the same value in stroops."""
    return Stroops(amount * STROOPS_PER_KOBO)


def in_kobo(amount: Stroops) -> Kobo:
    """Turn stroops into kobo; `ValueError` where the value is not a whole number of kobo."""
    whole, rest = divmod(amount, STROOPS_PER_KOBO)
    if rest:
        raise ValueError(f"{ledger_amount(amount)} cNGN is not a whole number of kobo")
    return Kobo(whole)


def ledger_amount(amount: Stroops) -> str:
    """Write cNGN as Stellar wants it: always seven decimals."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), STROOPS_PER_CNGN)
    return f"{sign}{whole}.{rest:07d}"


def naira_amount(amount: Kobo) -> str:
    """Write naira as plain decimal text with two places, for a provider's wire."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), KOBO_PER_NAIRA)
    return f"{sign}{whole}.{rest:02d}"


def spoken_naira(amount: Kobo) -> str:
    """Write naira for a person: thousands separated, kobo only where there are any."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), KOBO_PER_NAIRA)
    return f"{sign}₦{whole:,}" + (f".{rest:02d}" if rest else "")


def spoken_cngn(amount: Stroops) -> str:
    """Write cNGN for a person: thousands separated, no trailing zeros."""
    whole, rest = divmod(amount, STROOPS_PER_CNGN)
    decimals = f"{rest:07d}".rstrip("0")
    return f"{whole:,}" + (f".{decimals}" if decimals else "") + " cNGN"
