"""Everybody at once: workers that repeat each other's steps, people who decide, a provider that changes its mind."""

import asyncio
import random
from datetime import timedelta
from itertools import pairwise

import pytest

from billpay.domain.attempts import GRACE
from billpay.domain.outcomes import (
    Answer,
    Declined,
    NotSold,
    Processing,
    TokenAwaited,
    Whose,
)
from billpay.domain.refunds import EnvelopeState
from billpay.domain.statuses import BillStatus, may_follow
from billpay.failures import Unavailable
from billpay.store import RefusedError

WORDS = [
    Answer(outcome=Processing(), body="099"),
    Answer(outcome=TokenAwaited(provider_reference="VT-1"), body="no token"),
    Answer(outcome=Declined(reason="off", whose=Whose.PROVIDER), body="016"),
    Answer(outcome=NotSold(), body="015"),
]
GIVEN_BACK = {
    BillStatus.REFUND_INITIATED,
    BillStatus.REFUND_PROCESSING,
    BillStatus.REFUNDED,
    BillStatus.NEEDS_REVIEW,
}
WORKERS, STEPS = 4, 20


class Crowd:
    """One paid order, and everybody who may touch it, in an order that a seed decides."""

    def __init__(self, till, order, operation_id, seed):
        self.till, self.order, self.operation_id = till, order, operation_id
        self.dice = random.Random(seed)
        self.store = till.store

    async def work(self):
        for _ in range(STEPS):
            step = self.dice.choice([self.buy, self.answer, self.give_up, self.finish, self.refund])
            try:
                await step()
            except (RefusedError, Unavailable, LookupError):
                # Being refused is what half of them are here for; anything else fails the test.
                self.till.clock.advance(timedelta(seconds=self.dice.choice([1, 30, 90])))

    async def buy(self):
        attempt = await self.till.attempt(self.order, self.dice.randint(1, 3))
        await self.store.attempts.mark_sent(attempt.request_id)
        if self.dice.random() < 0.3:
            await self.store.attempts.mark_unsent(attempt.request_id)

    async def request_id(self):
        record = await self.store.payments.record(self.order.transaction_id)
        if not record.attempts:
            raise LookupError
        return self.dice.choice(record.attempts).request_id

    async def answer(self):
        request_id = await self.request_id()
        answer = self.dice.choice([*WORDS, self.till.delivery()])
        await self.store.attempts.close_unsent(request_id)
        await self.store.attempts.record_denial(request_id)
        await self.store.attempts.save_answer(request_id, answer)

    async def give_up(self):
        actor = self.dice.choice(["service", "ada"])
        await self.store.attempts.settle_unsold(
            self.order.transaction_id, self.dice.randint(1, 3), "given up", actor=actor
        )

    async def finish(self):
        actor = self.dice.choice(["service", "ada"])
        await self.store.attempts.complete(
            self.order.transaction_id, detail="delivered", actor=actor
        )

    async def refund(self):
        refund = await self.till.whole(self.operation_id)
        step = self.dice.randint(0, 3)
        if step == 0:
            await self.store.refunds.hold(refund.refund_id, "a reason")
        if step == 1:
            await self.store.refunds.reopen(refund.refund_id, actor="ada", reason="a reason")
        envelope = await self.store.refunds.in_flight(refund.refund_id)
        if envelope is None:
            await self.store.refunds.save_envelope(await self.till.envelope(refund))
        elif self.dice.random() < 0.5:
            await self.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
        else:
            state = self.dice.choice([EnvelopeState.FAILED, EnvelopeState.DEAD])
            await self.store.refunds.settle_envelope(envelope.transaction_hash, state)


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_at_once_every_promise_holds(till, sql, seed):
    """I3, I4, I9, I12, fault 57, fault 64."""
    order, operation_id = await till.paid()
    crowds = [Crowd(till, order, operation_id, seed * WORKERS + n) for n in range(WORKERS)]
    await asyncio.gather(*(crowd.work() for crowd in crowds))
    till.clock.advance(GRACE)

    record = await till.store.payments.record(order.transaction_id)
    sold = [one for one in record.attempts if one.outcome and one.outcome.kind == "delivered"]
    status = record.order.status
    completed = status is BillStatus.COMPLETED
    assert len(sold) <= 1
    assert not record.refunds or (not sold and status in GIVEN_BACK)
    assert not (completed and record.deposits[0].disposition != "delivered")
    statuses = [event for event in record.events if event.kind == "status"]
    for before, after in pairwise(statuses):
        assert after.status_from == before.status_to
        assert may_follow(BillStatus(after.status_from), BillStatus(after.status_to))
    assert statuses[-1].status_to == status
    assert await sql.value("SELECT status FROM transactions") == status
    paid = await sql.value("SELECT count(*) FROM refund_envelopes WHERE state = 'applied'")
    assert paid <= 1
    assert (paid == 1) == (status is BillStatus.REFUNDED)
