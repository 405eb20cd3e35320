"""One request id as VTPass really knows it, whatever any answer said about it."""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from billpay.domain.money import Kobo
from billpay.sandbox.vtpass_requests import Purchase
from billpay.sandbox.vtpass_triggers import Script, Truth


class Happened(StrEnum):
    """What became of a request id."""

    PENDING = "pending"
    """Created and charged; becomes sold or failed at its time."""

    SOLD = "sold"
    FAILED = "failed"
    """Not sold; the charge was returned."""

    NEVER_CREATED = "never_created"
    """Heard of, but nothing was made of it; the id is still free."""

    REFUSED = "refused"
    """Answered with a code before anything was charged."""


_CHARGED = frozenset({Happened.PENDING, Happened.SOLD})
_OUTCOMES = {
    Truth.DELIVERED: Happened.SOLD,
    Truth.FAILED: Happened.FAILED,
    Truth.REFUSED: Happened.REFUSED,
    Truth.NEVER_CREATED: Happened.NEVER_CREATED,
}


class Sale(BaseModel):
    """Everything known of one request id."""

    model_config = ConfigDict(frozen=True)

    request_id: str
    service_id: str = ""
    account: str = ""
    """Both as the latest pay call named them, on sale or not."""

    purchase: Purchase | None = None
    """None until a pay call with this id could be read."""

    happened: Happened = Happened.NEVER_CREATED
    becomes: Happened | None = None
    """What a pending sale turns into."""

    code: str | None = None
    """The response code of a refusal."""

    is_kept: bool = False
    """Whether the id is taken: paying again answers 014, and a requery finds it."""

    received_at: datetime | None = None
    """The pay call that made it."""

    appears_at: datetime | None = None
    settles_at: datetime | None = None
    token_delay_seconds: float = 0
    sold_at: datetime | None = None
    serial: str = ""
    """What its tokens and references are derived from."""

    key_change: bool = False
    pay_calls: int = 0
    requeries: int = 0

    @property
    def charged(self) -> Kobo:
        """What it has taken from the reseller's wallet as things stand."""
        if self.purchase is None or self.happened not in _CHARGED:
            return Kobo(0)
        return self.purchase.total

    @property
    def counts_as_purchase(self) -> bool:
        """Whether a look-alike shortly after it is suspicious."""
        return self.is_kept and self.happened is not Happened.REFUSED

    def is_visible(self, now: datetime) -> bool:
        """Whether a requery finds it."""
        return self.is_kept and (self.appears_at is None or self.appears_at <= now)

    def shows_token(self, now: datetime) -> bool:
        """Whether the token has come through from the disco."""
        if self.settles_at is None:
            return False
        return self.settles_at + timedelta(seconds=self.token_delay_seconds) <= now

    def settled(self, happened: Happened, at: datetime) -> "Sale":
        """Answer the sale with its final word."""
        is_sold = happened is Happened.SOLD
        return self.model_copy(
            update={
                "happened": happened,
                "becomes": None,
                "settles_at": at,
                "sold_at": at if is_sold else None,
            }
        )

    def digits(self, label: str, count: int) -> str:
        """Derive a number of exactly `count` digits, the same every time it is asked."""
        digest = hashlib.sha256(f"{self.serial}:{label}".encode()).digest()
        return str(int.from_bytes(digest) % 10**count).zfill(count)


def made_sale(
    earlier: Sale, purchase: Purchase, script: Script, token_delay: float, now: datetime
) -> Sale:
    """Answer what a pay call makes of its request id.

    `token_delay` is the disco's habit in seconds, for scripts that say nothing of it.
    """
    outcome = _OUTCOMES[script.what_happens]
    settles_at = now + timedelta(seconds=script.settles_after_seconds)
    scripted_delay = script.token_after_seconds
    sale = earlier.model_copy(
        update={
            "service_id": purchase.service_id,
            "account": purchase.account,
            "purchase": purchase,
            "happened": outcome,
            "code": script.refusal_code if outcome is Happened.REFUSED else None,
            "is_kept": outcome is not Happened.NEVER_CREATED,
            "received_at": now,
            "appears_at": now + timedelta(seconds=script.appears_after_seconds),
            "settles_at": settles_at,
            "token_delay_seconds": token_delay if scripted_delay is None else scripted_delay,
            "key_change": script.key_change,
        }
    )
    if outcome not in (Happened.SOLD, Happened.FAILED):
        return sale
    if settles_at <= now:
        return sale.settled(outcome, now)
    return sale.model_copy(update={"happened": Happened.PENDING, "becomes": outcome})
