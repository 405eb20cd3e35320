import asyncio
from datetime import timedelta

import pytest

from billpay.domain.messages import Message, MessageKind

BODY = "Token: 0123-4567-8901-2345-6789"


@pytest.fixture
def message():
    def message(order=None, operation_id=None, edition=1, body=BODY):
        return Message(
            message_id=f"{order and order.transaction_id}:{operation_id}:{edition}",
            kind=MessageKind.COMPLETED,
            transaction_id=order and order.transaction_id,
            operation_id=operation_id,
            wallet_address="payer",
            subject="Electricity Token",
            body=body,
        )

    return message


async def test_a_message_is_kept_as_it_was_first_written(till, message):
    """I8: nobody is told two different things under one id."""
    order = await till.order()
    first = message(order)
    assert await till.store.messages.save(first) == first
    assert await till.store.messages.save(message(order, body="something else")) == first
    assert await till.store.messages.of(order.transaction_id) == [first]


async def test_two_workers_write_one_message(till, message):
    order = await till.order()
    versions = [message(order, body=f"version {number}") for number in range(4)]
    kept = await asyncio.gather(*(till.store.messages.save(version) for version in versions))
    assert len({one.body for one in kept}) == 1


async def test_a_message_is_sealed(till, message, sql):
    """I18: a token in it is read with the key only."""
    await till.store.messages.save(message(await till.order(), body=f"{BODY}\x00\ud800"))
    row = await sql.value("SELECT notifications::text FROM notifications")
    assert BODY not in row
    assert BODY.encode().hex() not in row
    assert BODY not in repr(message())


async def test_a_message_is_delivered_once(till, message, sql):
    saved = await till.store.messages.save(message(await till.order()))
    assert not await till.store.messages.is_delivered(saved.message_id)
    assert not await till.store.messages.is_delivered("nothing")
    first = till.clock()
    for _ in range(2):
        await till.store.messages.mark_delivered(saved.message_id)
        till.clock.advance(timedelta(seconds=1))
    assert await till.store.messages.is_delivered(saved.message_id)
    assert await sql.value("SELECT delivered_at FROM notifications") == first


async def test_messages_are_listed_in_the_order_of_their_writing(till, message):
    order, operation_id = await till.completed()
    written = []
    for edition in (3, 1, 2):
        till.clock.advance(timedelta(seconds=1))
        written.append(await till.store.messages.save(message(order, operation_id, edition)))
    assert await till.store.messages.of(order.transaction_id) == written
    assert await till.store.messages.of_deposit(operation_id) == written
    assert (await till.store.payments.record(order.transaction_id)).messages == written
