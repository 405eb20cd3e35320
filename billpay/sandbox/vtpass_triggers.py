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
    650000000000      everywhere         an HTML page, HTTP 502             sold
    660000000000      everywhere         JSON cut in half                   sold
    670000000000      everywhere         delivered; verify answers 030      sold
    680000000000      everywhere         delivered, with key-change tokens  sold
    anything else     everywhere         016; verify says wrong number      failed

The first four and 2010... to 5000... are VTPass's (vtpass.com/documentation, every product page); their wire form
beyond "pending", "timeout", "no response" and "unexpected response" is not documented, so it is a choice here. The
others are ours. A `Script` given to an account at run time takes the place of its row.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from billpay.sandbox.vtpass_catalogue import Kind, Service


class Says(StrEnum):
    """What the pay call gets for an answer, whatever really happens."""

    DELIVERED = "delivered"
    PROCESSING = "processing"
    """Code 000 with status pending."""

    FAILED = "failed"
    """Code 016."""

    OFFLINE = "offline"
    """Code 030."""

    CODE = "code"
    """The response code that the script names, listed or not."""

    UNEXPECTED = "unexpected"
    """HTTP 500 with code 083."""

    TIMEOUT = "timeout"
    """Nothing, for as long as the client waits."""

    RESET = "reset"
    """A TCP reset after the request was read."""

    CLOSED = "closed"
    """An orderly close after the request was read."""

    EMPTY = "empty"
    """HTTP 200 without a body."""

    HTML = "html"
    """HTTP 502 with a gateway's page."""

    TRUNCATED = "truncated"
    """HTTP 200 with the first half of the JSON."""


class Truth(StrEnum):
    """What really happens behind the answer."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Created, then failed; the charge is returned."""

    REFUSED = "refused"
    """Kept under its request id, never charged; a requery repeats the refusal."""

    NEVER_CREATED = "never_created"
    """The request id stays unknown and free."""


class Verify(StrEnum):
    """What merchant-verify says of the account."""

    OK = "ok"
    WRONG = "wrong"
    CANNOT_VEND = "cannot_vend"
    """The meter exists, with `Can_Vend` "no"."""

    UNAVAILABLE = "unavailable"
    """Code 030."""


_CUSTOMARY: dict[Says, tuple[Truth, float]] = {
    Says.DELIVERED: (Truth.DELIVERED, 0),
    Says.PROCESSING: (Truth.DELIVERED, 45),
    Says.FAILED: (Truth.FAILED, 0),
    Says.OFFLINE: (Truth.NEVER_CREATED, 0),
    Says.CODE: (Truth.REFUSED, 0),
    Says.UNEXPECTED: (Truth.FAILED, 0),
    Says.TIMEOUT: (Truth.DELIVERED, 30),
    Says.RESET: (Truth.DELIVERED, 0),
    Says.CLOSED: (Truth.NEVER_CREATED, 0),
    Says.EMPTY: (Truth.DELIVERED, 0),
    Says.HTML: (Truth.DELIVERED, 0),
    Says.TRUNCATED: (Truth.DELIVERED, 0),
}
"""What happens behind each answer, and after how many seconds, unless a script says otherwise."""

_LONGEST_SECONDS = 366 * 24 * 3600
Seconds = Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)]


class Script(BaseModel):
    """How one account behaves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pay: Says = Says.DELIVERED
    code: str | None = None
    """The response code of `pay: code`."""

    truth: Truth | None = None
    """None for what customarily stands behind the answer."""

    delivers_after_seconds: Seconds | None = None
    """Until the sale is settled (delivered or failed) a requery says pending; None for the customary time."""

    appears_after_seconds: Seconds = 0
    """Until then a requery answers 015, though the sale exists."""

    token_after_seconds: Seconds | None = None
    """From settlement to the token's first appearance in a requery; None for the disco's habit."""

    key_change: bool = False
    """Whether a prepaid meter gets two key-change tokens with its token."""

    verify: Verify = Verify.OK
    uses: Annotated[int, Field(ge=1)] | None = None
    """How many pay calls it governs; None for all of them."""

    @model_validator(mode="after")
    def _names_a_code_where_it_answers_one(self) -> Self:
        if (self.pay is Says.CODE) != (self.code is not None):
            raise ValueError('`code` belongs to `pay: "code"`, and to nothing else')
        return self

    @property
    def what_happens(self) -> Truth:
        """The truth behind the answer, defaults applied."""
        return self.truth or _CUSTOMARY[self.pay][0]

    @property
    def settles_after_seconds(self) -> float:
        """Seconds from the pay call to certainty, defaults applied."""
        if self.delivers_after_seconds is not None:
            return self.delivers_after_seconds
        return _CUSTOMARY[self.pay][1]

    @property
    def refusal_code(self) -> str:
        """The code under which a refused sale is kept."""
        return self.code or ("030" if self.pay is Says.OFFLINE else "091")

    def after_one_use(self) -> "Script | None":
        """Answer what is left of the script once a pay call was made; None when it is used up."""
        if self.uses is None:
            return self
        return self.model_copy(update={"uses": self.uses - 1}) if self.uses > 1 else None


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
    _Trigger("201000000000", Script(pay=Says.PROCESSING)),
    _Trigger("300000000000", Script(pay=Says.TIMEOUT)),
    _Trigger("400000000000", Script(pay=Says.EMPTY)),
    _Trigger("500000000000", Script(pay=Says.UNEXPECTED)),
    _Trigger("600000000000", Script(pay=Says.OFFLINE)),
    _Trigger("610000000000", Script(pay=Says.CODE, code="091")),
    _Trigger(
        "620000000000",
        Script(pay=Says.PROCESSING, truth=Truth.FAILED, delivers_after_seconds=30),
    ),
    _Trigger("630000000000", Script(pay=Says.RESET)),
    _Trigger("640000000000", Script(pay=Says.CLOSED)),
    _Trigger("650000000000", Script(pay=Says.HTML)),
    _Trigger("660000000000", Script(pay=Says.TRUNCATED)),
    _Trigger("670000000000", Script(verify=Verify.UNAVAILABLE)),
    _Trigger("680000000000", Script(key_change=True)),
)


def script_of(service: Service, account: str, meter_type: str | None) -> Script:
    """Find how an account behaves at a service when nobody has scripted it otherwise."""
    rows = (row.script for row in _TRIGGERS if row.is_for(service, account, meter_type))
    return next(rows, UNKNOWN_ACCOUNT)
