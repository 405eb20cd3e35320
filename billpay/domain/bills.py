"""What can be paid: bill types, billers and the names people give them.

Billers are named by our own codes; each provider's adapter knows its own words for them.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from billpay.domain.money import Kobo
from billpay.failures import Invalid

BillerCode = NewType("BillerCode", str)
"""Our code for whom the customer owes: `ekedc`, `mtn`, `dstv`."""


class BillType(StrEnum):
    """The kinds of bill we sell."""

    ELECTRICITY = "electricity"
    AIRTIME = "airtime"
    DATA = "data"
    CABLE_TV = "cable_tv"

    @property
    def is_priced(self) -> bool:
        """Whether its billers have a menu with prices; of the others customers choose the amount."""
        return self in (BillType.DATA, BillType.CABLE_TV)


class MeterType(StrEnum):
    """How an electricity account is billed; only a prepaid one gets a token."""

    PREPAID = "prepaid"
    POSTPAID = "postpaid"


@dataclass(frozen=True)
class Biller:
    """Whom the customer owes."""

    code: BillerCode
    name: str
    bill_types: tuple[BillType, ...]
    aliases: tuple[str, ...] = ()
    """Other names people type, in lower case."""


_DISCO = (BillType.ELECTRICITY,)
_TELCO = (BillType.AIRTIME, BillType.DATA)
_TV = (BillType.CABLE_TV,)

BILLERS: tuple[Biller, ...] = (
    Biller(BillerCode("ekedc"), "EKEDC", _DISCO, ("ekedp", "eko")),
    Biller(BillerCode("ikedc"), "IKEDC", _DISCO, ("ie", "ikeja")),
    Biller(BillerCode("aedc"), "AEDC", _DISCO, ("abuja",)),
    Biller(BillerCode("kedco"), "KEDCO", _DISCO, ("kano", "kedc")),
    Biller(BillerCode("phed"), "PHED", _DISCO, ("phedc", "port harcourt", "portharcourt")),
    Biller(BillerCode("jed"), "JED", _DISCO, ("jedc", "jos")),
    Biller(BillerCode("kaedco"), "KAEDCO", _DISCO, ("kaduna", "kaedc", "kedc")),
    Biller(BillerCode("ibedc"), "IBEDC", _DISCO, ("ibadan",)),
    Biller(BillerCode("eedc"), "EEDC", _DISCO, ("enugu",)),
    Biller(BillerCode("bedc"), "BEDC", _DISCO, ("benin",)),
    Biller(BillerCode("yedc"), "YEDC", _DISCO, ("yola",)),
    Biller(BillerCode("abedc"), "ABEDC", _DISCO, ("aba", "apl", "aple")),
    Biller(BillerCode("mtn"), "MTN", _TELCO),
    Biller(BillerCode("airtel"), "Airtel", _TELCO),
    Biller(BillerCode("glo"), "GLO", _TELCO),
    Biller(BillerCode("9mobile"), "9mobile", _TELCO, ("etisalat", "t2")),
    Biller(BillerCode("dstv"), "DSTV", _TV),
    Biller(BillerCode("gotv"), "GOtv", _TV),
    Biller(BillerCode("startimes"), "StarTimes", _TV),
    Biller(BillerCode("showmax"), "Showmax", _TV),
)


_SEPARATORS = re.compile(r"[\s_-]+")
_COMPANY_WORDS = frozenset({"electric", "electricity", "power", "disco", "distribution", "company"})
"""What people and providers write behind a disco's name: "Ikeja Electric", `eko-electric`, "Aba Power"."""


@dataclass(frozen=True)
class Product:
    """One thing on a biller's menu, as a provider sells it."""

    code: str
    """The provider's own code, which a purchase names."""

    name: str
    price: Kobo | None
    """None where the customer chooses the amount."""


def find_biller(text: str, bill_type: BillType) -> Biller:
    """Find the biller that a person means.

    Raises:
        Invalid: nobody of this bill type is called so, or more than one is (`kedc`).
    """
    words = _SEPARATORS.split(text.strip().lower())
    wanted = " ".join(word for word in words if word not in _COMPANY_WORDS)
    sellers = [biller for biller in BILLERS if bill_type in biller.bill_types]
    meant = [b for b in sellers if wanted == b.code] or [b for b in sellers if wanted in b.aliases]
    if len(meant) == 1:
        return meant[0]
    if meant:
        meanings = " or ".join(f"{b.code} ({b.aliases[0].title()})" for b in meant)
        raise Invalid(f"{text!r} is ambiguous: it may mean {meanings}")
    names = ", ".join(b.code for b in sellers)
    raise Invalid(f"{text!r} is no {bill_type} biller we know; choose one of {names}")


def biller_name(code: str) -> str:
    """Answer the name to show a person; the code itself where it is unknown."""
    return next((biller.name for biller in BILLERS if biller.code == code), code.upper())
