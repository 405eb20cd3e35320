import asyncio

import pytest

from billpay.domain.deposits import Disposition
from billpay.domain.ids import refund_id
from billpay.domain.money import Stroops, cngn
from billpay.domain.outcomes import Answer, Processing, TokenAwaited
from billpay.domain.refunds import (
    EnvelopeState,
    Refund,
    RefundPurpose,
    RefundStatus,
)
from billpay.domain.statuses import BillStatus
from billpay.failures import Unavailable
from billpay.store import RefusedError

HASH = "0" * 64
EXCESS = cngn("100")


@pytest.fixture
def refunds(store):
    return store.refunds


@pytest.fixture
def excess(till):
    async def excess(operation_id, amount=EXCESS):
        return await till.store.refunds.open(
            operation_id=operation_id,
            purpose=RefundPurpose.EXCESS,
            amount=amount,
            reason="more arrived than was due",
        )

    return excess


async def test_a_whole_refund_gives_its_order_back(till, refunds):
    order, operation_id = await till.given_up()
    opened = await till.whole(operation_id)
    deposit = await till.store.deposits.get(operation_id)
    assert opened == Refund(
        refund_id=refund_id(operation_id, "whole"),
        operation_id=operation_id,
        transaction_id=order.transaction_id,
        purpose=RefundPurpose.WHOLE,
        destination=deposit.credit.payer,
        amount=order.due,
        reason="nothing was sold",
        deposit_hash=deposit.credit.transaction_hash,
        status=RefundStatus.OPEN,
    )
    assert await till.status(order) is BillStatus.REFUND_INITIATED
    assert await refunds.get(opened.refund_id) == opened
    assert await till.whole(operation_id) == opened
    assert (await till.kinds(order.transaction_id)).count("refund_initiated") == 1


async def test_two_workers_open_one_refund(till):
    """Fault 64."""
    _, operation_id = await till.given_up()
    one, other = await asyncio.gather(till.whole(operation_id), till.whole(operation_id))
    assert one == other


async def test_a_refund_that_is_not_there_is_not_found(till, refunds):
    with pytest.raises(LookupError):
        await refunds.get("nothing")
    with pytest.raises(LookupError):
        await refunds.hold("nothing", "why")
    with pytest.raises(LookupError):
        await till.whole("nothing")
    with pytest.raises(LookupError):
        await refunds.settle_envelope(HASH, EnvelopeState.DEAD)
    assert await refunds.in_flight("nothing") is None
    assert await refunds.applied("nothing") is None


@pytest.mark.parametrize("outcome", [None, Processing(), TokenAwaited(provider_reference="VT-1")])
async def test_an_order_that_may_be_sold_is_not_given_back(till, outcome):
    """I3, I13."""
    order, operation_id = await till.paid()
    opened = await till.sent(order)
    if outcome:
        await till.store.attempts.save_answer(opened.request_id, Answer(outcome=outcome))
    await till.move(order, BillStatus.NEEDS_REVIEW)
    with pytest.raises(RefusedError, match="may be sold"):
        await till.whole(operation_id)
    assert await till.status(order) is BillStatus.NEEDS_REVIEW


async def test_an_order_that_is_sold_is_not_given_back(till):
    """I3."""
    order, operation_id, _ = await till.sold()
    await till.move(order, BillStatus.NEEDS_REVIEW)
    with pytest.raises(RefusedError, match="may be sold"):
        await till.whole(operation_id)


async def test_a_completed_order_is_not_given_back(till):
    """I3."""
    _, operation_id = await till.completed()
    with pytest.raises(RefusedError, match="delivered"):
        await till.whole(operation_id)


async def test_delivering_and_giving_back_at_once_end_in_one_of_them(till):
    """I3: a person vouches for the delivery while another one wants the refund."""
    order, operation_id = await till.given_up()
    await till.move(order, BillStatus.NEEDS_REVIEW)
    completing = till.store.attempts.complete(order.transaction_id, detail="paid", actor="ada")
    results = await asyncio.gather(completing, till.whole(operation_id), return_exceptions=True)
    assert sum(isinstance(result, RefusedError) for result in results) == 1


async def test_everything_goes_back_or_nothing(till, refunds):
    """I9."""
    order, operation_id = await till.given_up()
    for amount in (0, -1, order.due - 1, order.due + 1):
        with pytest.raises(RefusedError):
            await refunds.open(
                operation_id=operation_id,
                purpose=RefundPurpose.WHOLE,
                amount=Stroops(amount),
                reason="a slip of the pen",
            )


async def test_what_came_above_the_due_goes_back_after_delivery(till, excess, refunds):
    order = await till.order()
    operation_id = await till.deposit(order, amount=Stroops(order.due + EXCESS))
    await till.move(order, BillStatus.VERIFYING_ACCOUNT)
    with pytest.raises(RefusedError, match="not delivered"):
        await excess(operation_id)
    opened = await till.attempt(order)
    await till.store.attempts.save_answer(opened.request_id, till.delivery())
    await till.store.attempts.complete(order.transaction_id, detail="delivered")
    for too_much in (0, EXCESS + 1, order.due):
        with pytest.raises(RefusedError, match="no excess"):
            await excess(operation_id, Stroops(too_much))
    refund = await excess(operation_id)
    envelope = await till.envelope(refund)
    await refunds.save_envelope(envelope)
    for _ in range(2):
        await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    assert (await refunds.get(refund.refund_id)).status is RefundStatus.PAID
    assert await till.status(order) is BillStatus.COMPLETED
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.disposition is Disposition.DELIVERED


async def test_a_held_excess_leaves_the_delivered_order_alone(till, excess, refunds):
    order, operation_id = await till.completed(amount=cngn("5130"))
    refund = await excess(operation_id)
    await refunds.hold(refund.refund_id, "no trustline")
    await refunds.reopen(refund.refund_id, actor="ada", reason="they have one now")
    assert await till.status(order) is BillStatus.COMPLETED
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.disposition is Disposition.DELIVERED


async def test_a_stray_deposit_goes_back_without_an_order(till, refunds):
    operation_id = await till.deposit()
    refund, envelope = await till.signed(operation_id)
    assert refund.transaction_id is None
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    record = await till.store.payments.record_of_deposit(operation_id)
    assert record.deposit.disposition is Disposition.REFUNDED
    assert [refund.status for refund in record.refunds] == [RefundStatus.PAID]


async def test_a_second_payment_of_an_order_goes_back_beside_it(till, refunds):
    order, _ = await till.completed()
    duplicate = await till.deposit(order)
    refund, envelope = await till.signed(duplicate)
    assert refund.transaction_id is None
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    record = await till.store.payments.record(order.transaction_id)
    assert record.order.status is BillStatus.COMPLETED
    assert record.refund_tx_hash is None
    assert [refund.operation_id for refund in record.refunds] == [duplicate]


async def test_a_signed_refund_is_kept_before_anybody_hears_of_it(till, refunds):
    order, operation_id = await till.given_up()
    refund, envelope = await till.signed(operation_id)
    await refunds.save_envelope(envelope)
    assert await refunds.in_flight(refund.refund_id) == envelope
    assert await refunds.applied(refund.refund_id) is None
    assert await till.status(order) is BillStatus.REFUND_PROCESSING


async def test_two_runs_of_a_refund_sign_at_once_and_one_of_them_waits(till, refunds):
    """Fault 25, fault 57: both have the number that the refund owns, and one of them is kept."""
    one, other = [await till.whole(await till.deposit()) for _ in range(2)]
    envelopes = [await till.envelope(refund) for refund in (one, other, one)]
    assert envelopes[0].sequence == envelopes[2].sequence
    assert envelopes[0].source_account == envelopes[2].source_account != envelopes[1].source_account
    results = await asyncio.gather(
        *(refunds.save_envelope(envelope) for envelope in envelopes), return_exceptions=True
    )
    assert sum(isinstance(result, Unavailable) for result in results) == 1
    in_flight = [await refunds.in_flight(refund.refund_id) for refund in (one, other)]
    assert all(envelope is not None for envelope in in_flight)


@pytest.mark.parametrize("wrong", [{"sequence": 77}, {"source_account": "another"}])
async def test_what_a_refund_does_not_own_is_not_signed_for(till, refunds, wrong):
    """I10."""
    refund = await till.whole(await till.deposit())
    with pytest.raises(Unavailable, match="does not own"):
        await refunds.save_envelope(await till.envelope(refund, **wrong))
    assert await refunds.in_flight(refund.refund_id) is None


async def test_a_paid_refund_ends_deposit_and_order_in_one_commit(till, refunds, sql):
    order, operation_id = await till.given_up()
    refund, envelope = await till.signed(operation_id)
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    once = await till.store.payments.record(order.transaction_id)
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    assert await till.store.payments.record(order.transaction_id) == once
    assert once.order.status is BillStatus.REFUNDED
    assert once.refund_tx_hash == envelope.transaction_hash
    assert once.deposits[0].disposition is Disposition.REFUNDED
    assert once.refunds[0].status is RefundStatus.PAID
    assert await refunds.in_flight(refund.refund_id) is None
    applied = await refunds.applied(refund.refund_id)
    assert applied == envelope.model_copy(update={"state": EnvelopeState.APPLIED})
    assert await sql.value("SELECT status FROM transactions") == "refunded"


async def test_the_ledgers_word_is_recorded_where_the_order_was_parked_meanwhile(till, refunds):
    order, operation_id = await till.given_up()
    refund, envelope = await till.signed(operation_id)
    await till.move(order, BillStatus.NEEDS_REVIEW)
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    assert await till.status(order) is BillStatus.REFUNDED


@pytest.mark.parametrize("state", [EnvelopeState.FAILED, EnvelopeState.DEAD])
async def test_an_envelope_that_moved_nothing_makes_room_for_the_next(till, refunds, state):
    """I10."""
    order, operation_id = await till.given_up()
    refund, envelope = await till.signed(operation_id)
    for _ in range(2):
        await refunds.settle_envelope(envelope.transaction_hash, state)
    with pytest.raises(RefusedError, match=f"is {state}"):
        await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    following = await till.envelope(refund)
    await refunds.save_envelope(following)
    assert await refunds.in_flight(refund.refund_id) == following
    assert (await refunds.get(refund.refund_id)).status is RefundStatus.OPEN
    assert await till.status(order) is BillStatus.REFUND_PROCESSING


async def test_an_envelope_is_settled_and_its_refund_held_in_one_commit(till, refunds):
    """Between the two nobody may sign again."""
    order, operation_id = await till.given_up()
    refund, envelope = await till.signed(operation_id)
    for _ in range(2):
        await refunds.settle_envelope(
            envelope.transaction_hash, EnvelopeState.DEAD, hold="its number was used"
        )
    held = await refunds.get(refund.refund_id)
    assert (held.status, held.held_reason) == (RefundStatus.HELD, "its number was used")
    assert await till.status(order) is BillStatus.NEEDS_REVIEW


async def test_an_envelope_is_not_settled_as_what_it_is_not(till, refunds):
    _, envelope = await till.signed(await till.deposit())
    for state in (EnvelopeState.IN_FLIGHT, EnvelopeState.APPLIED):
        with pytest.raises(RefusedError):
            await refunds.settle_envelope(envelope.transaction_hash, state)


async def test_what_the_ledger_applied_is_never_dead(till, refunds):
    refund, envelope = await till.signed(await till.deposit())
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    with pytest.raises(RefusedError, match="is applied"):
        await refunds.settle_envelope(envelope.transaction_hash, EnvelopeState.DEAD)
    with pytest.raises(RefusedError, match="is paid"):
        await refunds.save_envelope(await till.envelope(refund))
    with pytest.raises(RefusedError, match="is paid"):
        await refunds.hold(refund.refund_id, "too late")
    await refunds.reopen(refund.refund_id, actor="ada", reason="too late")
    assert (await refunds.get(refund.refund_id)).status is RefundStatus.PAID


async def test_a_refund_is_not_paid_by_anothers_envelope(till, refunds):
    _, envelope = await till.signed(await till.deposit())
    other = await till.whole(await till.deposit())
    with pytest.raises(RefusedError, match="not"):
        await refunds.mark_paid(other.refund_id, envelope.transaction_hash)


async def test_a_held_refund_waits_for_a_person_with_its_deposit_and_order(till, refunds):
    order, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    for _ in range(2):
        await refunds.hold(refund.refund_id, "the payer demands a memo")
    held = await till.store.payments.record(order.transaction_id)
    assert held.order.status is BillStatus.NEEDS_REVIEW
    assert held.deposits[0].disposition is Disposition.HELD
    assert held.refunds[0].held_reason == "the payer demands a memo"
    assert [event.kind for event in held.events].count("refund_held") == 1
    with pytest.raises(RefusedError, match="is held"):
        await refunds.save_envelope(await till.envelope(refund))
    for _ in range(2):
        await refunds.reopen(refund.refund_id, actor="ada", reason="they gave us an address")
    reopened = await till.store.payments.record(order.transaction_id)
    assert reopened.order.status is BillStatus.REFUND_INITIATED
    assert reopened.deposits[0].disposition is Disposition.PENDING
    assert reopened.refunds[0].status is RefundStatus.OPEN
    assert {"ada"} == {e.actor for e in reopened.events if e.detail == "they gave us an address"}
    await refunds.save_envelope(await till.envelope(refund))


async def test_a_refund_in_flight_is_not_held(till, refunds):
    """What may still be paid must not look as if nobody paid it."""
    refund, _ = await till.signed(await till.deposit())
    with pytest.raises(RefusedError, match="in flight"):
        await refunds.hold(refund.refund_id, "why not")


async def test_a_refund_of_what_was_sold_after_all_is_opened_held(till, refunds):
    """Fault 38: the truth comes after the attempt was given up, and before the refund."""
    order, operation_id = await till.paid()
    opened = await till.attempt(order)
    await till.store.attempts.settle_unsold(order.transaction_id, 1, "given up")
    await till.store.attempts.save_answer(opened.request_id, till.delivery())
    refund = await till.whole(operation_id)
    assert refund.status is RefundStatus.HELD
    assert "sold after all" in refund.held_reason
    assert await till.status(order) is BillStatus.NEEDS_REVIEW
    await refunds.reopen(refund.refund_id, actor="ada", reason="they were wrong")
    await refunds.save_envelope(await till.envelope(refund))


async def test_a_refund_is_held_by_the_truth_that_comes_before_its_signature(till, refunds):
    """Fault 38, fault 64: a worker holds the refund in its hands and is about to sign."""
    order, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    envelope = await till.envelope(refund)
    request_id = (await till.attempt(order)).request_id
    await till.store.attempts.save_answer(request_id, till.delivery())
    with pytest.raises(RefusedError, match="is held"):
        await refunds.save_envelope(envelope)
    assert await till.status(order) is BillStatus.NEEDS_REVIEW


async def test_the_truth_that_comes_after_the_signature_is_a_case(till, refunds):
    """I12: it is told, and what is in flight goes its way."""
    order, operation_id = await till.given_up()
    refund, envelope = await till.signed(operation_id)
    request_id = (await till.attempt(order)).request_id
    await till.store.attempts.save_answer(request_id, till.delivery())
    assert (await refunds.get(refund.refund_id)).status is RefundStatus.OPEN
    assert await till.status(order) is BillStatus.REFUND_PROCESSING
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    assert "late_truth" in await till.kinds(order.transaction_id)
    record = await till.store.payments.record(order.transaction_id)
    assert record.order.status is BillStatus.REFUNDED
    assert record.receipt == till.receipt()


@pytest.mark.parametrize("state", [EnvelopeState.FAILED, EnvelopeState.DEAD])
async def test_what_was_sold_while_its_refund_was_in_flight_is_not_signed_for_again(
    till, refunds, state
):
    """I3: the envelope that moved nothing was the last chance to see it in time."""
    order, operation_id = await till.given_up()
    refund, envelope = await till.signed(operation_id)
    request_id = (await till.attempt(order)).request_id
    await till.store.attempts.save_answer(request_id, till.delivery())
    await refunds.settle_envelope(envelope.transaction_hash, state)
    held = await refunds.get(refund.refund_id)
    assert held.status is RefundStatus.HELD
    assert "sold after all" in held.held_reason
    with pytest.raises(RefusedError):
        await refunds.save_envelope(await till.envelope(refund))
