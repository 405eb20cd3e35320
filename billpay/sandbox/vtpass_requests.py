"""Reading a pay request as VTPass does: what is missing, unknown or out of bounds is refused with its code.

Field rules per product: vtpass.com/documentation, `buying-services` and the product pages.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billpay.domain.ids import LAGOS
from billpay.domain.money import Kobo, naira
from billpay.sandbox.vtpass_catalogue import METER_TYPES, SERVICES, Kind, Service
from billpay.sandbox.vtpass_codes import Refusal
from billpay.sandbox.vtpass_sales import VTPassPurchase

_REQUEST_ID_SHORTEST = 12
_DATE_DIGITS = 8
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_QUANTITY = re.compile(r"-?[0-9]{1,4}")
_MONTHS = range(1, 13)


def text_field(body: Mapping[str, Any], name: str) -> str:
    """Read a field that may be written as text or as a number; empty where it is absent."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    return str(value).strip()


def check_request_id(request_id: str, now: datetime) -> None:
    """Refuse a request id that does not begin with today's date and the time in Lagos.

    Raises:
        Refusal: 085, with one of its three texts.
    """
    if len(request_id) < _REQUEST_ID_SHORTEST:
        raise Refusal("085", "IMPROPER REQUEST ID: DOES NOT CONTAIN DATE")
    head = request_id[:_REQUEST_ID_SHORTEST]
    if not (head.isascii() and head.isdigit()):
        raise Refusal(
            "085",
            "IMPROPER REQUEST ID: IMPROPER DATE FORMAT - FIRST 8 CHARACTERS MUST BE DATE "
            "(TODAY'S DATE - YYYYMMDD)",
        )
    if head[:_DATE_DIGITS] != now.astimezone(LAGOS).strftime("%Y%m%d"):
        raise Refusal(
            "085",
            "IMPROPER REQUEST ID: NOT TODAY'S DATE - FIRST 8 CHARACTERS MUST BE TODAY'S DATE "
            "IN THIS FORMAT: YYYYMMDD",
        )


def find_service(service_id: str) -> Service:
    """Find a service.

    Raises:
        Refusal: 011 where none is named, 012 where it is not on sale.
    """
    if not service_id:
        raise Refusal("011")
    if service_id not in SERVICES:
        raise Refusal("012")
    return SERVICES[service_id]


def read_purchase(body: Mapping[str, Any]) -> VTPassPurchase:
    """Read what is to be bought.

    Raises:
        Refusal: 010 to 013, 017, 031 or 032, as VTPass words each fault.
    """
    service = find_service(text_field(body, "serviceID"))
    if service.kind is Kind.AIRTIME:
        return _purchase(service, body, "phone", variation=None, amount=_amount(service, body))
    if service.service_id != "showmax":
        _required(body, "phone")
    if service.kind is Kind.ELECTRICITY:
        meter_type = _required(body, "variation_code")
        if meter_type not in METER_TYPES:
            raise Refusal("010")
        return _purchase(
            service, body, "billersCode", variation=meter_type, amount=_amount(service, body)
        )
    if service.kind is Kind.DATA:
        # A data bundle costs what the catalogue says, whatever amount is sent.
        code, price = _priced_variation(service, body)
        return _purchase(service, body, "billersCode", variation=code, amount=price)
    return _read_subscription(service, body)


def _read_subscription(service: Service, body: Mapping[str, Any]) -> VTPassPurchase:
    """Read a TV purchase: an amount that is sent is credited exactly, even where the bouquet costs another."""
    if service.service_id in ("dstv", "gotv"):
        subscription = _required(body, "subscription_type")
        if subscription == "renew":
            amount = _amount(service, body)
            return _purchase(service, body, "billersCode", variation=None, amount=amount)
        if subscription != "change":
            raise Refusal("011")
    code, price = _priced_variation(service, body)
    quantity = _quantity(body)
    is_open = text_field(body, "amount") or not price
    amount = _amount(service, body) if is_open else Kobo(price * quantity)
    return _purchase(service, body, "billersCode", variation=code, amount=amount, quantity=quantity)


def _purchase(
    service: Service,
    body: Mapping[str, Any],
    account_field: str,
    *,
    variation: str | None,
    amount: Kobo,
    quantity: int = 1,
) -> VTPassPurchase:
    return VTPassPurchase(
        service_id=service.service_id,
        account=_required(body, account_field),
        variation=variation,
        amount=amount,
        quantity=quantity,
    )


def _required(body: Mapping[str, Any], name: str) -> str:
    value = text_field(body, name)
    if not value:
        raise Refusal("011")
    return value


def _priced_variation(service: Service, body: Mapping[str, Any]) -> tuple[str, Kobo]:
    variation = service.variation(_required(body, "variation_code"))
    if variation is None:
        raise Refusal("010")
    return variation.code, variation.price


def _amount(service: Service, body: Mapping[str, Any]) -> Kobo:
    text = text_field(body, "amount")
    if not _AMOUNT.fullmatch(text):
        raise Refusal("011")
    try:
        amount = naira(text)
    except ValueError:
        raise Refusal("011") from None
    if amount < service.minimum:
        raise Refusal("013")
    if amount > service.maximum:
        raise Refusal("017")
    return amount


def _quantity(body: Mapping[str, Any]) -> int:
    text = text_field(body, "quantity") or "1"
    if not _QUANTITY.fullmatch(text):
        raise Refusal("011")
    if int(text) not in _MONTHS:
        raise Refusal("031" if int(text) < 1 else "032")
    return int(text)
