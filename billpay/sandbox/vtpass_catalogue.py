"""The services this VTPass account may sell, with their limits and commissions.

Names, limits and commission rates are the sandbox's (vtpass.com/documentation, product pages); where the pages
disagree or are silent about a limit, a plausible one stands here, since a client must read limits at run time anyway.
"""

from dataclasses import dataclass
from enum import StrEnum

from billpay.domain.money import Kobo, naira
from billpay.sandbox.vtpass_menus import MENUS

_BASIS_POINTS = 10_000
_FREE = Kobo(0)


class Kind(StrEnum):
    """VTPass's own identifiers of the categories that are sold here."""

    AIRTIME = "airtime"
    DATA = "data"
    TV = "tv-subscription"
    ELECTRICITY = "electricity-bill"


TYPE_NAMES: dict[Kind, str] = {
    Kind.AIRTIME: "Airtime Recharge",
    Kind.DATA: "Data Services",
    Kind.TV: "TV Subscription",
    Kind.ELECTRICITY: "Electricity Bill",
}
"""What `content.transactions.type` calls each category."""

CATEGORIES: dict[str, str] = {
    "airtime": "Airtime Recharge",
    "data": "Data Services",
    "tv-subscription": "TV Subscription",
    "electricity-bill": "Electricity Bill",
    "education": "Education",
    "other-services": "Other Merchants/Services",
    "insurance": "Insurance",
}
"""What `service-categories` lists; this account has switched on nothing of the last three."""

METER_TYPES = ("prepaid", "postpaid")


@dataclass(frozen=True)
class Variation:
    """One product on a service's menu."""

    code: str
    name: str
    price: Kobo
    """Zero where the customer chooses the amount."""


@dataclass(frozen=True)
class Service:
    """One `serviceID`."""

    service_id: str
    name: str
    kind: Kind
    minimum: Kobo
    maximum: Kobo
    commission_basis_points: int
    fee: Kobo = _FREE
    """VTPass's own `convinience_fee` on top of the amount."""

    @property
    def menu(self) -> tuple[Variation, ...]:
        """Every product line, duplicated codes included."""
        return _MENUS.get(self.service_id, ())

    @property
    def commission_rate(self) -> str:
        """The commission in percent, as VTPass writes it."""
        return f"{self.commission_basis_points / 100:.2f}"

    def variation(self, code: str) -> Variation | None:
        """Find the product that a purchase of `code` gets: the first line of that code."""
        return next((line for line in self.menu if line.code == code), None)

    def commission(self, amount: Kobo) -> Kobo:
        """Answer what VTPass leaves to the reseller on a sale, to the nearest kobo."""
        share = amount * self.commission_basis_points
        return Kobo((share + _BASIS_POINTS // 2) // _BASIS_POINTS)


def _read_menu(text: str) -> tuple[Variation, ...]:
    lines = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Variation(code, name, naira(price)) for code, price, name in lines)


_MENUS: dict[str, tuple[Variation, ...]] = {
    service_id: _read_menu(text) for service_id, text in MENUS.items()
}


def _airtime(service_id: str, name: str, maximum: str, basis_points: int) -> Service:
    return Service(service_id, name, Kind.AIRTIME, naira("50"), naira(maximum), basis_points)


def _data(service_id: str, name: str, maximum: str, basis_points: int) -> Service:
    return Service(service_id, name, Kind.DATA, naira("1"), naira(maximum), basis_points)


def _tv(service_id: str, name: str, basis_points: int, fee: str = "0") -> Service:
    limits = naira("50"), naira("1000000")
    return Service(service_id, name, Kind.TV, *limits, basis_points, naira(fee))


def _disco(service_id: str, name: str, minimum: str, basis_points: int = 150) -> Service:
    limits = naira(minimum), naira("500000")
    return Service(service_id, name, Kind.ELECTRICITY, *limits, basis_points)


_ALL = (
    _airtime("mtn", "MTN Airtime VTU", "200000", 350),
    _airtime("glo", "GLO Airtime VTU", "100000", 300),
    _airtime("airtel", "Airtel Airtime VTU", "50000", 350),
    _airtime("etisalat", "9mobile Airtime VTU", "50000", 350),
    _data("mtn-data", "MTN Data", "1000000", 400),
    _data("glo-data", "GLO Data", "200000", 400),
    _data("glo-sme-data", "GLO Data (SME)", "1000000", 400),
    _data("airtel-data", "Airtel Data", "1000000", 400),
    _data("etisalat-data", "9mobile Data", "1000000", 400),
    _tv("dstv", "DSTV Subscription", 150),
    _tv("gotv", "Gotv Payment", 150),
    _tv("startimes", "Startimes Subscription", 250),
    _tv("showmax", "ShowMax", 100, fee="100"),
    _disco("ikeja-electric", "Ikeja Electric Payment - IKEDC", "1000"),
    _disco("eko-electric", "Eko Electric Payment - EKEDC", "1000"),
    _disco("abuja-electric", "Abuja Electricity Distribution Company- AEDC", "1000"),
    _disco("kano-electric", "KEDCO - Kano Electric", "1000", 100),
    _disco("portharcourt-electric", "PHED - Port Harcourt Electric", "1000", 200),
    _disco("jos-electric", "Jos Electric - JED", "1000"),
    _disco("ibadan-electric", "IBEDC - Ibadan Electricity Distribution Company", "1500"),
    _disco("kaduna-electric", "Kaduna Electric - KAEDCO", "1500"),
    _disco("enugu-electric", "Enugu Electric - EEDC", "500"),
    _disco("benin-electric", "Benin Electricity - BEDC", "1000"),
    _disco("aba-electric", "Aba Electric Payment - ABEDC", "1000"),
    _disco("yola-electric", "Yola Electric Disco Payment - YEDC", "1000"),
)

SERVICES: dict[str, Service] = {service.service_id: service for service in _ALL}
"""Every service on sale, by its `serviceID`."""
