"""Where the payments stand, read from their records; pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billpay.domain.money import Stroops
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.store.payments import PaymentRecord
from starter.demo.stories import Story
from starter.truth.books import Sale

_OVER = frozenset({BillStatus.COMPLETED, BillStatus.REFUNDED, BillStatus.NEEDS_REVIEW})
"""Nothing more happens by itself."""


@dataclass(frozen=True)
class Step:
    """One change of a payment's status."""

    status: BillStatus
    after: timedelta
    """Since the order was placed."""

    detail: str
    """Why, in the timeline's words."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One payment at one moment."""

    story: Story
    due: Stroops
    memo: str
    bought_from: Sequence[ProviderName]
    """Where its purchase was tried, in this order."""

    steps: Sequence[Step]
    """Every change of its status since it was placed, oldest first."""

    elapsed: timedelta
    """Since its order was placed, until it was over."""

    request_ids: frozenset[str] = frozenset()
    """Under which its providers have heard of it."""

    @property
    def provider(self) -> ProviderName | None:
        """Where its purchase was tried last; None before it was anywhere."""
        return self.bought_from[-1] if self.bought_from else None

    @property
    def statuses(self) -> Sequence[BillStatus]:
        """Every status it has come to, oldest first."""
        return [step.status for step in self.steps]

    @property
    def status(self) -> BillStatus:
        """Where it stands."""
        return self.steps[-1].status if self.steps else BillStatus.PENDING_PAYMENT

    @property
    def tries(self) -> int:
        """How often its purchase was begun, the same request id sent again included."""
        return self.statuses.count(BillStatus.PROCESSING_BILL)

    @property
    def progress(self) -> float:
        """How much of its story it has behind it, from 0 to 1."""
        return waypoints_passed(self.story.path, self.statuses) / len(self.story.path)

    @property
    def is_over(self) -> bool:
        """Whether it waits for nobody but, at most, a person."""
        return self.status in _OVER

    def complaints(self, sales: Sequence[Sale]) -> Iterator[str]:
        """Say how it went otherwise than planned, in its timeline or, going by all sales, at its providers."""
        path = self.story.path
        passed = waypoints_passed(path, self.statuses)
        if self.status is not path[-1]:
            yield f"is {self.status} instead of {path[-1]}"
        elif passed < len(path):
            yield f"never came to {path[passed]}"
        if list(self.bought_from) != list(self.story.bought_from):
            yield f"was tried at {_names(self.bought_from)} instead of {_names(self.story.bought_from)}"
        heard = [sale for sale in sales if sale.request_id in self.request_ids]
        sent, asked = sum(s.pay_calls for s in heard), sum(s.requeries for s in heard)
        if sent != self.story.sent:
            yield f"its purchase was heard {sent} times instead of {self.story.sent}"
        if asked < self.story.asked:
            yield f"it was asked about {asked} times instead of {self.story.asked}"


def _names(providers: Sequence[ProviderName]) -> str:
    return ", then ".join(providers) or "nobody"


def waypoints_passed(path: Sequence[BillStatus], statuses: Iterable[BillStatus]) -> int:
    """Count how far along a path the statuses have come, whatever they met in between."""
    passed = 0
    for status in statuses:
        if passed < len(path) and status is path[passed]:
            passed += 1
    return passed


def line_of(story: Story, record: PaymentRecord, now: datetime) -> Line:
    """Read a payment's line out of its records."""
    placed_at = record.order.created_at
    steps = [
        Step(BillStatus(event.status_to), event.at - placed_at, event.detail)
        for event in record.events
        if event.status_from is not None and event.status_to is not None
    ]
    line = Line(
        story=story,
        due=record.order.due,
        memo=record.memo,
        bought_from=[attempt.provider for attempt in record.attempts],
        steps=steps,
        elapsed=now - placed_at,
        request_ids=frozenset(attempt.request_id for attempt in record.attempts),
    )
    return replace(line, elapsed=steps[-1].after) if line.is_over else line
