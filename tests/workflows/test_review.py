"""What operators decide: every intervention, every refusal, as update and as signal."""

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError

from activities import names
from billpay.domain.interventions import Intervention, InterventionRequest
from billpay.domain.money import Stroops
from billpay.domain.outcomes import Delivered, Processing, TokenAwaited
from billpay.domain.refunds import RefundHeld, RefundPaid
from billpay.failures import Unavailable

DELIVERED = Delivered(provider_reference="VT-1")
ADA = InterventionRequest(actor="ada", reason="confirmed by phone", provider_reference="VT-9")
FOR_EVER = 500
"""More questions than any of these stories asks."""

UNCERTAIN = {"pay": [Processing()], "confirm": [Processing()] * FOR_EVER}


async def test_an_uncertain_payment_waits_for_a_person_and_is_never_refunded_by_time(on_stage):
    """I13: unknown is never converted by time alone."""
    async with on_stage(**UNCERTAIN) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=600)
        progress = await stage.until_review(handle)
        assert progress.status == "needs_review"
        assert "is not certain" in progress.waiting_for
        await stage.until_called(names.NOTIFY_CUSTOMER)
        assert stage.outside.count(names.REFUND_PAYMENT) == 0
        assert stage.outside.kinds_told() == ["still_confirming"]
        await handle.terminate()


async def test_the_questions_go_on_while_a_payment_is_parked(on_stage):
    """Certainty that comes late ends the wait without anybody's help."""
    answers = [Processing()] * 8 + [DELIVERED]
    async with on_stage(pay=[Processing()], confirm=answers) as stage:
        assert await stage.pay_bill(confirmation_deadline_seconds=300) == "completed"
        assert stage.outside.kinds_told() == ["still_confirming", "completed"]


async def test_an_operator_vouches_for_a_delivery(on_stage):
    async with on_stage(**UNCERTAIN) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        assert await handle.execute_update(Intervention.MARK_DELIVERED, ADA) == "accepted"
        assert await handle.result() == "completed"
    stored = stage.outside.requests(names.STORE_RESULT)[0]
    assert (stored.actor, stored.provider_reference) == ("ada", "VT-9")


async def test_an_operators_refund_asks_the_provider_one_last_time(on_stage):
    """Fault 64: the operator refunds while the requery succeeds; the truth wins."""
    async with on_stage(**UNCERTAIN, ask=[DELIVERED]) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
        assert await handle.result() == "completed"
    assert stage.outside.count(names.REFUND_PAYMENT) == 0


@pytest.mark.parametrize("last_word", [Processing(), Unavailable("no answer")])
async def test_an_operators_refund_goes_through_when_the_provider_vouches_for_no_sale(
    on_stage, last_word
):
    async with on_stage(**UNCERTAIN, ask=[last_word]) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
        assert await handle.result() == "refunded"
    assert stage.outside.requests(names.ABANDON_ATTEMPT)[0].actor == "ada"


async def test_what_was_sold_without_its_token_is_not_refunded_even_on_request(on_stage):
    """Fault 45: sold excludes refunded (I3)."""
    awaited = TokenAwaited(provider_reference="VT-1")
    async with on_stage(pay=[awaited], confirm=[awaited] * FOR_EVER, ask=[awaited]) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        asked = stage.outside.count(names.CONFIRM_PAYMENT)
        await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
        await stage.until_called(names.CONFIRM_PAYMENT, more_than=asked)
        await handle.execute_update(Intervention.MARK_DELIVERED, ADA)
        assert await handle.result() == "completed"
    assert stage.outside.count(names.REFUND_PAYMENT) == 0


async def test_an_operator_has_the_provider_asked_at_once(on_stage):
    async with on_stage(pay=[Processing()], confirm=[Processing()] * 4 + [DELIVERED]) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        with stage.environment.with_time_skipping_disabled():
            asked = stage.outside.count(names.CONFIRM_PAYMENT)
            await handle.execute_update(Intervention.RETRY_PAYMENT, ADA)
        await handle.result()
    assert stage.outside.count(names.CONFIRM_PAYMENT) > asked
    assert stage.outside.count(names.PAY_BILL) == 1


async def test_signals_of_the_same_names_decide_too(on_stage):
    async with on_stage(**UNCERTAIN) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        await handle.signal(Intervention.MARK_DELIVERED, ADA)
        assert await handle.result() == "completed"


async def test_a_second_decision_is_refused(on_stage):
    """Fault 64: an operator double-clicks."""
    async with on_stage(**UNCERTAIN, ask=[Processing()]) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
        with pytest.raises((WorkflowUpdateFailedError, RPCError)):
            # Refused, or too late since the payment has ended meanwhile.
            await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
        assert await handle.result() == "refunded"
    assert stage.outside.count(names.REFUND_PAYMENT) == 1


async def test_a_decision_that_is_not_possible_now_is_refused_with_what_is(on_stage):
    async with on_stage(**UNCERTAIN) as stage:
        with stage.environment.with_time_skipping_disabled():
            handle = await stage.start_bill()
            await stage.until_called(names.PAY_BILL)
            with pytest.raises(WorkflowUpdateFailedError) as refusal:
                await handle.execute_update(Intervention.MARK_DELIVERED, ADA)
        assert "mark_delivered is not possible" in str(refusal.value.cause)
        await handle.terminate()


async def test_a_review_window_lets_an_operator_retry_before_the_refund(on_stage):
    offline = [Unavailable("offline")] * 3
    async with on_stage(pay=[*offline, DELIVERED]) as stage:
        handle = await stage.start_bill(review_window_seconds=86_400)
        await stage.until_review(handle)
        await handle.execute_update(Intervention.RETRY_PAYMENT, ADA)
        assert await handle.result() == "completed"
    assert [step.number for step in stage.outside.requests(names.PAY_BILL)] == [1, 1, 1, 2]


async def test_a_review_window_that_passes_ends_in_the_refund(on_stage):
    async with on_stage(pay=[Unavailable("offline")]) as stage:
        assert await stage.pay_bill(review_window_seconds=3600) == "refunded"


async def test_a_refund_that_cannot_be_sent_waits_for_a_person_and_then_goes(on_stage):
    held = RefundHeld(reason="the payer's account no longer accepts cNGN")
    paid = RefundPaid(transaction_hash="cd" * 32, amount=Stroops(1))
    async with on_stage(refund=[held, paid]) as stage:
        handle = await stage.return_deposit()
        progress = await stage.until_review(handle)
        assert "no longer accepts" in progress.waiting_for
        await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
        assert await handle.result() == f"refunded in {'cd' * 32}"
    assert stage.outside.count(names.RETRY_REFUND) == 1


async def test_a_customer_is_told_again_while_the_payment_runs(on_stage):
    async with on_stage(**UNCERTAIN) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        await handle.execute_update(Intervention.RESEND_NOTIFICATION, ADA)
        assert stage.outside.requests(names.NOTIFY_CUSTOMER)[-1].kind is None
        await handle.terminate()


async def test_a_customer_is_told_again_after_the_payment_has_ended(on_stage):
    async with on_stage() as stage:
        await stage.resend()
    told = stage.outside.requests(names.NOTIFY_CUSTOMER)[0]
    assert told.kind is None
    assert told.edition > 1


async def test_every_decision_is_recorded_with_its_actor_and_reason(on_stage):
    """I16."""
    async with on_stage(**UNCERTAIN) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        await handle.execute_update(Intervention.MARK_DELIVERED, ADA)
        await handle.result()
    decided = [r for r in stage.outside.requests(names.RECORD_PROGRESS) if r.actor != "service"]
    assert [(r.kind, r.actor, r.detail) for r in decided] == [
        ("mark_delivered", "ada", "confirmed by phone")
    ]
