"""What it means when the other side did not answer, or could not be asked.

An answer is a value (`billpay.domain.outcome`); the absence of one is a failure. Downstream code never asks
"what went wrong?", only "what may I do now?", and there are four answers:

    Failure
    ├── Invalid         this order can never succeed as written
    ├── Unavailable     nothing happened; the same thing may be tried again
    ├── Ambiguous       something may have happened; only asking may follow
    └── Misconfigured   our side: keys, address, float, catalogue; a person must act

Anything else that is raised is a bug, and where money moves a bug counts as `Ambiguous`.
"""

from dataclasses import dataclass

DETAIL_LIMIT = 2_000
"""Characters of operator text kept; a provider's HTML page must not fill a workflow history."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What an operator needs to find the case at the other side; never a secret."""

    provider: str | None = None
    request_id: str | None = None
    code: str | None = None
    http_status: int | None = None


class Failure(Exception):  # noqa: N818  outcomes are named as facts, not as errors
    """The other side gave no usable answer.

    `detail` is for the operator, `customer` for the person who paid; the two are never mixed up.
    """

    default_customer = "We could not complete this step."

    def __init__(
        self,
        detail: str,
        *,
        customer: str | None = None,
        evidence: Evidence | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(detail[:DETAIL_LIMIT])
        self.detail = detail[:DETAIL_LIMIT]
        self.customer = customer or self.default_customer
        self.evidence = evidence or Evidence()
        self.retry_after_seconds = retry_after_seconds


class Invalid(Failure):
    """The order cannot succeed as the customer wrote it; nothing was bought."""

    default_customer = "The details of this order cannot be used."


class Unavailable(Failure):
    """Nothing happened at the other side; the same call may be made again."""

    default_customer = "The provider cannot be reached at the moment."


class Ambiguous(Failure):
    """The other side may have done it; asking is allowed, repeating is not."""

    default_customer = "Your payment is still being confirmed with the provider."


class Misconfigured(Failure):
    """Our key, address, float or catalogue is wrong; an operator must act."""

    default_customer = "We cannot serve this order at the moment."
