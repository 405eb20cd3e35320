from datetime import timedelta

import pytest

from billpay.domain.messages import Message, MessageKind
from billpay.domain.money import Stroops
from billpay.domain.outcomes import Answer, Declined, Whose
from billpay.domain.refunds import RefundPurpose
from billpay.failures import Misconfigured
from billpay.store import Store


async def test_a_record_tells_everything_about_an_order_in_its_order(till):
    order, operation_id = await till.completed(amount=Stroops(10**12))
    duplicate = await till.deposit(order)
    refund = await till.whole(duplicate)
    excess = await till.store.refunds.open(
        operation_id=operation_id,
        purpose=RefundPurpose.EXCESS,
        amount=Stroops(10),
        reason="too much",
    )
    record = await till.store.payments.record(order.transaction_id)
    assert record.memo == order.memo
    assert record.provider_name == "vtpass"
    assert record.provider_reference == "VT-1"
    assert record.refund_tx_hash is None
    assert [one.credit.operation_id for one in record.deposits] == [operation_id, duplicate]
    assert [attempt.number for attempt in record.attempts] == [1]
    assert {one.refund_id for one in record.refunds} == {refund.refund_id, excess.refund_id}
    assert record.receipt == till.receipt()
    assert [event.status_to or event.kind for event in record.events] == [
        "pending_payment",
        "cngn_received",
        "verifying_account",
        "processing_bill",
        "completed",
        "stray_deposit_duplicate",
        "refund_opened",
        "refund_opened",
    ]
    assert till.receipt().token not in repr(record)


async def test_a_receipt_is_found_before_the_order_is_completed(till):
    order, _, _ = await till.sold()
    assert (await till.store.payments.record(order.transaction_id)).receipt == till.receipt()


async def test_an_order_without_a_sale_has_no_receipt(till):
    order, _ = await till.paid()
    opened = await till.sent(order)
    declined = Answer(outcome=Declined(reason="off", whose=Whose.PROVIDER), body="016")
    await till.store.attempts.save_answer(opened.request_id, declined)
    assert (await till.store.payments.record(order.transaction_id)).receipt is None


async def test_the_record_of_a_stray_deposit_tells_what_became_of_it(till):
    operation_id = await till.deposit()
    refund, _ = await till.signed(operation_id)
    message = await till.store.messages.save(
        Message(
            message_id="one",
            kind=MessageKind.REFUNDED,
            transaction_id=None,
            operation_id=operation_id,
            wallet_address="payer",
            subject="returned",
            body="returned",
        )
    )
    record = await till.store.payments.record_of_deposit(operation_id)
    assert record.deposit == await till.store.deposits.get(operation_id)
    assert record.refunds == [refund]
    assert record.messages == [message]
    assert [event.kind for event in record.events] == [
        "stray_deposit_no_memo",
        "refund_opened",
        "refund_signed",
    ]


async def test_orders_and_stray_deposits_are_listed_oldest_first(till):
    orders, strays = [], []
    for _ in range(3):
        orders.append((await till.order()).transaction_id)
        strays.append(await till.deposit())
        till.clock.advance(timedelta(seconds=1))
    await till.paid()
    assert (await till.store.payments.transaction_ids())[:3] == orders
    listed = await till.store.payments.stray_deposits()
    assert [deposit.credit.operation_id for deposit in listed] == strays


async def test_another_key_reads_nothing_that_is_sealed(till, database_url):
    """I18."""
    order, _ = await till.completed()
    stranger = await Store.open(database_url, sealing_key=bytes(32), clock=till.clock)
    with pytest.raises(Misconfigured, match="cannot be unsealed"):
        await stranger.payments.record(order.transaction_id)
    await stranger.close()


async def test_a_sealed_receipt_opens_in_its_own_row_only(till, sql):
    """A token that was copied into another order's row is not shown to that order's owner."""
    first, _ = await till.completed()
    second, _ = await till.completed()
    await sql.rows("ALTER TABLE tokens DISABLE TRIGGER guard_token")
    await sql.rows(
        "UPDATE tokens SET receipt = (SELECT receipt FROM tokens WHERE transaction_id = %s)",
        first.transaction_id,
    )
    assert (await till.store.payments.record(first.transaction_id)).receipt == till.receipt()
    with pytest.raises(Misconfigured, match="cannot be unsealed"):
        await till.store.payments.record(second.transaction_id)
