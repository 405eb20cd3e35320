"""Which of Flutterwave's names mean which of ours.

Its codes differ between test, live and accounts (BIL119 is DStv here and Kaduna's disco there), so only names can be
matched; and a name that fits nothing, or more than one thing, is left to an operator instead of guessed at.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from billpay.domain.bills import BILLERS, Biller, BillerCode, BillType

_NO_LETTERS = re.compile(r"[\W_]+")

_CATEGORIES = {
    BillType.ELECTRICITY: ("UTILITY", "ELECTRIC"),
    BillType.AIRTIME: ("AIRTIME",),
    BillType.DATA: ("MOBILEDATA", "MOBILE DATA"),
    BillType.CABLE_TV: ("CABLE",),
}
"""What a category's code or name contains."""

_FURTHER_NAMES = {
    BillerCode("phed"): ("phc",),
    BillerCode("startimes"): ("star times", "daarsat"),
}
"""Names that nobody types but Flutterwave writes."""

_DISCO = re.compile(r"\b(?:DISCO|ELECTRIC\w*|POWER)\b")
_ALL_NETWORKS = frozenset({"AIRTIME", "ALL NETWORKS"})
_NO_SUBSCRIPTION = "BOX OFFICE"


@dataclass(frozen=True)
class Row:
    """A category or biller as it is listed."""

    code: str
    names: tuple[str, ...]
    """Every name it is given, simplified."""


def simple(text: str) -> str:
    """Write a name in capitals, with one space for everything that is no letter or digit."""
    return _NO_LETTERS.sub(" ", text.upper()).strip()


def category_for(bill_type: BillType, rows: Sequence[Row]) -> Row | None:
    """Find the one category of a bill type."""
    words = _CATEGORIES[bill_type]
    return _only(
        row
        for row in rows
        if any(word in name for word in words for name in (row.code, *row.names))
    )


def biller_for(bill_type: BillType, biller: BillerCode, rows: Sequence[Row]) -> Row | None:
    """Find the one biller that ours is; a biller named exactly so wins over longer names."""
    names = _names_of(biller)
    meant = [row for row in rows if _is_called(row, names, bill_type)]
    exact = [row for row in meant if names.intersection(row.names)]
    return _only(meant) or _only(exact)


def all_networks(bill_type: BillType, rows: Sequence[Row]) -> Row | None:
    """Find the one biller that sells airtime for whichever network a number belongs to, as test accounts have it."""
    if bill_type is not BillType.AIRTIME:
        return None
    return _only(row for row in rows if _ALL_NETWORKS.intersection(row.names))


def product_slug(biller: BillerCode, name: str) -> str:
    """Write a product's name as a code without its biller: `compact-plus` for "DSTV COMPACT PLUS"."""
    words = simple(name).lower().split()
    return "-".join(words[1:] if words[:1] == [biller] else words)


def is_for(meter_type: str, name: str) -> bool:
    """Whether an item's name says that it is for this kind of meter, and for no other."""
    words = simple(name).lower().split()
    return [word for word in words if word in ("prepaid", "postpaid")] == [meter_type]


def is_subscription(name: str) -> bool:
    """Whether an item with an open amount pays for a TV subscription."""
    return _NO_SUBSCRIPTION not in simple(name)


def _names_of(biller: BillerCode) -> frozenset[str]:
    """Every name of a biller that no other one has."""
    known = next((one for one in BILLERS if one.code == biller), None)
    if known is None:
        return frozenset()
    others = {alias for one in BILLERS if one is not known for alias in one.aliases}
    names = {*_all_names(known)} - others
    return frozenset(map(simple, names | {*_FURTHER_NAMES.get(biller, ())}))


def _all_names(biller: Biller) -> tuple[str, ...]:
    return biller.code, biller.name, *biller.aliases


def _is_called(row: Row, names: frozenset[str], bill_type: BillType) -> bool:
    if bill_type is BillType.ELECTRICITY and not _sells_power(row, names):
        return False
    return any(f" {wanted} " in f" {name} " for wanted in names for name in row.names)


def _sells_power(row: Row, names: frozenset[str]) -> bool:
    """Whether a utility is a disco: Kano has a water board too."""
    return bool(names.intersection(row.names)) or any(_DISCO.search(name) for name in row.names)


def _only(rows: Iterable[Row]) -> Row | None:
    found = list(rows)
    return found[0] if len(found) == 1 else None
