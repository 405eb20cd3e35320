"""What VTPass's response codes mean, for a purchase and for a requery of one.

Source: vtpass.com/documentation/response-codes, which also says that whatever it does not list is pending.
A code that blames our account says nothing about a purchase when it answers a requery.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from billpay.domain.outcomes import Whose

LOOK_ALIKE_SECONDS = 35.0
"""VTPass refuses the same account at the same service for 30 seconds."""

NEW_ID_SECONDS = 1.0


class Meaning(StrEnum):
    """What a code says about the purchase it answers."""

    BY_STATUS = auto()
    """The transaction's status decides."""

    PROCESSING = auto()
    DECLINED_BY_PROVIDER = auto()
    DECLINED_FOR_CUSTOMER = auto()
    POSTPONED = auto()
    NEVER_SEEN = auto()
    UNAVAILABLE = auto()
    AMBIGUOUS = auto()
    MISCONFIGURED = auto()

    @property
    def whose(self) -> Whose:
        """Whose fault a refusal is."""
        return Whose.CUSTOMER if self is Meaning.DECLINED_FOR_CUSTOMER else Whose.PROVIDER


_M = Meaning


@dataclass(frozen=True)
class Code:
    """One line of VTPass's table."""

    words: str
    """For the operator, and for the customer where it is a refusal."""

    on_pay: Meaning
    on_requery: Meaning
    retry_after_seconds: float = 0.0
    """How long a postponed purchase must wait."""


def _ours(words: str) -> Code:
    """Refused because of our account, catalogue or request: nothing was sold."""
    return Code(words, _M.MISCONFIGURED, _M.MISCONFIGURED)


def _customers(words: str) -> Code:
    """Refused because of the order's data; a requery is not documented to say so, hence waits."""
    return Code(words, _M.DECLINED_FOR_CUSTOMER, _M.PROCESSING)


def _unclear(words: str) -> Code:
    """May have been sold."""
    return Code(words, _M.AMBIGUOUS, _M.PROCESSING)


CODES: Mapping[str, Code] = {
    "000": Code("processed", _M.BY_STATUS, _M.BY_STATUS),
    "001": Code("transaction query", _M.BY_STATUS, _M.BY_STATUS),
    "010": _ours("unknown variation code"),
    "011": _ours("missing or invalid argument"),
    "012": _ours("unknown product"),
    "013": _customers("The amount is below the least this biller takes"),
    "014": _unclear("request id already used"),
    # A requery's 015 is evidence only; two of them, far enough apart, are proof (domain.attempts).
    "015": Code("unknown request id", _M.AMBIGUOUS, _M.NEVER_SEEN),
    "016": Code(
        "The provider could not complete the purchase",
        _M.DECLINED_BY_PROVIDER,
        _M.DECLINED_BY_PROVIDER,
    ),
    "017": _customers("The amount is above the most this biller takes"),
    "018": _ours("our wallet is too low"),
    # The refused record answers 019 to every requery as well; this request id can never buy again.
    "019": Code(
        "the same purchase was made within 30 seconds",
        _M.POSTPONED,
        _M.POSTPONED,
        LOOK_ALIKE_SECONDS,
    ),
    "020": _unclear("biller confirmed, which is no answer to a purchase"),
    "021": _ours("our account is locked"),
    "022": _ours("our account is suspended"),
    "023": _ours("our account has no API access"),
    "024": _ours("our account is inactive"),
    "025": _customers("The receiving bank cannot be paid"),
    "026": _customers("The receiving bank account cannot be paid"),
    "027": _ours("our IP address is not whitelisted"),
    "028": _ours("the product is not enabled for our account"),
    "030": Code("the biller cannot be reached", _M.UNAVAILABLE, _M.PROCESSING),
    "031": _customers("The quantity is below the least this biller takes"),
    "032": _customers("The quantity is above the most this biller takes"),
    "034": _ours("the service is suspended"),
    "035": _ours("the service is inactive"),
    "040": Code(
        "The provider reversed the purchase",
        _M.DECLINED_BY_PROVIDER,
        _M.DECLINED_BY_PROVIDER,
    ),
    # A person there has settled it and must be asked how; no machine refunds on it.
    "044": _unclear("resolved by VTPass's staff"),
    "083": _unclear("system error"),
    # Only the first sending of an id proves this: VTPass refuses yesterday's id whether or not it sold under it.
    "085": Code(
        "the request id does not carry today's date",
        _M.POSTPONED,
        _M.MISCONFIGURED,
        NEW_ID_SECONDS,
    ),
    "087": _ours("our keys were refused"),
    "089": _unclear("an earlier request is still running"),
    "091": Code(
        "The provider did not process the purchase", _M.UNAVAILABLE, _M.DECLINED_BY_PROVIDER
    ),
    "099": Code("in processing", _M.PROCESSING, _M.PROCESSING),
}

UNLISTED = _unclear("a code that VTPass does not list")

_CODE_LENGTH = 3
_CODE = re.compile(r"[0-9A-Za-z_-]{1,20}")


def code_in(document: Mapping[str, Any], field: str = "code") -> str | None:
    """Find the code of an answer; None where it carries none.

    Numbers are padded, since a code written as a number has lost its zeros.
    """
    value = document.get(field)
    text = str(value).strip() if isinstance(value, str | int) else ""
    return text.zfill(_CODE_LENGTH) if _CODE.fullmatch(text) else None


def list_code_in(document: Mapping[str, Any]) -> str | None:
    """Find the code of a list, which keeps it in `response_description` and has `code` only for refusals."""
    return code_in(document) or code_in(document, "response_description")


def meaning_of(code: str) -> Code:
    """Look a code up; whatever is not listed may have been sold."""
    return CODES.get(code, UNLISTED)


def blames_us(code: str) -> bool:
    """Whether the code says that our account, catalogue or request is at fault."""
    return meaning_of(code).on_requery is Meaning.MISCONFIGURED
