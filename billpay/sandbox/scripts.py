"""How an account behaves at a shop: what its purchase gets for an answer, and what really happens behind it.

The two are independent, since that is what makes a provider hard to believe: it may sell and say nothing, say that it
failed and have sold, accept and fail. Each shop has a table of accounts that behave by nature; a `Script` given at run
time takes the place of an account's row.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from billpay.domain.money import Kobo


class Says(StrEnum):
    """What a purchase gets for an answer, whatever really happens."""

    DELIVERED = "delivered"
    """Whatever the provider says of a sale that went well."""

    PROCESSING = "processing"
    """Accepted, and not certain yet."""

    FAILED = "failed"
    """Whatever the provider says of a sale that failed."""

    OFFLINE = "offline"
    """The biller cannot be reached."""

    CODE = "code"
    """The refusal that the script names, listed or not."""

    UNEXPECTED = "unexpected"
    """A failure of the provider's own, with HTTP 5xx."""

    TIMEOUT = "timeout"
    """Nothing, for as long as the client waits."""

    RESET = "reset"
    """A TCP reset after the request was read."""

    CLOSED = "closed"
    """An orderly close after the request was read."""

    EMPTY = "empty"
    """HTTP 200 without a body."""

    HTML = "html"
    """HTTP 200 with a page for people."""

    GATEWAY = "gateway"
    """HTTP 502 with a gateway's page."""

    TRUNCATED = "truncated"
    """HTTP 200 with the first half of the JSON."""


class Truth(StrEnum):
    """What really happens behind the answer."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """Created, then failed; the charge is returned."""

    REFUSED = "refused"
    """Never charged."""

    NEVER_CREATED = "never_created"
    """The request id stays unknown and free."""


class Happened(StrEnum):
    """What became of a request id."""

    PENDING = "pending"
    """Created and charged; becomes sold or failed at its time."""

    SOLD = "sold"
    FAILED = "failed"
    """Not sold, or taken back; the charge was returned."""

    NEVER_CREATED = "never_created"
    """Heard of, but nothing was made of it; the id is still free."""

    REFUSED = "refused"
    """Answered with a refusal before anything was charged."""


OUTCOMES: Mapping[Truth, Happened] = {
    Truth.DELIVERED: Happened.SOLD,
    Truth.FAILED: Happened.FAILED,
    Truth.REFUSED: Happened.REFUSED,
    Truth.NEVER_CREATED: Happened.NEVER_CREATED,
}
"""What each truth ends as."""


class Verify(StrEnum):
    """What the verification says of the account."""

    OK = "ok"
    WRONG = "wrong"
    CANNOT_VEND = "cannot_vend"
    """It exists, and is not served."""

    UNAVAILABLE = "unavailable"
    """The biller cannot be asked."""


_CUSTOMARY: Mapping[Says, tuple[Truth, float]] = {
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
    Says.GATEWAY: (Truth.DELIVERED, 0),
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
    """The refusal of `pay: code`, in the provider's own word."""

    truth: Truth | None = None
    """None for what customarily stands behind the answer."""

    delivers_after_seconds: Seconds | None = None
    """Until the sale is settled (delivered or failed) a requery says pending; None for the customary time."""

    appears_after_seconds: Seconds = 0
    """Until then a requery knows nothing of it, though the sale exists."""

    token_after_seconds: Seconds | None = None
    """From the sale to the token's first appearance in a requery; None for the disco's habit."""

    turns_after_seconds: Seconds | None = None
    """From settlement to the day its opposite becomes true: a sale is reversed, a failure delivered after all."""

    key_change: bool = False
    """Whether a prepaid meter gets two key-change tokens with its token, where the provider passes such on."""

    verify: Verify = Verify.OK
    least_kobo: Annotated[Kobo, Field(ge=0)] = Kobo(0)
    """The least the biller takes for this account; debt makes it large."""

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

    def after_one_use(self) -> "Script | None":
        """Answer what is left of the script once a pay call was made; None when it is used up."""
        if self.uses is None:
            return self
        return self.model_copy(update={"uses": self.uses - 1}) if self.uses > 1 else None


FAULTS: Mapping[str, Script] = {
    "201000000000": Script(pay=Says.PROCESSING),
    "300000000000": Script(pay=Says.TIMEOUT),
    "400000000000": Script(pay=Says.EMPTY),
    "600000000000": Script(pay=Says.OFFLINE),
    "620000000000": Script(pay=Says.PROCESSING, truth=Truth.FAILED, delivers_after_seconds=30),
    "630000000000": Script(pay=Says.RESET),
    "640000000000": Script(pay=Says.CLOSED),
    "650000000000": Script(pay=Says.HTML),
    "660000000000": Script(pay=Says.TRUNCATED),
    "670000000000": Script(verify=Verify.UNAVAILABLE),
}
"""Accounts of every kind of bill that go wrong in the same way at every shop."""
