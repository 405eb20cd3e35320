"""Which account does what at Flutterwave: outcomes are chosen by the phone, meter or smartcard number.

    account           where              payment answers                     what really happens
    0025401100        smartcards         accepted                            sold
    1212121212        smartcards         accepted                            sold
    08038291822       phones             accepted                            sold
    08011111111       phones             accepted                            sold
    08012345678       phones             accepted                            sold
    07012345678       phones             accepted                            sold
    1111111111111     prepaid meters     accepted                            sold
    1010101010101     postpaid meters    accepted                            sold
    1234567890        prepaid meters     accepted                            sold
    1234567890        smartcards         accepted                            sold after 20 s
    201000000000      everywhere         accepted                            sold after 45 s
    300000000000      everywhere         nothing: held till given up         sold after 30 s
    400000000000      everywhere         nothing: an empty 200               sold
    500000000000      everywhere         HTTP 503, "contact support"         sold
    600000000000      everywhere         HTTP 400 in words of no meaning     never created
    610000000000      everywhere         HTTP 400, insufficient funds        refused
    620000000000      everywhere         accepted                            failed after 30 s
    630000000000      everywhere         connection reset                    sold
    640000000000      everywhere         connection closed                   never created
    650000000000      everywhere         an HTML page, HTTP 200              sold
    660000000000      everywhere         JSON cut in half                    sold
    670000000000      everywhere         accepted; validation answers 503    sold
    680000000000      everywhere         accepted, the token 30 s later      sold
    690000000000      everywhere         accepted                            sold, reversed after 60 s
    700000000000      everywhere         accepted                            failed, delivered after 60 s
    anything else     everywhere         HTTP 400, invalid customer          refused

0025401100 and 08038291822 are Flutterwave's own test values. It documents no trigger for anything that goes wrong, so
those are ours, with VTPass's numbers where VTPass has one. A `Script` given to an account at run time takes the
place of its row; its `code` is a name or any sentence of a refusal (`flutterwave_words`).
"""

from dataclasses import dataclass

from billpay.sandbox.flutterwave_catalogue import Kind
from billpay.sandbox.scripts import FAULTS, Says, Script, Truth, Verify

UNKNOWN_ACCOUNT = Script(pay=Says.CODE, code="customer", verify=Verify.WRONG)
"""How any account behaves that nobody has heard of."""


@dataclass(frozen=True)
class _Trigger:
    account: str
    script: Script
    kinds: tuple[Kind, ...] = tuple(Kind)
    is_prepaid: bool | None = None
    """The one kind of meter it is; None for both, and for everything that is no meter."""


_PHONES = (Kind.AIRTIME, Kind.DATA)
_METERS = (Kind.UTILITY,)
_SMARTCARDS = (Kind.TV,)

_TRIGGERS = (
    _Trigger("0025401100", Script(), _SMARTCARDS),
    _Trigger("1212121212", Script(), _SMARTCARDS),
    _Trigger("08038291822", Script(), _PHONES),
    _Trigger("08011111111", Script(), _PHONES),
    _Trigger("08012345678", Script(), _PHONES),
    _Trigger("07012345678", Script(), _PHONES),
    _Trigger("1111111111111", Script(), _METERS, is_prepaid=True),
    _Trigger("1010101010101", Script(), _METERS, is_prepaid=False),
    _Trigger("1234567890", Script(), _METERS, is_prepaid=True),
    _Trigger("1234567890", Script(pay=Says.PROCESSING, delivers_after_seconds=20), _SMARTCARDS),
    *(_Trigger(account, script) for account, script in FAULTS.items()),
    _Trigger("500000000000", Script(pay=Says.UNEXPECTED, truth=Truth.DELIVERED)),
    _Trigger("610000000000", Script(pay=Says.CODE, code="balance")),
    _Trigger("680000000000", Script(token_after_seconds=30)),
    _Trigger("690000000000", Script(turns_after_seconds=60)),
    _Trigger("700000000000", Script(pay=Says.FAILED, turns_after_seconds=60)),
)


def script_of(kind: Kind, account: str, *, is_prepaid: bool) -> Script:
    """Find how an account behaves when nobody has scripted it otherwise."""
    rows = (
        row.script
        for row in _TRIGGERS
        if row.account == account and kind in row.kinds and row.is_prepaid in (None, is_prepaid)
    )
    return next(rows, UNKNOWN_ACCOUNT)
