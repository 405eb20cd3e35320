"""Telling customers: once, in words that stay, and without ever touching money."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from activities.notify import NotifyActivities
from activities.pay import PayActivities
from billpay.buying import Buyer
from billpay.domain.ids import message_id
from billpay.domain.messages import Message, MessageKind
from billpay.domain.money import cngn
from billpay.domain.outcomes import Answer, Declined, Whose
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import NotifyStep
from billpay.failures import Unavailable
from billpay.notifications.channels import KeptChannel, build_channel
from billpay.settings import load_settings
from tests.activities.conftest import failing, run
from tests.activities.placing import (
    CUSTOMER,
    deposit_into,
    meter_order,
    new_order,
    paid,
    purchase_step,
    verified,
)

K = MessageKind


@dataclass
class Recording:
    """A channel that takes everything, after as many failures as told."""

    failures: int = 0
    taken: list[Message] = field(default_factory=list)

    async def deliver(self, message: Message) -> bool:
        if self.failures:
            self.failures -= 1
            raise Unavailable("out of reach")
        self.taken.append(message)
        return True

    async def close(self) -> None:
        """Nothing is held open."""


@pytest.fixture
def channel() -> Recording:
    return Recording()


@pytest.fixture
def steps(store, channel) -> NotifyActivities:
    return NotifyActivities(store, channel)


@pytest.fixture
def completed(store, vtpass, clock):
    """Buy and complete an order."""

    async def make(new=None, amount=None):
        order = await verified(store, clock, new or meter_order(), amount)
        buyer = Buyer(store=store, providers={ProviderName.VTPASS: vtpass}, clock=clock)
        await run(PayActivities(buyer, store).pay_bill, purchase_step(order, clock))
        await store.attempts.complete(order.transaction_id, detail="delivered")
        return order

    return make


def about(transaction_id: UUID, kind: MessageKind | None = K.COMPLETED, **more) -> NotifyStep:
    return NotifyStep(kind=kind, transaction_id=transaction_id, operation_id=None, **more)


async def test_the_customer_gets_the_token_once(steps, channel, completed, shop, records):
    """I7, I8."""
    order = await completed()
    for again in (1, 2):
        await run(steps.notify_customer, about(order.transaction_id), attempt=again)
    (message,) = channel.taken
    assert message.message_id == message_id(str(order.transaction_id), K.COMPLETED)
    assert (message.wallet_address, message.transaction_id) == (CUSTOMER, order.transaction_id)
    receipt = (await records.of(order.transaction_id)).receipt
    groups = [receipt.token[i : i + 4] for i in range(0, 20, 4)]
    assert f"Token: {'-'.join(groups)}" in message.body
    assert "₦5,000 IKEDC" in message.subject
    assert await records.told(order.transaction_id) == [message.message_id]


async def test_a_message_is_kept_before_anybody_hears_of_it(
    steps, channel, completed, store, records
):
    """Fault 65: the phone is out of reach; nothing is lost, and the words stay."""
    order = await completed()
    channel.failures = 2
    for again in (1, 2):
        assert await failing(steps.notify_customer, about(order.transaction_id), attempt=again) == (
            "Unavailable"
        )
    (kept,) = await records.told(order.transaction_id)
    assert not await store.messages.is_delivered(kept)
    await run(steps.notify_customer, about(order.transaction_id), attempt=3)
    assert await store.messages.is_delivered(kept)
    assert [message.message_id for message in channel.taken] == [kept]


async def test_an_undeliverable_message_changes_nothing_about_the_money(
    steps, channel, completed, records
):
    """I8."""
    order = await completed()
    before = await records.of(order.transaction_id)
    channel.failures = 1
    await failing(steps.notify_customer, about(order.transaction_id))
    after = await records.of(order.transaction_id)
    assert (after.order, after.deposits, after.attempts, after.refunds) == (
        before.order,
        before.deposits,
        before.attempts,
        before.refunds,
    )


async def test_what_was_written_is_delivered_as_it_was_written(
    steps, channel, store, clock, records
):
    """The facts may move on between two tries; the words under one id do not."""
    order = await verified(store, clock, meter_order())
    channel.failures = 1
    step = about(order.transaction_id, K.STILL_CONFIRMING)
    await failing(steps.notify_customer, step)
    (before,) = (await records.of(order.transaction_id)).messages
    for status in (BillStatus.PROVIDER_FAILED, BillStatus.REFUND_INITIATED):
        await store.orders.change_status(order.transaction_id, status, detail="it went on")
    await run(steps.notify_customer, step, attempt=2)
    assert channel.taken == [before]


async def test_a_wish_to_be_told_again_is_a_message_of_its_own(steps, channel, completed):
    order = await completed()
    await run(steps.notify_customer, about(order.transaction_id))
    resend = about(order.transaction_id, None, edition=1_772_442_000)
    for again in (1, 2):
        await run(steps.notify_customer, resend, attempt=again)
    first, second = channel.taken
    assert first.body == second.body
    assert second.message_id == message_id(str(order.transaction_id), K.COMPLETED, 1_772_442_000)


async def test_a_resend_repeats_what_it_has_said_even_if_the_payment_moved_on(
    steps, channel, store, clock
):
    order = await verified(store, clock, new_order())
    channel.failures = 1
    resend = about(order.transaction_id, None, edition=2)
    assert await failing(steps.notify_customer, resend) == "Unavailable"
    await store.orders.change_status(order.transaction_id, BillStatus.NEEDS_REVIEW, detail="help")
    await run(steps.notify_customer, resend, attempt=2)
    assert [message.kind for message in channel.taken] == [K.STILL_CONFIRMING]
    await run(steps.notify_customer, about(order.transaction_id, None, edition=3))
    assert [message.kind for message in channel.taken] == [K.STILL_CONFIRMING, K.HELD]


async def test_where_nobody_has_paid_there_is_nothing_to_tell(steps, channel, store, records):
    order = await store.orders.place(new_order())
    await run(steps.notify_customer, about(order.transaction_id, None))
    assert channel.taken == []
    assert "nothing_to_tell" in await records.kinds(order.transaction_id)


async def test_two_workers_at_once_write_one_message(steps, completed, channel, records):
    """Fault 57."""
    order = await completed()
    step = about(order.transaction_id)
    await asyncio.gather(*(run(steps.notify_customer, step) for _ in range(4)))
    assert len({message.body for message in channel.taken}) == 1
    assert len(await records.told(order.transaction_id)) == 1


async def test_without_a_channel_messages_wait_in_the_store(store, completed, records):
    order = await completed()
    await run(NotifyActivities(store, KeptChannel()).notify_customer, about(order.transaction_id))
    (kept,) = await records.told(order.transaction_id)
    assert not await store.messages.is_delivered(kept)


async def test_the_customers_phone_shows_the_message_once(store, completed, shop):
    channel = build_channel(load_settings(shop.environment))
    order = await completed(new_order())
    shop.tell("/phone/faults", {"fail_next": 1})
    steps = NotifyActivities(store, channel)
    assert await failing(steps.notify_customer, about(order.transaction_id)) == "Unavailable"
    for again in (2, 3):
        await run(steps.notify_customer, about(order.transaction_id), attempt=again)
    (shown,) = shop.messages(str(order.transaction_id))
    assert (shown["subject"], shown["deliveries"]) == ("Airtime Delivered - ₦500 MTN", 1)
    assert "Phone: 080****1111" in shown["body"]
    await channel.close()


# Refunds


async def given_back(store, clock, new, *, status: BillStatus, reason: str):
    """Bring an order to where its money goes back, by this last status."""
    order = await (paid if status is BillStatus.CNGN_RECEIVED else verified)(store, clock, new)
    record = await store.payments.record(order.transaction_id)
    if status not in (BillStatus.CNGN_RECEIVED, BillStatus.VERIFYING_ACCOUNT):
        await store.orders.change_status(order.transaction_id, status, detail="no")
    deposit = record.deposits[0].credit
    await store.refunds.open(
        operation_id=deposit.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=deposit.amount,
        reason=reason,
    )
    return order


async def test_a_refund_is_told_with_its_reason_and_advice(steps, channel, store, clock):
    order = await given_back(
        store,
        clock,
        meter_order("9999999999", "ekedc"),
        status=BillStatus.ACCOUNT_INVALID,
        reason="Meter number not found",
    )
    await run(steps.notify_customer, about(order.transaction_id, K.REFUNDED))
    assert channel.taken[0].subject == "Bill Payment Failed - Refund Processed"
    assert channel.taken[0].body.splitlines()[-6:] == [
        "Account: 9999999999",
        "Amount Refunded: 5,030 cNGN",
        "Reason: Meter number not found",
        "",
        "Your cNGN has been refunded to your wallet.",
        "Please verify your meter number and try again.",
    ]


async def test_what_came_twice_is_told_apart_from_what_paid_the_order(
    steps, channel, store, clock, completed
):
    """The second deposit's refund is nothing that happened to the order."""
    order = await completed(new_order())
    again = await deposit_into(store, clock, cngn("321"), order.memo, payer=CUSTOMER)
    await store.refunds.open(
        operation_id=again.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=again.amount,
        reason="the order had already been paid",
    )
    step = NotifyStep(kind=K.REFUNDED, transaction_id=None, operation_id=again.operation_id)
    for attempt in (1, 2):
        await run(steps.notify_customer, step, attempt=attempt)
    (message,) = channel.taken
    assert message.message_id == message_id(again.operation_id, K.REFUNDED)
    assert (message.wallet_address, message.transaction_id) == (CUSTOMER, None)
    assert "Amount Refunded: 321 cNGN" in message.body
    with pytest.raises(LookupError):
        await run(steps.notify_customer, about(order.transaction_id, K.REFUNDED))


async def test_the_excess_is_told_after_the_delivery(steps, channel, store, clock, completed):
    order = await completed(new_order(), "512.5")
    deposit = (await store.payments.record(order.transaction_id)).deposits[0].credit
    await store.refunds.open(
        operation_id=deposit.operation_id,
        purpose=RefundPurpose.EXCESS,
        amount=cngn("12.5"),
        reason="more arrived than was due",
    )
    await run(steps.notify_customer, about(order.transaction_id, K.EXCESS_REFUNDED))
    assert "Amount Refunded: 12.5 cNGN" in channel.taken[0].body


async def test_money_without_an_order_is_told_to_whoever_paid(steps, channel, store, clock):
    stray = await deposit_into(store, clock, cngn("7"), None)
    unsettled = NotifyStep(
        kind=None, transaction_id=None, operation_id=stray.operation_id, edition=2
    )
    await run(steps.notify_customer, unsettled)
    assert "Refund on its way" in channel.taken[0].body
    assert channel.taken[0].wallet_address == CUSTOMER


async def test_a_refusal_for_the_customers_reasons_leads_back_to_the_order(
    steps, channel, store, clock
):
    order = await verified(store, clock, new_order())
    step = purchase_step(order, clock)
    await store.attempts.open(**step.model_dump(exclude={"others"}))
    await store.attempts.mark_sent(step.request_id)
    declined = Declined(reason="The amount is too small", whose=Whose.CUSTOMER)
    await store.attempts.save_answer(step.request_id, Answer(outcome=declined))
    await store.attempts.settle_unsold(order.transaction_id, 1, declined.reason)
    deposit = (await store.payments.record(order.transaction_id)).deposits[0].credit
    await store.refunds.open(
        operation_id=deposit.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=deposit.amount,
        reason=declined.reason,
    )
    await run(steps.notify_customer, about(order.transaction_id, K.REFUNDED))
    assert "Reason: The amount is too small" in channel.taken[0].body
    assert channel.taken[0].body.endswith("Please check your order and try again.")


async def test_a_step_about_nothing_is_refused(steps):
    nothing = NotifyStep(kind=K.HELD, transaction_id=None, operation_id=None)
    assert await failing(steps.notify_customer, nothing) == "Invalid"
