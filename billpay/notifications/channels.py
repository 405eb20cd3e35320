"""The seam to the customer: how a message leaves. What is in it may be a token, so nothing here ever logs it.

A message is in the store before it comes here, so a channel that fails loses nothing.
"""

import asyncio
import logging
from typing import Protocol

import httpx

from billpay.domain.messages import Message
from billpay.failures import Evidence, Unavailable

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 10.0
WHOLE_TIMEOUT_SECONDS = 20.0
"""For an answer that drips; below the step's own timeout, so that the channel gives up first."""

log = logging.getLogger(__name__)


class Channel(Protocol):
    """A way to customers."""

    async def deliver(self, message: Message) -> bool:
        """Hand a message over; False where nobody takes messages and the store keeps it.

        Safe to repeat: the receiver knows a message by its id.

        Raises:
            Unavailable: nobody has confirmed it; the same message may be delivered again.
        """
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...


class NotificationSettings(Protocol):
    """What is read of the settings here."""

    @property
    def notification_url(self) -> str | None:
        """Where messages are posted to; None to keep them."""
        ...


class WebhookChannel:
    """Posts every message to one address, which knows how to reach the customer.

    The answer's status is all that counts: 2xx means taken. `Idempotency-Key` is the message id.
    """

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def deliver(self, message: Message) -> bool:
        """Post a message; everything but a 2xx is `Unavailable`."""
        try:
            async with asyncio.timeout(WHOLE_TIMEOUT_SECONDS):
                status = await self._post(message)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as lost:
            raise Unavailable(
                f"message {message.message_id} was not confirmed: {type(lost).__name__}"
            ) from lost
        if not httpx.codes.is_success(status):
            raise Unavailable(
                f"message {message.message_id} was answered with HTTP {status}",
                evidence=Evidence(http_status=status),
            )
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _post(self, message: Message) -> int:
        document = {
            "message_id": message.message_id,
            "transaction_id": str(message.transaction_id) if message.transaction_id else None,
            "wallet_address": message.wallet_address,
            "subject": message.subject,
            "body": message.body,
        }
        headers = {"Idempotency-Key": message.message_id}
        # Streamed, so that a long answer to a message is nothing we ever read.
        async with self._client.stream("POST", self._url, json=document, headers=headers) as answer:
            return answer.status_code


class KeptChannel:
    """Sends nothing: the store keeps every message, and whoever runs the service shows it to the customer."""

    async def deliver(self, message: Message) -> bool:
        """Say that the message waits in the store."""
        log.info("message %s is kept: NOTIFICATION_URL is not set", message.message_id)
        return False

    async def close(self) -> None:
        """Nothing is held open."""


def build_channel(settings: NotificationSettings) -> Channel:
    """Build the channel that the settings name."""
    url = settings.notification_url
    return WebhookChannel(url) if url else KeptChannel()
