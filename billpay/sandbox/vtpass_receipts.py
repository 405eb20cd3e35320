"""How each disco hands over a prepaid token: no two write it alike.

Every shape was seen in an answer of VTPass's documentation, sandbox or live service (vtpass.com/documentation, the
electricity product pages): prefixes once or twice, dashes, spaces, a bonus token, `token` and `Token`, a leading zero,
and two discos whose sandbox delivers first and brings the token later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billpay.domain.money import KOBO_PER_NAIRA, Kobo
from billpay.domain.tokens import TOKEN_DIGITS
from billpay.sandbox.vtpass_sales import Sale

TOKEN_DELAYS: dict[str, float] = {"kano-electric": 30, "aba-electric": 30}
"""Discos whose token follows the delivery, in seconds."""

OLD_EKEDC_METER = "1111111111111"
"""VTPass's own test meter answers for EKEDC in the older form, with a bonus token; other meters in the newer one."""

_VAT_PERCENT = 7.5
_KOBO_PER_UNIT = 6_800
_NONE = "N/A"
_LEADING_ZEROS = {"enugu-electric": 1, "yola-electric": 3}


@dataclass(frozen=True)
class Tokens:
    """Everything a meter's owner gets to type in."""

    main: str
    bonus: str | None = None
    key_change: tuple[str, ...] = ()

    def all(self) -> list[str]:
        """Answer every token, the one that was paid for first."""
        return [self.main, *([self.bonus] if self.bonus else []), *self.key_change]


def tokens_of(sale: Sale) -> Tokens | None:
    """Answer the tokens of a sale; None unless it buys prepaid electricity."""
    if sale.purchase is None or not sale.purchase.is_prepaid:
        return None
    zeros = _LEADING_ZEROS.get(sale.purchase.service_id, 0)
    main = "0" * zeros + sale.digits("token", TOKEN_DIGITS - zeros)
    has_bonus = sale.purchase.service_id == "eko-electric" and _is_old_ekedc(sale)
    labels = ("kct1", "kct2") if sale.key_change else ()
    return Tokens(
        main=main,
        bonus=sale.digits("bonus", TOKEN_DIGITS) if has_bonus else None,
        key_change=tuple(sale.digits(label, TOKEN_DIGITS) for label in labels),
    )


def receipt_fields(sale: Sale, *, with_token: bool) -> dict[str, Any]:
    """Write the top-level fields of a delivered sale; `with_token` says whether the token has come."""
    if sale.purchase is None:
        return {"purchased_code": ""}
    tokens = tokens_of(sale)
    if tokens is not None:
        return _prepaid_fields(sale, tokens, with_token=with_token)
    if sale.purchase.variation == "postpaid":
        return _postpaid_fields(sale)
    if sale.purchase.service_id == "showmax":
        voucher = f"SHM{sale.digits('voucher', 10)}"
        return {"purchased_code": voucher, "Voucher": [voucher]}
    return {"purchased_code": ""}


def _prepaid_fields(sale: Sale, tokens: Tokens, *, with_token: bool) -> dict[str, Any]:
    service_id = sale.service_id
    if not with_token:
        none = {"Token": "null", "Units": "null", "Receipt": "null"}
        return {"purchased_code": ""} | (none if service_id == "kano-electric" else {})
    fields = _SHAPES[service_id](sale, tokens)
    if tokens.key_change:
        fields |= dict(zip(("kct1", "kct2"), tokens.key_change, strict=True))
    return fields


def _postpaid_fields(sale: Sale) -> dict[str, Any]:
    reference = sale.digits("exchange", 8)
    if sale.service_id == "ibadan-electric":
        return {
            "purchased_code": "",
            "Token": "null",
            "Units": "null",
            "ReceiptNumber": reference,
        }
    return {
        "purchased_code": "",
        "customerName": "TESTMETER1",
        "customerAddress": "ABULE EGBA BU ABULE",
        "meterNumber": None,
        "utilityName": "Eskom",
        "exchangeReference": reference,
        "balance": None,
    }


def _is_old_ekedc(sale: Sale) -> bool:
    return sale.account == OLD_EKEDC_METER


def _amount(sale: Sale) -> Kobo:
    return sale.purchase.amount if sale.purchase else Kobo(0)


def _net(sale: Sale) -> float:
    """What is left for energy when the tax is taken off, in naira to two places."""
    return round(_amount(sale) / KOBO_PER_NAIRA / (1 + _VAT_PERCENT / 100), 2)


def _tax(sale: Sale) -> float:
    return round(_amount(sale) / KOBO_PER_NAIRA - _net(sale), 2)


def _units(sale: Sale) -> float:
    return round(_net(sale) * KOBO_PER_NAIRA / _KOBO_PER_UNIT, 1)


def _grouped(token: str, separator: str) -> str:
    return separator.join(token[start : start + 4] for start in range(0, TOKEN_DIGITS, 4))


def _ikedc(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    text = f"Token : {tokens.main}"
    nothing_known = ("customerName", "customerAddress", "meterNumber", "resetToken")
    nothing_due = (
        "fixChargeAmount",
        "debtAmount",
        "penalty",
        "costOfUnit",
        "meterCost",
        "currentCharge",
        "lossOfRevenue",
        "tariffBaseRate",
        "installationFee",
        "reconnectionFee",
        "meterServiceCharge",
        "administrativeCharge",
    )
    return {
        "purchased_code": text,
        **dict.fromkeys(nothing_known, _NONE),
        "token": text,
        "tokenAmount": _net(sale),
        "exchangeReference": sale.digits("exchange", 8),
        "configureToken": _NONE,
        "units": f"{_units(sale)} kWh",
        "tariff": "R2 SINGLE PHASE RESIDENTIAL",
        "taxAmount": _tax(sale),
        "kct1": _NONE,
        "kct2": _NONE,
        "announcement": _NONE,
        **dict.fromkeys(nothing_due, 0),
    }


def _ekedc(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "purchased_code": f"Token : {tokens.main}",
        "mainToken": tokens.main,
        "mainTokenDescription": "Normal Sale",
        "mainTokenUnits": _units(sale),
        "mainTokenTax": _tax(sale),
        "mainsTokenAmount": _net(sale),
        "tariffIndex": "52",
        "debtDescription": "",
    }
    if tokens.bonus:
        return fields | {
            "purchased_code": f"Token : {tokens.main} Bonus Token : {tokens.bonus}",
            "bonusToken": tokens.bonus,
            "bonusTokenDescription": "FBE Token",
            "bonusTokenUnits": 50,
            "bonusTokenTax": None,
            "bonusTokenAmount": None,
        }
    return fields | {
        "token": tokens.main,
        "units": f"{_units(sale)} kWh",
        "vat": _tax(sale),
        "kct1": None,
        "kct2": None,
        "invoiceNumber": sale.digits("invoice", 12),
        "exchangeReference": sale.digits("exchange", 12),
        "arrearsBalance": 0,
        "appliedToArrears": 0,
        "wallet": 0,
        "appliedToWallet": 0,
        "debtAmount": 0,
        "debtTariff": "",
    }


def _aedc(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    text = f"token: {tokens.main}"
    return {"purchased_code": f"Token : {text}", "Token": text, "PurchasedUnits": _units(sale)}


def _kedco(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    return {
        "purchased_code": f"Token : {tokens.main}",
        "Token": tokens.main,
        "Units": _units(sale),
        "CustomerName": "TESTMETER1",
        "CustomerAddress": "KANO",
        "DebtTax": 0,
        "Receipt": sale.digits("receipt", 10),
    }


def _phed(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    return {
        "purchased_code": f"Token: {tokens.main}",
        "customerName": "TESTMETER1",
        "address": "PORT HARCOURT",
        "meterNumber": sale.account,
        "customerNumber": sale.digits("customer", 12),
        "token": tokens.main,
        "tokenAmount": str(_net(sale)),
        "tokenValue": str(_net(sale)),
        "tariff": "46",
        "businessCenter": "DIOBU",
        "exchangeReference": sale.digits("exchange", 9),
        "units": str(_units(sale)),
        "energyAmt": str(_net(sale)),
        "vat": str(_tax(sale)),
        "arrears": "0",
    }


def _jed(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    text = _grouped(tokens.main, "-")
    return {
        "purchased_code": f"Token : {text}",
        "Token": text,
        "Units": str(_units(sale)),
        "CustomerName": "null",
    }


def _ibedc(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    text = _grouped(tokens.main, " ")
    return {"purchased_code": f"Token : {text}", "Token": text, "Units": str(_units(sale))}


def _kaedco(_sale: Sale, tokens: Tokens) -> dict[str, Any]:
    text = f"Token : {tokens.main}"
    return {"purchased_code": text, "Token": tokens.main, "token": tokens.main}


def _eedc(sale: Sale, tokens: Tokens) -> dict[str, Any]:
    text = f"Token : {tokens.main}"
    return {"purchased_code": text, "token": tokens.main, "units": _units(sale)}


def _plain(_sale: Sale, tokens: Tokens) -> dict[str, Any]:
    return {"purchased_code": f"Token : {tokens.main}", "token": tokens.main}


def _yedc(_sale: Sale, tokens: Tokens) -> dict[str, Any]:
    text = _grouped(tokens.main, "-")
    return {"purchased_code": f"Token : {text}", "token": text}


_SHAPES: dict[str, Callable[[Sale, Tokens], dict[str, Any]]] = {
    "ikeja-electric": _ikedc,
    "eko-electric": _ekedc,
    "abuja-electric": _aedc,
    "kano-electric": _kedco,
    "portharcourt-electric": _phed,
    "jos-electric": _jed,
    "ibadan-electric": _ibedc,
    "kaduna-electric": _kaedco,
    "enugu-electric": _eedc,
    "benin-electric": _plain,
    "aba-electric": _plain,
    "yola-electric": _yedc,
}
