"""Channels: what the receiver sees, and that nothing but a confirmed delivery counts as one."""

import json
import logging
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest

from billpay.domain.messages import Message, MessageKind
from billpay.failures import Unavailable
from billpay.notifications.channels import KeptChannel, WebhookChannel, build_channel
from billpay.settings import load_settings

SECRET = "1234-5678-9012-3456-7890"
MESSAGE = Message(
    message_id="01234567-89ab-4def-8123-456789abcdef:completed:1",
    kind=MessageKind.COMPLETED,
    transaction_id=UUID("01234567-89ab-4def-8123-456789abcdef"),
    operation_id="1",
    wallet_address="the customer's wallet",
    subject="Electricity Token - ₦5,000 EKEDC",
    body=f"Token: {SECRET}",
)


def webhook(answer: Callable[[httpx.Request], httpx.Response]) -> WebhookChannel:
    return WebhookChannel(
        "https://hooks.example/customers?tenant=1", transport=httpx.MockTransport(answer)
    )


async def test_a_message_is_posted_as_json_under_its_id():
    requests: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(202)

    assert await webhook(take).deliver(MESSAGE)
    (request,) = requests
    assert (request.method, str(request.url)) == (
        "POST",
        "https://hooks.example/customers?tenant=1",
    )
    assert request.headers["Idempotency-Key"] == MESSAGE.message_id
    assert json.loads(request.content) == {
        "message_id": MESSAGE.message_id,
        "transaction_id": "01234567-89ab-4def-8123-456789abcdef",
        "wallet_address": "the customer's wallet",
        "subject": "Electricity Token - ₦5,000 EKEDC",
        "body": f"Token: {SECRET}",
    }


@pytest.mark.parametrize("status", [199, 301, 400, 401, 404, 409, 422, 429, 500, 503])
async def test_only_a_2xx_is_a_delivery(status):
    """Fault 65."""
    with pytest.raises(Unavailable) as failed:
        await webhook(lambda _: httpx.Response(status, text=SECRET)).deliver(MESSAGE)
    assert failed.value.evidence.http_status == status


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("silent"),
        httpx.ReadError("reset"),
        httpx.WriteError("broken"),
        httpx.RemoteProtocolError("garbage"),
        httpx.PoolTimeout("crowded"),
        httpx.UnsupportedProtocol("no scheme"),
        httpx.InvalidURL("no address"),
        TimeoutError(),
    ],
)
async def test_every_silence_is_unavailable(error):
    """Fault 65: the same message may be delivered again, since its receiver knows it by its id."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(Unavailable):
        await webhook(fail).deliver(MESSAGE)


async def test_neither_logs_nor_failures_repeat_what_was_written(caplog):
    """I18."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unavailable) as failed:
        await webhook(lambda _: httpx.Response(500, text=SECRET)).deliver(MESSAGE)
    await webhook(lambda _: httpx.Response(200, text=SECRET)).deliver(MESSAGE)
    await KeptChannel().deliver(MESSAGE)
    assert MESSAGE.message_id in caplog.text
    assert SECRET not in caplog.text + str(failed.value) + repr(failed.value) + repr(MESSAGE)


async def test_without_an_address_messages_are_kept_and_the_log_says_so(caplog):
    caplog.set_level(logging.INFO)
    channel = build_channel(load_settings({}))
    assert not await channel.deliver(MESSAGE)
    assert "NOTIFICATION_URL is not set" in caplog.text
    await channel.close()


async def test_the_sandbox_phone_takes_what_is_sent(sandbox):
    channel = build_channel(load_settings(sandbox.environment))
    assert await channel.deliver(MESSAGE)
    assert await channel.deliver(MESSAGE)
    (received,) = sandbox.messages(str(MESSAGE.transaction_id))
    assert (received["body"], received["deliveries"]) == (MESSAGE.body, 2)
    await channel.close()


async def test_a_phone_out_of_reach_is_reached_later(sandbox):
    """Fault 65."""
    channel = build_channel(load_settings(sandbox.environment))
    sandbox.tell("/phone/faults", {"fail_next": 1})
    with pytest.raises(Unavailable):
        await channel.deliver(MESSAGE)
    assert await channel.deliver(MESSAGE)
    await channel.close()


async def test_nobody_listening_is_unavailable():
    channel = WebhookChannel("http://127.0.0.1:1/")
    with pytest.raises(Unavailable):
        await channel.deliver(MESSAGE)
    await channel.close()
