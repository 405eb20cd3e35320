"""One reference as Flutterwave really knows it, whatever any answer said about it."""

import hashlib
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from billpay.domain.money import Kobo
from billpay.domain.tokens import TOKEN_DIGITS, Token
from billpay.sandbox.flutterwave_triggers import FlutterwaveScript
from billpay.sandbox.vtpass_sales import Happened
from billpay.sandbox.vtpass_triggers import Truth

_CHARGED = frozenset({Happened.PENDING, Happened.SOLD})
_OUTCOMES = {
    Truth.DELIVERED: Happened.SOLD,
    Truth.FAILED: Happened.FAILED,
    Truth.REFUSED: Happened.REFUSED,
    Truth.NEVER_CREATED: Happened.NEVER_CREATED,
}
_KEPT = frozenset({Happened.PENDING, Happened.SOLD, Happened.FAILED})


class Purchase(BaseModel):
    """What a readable payment asks for."""

    model_config = ConfigDict(frozen=True)

    biller_code: str
    item_code: str
    item_name: str
    account: str
    amount: Kobo
    fee: Kobo
    is_prepaid: bool = False
    """Whether it buys a token."""

    @property
    def total(self) -> Kobo:
        """What is taken from our balance."""
        return Kobo(self.amount + self.fee)


class Bill(BaseModel):
    """Everything known of one reference."""

    model_config = ConfigDict(frozen=True)

    reference: str
    serial: str = ""
    """What its tokens and references are derived from."""

    purchase: Purchase | None = None
    """None until a payment with this reference could be read."""

    happened: Happened = Happened.NEVER_CREATED
    becomes: Happened | None = None
    """What a pending bill turns into."""

    code: str | None = None
    """The name of a refusal."""

    received_at: datetime | None = None
    appears_at: datetime | None = None
    settles_at: datetime | None = None
    token_delay_seconds: float = 0
    sold_at: datetime | None = None
    reverses_at: datetime | None = None
    reversed_at: datetime | None = None
    pay_calls: int = 0
    requeries: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether the reference is taken: a second payment is refused as a duplicate."""
        return self.happened in _KEPT

    @property
    def charged(self) -> Kobo:
        """What it has taken from our balance as things stand."""
        if self.purchase is None or self.happened not in _CHARGED:
            return Kobo(0)
        return self.purchase.total

    @property
    def is_open(self) -> bool:
        """Whether time may still change it."""
        return self.happened is Happened.PENDING or (
            self.happened is Happened.SOLD and self.reverses_at is not None
        )

    @property
    def tx_ref(self) -> str:
        """Flutterwave's own name for it."""
        stamp = self.received_at.strftime("%Y%m%d%H%M%S") if self.received_at else ""
        return f"CF-FLYAPI-{stamp}{self.digits('tx', 6)}"

    @property
    def flw_ref(self) -> str:
        """The switch's name for it."""
        return f"BPUSSD{self.digits('flw', 20)}"

    @property
    def token(self) -> Token | None:
        """The token it buys, shown or not; Enugu's begin with a zero."""
        if self.purchase is None or not self.purchase.is_prepaid:
            return None
        zeros = "0" * self.purchase.item_name.startswith("ENUGU")
        return Token(zeros + self.digits("token", TOKEN_DIGITS - len(zeros)))

    def is_visible(self, now: datetime) -> bool:
        """Whether a status question finds it."""
        return self.is_kept and (self.appears_at is None or self.appears_at <= now)

    def shows_token(self, now: datetime) -> bool:
        """Whether the token has come through from the disco."""
        if self.sold_at is None:
            return False
        return self.sold_at + timedelta(seconds=self.token_delay_seconds) <= now

    def at(self, now: datetime) -> "Bill":
        """Answer what time has made of it."""
        bill = self
        if bill.becomes is not None and bill.settles_at is not None and bill.settles_at <= now:
            bill = bill.settled(bill.becomes, bill.settles_at)
        if bill.sold_at is not None and bill.reverses_at is not None and bill.reverses_at <= now:
            bill = bill.reversed(bill.reverses_at)
        return bill

    def settled(self, happened: Happened, at: datetime) -> "Bill":
        """Answer the bill with its final word."""
        is_sold = happened is Happened.SOLD
        return self.model_copy(
            update={
                "happened": happened,
                "becomes": None,
                "settles_at": at,
                "sold_at": at if is_sold else None,
                "reverses_at": self.reverses_at if is_sold else None,
            }
        )

    def reversed(self, at: datetime) -> "Bill":
        """Answer the bill taken back by its biller after it was sold, the charge returned."""
        return self.model_copy(
            update={"happened": Happened.FAILED, "reverses_at": None, "reversed_at": at}
        )

    def digits(self, label: str, count: int) -> str:
        """Derive a number of exactly `count` digits, the same every time it is asked."""
        digest = hashlib.sha256(f"{self.serial}:{label}".encode()).digest()
        return str(int.from_bytes(digest) % 10**count).zfill(count)


def made_bill(
    heard: Bill, purchase: Purchase, script: FlutterwaveScript, token_delay: float, now: datetime
) -> Bill:
    """Answer what a payment makes of its reference.

    `token_delay` is the disco's habit in seconds, for scripts that say nothing of it.
    """
    outcome = _OUTCOMES[script.what_happens]
    settles_at = now + timedelta(seconds=script.settles_after_seconds)
    reverses = script.reverses_after_seconds
    bill = heard.model_copy(
        update={
            "purchase": purchase,
            "happened": outcome if outcome not in _KEPT else Happened.PENDING,
            "becomes": outcome if outcome in _KEPT else None,
            "code": script.code if outcome is Happened.REFUSED else None,
            "received_at": now,
            "appears_at": now + timedelta(seconds=script.appears_after_seconds),
            "settles_at": settles_at,
            "token_delay_seconds": (
                token_delay if script.token_after_seconds is None else script.token_after_seconds
            ),
            "reverses_at": None if reverses is None else settles_at + timedelta(seconds=reverses),
        }
    )
    return bill.at(now)
