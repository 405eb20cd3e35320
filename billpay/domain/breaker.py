"""When a provider is not asked first any more, and by whom it is tried again.

A breaker belongs to one provider and one line of its products; one more belongs to everything the provider sells.

    closed      asked in its usual place
    open        asked after everybody else: too many calls failed lately, or our account there is in trouble
    half-open   one order at a time keeps the usual place, to try it: the probe

It decides who is asked first and nothing else. An open breaker proves nothing about any purchase and refunds nobody.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from billpay.domain.bills import BillerCode, BillType
from billpay.domain.outcomes import Declined, Whose
from billpay.domain.routing import ProviderName
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable

Line = NewType("Line", str)
"""What a breaker is about: one bill type of one biller (`electricity/ekedc`), or `EVERYTHING`."""

EVERYTHING = Line("everything")
"""All that a provider sells: key, address and float are the same for every line."""

BUCKET = timedelta(minutes=1)
"""Calls are counted by the minute, so a window begins with a whole one."""

LONGEST_WINDOW = timedelta(hours=1)

PROBE_LAPSES_AFTER = timedelta(seconds=150)
"""How long an order holds the probe: a verification (45 s) and a purchase (100 s) fit in, and where its worker is lost
the next order may try."""

_REFUSING_US = frozenset({401, 403})
_OUR_ACCOUNT = re.compile(
    r"\b(?:keys?|address|base URL|whitelisted|float|wallet|balance|API access|our account is)\b",
    re.IGNORECASE,
)


class Question(StrEnum):
    """What a provider was asked; each is counted by itself, since one may work while the other does not."""

    VERIFY = "verify"
    PAY = "pay"


class Heard(StrEnum):
    """What an answer, or its absence, says about the provider."""

    ANSWERED = "answered"
    FAILED = "failed"
    OUR_ACCOUNT = "our_account"
    """Our key, address or float: no line can be served, and no waiting mends it."""


class BreakerState(StrEnum):
    """Where a provider stands in the route."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """Open, and the next order may try it, or one is just trying it."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class BreakerRules(_Model):
    """Settings by which breakers open and are tried."""

    window: timedelta
    minimum_calls: int
    failure_share: float
    probe_after: timedelta


class Tally(_Model):
    """Calls of one question inside the window."""

    calls: int = 0
    failures: int = 0
    in_a_row: int = 0
    """Failures of the present minute since the last answer."""


class Call(_Model):
    """One question to a provider, and what was heard."""

    provider: ProviderName
    line: Line
    question: Question
    transaction_id: UUID
    heard: Heard
    detail: str = ""
    """For the operator, where it failed."""


class Breaker(_Model):
    """One breaker, as every worker sees it."""

    provider: ProviderName
    line: Line
    opened_at: datetime | None = None
    """None while closed."""

    reason: str | None = None
    """What opened it, for the operator; kept after it closed."""

    next_probe_at: datetime | None = None
    """From when on an order may try it; in the future while one tries, in case nothing is ever heard of that."""

    probing: UUID | None = None
    """The order that tries it now."""

    last_failure_at: datetime | None = None
    last_failure: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the provider is asked after the others."""
        return self.opened_at is not None

    def state(self, now: datetime) -> BreakerState:
        """Say how it stands now."""
        if not self.is_open:
            return BreakerState.CLOSED
        is_tried = self.probing is not None or _is_due(self, now)
        return BreakerState.HALF_OPEN if is_tried else BreakerState.OPEN


def line_of(bill_type: BillType, biller: BillerCode) -> Line:
    """Name the line that a bill belongs to."""
    return Line(f"{bill_type.value}/{biller}")


def hear(said: Any) -> Heard:
    """Weigh what came back: an answer or a failure.

    A refusal for the customer's reason is an answer like any other; one for the provider's own is none.
    """
    match said:
        case Misconfigured() if concerns_our_account(said):
            return Heard.OUR_ACCOUNT
        case Unavailable() | Ambiguous() | Misconfigured():
            return Heard.FAILED
        case Declined(whose=Whose.PROVIDER):
            return Heard.FAILED
        case _:
            return Heard.ANSWERED


def concerns_our_account(failure: Failure) -> bool:
    """Whether a failure names what every line needs (key, address, float) rather than one product.

    The words are ours: adapters write the detail of a failure, never the provider.
    """
    is_refused = failure.evidence.http_status in _REFUSING_US
    return is_refused or _OUR_ACCOUNT.search(failure.detail) is not None


def bucket_of(now: datetime) -> datetime:
    """Answer the minute that a call is counted in."""
    return now.replace(second=0, microsecond=0)


def window_begins(now: datetime, rules: BreakerRules) -> datetime:
    """Answer the first minute that counts."""
    return bucket_of(now - rules.window)


def has_tripped(tally: Tally, rules: BreakerRules) -> bool:
    """Whether so many of so many calls failed, or so many one after the other, that others are asked first.

    The share alone would notice an outage too late where much was sold just before.
    """
    is_enough = tally.failures > 0 and tally.calls >= rules.minimum_calls
    is_share = tally.failures >= rules.failure_share * tally.calls
    return tally.in_a_row >= rules.minimum_calls or (is_enough and is_share)


def may_probe(breaker: Breaker, transaction_id: UUID, now: datetime) -> bool:
    """Whether this order may keep the provider in its usual place; asked again, the same order may again."""
    return breaker.is_open and (breaker.probing == transaction_id or _is_due(breaker, now))


def claimed(breaker: Breaker, transaction_id: UUID, now: datetime) -> Breaker:
    """Give the probe to an order; a repetition does not prolong it."""
    if breaker.probing == transaction_id:
        return breaker
    lapses_at = now + PROBE_LAPSES_AFTER
    return breaker.model_copy(update={"probing": transaction_id, "next_probe_at": lapses_at})


def after(
    breaker: Breaker, call: Call, tally: Tally, rules: BreakerRules, now: datetime
) -> Breaker:
    """Answer how a breaker stands after one more call; the tally has counted it already.

    Open, only the order that holds the probe changes it: its purchase is answered and closes it, or a failure ends the
    probe. What others hear may have been asked before it opened.
    """
    if call.heard is not Heard.ANSWERED:
        noted = {"last_failure_at": now, "last_failure": call.detail}
        breaker = breaker.model_copy(update=noted)
    if breaker.is_open:
        is_probe = breaker.probing == call.transaction_id
        return _after_probe(breaker, call, rules, now) if is_probe else breaker
    if breaker.line == EVERYTHING:
        has_opened, reason = call.heard is Heard.OUR_ACCOUNT, call.detail
    else:
        has_opened, reason = _has_opened(call, tally, rules), _reason(call, tally, rules)
    if not has_opened:
        return breaker
    opened = {"opened_at": now, "reason": reason, "next_probe_at": now + rules.probe_after}
    return breaker.model_copy(update=opened)


def _after_probe(breaker: Breaker, call: Call, rules: BreakerRules, now: datetime) -> Breaker:
    if call.heard is not Heard.ANSWERED:
        failed = {"probing": None, "next_probe_at": now + rules.probe_after}
        return breaker.model_copy(update=failed)
    if call.question is Question.PAY:
        closed = {"opened_at": None, "probing": None, "next_probe_at": None}
        return breaker.model_copy(update=closed)
    # An account that was answered for is no sale yet: the purchase will tell.
    return breaker


def _has_opened(call: Call, tally: Tally, rules: BreakerRules) -> bool:
    # Trouble with our account is everybody's and opens the breaker of everything, not that of one line.
    return call.heard is Heard.FAILED and has_tripped(tally, rules)


def _reason(call: Call, tally: Tally, rules: BreakerRules) -> str:
    seconds = int(rules.window.total_seconds())
    what = "purchases" if call.question is Question.PAY else "verifications"
    counted = f"{tally.failures} of {tally.calls} {what} failed within {seconds} s"
    return f"{counted}, {tally.in_a_row} in a row, last: {call.detail}"


def _is_due(breaker: Breaker, now: datetime) -> bool:
    return breaker.next_probe_at is None or now >= breaker.next_probe_at
