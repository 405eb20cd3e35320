"""The JSON of VTPass's lists: what is sold, within which limits, at which price."""

from typing import Any

from billpay.domain.money import KOBO_PER_NAIRA, naira_amount
from billpay.sandbox.vtpass_catalogue import Service, Variation
from billpay.sandbox.wire import in_naira


def service_row(service: Service) -> dict[str, Any]:
    """Write one row of `services`, misspelled as VTPass misspells it."""
    is_open = not service.menu
    return {
        "serviceID": service.service_id,
        "name": service.name,
        "minimium_amount": str(in_naira(service.minimum)),
        "maximum_amount": in_naira(service.maximum) if is_open else str(service.maximum // 100),
        "convinience_fee": _spoken_fee(service),
        "product_type": "flexible" if is_open else "fix",
        "image": f"https://sandbox.vtpass.com/resources/products/{service.service_id}.jpg",
    }


def variations_content(service: Service) -> dict[str, Any]:
    """Write `service-variations`' content: the list twice, once under the misspelled name."""
    rows = [_variation_row(line) for line in service.menu]
    return {
        "ServiceName": service.name,
        "serviceID": service.service_id,
        "convinience_fee": _spoken_fee(service),
        "variations": rows,
        "varations": rows,
    }


def _variation_row(line: Variation) -> dict[str, Any]:
    return {
        "variation_code": line.code,
        "name": line.name,
        "variation_amount": naira_amount(line.price),
        "fixedPrice": "Yes" if line.price else "No",
    }


def _spoken_fee(service: Service) -> str:
    return "0 %" if not service.menu else f"N{service.fee // KOBO_PER_NAIRA}"
