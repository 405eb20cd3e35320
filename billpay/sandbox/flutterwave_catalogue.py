"""What one Flutterwave account lists, under codes of its own: no two accounts have the same.

Names are written as Flutterwave's lists write them, traps included: Kaduna's two items share one name, Yola's says no
kind of meter, a second DStv biller rents films, a water board is a utility too; Aba's disco and Showmax are missing.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from billpay.domain.money import KOBO_PER_NAIRA, Kobo, naira

_FREE = Kobo(0)
_CODES = range(100, 1000)


class Kind(StrEnum):
    """The category codes in which something is sold here."""

    AIRTIME = "AIRTIME"
    DATA = "MOBILEDATA"
    TV = "CABLEBILLS"
    UTILITY = "UTILITYBILLS"


CATEGORIES: dict[str, str] = {
    "AIRTIME": "Airtime",
    "MOBILEDATA": "Mobile Data Service",
    "CABLEBILLS": "Cable Bill Payment",
    "INTSERVICE": "Internet Service",
    "UTILITYBILLS": "Utility Bills",
    "TAX": "Tax Payment",
    "DONATIONS": "Donations",
    "TRANSLOG": "Transport and Logistics",
    "DEALPAY": "Dealer Payments",
    "RELINST": "Religious Institutions",
    "SCHPB": "Schools and Professional Bodies",
}
"""What `top-bill-categories` lists."""

_PREFIXES = {Kind.AIRTIME: "AT", Kind.DATA: "MD", Kind.TV: "CB", Kind.UTILITY: "UB"}
_LABELS = {
    Kind.AIRTIME: "Mobile Number",
    Kind.DATA: "Mobile Number",
    Kind.TV: "SmartCard Number",
    Kind.UTILITY: "Meter Number",
}


@dataclass(frozen=True)
class Item:
    """One `item_code`."""

    code: str
    name: str
    price: Kobo
    """Zero where the customer chooses the amount."""

    fee: Kobo
    minimum: Kobo = _FREE
    maximum: Kobo = _FREE
    """Limits of an open amount; zero where none is stated."""

    def takes(self, amount: Kobo) -> bool:
        """Whether this amount buys it."""
        if self.price:
            return amount == self.price
        return amount >= max(self.minimum, 1) and (not self.maximum or amount <= self.maximum)


@dataclass(frozen=True)
class Biller:
    """One `biller_code`."""

    code: str
    name: str
    kind: Kind
    items: tuple[Item, ...]

    @property
    def label(self) -> str:
        """What a customer is asked for."""
        return _LABELS[self.kind]

    def item(self, code: str) -> Item | None:
        """Find an item by its code."""
        return next((item for item in self.items if item.code == code), None)


_MENUS: dict[Kind, dict[str, tuple[str, ...]]] = {
    Kind.AIRTIME: {
        "MTN": ("0 MTN VTU",),
        "AIRTEL": ("0 AIRTEL VTU",),
        "GLO": ("0 GLO VTU",),
        "9MOBILE": ("0 9MOBILE VTU",),
    },
    Kind.DATA: {
        "MTN DATA BUNDLE": (
            "200 MTN 200MB data purchase (3 days)",
            "1000 MTN 1.5GB data purchase",
            "2000 MTN 4.5GB data purchase",
            "5000 MTN 15GB data purchase",
        ),
        "AIRTEL DATA BUNDLE": (
            "100 AIRTEL 75 MB data bundle",
            "1499.01 AIRTEL 3GB Data Bundle",
        ),
        "GLO DATA BUNDLE": (
            "300 GLO 1GB data bundle",
            "1000 GLO 2.5GB data bundle",
        ),
        "9MOBILE DATA BUNDLE": ("1000 9MOBILE 1.5GB data bundle",),
    },
    Kind.TV: {
        "DSTV": (
            "0 DSTV Payment",
            "1850 DSTV PADI",
            "7900 DSTV COMPACT",
            "12400 DSTV COMPACT PLUS",
            "9600 DSTV COMPACT + HD",
        ),
        "DSTV BOX OFFICE": ("800 DSTV BOX OFFICE",),
        "GOTV": (
            "0 GOTV Payment",
            "3600 GOTV MAX",
        ),
        "STARTIMES": (
            "0 STARTIMES Payment",
            "1200 NOVA - One Month",
        ),
    },
    Kind.UTILITY: {
        "EKO DISCO ELECTRICITY BILLS": (
            "0 EKEDC PREPAID TOPUP",
            "0 EKEDC POSTPAID TOPUP",
        ),
        "IKEJA DISCO ELECTRICITY BILLS": (
            "0 IKEDC  PREPAID",
            "0 IKEDC  POSTPAID",
        ),
        "IBADAN DISCO ELECTRICITY BILLS": (
            "0 IBADAN DISCO ELECTRICITY PREPAID",
            "0 IBADAN DISCO ELECTRICITY POSTPAID",
        ),
        "ENUGU DISCO ELECTRICITY BILLS": (
            "0 ENUGU DISCO ELECTRIC BILLS PREPAID TOPUP",
            "0 ENUGU DISCO ELECTRIC BILLS POSTPAID TOPUP",
        ),
        "PORT HARCOURT DISCO ELECTRICITY BILLS": (
            "0 PHC DISCO  PREPAID TOPUP",
            "0 PHC DISCO POSTPAID TOPUP",
        ),
        "BENIN DISCO ELECTRICITY BILLS": (
            "0 BENIN DISCO PREPAID TOPUP",
            "0 BENIN DISCO POSTPAID TOPUP",
        ),
        "YOLA DISCO ELECTRICITY BILLS": ("0 YOLA DISCO TOPUP",),
        "KADUNA DISCO ELECTRICITY BILLS": (
            "0 KADUNA DISCO ELECTRICITY BILLS",
            "0 KADUNA DISCO ELECTRICITY BILLS",
        ),
        "KANO DISCO ELECTRICITY BILLS": (
            "0 KANO DISCO PREPAID TOPUP",
            "0 KANO DISCO POSTPAID TOPUP",
        ),
        "KANO STATE WATER BOARD": ("0 KANO STATE WATER BOARD",),
        "ABUJA DISCO ELECTRICITY BILLS": (
            "0 ABUJA DISCO Prepaid",
            "0 ABUJA DISCO Postpaid",
        ),
        "JOS DISCO ELECTRICITY BILLS": (
            "0 JOS DISCO Prepaid",
            "0 JOS DISCO Postpaid",
        ),
    },
}
"""Every biller with its items, each written `price name`; zero is an open amount."""

_WITHOUT_FEE = ("EKO DISCO", "IKEJA DISCO")
_POWER_LIMITS = naira("500"), naira("500000")
_AIRTIME_MAXIMUM = naira("50000")


class Listings:
    """Every biller of one account, with the codes that this account has for it."""

    def __init__(self, account: str = "") -> None:
        self._account = account
        self._taken: set[str] = set()
        self.billers: dict[str, Biller] = {}
        for kind, menu in _MENUS.items():
            for name, lines in menu.items():
                items = tuple(self._item(kind, name, line) for line in lines)
                code = self._code("BIL", name)
                self.billers[code] = Biller(code, name, kind, items)

    def of(self, category: str) -> list[Biller]:
        """List a category's billers."""
        return [biller for biller in self.billers.values() if biller.kind == category]

    def _item(self, kind: Kind, biller: str, line: str) -> Item:
        price, _, name = line.partition(" ")
        is_free = kind in (Kind.AIRTIME, Kind.DATA) or biller.startswith(_WITHOUT_FEE)
        limits = _FREE, _FREE
        if kind is Kind.UTILITY:
            limits = _POWER_LIMITS
        elif kind is Kind.AIRTIME:
            limits = _FREE, _AIRTIME_MAXIMUM
        fee = _FREE if is_free else Kobo(100 * KOBO_PER_NAIRA)
        return Item(self._code(_PREFIXES[kind], name), name, naira(price), fee, *limits)

    def _code(self, prefix: str, name: str) -> str:
        """Derive a code that is free, the same every time the same account is opened."""
        digest = hashlib.sha256(f"{self._account}:{name}".encode()).digest()
        start = int.from_bytes(digest[:8]) % len(_CODES)
        numbers = (*_CODES[start:], *_CODES[:start])
        code = next(f"{prefix}{n}" for n in numbers if f"{prefix}{n}" not in self._taken)
        self._taken.add(code)
        return code
