"""Who is asked first: what was heard of each provider lately, kept where every worker sees it."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billpay.domain.breaker import BreakerRules, Call, Line, Question, hear, line_of
from billpay.domain.orders import Order
from billpay.domain.routing import ProviderName, Route, ask_last
from billpay.failures import Failure
from billpay.store.breakers import BreakerStore

BREAKER_IS_OPEN = "failed too often lately, so it is asked last (breaker open)"

log = logging.getLogger(__name__)


class Breakers:
    """Counts calls to providers, and lines providers up by what was counted."""

    def __init__(self, *, store: BreakerStore, rules: BreakerRules) -> None:
        self._store = store
        self._rules = rules

    async def count(
        self,
        said: Any,
        *,
        by: ProviderName,
        line: Line,
        question: Question,
        transaction_id: UUID,
    ) -> bool:
        """Count an answer, or the failure that came instead; answers whether the provider is asked last now.

        Never fails: what cannot be counted is logged. Nothing about money rests on it, an attempt's row least of all.
        """
        call = Call(
            provider=by,
            line=line,
            question=question,
            transaction_id=transaction_id,
            heard=hear(said),
            detail=_detail(said),
        )
        try:
            recorded = await self._store.record(call, self._rules)
        except Exception as uncounted:  # noqa: BLE001  a bug in counting is worth no payment either
            log.warning("a call to %s was not counted: %s", by, type(uncounted).__name__)
            return False
        for change in recorded.changes:
            log.warning("%s: %s", change.kind, change.detail)
        return recorded.is_open

    async def is_open(self, provider: ProviderName, line: Line) -> bool:
        """Whether the provider fails everybody on this line, so that it is asked last.

        Raises:
            Unavailable: our records gave no answer.
        """
        return provider in await self._store.open_at(line)

    async def line_up(self, order: Order, planned: Route) -> Route:
        """Move providers with an open breaker behind the others; one that this order tries keeps its place.

        Safe to repeat: an order that tries a provider goes on trying it.

        Raises:
            Unavailable: our records gave no answer.
        """
        line = line_of(order.bill_type, order.biller)
        open_ones = await self._store.open_at(line)
        tried = await self._claim(order, planned.sellers, open_ones, line)
        return ask_last(planned, open_ones - {tried}, BREAKER_IS_OPEN)

    async def _claim(
        self,
        order: Order,
        sellers: Sequence[ProviderName],
        open_ones: frozenset[ProviderName],
        line: Line,
    ) -> ProviderName | None:
        """Have the order try one of those that would be asked before anybody whose breaker is closed."""
        for name in sellers:
            if name not in open_ones:
                return None
            if await self._store.claim_probe(name, line, order.transaction_id):
                return name
        return None


def _detail(said: Any) -> str:
    """Say in an operator's words what came; nothing where it was an answer like any other."""
    return said.detail if isinstance(said, Failure) else getattr(said, "reason", "")
