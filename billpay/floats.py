"""Our prepaid balance at each provider, looked at before something is bought there: no order shall find it empty."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billpay.clock import Clock
from billpay.domain.money import Kobo, spoken_naira
from billpay.domain.routing import ProviderName
from billpay.failures import Evidence, Failure, Misconfigured
from billpay.providers.base import Provider

PATIENCE_SECONDS = 5.0
"""A purchase waits no longer for the balance: it must still fit, with a requery before it, into its step's time."""

log = logging.getLogger(__name__)


@dataclass
class _Float:
    """What this process knows of one balance."""

    asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: datetime | None = None
    balance: Kobo | None = None
    """None where it could not be asked."""

    spent: int = 0
    """Kobo for which this process has bought since it asked."""

    @property
    def left(self) -> Kobo | None:
        """What is left of the balance; None where it is not known."""
        return None if self.balance is None else Kobo(self.balance - self.spent)


class Floats:
    """What may still be spent at each provider.

    The reserve is never spent: it covers what other workers buy between two looks at the balance (I22).
    """

    def __init__(
        self,
        *,
        providers: Mapping[ProviderName, Provider],
        reserve: Kobo,
        ask_every: timedelta,
        clock: Clock,
    ) -> None:
        self._providers = providers
        self._reserve = reserve
        self._ask_every = ask_every
        self._clock = clock
        self._floats = {name: _Float() for name in providers}

    async def spend(self, provider: ProviderName, amount: Kobo) -> None:
        """Count an amount as spent, before anything is sent. A balance that cannot be asked stops no purchase.

        Raises:
            Misconfigured: the float does not reach for the amount and the reserve; an operator fills it up.
        """
        known = self._floats[provider]
        await self._look(provider, known)
        left = known.left
        if left is not None and left < amount + self._reserve:
            raise Misconfigured(
                f"our float at {provider} is {spoken_naira(left)}: too low for {spoken_naira(amount)} "
                f"and a reserve of {spoken_naira(self._reserve)}",
                evidence=Evidence(provider=provider),
            )
        known.spent += amount

    def give_back(self, provider: ProviderName, amount: Kobo) -> None:
        """Take an amount off what was spent: nothing was sold for it."""
        known = self._floats[provider]
        known.spent = max(known.spent - amount, 0)

    def is_empty(self, provider: ProviderName) -> bool:
        """Whether not even the smallest order can be bought there."""
        left = self._floats[provider].left
        return left is not None and left <= self._reserve

    async def _look(self, provider: ProviderName, known: _Float) -> None:
        """Ask for the balance, unless this process did so lately, whatever came of it."""
        async with known.asking:
            now = self._clock()
            if known.asked_at is not None and now - known.asked_at < self._ask_every:
                return
            known.asked_at, known.balance, known.spent = now, None, 0
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    known.balance = await self._providers[provider].float_balance()
            except Exception as silence:  # noqa: BLE001  not even a bug of ours here is worth a purchase
                why = silence.detail if isinstance(silence, Failure) else type(silence).__name__
                log.warning("the float at %s is not known: %s", provider, why)
