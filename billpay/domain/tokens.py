"""The 20-digit STS number a customer types into a prepaid meter.

Providers wrap it in words, spaces and dashes, and write "null" or "N/A" where there is none; it may start
with zeros, so it is text from the first byte to the last.
"""

import re
from typing import NewType

Token = NewType("Token", str)
"""Exactly 20 digits (IEC 62055-41)."""

TOKEN_DIGITS = 20
_GROUP = 4
_PREFIX = re.compile(r"(?i)(?:(?:main|bonus|credit)\s*)?token\s*:")
_SEPARATORS = re.compile(r"[\s-]+")


def parse_token(text: str) -> Token | None:
    """Read one token out of a provider's text; None where it holds no token.

    Repeated prefixes ("Token : token: ...") are removed, spaces and dashes too; anything but 20 digits is no token.
    """
    digits = _SEPARATORS.sub("", _PREFIX.sub("", text))
    if len(digits) != TOKEN_DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    return Token(digits)


def spoken_token(token: Token) -> str:
    """Write a token for a person: five groups of four."""
    return "-".join(token[start : start + _GROUP] for start in range(0, TOKEN_DIGITS, _GROUP))


def masked_token(token: Token) -> str:
    """Write a token for an operator: the last group only."""
    return f"****-****-****-****-{token[-_GROUP:]}"
