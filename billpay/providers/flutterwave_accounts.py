"""Reading a validation: does the account exist, and does it take this amount?

Only success with response code "00" is a yes (developer.flutterwave.com/reference/validate-bill-service); only a
refusal that names the customer's number is a no.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR
from typing import Any

from billpay.domain.accounts import AccountOk, AccountRefused, AccountVerdict
from billpay.domain.bills import BillType
from billpay.domain.money import Kobo, spoken_naira
from billpay.failures import Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import kobo_at, text_at
from billpay.providers.flutterwave_words import (
    PROVIDER,
    Meaning,
    Verdict,
    evidence_of,
    no_answer,
    read_envelope,
    sentence_of,
)
from billpay.providers.http import Reply

_OK = "00"


def read_account(reply: Reply, purchase: Purchase) -> AccountVerdict:
    """Read what the biller says of the account, and whether this purchase fits it.

    Raises:
        Unavailable: no clear answer; the account may be as good as any.
        Misconfigured: our key, address or catalogue was refused, not the customer's account.
    """
    envelope = read_envelope(reply)
    if envelope.verdict is Verdict.REFUSED and sentence_of(envelope).meaning is Meaning.CUSTOMER:
        return AccountRefused(reason=_not_found(purchase))
    if envelope.verdict is not Verdict.SUCCESS:
        raise no_answer(envelope, "validate the account")
    code = text_at(envelope.data, "response_code")
    customer = text_at(envelope.data, "customer")
    if code != _OK or customer not in (None, purchase.account_number):
        raise Unavailable(
            f"{PROVIDER} did not validate the account: response code {code}",
            evidence=evidence_of(envelope, code),
        )
    reason = _amount_refusal(envelope.data, purchase)
    if reason is not None:
        return AccountRefused(reason=reason)
    return AccountOk(holder=text_at(envelope.data, "name"), minimum=_minimum(envelope.data))


def _not_found(purchase: Purchase) -> str:
    is_meter = purchase.bill_type is BillType.ELECTRICITY
    return f"{'Meter' if is_meter else 'Smartcard'} number not found"


def _amount_refusal(data: Any, purchase: Purchase) -> str | None:
    minimum, maximum = _minimum(data), _stated(data, "maximum", ROUND_FLOOR)
    if minimum is not None and purchase.amount < minimum:
        return f"The least this account takes is {spoken_naira(minimum)}"
    if maximum is not None and purchase.amount > maximum:
        return f"The most this account takes is {spoken_naira(maximum)}"
    return None


def _minimum(data: Any) -> Kobo | None:
    return _stated(data, "minimum", ROUND_CEILING)


def _stated(data: Any, field: str, rounding: str) -> Kobo | None:
    """Read a limit; zero means that none is stated."""
    limit = kobo_at(data, field, rounding=rounding)
    return limit if limit is not None and limit > 0 else None
