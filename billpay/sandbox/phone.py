"""The customers' phone: receives what the notifier sends, keeps each message once, shows them all.

Delivering the same message again is answered 200 and counted, not kept twice, so a test can tell how often a customer
would have been bothered by a sender that does not know about idempotency keys.
"""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from billpay.sandbox.journal import Journal

JOURNAL_KIND = "phone"

_Text = Annotated[str, Field(min_length=1)]


class Message(BaseModel):
    """One message to a customer, in the words they will read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    message_id: _Text
    transaction_id: str | None
    """The order it is about; None for money that claims no order."""

    wallet_address: _Text
    subject: _Text
    body: _Text


class Faults(BaseModel):
    """How many of the next deliveries fail with HTTP 500, unseen by the customer."""

    model_config = ConfigDict(extra="forbid")

    fail_next: Annotated[int, Field(ge=0)]


class Change(BaseModel):
    """One step of the inbox, as journalled."""

    message: Message | None = None
    fail_next: int | None = None


class Inbox:
    """Every message, in the order of first arrival, and how often each arrived."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._messages: dict[str, Message] = {}
        self._of_order: defaultdict[str | None, list[Message]] = defaultdict(list)
        self._deliveries: dict[str, int] = {}
        self._fail_next = 0
        for record in journal.replay(JOURNAL_KIND):
            self._apply(Change.model_validate(record))

    def deliver(self, message: Message) -> bool:
        """Take one delivery; False where the phone fails and nothing was received. Safe to repeat."""
        if self._fail_next:
            self._commit(Change(fail_next=self._fail_next - 1))
            return False
        self._commit(Change(message=message))
        return True

    def fail_next(self, count: int) -> None:
        """Let this many deliveries fail from now on."""
        self._commit(Change(fail_next=count))

    def deliveries(self, message_id: str) -> int:
        """Answer how often a message arrived."""
        return self._deliveries.get(message_id, 0)

    def messages(self, transaction_id: str | None = None) -> list[Message]:
        """List the messages of one order, or all of them."""
        if transaction_id is None:
            return list(self._messages.values())
        return list(self._of_order.get(transaction_id, []))

    def _commit(self, change: Change) -> None:
        self._journal.append(JOURNAL_KIND, change.model_dump(mode="json"))
        self._apply(change)

    def _apply(self, change: Change) -> None:
        if change.fail_next is not None:
            self._fail_next = change.fail_next
        if change.message is not None:
            message_id = change.message.message_id
            if message_id not in self._messages:
                self._messages[message_id] = change.message
                self._of_order[change.message.transaction_id].append(change.message)
            self._deliveries[message_id] = self.deliveries(message_id) + 1


def phone_router(inbox: Inbox) -> APIRouter:
    """Speak for this inbox; to be mounted under /phone."""
    router = APIRouter(tags=["phone"])

    @router.post("/messages")
    async def receive(
        message: Message, idempotency_key: Annotated[str, Header()]
    ) -> dict[str, Any]:
        if idempotency_key != message.message_id:
            raise HTTPException(422, "Idempotency-Key must equal message_id")
        if not inbox.deliver(message):
            raise HTTPException(500, "the phone is out of reach")
        return _shown(inbox, message)

    @router.get("/messages")
    async def messages(transaction_id: str | None = None) -> list[dict[str, Any]]:
        return [_shown(inbox, message) for message in inbox.messages(transaction_id)]

    @router.post("/faults")
    async def faults(switch: Faults) -> dict[str, int]:
        inbox.fail_next(switch.fail_next)
        return {"fail_next": switch.fail_next}

    return router


def _shown(inbox: Inbox, message: Message) -> dict[str, Any]:
    return message.model_dump() | {"deliveries": inbox.deliveries(message.message_id)}
