"""Reading JSON whose shape is documented: what is there is exactly that, or the reader is told so.

Shapes: developers.stellar.org, "Operations", "Accounts" and "Transactions" for Horizon, whose structs are in its
`protocols/horizon`; "RPC", "Methods" for RPC.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from billpay.domain.money import STROOPS_PER_CNGN, Stroops

Document = Mapping[str, Any]

DIGITS = re.compile(r"[0-9]{1,19}")
ADDRESS = re.compile(r"[A-Z2-7]{56,112}")
"""Any strkey: accounts, multiplexed accounts, contracts, and kinds still to come."""

HASH = re.compile(r"[0-9a-f]{64}")
WORD = re.compile(r"[a-z_]{1,32}")

INT64_MAX = 2**63 - 1
_UINT64_MAX = 2**64 - 1
_UINT64 = re.compile(r"[0-9]{1,20}")
_AMOUNT = re.compile(r"([0-9]{1,12})\.([0-9]{7})")


class UnexpectedShapeError(ValueError):
    """A document is not what the server's documents look like."""


def text(document: Document, name: str, form: re.Pattern[str] | None = None) -> str:
    """Answer the text there, which is wholly of a form."""
    value = document.get(name)
    if not isinstance(value, str) or not (form is None or form.fullmatch(value)):
        raise UnexpectedShapeError(f"{name!r} is missing or of another form")
    return value


def number(document: Document, name: str) -> int:
    """Answer the whole number there."""
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnexpectedShapeError(f"{name!r} is no whole number")
    return value


def unsigned(document: Document, name: str) -> int:
    """Answer the number there of 64 bits without a sign, which is written as text."""
    value = int(text(document, name, _UINT64))
    if value > _UINT64_MAX:
        raise UnexpectedShapeError(f"{name!r} is more than 64 bits hold")
    return value


def truth(document: Document, name: str) -> bool:
    """Answer the truth value there."""
    value = document.get(name)
    if not isinstance(value, bool):
        raise UnexpectedShapeError(f"{name!r} is no truth value")
    return value


def moment(document: Document, name: str) -> datetime:
    """Answer a ledger's close time, the only clock that deposits and refunds are judged by."""
    try:
        value = datetime.fromisoformat(text(document, name))
    except ValueError as error:
        raise UnexpectedShapeError(f"{name!r} is no point in time") from error
    if value.tzinfo is None:
        raise UnexpectedShapeError(f"{name!r} has no time zone")
    return value


def amount(document: Document, name: str) -> Stroops:
    """Answer an amount as Horizon writes it, always with seven decimals; exact by construction."""
    match = _AMOUNT.fullmatch(text(document, name))
    if match is None:
        raise UnexpectedShapeError(f"{name!r} is no amount")
    whole, decimals = match.groups()
    value = int(whole) * STROOPS_PER_CNGN + int(decimals)
    if value > INT64_MAX:
        raise UnexpectedShapeError(f"{name!r} is more than the ledger can hold")
    return Stroops(value)


def member(document: Document, name: str) -> Document:
    """Answer the object there."""
    value = document.get(name)
    if not isinstance(value, dict):
        raise UnexpectedShapeError(f"{name!r} is no object")
    return value


def members(document: Document, name: str) -> Sequence[Document]:
    """Answer the list of objects there."""
    value = document.get(name)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise UnexpectedShapeError(f"{name!r} is no list of objects")
    return value
