"""Which account does what: outcomes are chosen by the phone, meter or smartcard number, as in VTPass's own sandbox.

    account           where              pay answers                        what really happens
    08011111111       phones             delivered                          sold
    1212121212        smartcards         delivered                          sold
    1111111111111     prepaid meters     delivered                          sold
    1010101010101     postpaid meters    delivered                          sold
    08012345678       phones             delivered                          sold
    07012345678       phones             delivered                          sold
    1234567890        prepaid meters     delivered                          sold
    1234567890        DSTV               processing                         sold after 20 s
    201000000000      everywhere         processing                         sold after 45 s
    300000000000      everywhere         nothing: held till given up        sold after 30 s
    400000000000      everywhere         nothing: an empty 200              sold
    500000000000      everywhere         HTTP 500 with code 083             failed
    600000000000      everywhere         030, the biller is offline         never created
    610000000000      everywhere         091, not processed                 refused
    620000000000      everywhere         processing                         failed after 30 s
    630000000000      everywhere         connection reset                   sold
    640000000000      everywhere         connection closed                  never created
    650000000000      everywhere         an HTML page, HTTP 200             sold
    660000000000      everywhere         JSON cut in half                   sold
    670000000000      everywhere         delivered; verify answers 030      sold
    680000000000      everywhere         delivered, with key-change tokens  sold
    690000000000      everywhere         delivered                          sold, reversed after 60 s
    700000000000      everywhere         016                                failed, delivered after 60 s
    anything else     everywhere         016; verify says wrong number      failed

The first four and 2010... to 5000... are VTPass's (vtpass.com/documentation, every product page); their wire form
beyond "pending", "timeout", "no response" and "unexpected response" is not documented, so it is a choice here. The
others are ours, and most of them fare alike at every shop (`scripts.FAULTS`). A `Script` given to an account at run
time takes the place of its row.
"""

from dataclasses import dataclass

from billpay.sandbox.scripts import FAULTS, Says, Script, Verify
from billpay.sandbox.vtpass_catalogue import Kind, Service

UNKNOWN_ACCOUNT = Script(pay=Says.FAILED, verify=Verify.WRONG)
"""How any account behaves that nobody has heard of."""


@dataclass(frozen=True)
class _Trigger:
    account: str
    script: Script
    kinds: tuple[Kind, ...] = tuple(Kind)
    meter_type: str | None = None
    """The one kind of meter it is; None for both."""

    service_id: str | None = None
    """The one service it belongs to; None for every service of its kinds."""

    def is_for(self, service: Service, account: str, meter_type: str | None) -> bool:
        return (
            account == self.account
            and service.kind in self.kinds
            and self.meter_type in (None, meter_type)
            and self.service_id in (None, service.service_id)
        )


# Showmax knows its customers by phone, so phones count for TV too.
_PHONES = (Kind.AIRTIME, Kind.DATA, Kind.TV)
_METERS = (Kind.ELECTRICITY,)
_SMARTCARDS = (Kind.TV,)

_TRIGGERS = (
    _Trigger("08011111111", Script(), _PHONES),
    _Trigger("1212121212", Script(), _SMARTCARDS),
    _Trigger("1111111111111", Script(), _METERS, meter_type="prepaid"),
    _Trigger("1010101010101", Script(), _METERS, meter_type="postpaid"),
    _Trigger("08012345678", Script(), _PHONES),
    _Trigger("07012345678", Script(), _PHONES),
    _Trigger("1234567890", Script(), _METERS, meter_type="prepaid"),
    _Trigger(
        "1234567890",
        Script(pay=Says.PROCESSING, delivers_after_seconds=20),
        _SMARTCARDS,
        service_id="dstv",
    ),
    *(_Trigger(account, script) for account, script in FAULTS.items()),
    _Trigger("500000000000", Script(pay=Says.UNEXPECTED)),
    _Trigger("610000000000", Script(pay=Says.CODE, code="091")),
    _Trigger("680000000000", Script(key_change=True)),
    _Trigger("690000000000", Script(turns_after_seconds=60)),
    _Trigger("700000000000", Script(pay=Says.FAILED, turns_after_seconds=60)),
)


def script_of(service: Service, account: str, meter_type: str | None) -> Script:
    """Find how an account behaves at a service when nobody has scripted it otherwise."""
    rows = (row.script for row in _TRIGGERS if row.is_for(service, account, meter_type))
    return next(rows, UNKNOWN_ACCOUNT)
