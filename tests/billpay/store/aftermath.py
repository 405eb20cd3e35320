"""Orders whose provider may yet say something else."""

from billpay.domain.outcomes import Answer, Declined, Whose

DECLINED = Answer(outcome=Declined(reason="the product is off", whose=Whose.PROVIDER), body="016")


async def declined(till):
    """A paid order whose provider has declined, and was given up."""
    order, operation_id = await till.paid()
    opened = await till.sent(order)
    await till.store.attempts.save_answer(opened.request_id, DECLINED)
    await till.store.attempts.settle_unsold(order.transaction_id, 1, "it declined")
    return order, operation_id, opened.request_id


async def refunded(till):
    """The same, with the money back at its payer."""
    order, operation_id, request_id = await declined(till)
    refund, envelope = await till.signed(operation_id)
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    return order, operation_id, request_id


async def sold_late(till, request_id):
    await till.store.attempts.save_answer(request_id, till.delivery())
