"""One request id as its provider really knows it, whatever any answer said about it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from billpay.domain.money import Kobo
from billpay.sandbox.scripts import OUTCOMES, Happened, Script

_CHARGED = frozenset({Happened.PENDING, Happened.SOLD})
_MADE = frozenset({Happened.PENDING, Happened.SOLD, Happened.FAILED})


class Purchase(BaseModel):
    """What a readable pay call asks for; each shop adds its own words."""

    model_config = ConfigDict(frozen=True)

    service_id: str
    account: str
    variation: str | None = None
    amount: Kobo
    """What the account is credited with, in kobo."""

    @property
    def total(self) -> Kobo:
        """What is taken from the wallet."""
        return self.amount


class Deal(BaseModel):
    """Everything known of one request id."""

    model_config = ConfigDict(frozen=True)

    request_id: str
    serial: str = ""
    """What its tokens and references are derived from."""

    service_id: str = ""
    account: str = ""
    """Both as the latest pay call named them, on sale or not."""

    purchase: Purchase | None = None
    """None until a pay call with this id could be read."""

    happened: Happened = Happened.NEVER_CREATED
    becomes: Happened | None = None
    """What a pending deal turns into."""

    code: str | None = None
    """The word of a refusal."""

    is_kept: bool = False
    """Whether the id is taken: it cannot buy again, and a requery finds it."""

    received_at: datetime | None = None
    """The pay call that made it."""

    appears_at: datetime | None = None
    settles_at: datetime | None = None
    turns_at: datetime | None = None
    """When the opposite of its settlement becomes true."""

    token_delay_seconds: float = 0
    key_change: bool = False
    sold_at: datetime | None = None
    reversed_at: datetime | None = None
    pay_calls: int = 0
    requeries: int = 0

    @property
    def charged(self) -> Kobo:
        """What it has taken from the wallet as things stand."""
        if self.purchase is None or self.happened not in _CHARGED:
            return Kobo(0)
        return self.purchase.total

    @property
    def is_made(self) -> bool:
        """Whether it became a sale, for good or for a while, or was tried in earnest."""
        return self.happened in _MADE

    @property
    def is_open(self) -> bool:
        """Whether time will still change it."""
        return self.happened is Happened.PENDING or self.turns_at is not None

    def is_visible(self, now: datetime) -> bool:
        """Whether a requery finds it."""
        return self.is_kept and (self.appears_at is None or self.appears_at <= now)

    def shows_token(self, now: datetime) -> bool:
        """Whether the token has come through from the disco."""
        if self.sold_at is None:
            return False
        return self.sold_at + timedelta(seconds=self.token_delay_seconds) <= now

    def made(
        self,
        purchase: Purchase,
        script: Script,
        now: datetime,
        *,
        token_delay: float = 0,
        refusal: str | None = None,
        keeps_refusal: bool = False,
    ) -> Self:
        """Answer what a pay call makes of it.

        `token_delay` is the disco's habit in seconds, for scripts that say nothing of it; `refusal` the word under
        which a refusal is kept.
        """
        outcome = OUTCOMES[script.what_happens]
        is_refused = outcome is Happened.REFUSED
        settles_at = now + timedelta(seconds=script.settles_after_seconds)
        turns, scripted_delay = script.turns_after_seconds, script.token_after_seconds
        made = self.model_copy(
            update={
                "service_id": purchase.service_id,
                "account": purchase.account,
                "purchase": purchase,
                "happened": Happened.PENDING if outcome in _MADE else outcome,
                "becomes": outcome if outcome in _MADE else None,
                "code": refusal if is_refused else None,
                "is_kept": outcome in _MADE or (is_refused and keeps_refusal),
                "received_at": now,
                "appears_at": now + timedelta(seconds=script.appears_after_seconds),
                "settles_at": settles_at,
                "turns_at": None if turns is None else settles_at + timedelta(seconds=turns),
                "token_delay_seconds": token_delay if scripted_delay is None else scripted_delay,
                "key_change": script.key_change,
            }
        )
        return made.at(now)

    def refused(self, code: str, now: datetime, *, is_kept: bool = False) -> Self:
        """Answer it refused with this word, before anything was charged."""
        return self.model_copy(
            update={
                "happened": Happened.REFUSED,
                "code": code,
                "is_kept": is_kept,
                "received_at": now,
            }
        )

    def at(self, now: datetime) -> Self:
        """Answer what time has made of it."""
        deal = self
        if deal.becomes is not None and deal.settles_at is not None and deal.settles_at <= now:
            turns_at = deal.turns_at
            deal = deal.settled(deal.becomes, deal.settles_at)
            deal = deal.model_copy(update={"turns_at": turns_at})
        if deal.becomes is None and deal.turns_at is not None and deal.turns_at <= now:
            deal = deal.turned(deal.turns_at)
        return deal

    def settled(self, happened: Happened, at: datetime) -> Self:
        """Answer it with its final word."""
        return self._with(
            happened=happened,
            settles_at=at,
            sold_at=at if happened is Happened.SOLD else None,
            reversed_at=None,
        )

    def turned(self, at: datetime) -> Self:
        """Answer it with the opposite of what it was: a sale taken back, or a failure delivered after all."""
        if self.happened is Happened.SOLD:
            return self._with(happened=Happened.FAILED, reversed_at=at)
        return self.settled(Happened.SOLD, at)

    def _with(self, **values: Any) -> Self:
        return self.model_copy(update={"becomes": None, "turns_at": None, **values})

    def digits(self, label: str, count: int) -> str:
        """Derive a number of exactly `count` digits, the same every time it is asked."""
        digest = hashlib.sha256(f"{self.serial}:{label}".encode()).digest()
        return str(int.from_bytes(digest) % 10**count).zfill(count)
