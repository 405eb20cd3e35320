"""What a provider's answer means for the order, and what may follow it.

    Delivered     sold                          nothing may follow
    TokenAwaited  sold, its token is not here   keep asking; never refund by machine
    Processing    accepted, not certain         keep asking
    Postponed     refused for now, not sold     a new attempt with a new request id after the wait
    Declined      refused, not sold             another provider, or the refund
    NeverSeen     the provider does not know    evidence, not proof (`NotSold` is the proof)
    NotSold       proven that nothing was sold  another provider, or the refund

An outcome holds no secret, so it may cross into workflow histories; the receipt, which holds the token, never does.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from billpay.domain.money import Kobo
from billpay.domain.tokens import Token


class Whose(StrEnum):
    """Whose fault a refusal is, which decides whether another provider may be asked."""

    CUSTOMER = "customer"
    """The account or amount; another provider would refuse too."""

    PROVIDER = "provider"
    """The product is off, or the sale failed there; another provider may sell it."""


class _Outcome(BaseModel):
    model_config = ConfigDict(frozen=True)

    code: str | None = None
    """The provider's own word, for the operator."""


class Delivered(_Outcome):
    """Sold and certain."""

    kind: Literal["delivered"] = "delivered"
    provider_reference: str


class TokenAwaited(_Outcome):
    """Sold and certain, but the prepaid token has not come yet (fault 45)."""

    kind: Literal["token_awaited"] = "token_awaited"
    provider_reference: str


class Processing(_Outcome):
    """Accepted; the provider is not certain yet."""

    kind: Literal["processing"] = "processing"
    provider_reference: str | None = None


class Postponed(_Outcome):
    """Refused for a reason of timing; nothing was sold, and this request id is dead."""

    kind: Literal["postponed"] = "postponed"
    reason: str
    retry_after_seconds: float


class Declined(_Outcome):
    """Refused; nothing was sold, or the charge was returned."""

    kind: Literal["declined"] = "declined"
    reason: str
    """In words a customer may read."""

    whose: Whose


class NeverSeen(_Outcome):
    """The provider does not know this request id. Soon after a lost answer this proves nothing (fault 39)."""

    kind: Literal["never_seen"] = "never_seen"


class NotSold(_Outcome):
    """The provider twice denied knowing the request id, long enough after it could still have arrived."""

    kind: Literal["not_sold"] = "not_sold"


Outcome = Annotated[
    Delivered | TokenAwaited | Processing | Postponed | Declined | NeverSeen | NotSold,
    Field(discriminator="kind"),
]

Settled = Delivered | Postponed | Declined | NotSold
"""Outcomes after which this attempt can never change the order again."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was bought. Holds secrets: stored sealed, never logged, never in a workflow history."""

    provider_reference: str
    token: Token | None = field(default=None, repr=False)
    bonus_token: Token | None = field(default=None, repr=False)
    key_change_tokens: tuple[Token, ...] = field(default=(), repr=False)
    """To be entered before the token, in this order."""

    units: str | None = None
    """Energy as the provider writes it ("79.9 kWh")."""

    charged: Kobo | None = None
    """What the provider took from our float."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A provider's whole answer: its meaning, what was bought, and the body it came in."""

    outcome: Outcome
    receipt: Receipt | None = field(default=None, repr=False)
    body: str = field(default="", repr=False)
    """As received; may hold a token, so it is stored sealed."""
