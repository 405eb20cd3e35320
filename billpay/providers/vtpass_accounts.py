"""Reading `merchant-verify`: does the account exist, and may it be served?

A wrong number is answered with code 000 and an error inside, so the code alone says nothing; and what is no
clear answer never makes a customer's meter wrong (vtpass.com/documentation, product pages, "Verify").
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

from billpay.domain.accounts import AccountOk, AccountRefused, AccountVerdict, ProductNotSold
from billpay.domain.bills import BillType, MeterType
from billpay.domain.money import Kobo, spoken_naira
from billpay.failures import Evidence, Misconfigured, Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import at, kobo_at, text_at
from billpay.providers.http import Reply
from billpay.providers.vtpass_codes import blames_us, code_in, meaning_of

_CONFIRMED = frozenset({"000", "020"})
_MINIMA = ("Minimum_Amount", "Min_Purchase_Amount")
_MAXIMUM = "MAX_Purchase_Amount"
_ECHOES = ("Meter_Number", "MeterNumber", "Smartcard_Number", "Account_Number", "Customer_Number")


def read_account(reply: Reply, purchase: Purchase) -> AccountVerdict:
    """Read what the biller says of the account, and whether this purchase fits it.

    Raises:
        Unavailable: no clear answer; the account may be as good as any.
        Misconfigured: our account or request was refused, not the customer's.
    """
    code = code_in(reply.document)
    if code not in _CONFIRMED:
        raise _no_verdict(code, reply)
    content = at(reply.document, "content")
    if not isinstance(content, dict) or not content:
        raise Unavailable(
            "VTPass confirmed an account and said nothing of it", evidence=_evidence(code, reply)
        )
    refusal = _refusal(content, purchase)
    if refusal is not None:
        return refusal
    holder = text_at(content, "Customer_Name")
    if holder is None and not _is_echoed(content, purchase.account_number):
        raise Unavailable(
            "VTPass named neither the account nor its holder", evidence=_evidence(code, reply)
        )
    return AccountOk(
        holder=holder,
        minimum=_minimum(content),
        current_package=text_at(content, "Current_Bouquet"),
        renewal_amount=kobo_at(content, "Renewal_Amount"),
    )


def _no_verdict(code: str | None, reply: Reply) -> Unavailable | Misconfigured:
    failure = Misconfigured if code is not None and blames_us(code) else Unavailable
    words = meaning_of(code).words if code is not None else "an answer without a code"
    return failure(
        f"VTPass did not verify the account: {words} ({code})", evidence=_evidence(code, reply)
    )


def _evidence(code: str | None, reply: Reply) -> Evidence:
    return Evidence(provider="VTPass", code=code, http_status=reply.status)


def _refusal(
    content: Mapping[str, Any], purchase: Purchase
) -> AccountRefused | ProductNotSold | None:
    """Say why the account cannot be served; None where it can."""
    is_meter = purchase.bill_type is BillType.ELECTRICITY
    number = "Meter number" if is_meter else "Smartcard number"
    if _is_true(content.get("WrongBillersCode")) or text_at(content, "error") is not None:
        return AccountRefused(reason=f"{number} not found")
    if str(content.get("Can_Vend")).strip().lower() in ("no", "false"):
        return AccountRefused(reason=f"{number} cannot be recharged at the moment")
    reason = _meter_refusal(content, purchase) or _amount_refusal(content, purchase)
    if reason is not None:
        return AccountRefused(reason=reason)
    return _renewal_refusal(content, purchase)


def _meter_refusal(content: Mapping[str, Any], purchase: Purchase) -> str | None:
    """A meter of the other kind would be sold to in vain; words that name no kind say nothing."""
    kind = (text_at(content, "Meter_Type") or "").lower()
    is_other = kind in list(MeterType) and purchase.meter_type not in (None, kind)
    return f"This is a {kind} meter" if is_other else None


def _amount_refusal(content: Mapping[str, Any], purchase: Purchase) -> str | None:
    minimum = _minimum(content)
    if minimum is not None and purchase.amount < minimum:
        return f"The least this account takes is {spoken_naira(minimum)}"
    maximum = kobo_at(content, _MAXIMUM, rounding=ROUND_FLOOR)
    if maximum is not None and 0 < maximum < purchase.amount:
        return f"The most this account takes is {spoken_naira(maximum)}"
    return None


def _renewal_refusal(
    content: Mapping[str, Any], purchase: Purchase
) -> AccountRefused | ProductNotSold | None:
    """A renewal credits exactly what is paid, so any other amount would leave the subscription short."""
    if not purchase.is_renewal:
        return None
    price = kobo_at(content, "Renewal_Amount")
    if price is None or price <= 0:
        # Not every account is told what renewing it costs; who takes any amount may still renew it.
        return ProductNotSold(
            reason="This subscription has nothing to renew; choose a package instead"
        )
    if price != purchase.amount:
        reason = f"Renewing this subscription costs {spoken_naira(price)}"
        return AccountRefused(reason=reason, price=price)
    return None


def _minimum(content: Mapping[str, Any]) -> Kobo | None:
    """The least the biller takes; debt makes it large. Differently spelled from disco to disco."""
    named = [kobo_at(content, name, rounding=ROUND_CEILING) for name in _MINIMA]
    return max((amount for amount in named if amount is not None and amount > 0), default=None)


def _is_true(value: Any) -> bool:
    """VTPass writes this flag as a boolean or as text."""
    return str(value).strip().lower() == "true"


def _is_echoed(content: Mapping[str, Any], account_number: str) -> bool:
    """Some discos confirm a meter without its holder's name (Jos)."""
    return any(text_at(content, name) == account_number for name in _ECHOES)
