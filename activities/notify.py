"""Step: tell the customer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from temporalio import activity

from activities import names
from activities.crossing import failures_cross
from billpay.domain.ids import message_id
from billpay.domain.messages import Message, MessageKind
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import NotifyStep
from billpay.failures import Invalid
from billpay.notifications.channels import Channel
from billpay.notifications.telling import (
    PaidOrder,
    StrayDeposit,
    fitting,
    fitting_stray,
    stray_words,
    words,
)
from billpay.notifications.wording import Text
from billpay.store import Store
from billpay.store.payments import PaymentRecord


@dataclass(frozen=True)
class NotifyActivities:
    """Telling customers; nothing here ever touches money."""

    store: Store
    channel: Channel

    @activity.defn(name=names.NOTIFY_CUSTOMER)
    async def notify_customer(self, step: NotifyStep) -> None:
        """Tell a customer one thing: written down first, delivered then.

        Safe to repeat: what was written under this id is delivered as it was written, and its receiver knows it by
        that id (I8).

        Raises:
            Unavailable: nobody has confirmed the delivery; the message waits in the store.
            Invalid: the step names neither an order nor a deposit.
        """
        with failures_cross():
            message = await self._written(step)
            if message is None:
                await self.store.orders.note(
                    kind="nothing_to_tell",
                    detail="no money of this order's customer is here",
                    transaction_id=step.transaction_id,
                )
            else:
                await self._deliver(message)

    async def _deliver(self, message: Message) -> None:
        """Deliver a message, unless the channel has taken it before."""
        messages = self.store.messages
        if not await messages.is_delivered(message.message_id) and (
            await self.channel.deliver(message)
        ):
            await messages.mark_delivered(message.message_id)

    async def _written(self, step: NotifyStep) -> Message | None:
        """Find the message, or write it down; None where there is nothing to tell."""
        if step.transaction_id is not None:
            return await self._about_order(step, step.transaction_id)
        if step.operation_id is not None:
            return await self._about_deposit(step, step.operation_id)
        raise Invalid("a notification names neither an order nor a deposit")

    async def _about_order(self, step: NotifyStep, transaction_id: UUID) -> Message | None:
        record = await self.store.payments.record(transaction_id)
        told = _told_before(step, str(transaction_id), record.messages)
        if told is not None:
            return told
        paid = _paid_order(record)
        if paid.deposit is not None:
            balance = await self.store.claimables.open_of(paid.deposit.credit.operation_id)
            paid = replace(paid, waiting=balance)
        kind = step.kind or fitting(paid)
        if kind is None:
            return None
        return await self._write(
            step,
            kind,
            subject_id=str(transaction_id),
            to=paid.row.wallet_address,
            text=words(paid, kind),
        )

    async def _about_deposit(self, step: NotifyStep, operation_id: str) -> Message:
        record = await self.store.payments.record_of_deposit(operation_id)
        told = _told_before(step, operation_id, record.messages)
        if told is not None:
            return told
        balance = await self.store.claimables.open_of(operation_id)
        stray = StrayDeposit(deposit=record.deposit, refunds=record.refunds, waiting=balance)
        kind = step.kind or fitting_stray(stray)
        return await self._write(
            step,
            kind,
            subject_id=operation_id,
            to=stray.deposit.credit.payer,
            text=stray_words(stray, kind),
        )

    async def _write(
        self, step: NotifyStep, kind: MessageKind, *, subject_id: str, to: str, text: Text
    ) -> Message:
        """Keep a message before anybody hears of it; one that is there already is answered instead."""
        return await self.store.messages.save(
            Message(
                message_id=message_id(subject_id, kind, step.edition),
                kind=kind,
                transaction_id=step.transaction_id,
                operation_id=step.operation_id,
                wallet_address=to,
                subject=text.subject,
                body=text.body,
            )
        )


def _told_before(step: NotifyStep, subject_id: str, messages: Sequence[Message]) -> Message | None:
    """Find what this very step has written before, also where the payment has moved on since."""
    kinds = [step.kind] if step.kind else list(MessageKind)
    ids = {message_id(subject_id, kind, step.edition) for kind in kinds}
    return next((message for message in messages if message.message_id in ids), None)


def _paid_order(record: PaymentRecord) -> PaidOrder:
    """Leave out what came too much: its own workflow tells of it."""
    claiming = next((found for found in record.deposits if found.stray_reason is None), None)
    operation_id = claiming.credit.operation_id if claiming else None
    return PaidOrder(
        row=record.order,
        deposit=claiming,
        statuses=frozenset(BillStatus(e.status_to) for e in record.events if e.status_to),
        attempts=record.attempts,
        refunds=[refund for refund in record.refunds if refund.operation_id == operation_id],
        provider_reference=record.provider_reference,
        receipt=record.receipt,
    )
