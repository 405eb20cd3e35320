"""One provider and its sandbox across a real socket: what was asked, what was really sold, and what was let slip."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.ids import request_id
from billpay.domain.money import Kobo
from billpay.domain.outcomes import Answer
from billpay.failures import Failure
from billpay.providers.base import Purchase
from tests.conformance.counterparts import FACTORIES, Counterpart
from tests.fixtures.postgres import MovableClock
from tests.fixtures.sandbox import Sandbox

METER, PHONE, CARD = "45012345678", "08031234567", "4131953321"
POWER = Purchase(
    bill_type=BillType.ELECTRICITY,
    biller=BillerCode("ikedc"),
    account_number=METER,
    meter_type=MeterType.PREPAID,
    product_code=None,
    amount=Kobo(500_000),
    contact_phone=PHONE,
)
AIRTIME = Purchase(
    bill_type=BillType.AIRTIME,
    biller=BillerCode("mtn"),
    account_number=PHONE,
    meter_type=None,
    product_code=None,
    amount=Kobo(50_000),
    contact_phone=PHONE,
)

OTHER_SIDE = ("uvicorn", "fastapi", "asyncio")
"""Loggers of the server that plays the sandbox in this process."""


class Witness(logging.Handler):
    """Writes down everything that is logged, raised or shown on our side of the wire."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._is_listening = False
        self.logged: list[str] = []
        self.shown: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Hear of what is logged while our side is at work."""
        if self._is_listening and not record.name.startswith(OTHER_SIDE):
            self.logged.append(record.getMessage())

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear whatever is logged meanwhile."""
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.DEBUG)
        self._is_listening = True
        try:
            yield
        finally:
            self._is_listening = False
            root.setLevel(level)

    def see(self, thing: object) -> None:
        """Look at what was answered or raised, as somebody who prints it would."""
        self.shown.append(repr(thing))
        if isinstance(thing, Answer):
            self.shown += [repr(thing.outcome), repr(thing.receipt), str(thing)]
        if isinstance(thing, Failure):
            told = (thing.detail, thing.customer, repr(thing.evidence), repr(vars(thing)))
            self.shown += [*told, *traceback.format_exception(thing)]


class Witnessed:
    """A provider whose every answer and failure is seen by a witness; failures are answered, not raised."""

    def __init__(self, provider: Any, witness: Witness) -> None:
        self.provider, self._witness = provider, witness

    async def ask(self, question: str, *about: Any) -> Any:
        """Ask, and answer what came: a value or one of our failures."""
        with self._witness.listening():
            try:
                answer = await getattr(self.provider, question)(*about)
            except Failure as failure:
                answer = failure
        self._witness.see(answer)
        return answer


@dataclass
class Exchange:
    """A customer's side and the hands behind the counter."""

    counterpart: Counterpart
    world: Sandbox
    clock: MovableClock
    provider: Witnessed
    witness: Witness
    build: Callable[..., Witnessed]
    """Makes another adapter with other settings."""

    secrets: list[str] = field(default_factory=list)
    """What nobody may see: keys, and every token that is sold."""

    numbers: int = 0

    def new_id(self) -> str:
        """Mint a request id as the service does."""
        self.numbers += 1
        return request_id("bill-conformance", self.numbers, self.clock())

    def script(self, account: str, **words: Any) -> None:
        """Let an account behave as told."""
        self.world.tell(f"/world/{self.counterpart.name}/accounts/{account}", words)

    def switch(self, name: str, **words: Any) -> None:
        """Turn a switch of the shop."""
        self.world.tell(f"/world/{self.counterpart.name}/{name}", words)

    def wait(self, seconds: float) -> None:
        """Let time pass behind the counter."""
        self.clock.advance(timedelta(seconds=seconds))

    def truths(self) -> list[dict[str, Any]]:
        """Tell what really happened, request id by request id."""
        rows: list[dict[str, Any]] = self.world.ask(f"/world/truth/{self.counterpart.name}")
        self.secrets += [token for row in rows for token in row["tokens"]]
        return rows

    def truth(self, name: str) -> dict[str, Any]:
        """Tell what really happened to one."""
        return next(row for row in self.truths() if row["request_id"] == name)

    async def buy(self, purchase: Purchase, name: str) -> Any:
        """Buy: answers an outcome or a failure."""
        return outcome_of(await self.provider.ask("buy", purchase, name))

    async def requery(self, purchase: Purchase, name: str) -> Any:
        """Ask: answers an outcome or a failure."""
        return outcome_of(await self.provider.ask("requery", purchase, name))

    async def bought(self, purchase: Purchase) -> tuple[str, Answer]:
        """Buy and ask once, as every purchase is: answers its id and what is known then."""
        name = self.new_id()
        answer = await self.provider.ask("buy", purchase, name)
        if getattr(getattr(answer, "outcome", None), "kind", None) == "processing":
            answer = await self.provider.ask("requery", purchase, name)
        assert isinstance(answer, Answer), answer
        return name, answer


def outcome_of(answer: Any) -> Any:
    """Answer what an answer says; a failure says itself."""
    return answer.outcome if isinstance(answer, Answer) else answer


def keys_of(settings: Any, counterpart: Counterpart) -> list[str]:
    """Answer a provider's keys in clear."""
    held = [getattr(settings, name) for name in counterpart.keys]
    return [key.get_secret_value() for key in held if isinstance(key, SecretStr)]


def adapter(settings: Any, counterpart: Counterpart) -> Any:
    """Build it as the registry does."""
    provider = FACTORIES[counterpart.name](settings)
    assert provider is not None, f"{counterpart.name} was not built"
    return provider
