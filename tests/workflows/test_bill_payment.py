"""One test per story of a payment, on a real server with skipped time."""

from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError

from activities import names
from billpay.domain.bills import BillType
from billpay.domain.deposits import ReturnIt
from billpay.domain.interventions import Intervention, InterventionRequest
from billpay.domain.money import Stroops
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    NotSold,
    Postponed,
    Processing,
    TokenAwaited,
    Whose,
)
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.steps import AccountAnswer, Payable, PurchaseStep
from billpay.domain.summaries import NO_PROVIDER
from billpay.failures import Ambiguous, Invalid, Misconfigured, Unavailable

DELIVERED = Delivered(provider_reference="VT-1")
TRANSACTION_ID = UUID("01234567-89ab-4def-8123-456789abcdef")
SLACK_SECONDS = 8
"""A skipped wait overshoots by about a second, and a busy machine by a few more; it never undershoots."""


def waited(gaps, *expected):
    """Whether the gaps are the expected waits, never shorter and hardly longer."""
    return len(gaps) >= len(expected) and all(
        want - 0.05 <= gap <= want + SLACK_SECONDS
        for gap, want in zip(gaps, expected, strict=False)
    )


async def test_a_delivered_bill_is_stored_before_the_customer_is_told(on_stage):
    """I7: the token is durable before anyone hears of it."""
    async with on_stage() as stage:
        assert await stage.pay_bill() == "completed"
    assert [call.name for call in stage.outside.calls] == [
        names.VERIFY_PAYMENT,
        names.VERIFY_ACCOUNT,
        names.PAY_BILL,
        names.STORE_RESULT,
        names.NOTIFY_CUSTOMER,
    ]
    assert stage.outside.kinds_told() == ["completed"]


async def test_every_step_says_in_words_what_it_does(on_stage):
    """What operators read in the Web UI: a summary beside each step's name."""
    async with on_stage(pay=[Declined(reason="no", whose=Whose.PROVIDER)]) as stage:
        handle = await stage.start_bill()
        assert await handle.result() == "refunded"
        history = await handle.fetch_history()
    steps = [
        (scheduled.activity_type.name, event.user_metadata.summary.data.decode())
        for event in history.events
        if (scheduled := event.activity_task_scheduled_event_attributes).activity_id
    ]
    assert all(said for _, said in steps)
    assert (names.ABANDON_ATTEMPT, '"give vtpass up: it sold nothing"') in steps
    assert steps[-1] == (names.NOTIFY_CUSTOMER, '"tell the customer: refunded"')


async def test_an_offline_provider_gets_three_attempts_ten_and_sixty_seconds_apart_then_a_refund(
    on_stage,
):
    async with on_stage(pay=[Unavailable("offline")]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.count(names.PAY_BILL) == 3
    assert waited(stage.outside.gaps(names.PAY_BILL), 10, 60)
    assert [step.number for step in stage.outside.requests(names.PAY_BILL)] == [1, 1, 1]
    assert len({step.request_id for step in stage.outside.requests(names.PAY_BILL)}) == 1
    assert stage.outside.requests(names.REFUND_PAYMENT)[0].reason == NO_PROVIDER


async def test_a_timeout_is_asked_about_after_ten_and_sixty_seconds_and_never_bought_again(
    on_stage,
):
    """I4, fault 30: a timeout is not a failure; only asking follows."""
    answers = [Processing(), DELIVERED]
    async with on_stage(pay=[Ambiguous("timed out")], confirm=answers) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.count(names.PAY_BILL) == 1
    assert stage.outside.count(names.REFUND_PAYMENT) == 0
    pay, *questions = [
        call.at
        for call in stage.outside.calls
        if call.name in (names.PAY_BILL, names.CONFIRM_PAYMENT)
    ]
    gaps = [
        (later - earlier).total_seconds()
        for earlier, later in zip([pay, *questions], questions, strict=False)
    ]
    assert waited(gaps, 10, 60)


async def test_a_bug_while_buying_counts_as_doubt(on_stage):
    """Fault 36: what was not foreseen may have moved money."""
    async with on_stage(pay=[RuntimeError("null where an object was expected")]) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.count(names.CONFIRM_PAYMENT) == 1
    assert stage.outside.count(names.REFUND_PAYMENT) == 0


async def test_a_renewal_that_confirms_after_polling_completes(on_stage):
    answers = [Processing(), Processing(), Processing(), DELIVERED]
    async with on_stage(pay=[Processing()], confirm=answers) as stage:
        assert await stage.pay_bill() == "completed"
    assert waited(stage.outside.gaps(names.CONFIRM_PAYMENT), 60, 120, 240)


async def test_an_account_the_biller_does_not_know_is_refunded_without_a_purchase(on_stage):
    async with on_stage(account=[AccountAnswer(refused="Meter number not found")]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.count(names.PAY_BILL) == 0
    assert stage.outside.requests(names.REFUND_PAYMENT)[0].reason == "Meter number not found"
    assert stage.outside.kinds_told() == ["refunded"]


async def test_a_provider_that_cannot_verify_is_asked_three_times_and_then_given_up(on_stage):
    """Style: being unable to ask never makes a meter wrong."""
    async with on_stage(account=[Unavailable("cannot verify")]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.count(names.VERIFY_ACCOUNT) == 3
    assert waited(stage.outside.gaps(names.VERIFY_ACCOUNT), 10, 60)
    assert stage.outside.requests(names.REFUND_PAYMENT)[0].reason == NO_PROVIDER


@pytest.mark.parametrize(
    "answer",
    [
        Declined(reason="the sale failed", whose=Whose.PROVIDER),
        NotSold(),
        Misconfigured("float empty"),
        Unavailable("offline"),
    ],
    ids=lambda answer: type(answer).__name__,
)
async def test_the_next_provider_is_asked_only_after_the_first_has_sold_nothing(on_stage, answer):
    """I4: a definite no, or proof, comes before another purchase."""
    route = (ProviderName.FLUTTERWAVE, ProviderName.VTPASS)
    verdict = Payable(bill_type=BillType.AIRTIME, title="airtime", route=route, excess=Stroops(0))
    tries = 3 if isinstance(answer, Unavailable) else 1
    async with on_stage(verdict=verdict, pay=[answer] * tries + [DELIVERED]) as stage:
        assert await stage.pay_bill() == "completed"
    bought_from = [step.provider for step in stage.outside.requests(names.PAY_BILL)]
    assert bought_from == ["flutterwave"] * tries + ["vtpass"]
    abandoned = stage.outside.requests(names.ABANDON_ATTEMPT)
    assert [request.attempt.number for request in abandoned] == [1]
    requests = stage.outside.requests(names.PAY_BILL)
    assert requests[-1].number == 2
    assert requests[-1].request_id != requests[0].request_id


async def test_a_refusal_for_the_customers_reason_is_refunded_without_asking_another(on_stage):
    route = (ProviderName.VTPASS, ProviderName.FLUTTERWAVE)
    verdict = Payable(bill_type=BillType.AIRTIME, title="airtime", route=route, excess=Stroops(0))
    refusal = Declined(reason="the amount is below the minimum", whose=Whose.CUSTOMER)
    async with on_stage(verdict=verdict, pay=[refusal]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.count(names.PAY_BILL) == 1
    assert stage.outside.requests(names.REFUND_PAYMENT)[0].reason == refusal.reason


async def test_an_order_that_turns_out_impossible_while_buying_is_refunded(on_stage):
    impossible = Invalid("no such plan", customer="This plan does not exist.")
    async with on_stage(pay=[impossible]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.requests(names.REFUND_PAYMENT)[0].reason == "This plan does not exist."


async def test_a_look_alike_refusal_is_bought_later_under_a_new_request_id(on_stage):
    """Fault 41: two honest purchases of the same thing are spaced, not refunded."""
    refusal = Postponed(reason="looks like the purchase before", retry_after_seconds=35)
    async with on_stage(pay=[refusal, DELIVERED]) as stage:
        assert await stage.pay_bill() == "completed"
    assert waited(stage.outside.gaps(names.PAY_BILL), 35)
    first, second = stage.outside.requests(names.PAY_BILL)
    assert (first.number, second.number) == (1, 2)
    assert first.request_id != second.request_id


async def test_postponing_for_ever_ends_in_a_refund(on_stage):
    refusal = Postponed(reason="looks like the purchase before", retry_after_seconds=35)
    async with on_stage(pay=[refusal]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.count(names.PAY_BILL) == 3


async def test_a_purchase_proven_unsold_is_refunded_when_nobody_else_sells(on_stage):
    async with on_stage(pay=[Ambiguous("reset")], confirm=[NeverSeen(), NotSold()]) as stage:
        assert await stage.pay_bill() == "refunded"
    assert stage.outside.count(names.PAY_BILL) == 1


async def test_a_deposit_that_cannot_pay_its_order_goes_back_whole(on_stage):
    async with on_stage(verdict=ReturnIt(reason="4,000 cNGN arrived, 5,030 cNGN was due")) as stage:
        assert await stage.pay_bill() == "refunded"
    refund = stage.outside.requests(names.REFUND_PAYMENT)[0]
    assert (refund.purpose, refund.amount) == (RefundPurpose.WHOLE, None)
    assert stage.outside.count(names.VERIFY_ACCOUNT) == 0


async def test_what_came_above_the_due_goes_back_after_the_customer_has_the_token(on_stage):
    verdict = Payable(
        bill_type=BillType.ELECTRICITY,
        title="a bill",
        route=(ProviderName.VTPASS,),
        excess=Stroops(7_000_000),
    )
    async with on_stage(verdict=verdict) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.kinds_told() == ["completed", "excess_refunded"]
    refund = stage.outside.requests(names.REFUND_PAYMENT)[0]
    assert (refund.purpose, refund.amount) == (RefundPurpose.EXCESS, 7_000_000)


async def test_a_message_that_cannot_be_delivered_changes_nothing_about_the_money(on_stage):
    """I8, fault 65."""
    gone = ApplicationError("the messenger is gone for good", non_retryable=True)
    async with on_stage(notify=[gone]) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.requests(names.RECORD_PROGRESS)[-1].kind == "notification_failed"


async def test_a_token_that_is_late_is_awaited_and_never_refunded(on_stage):
    """Fault 45: sold is sold, even while its token is missing."""
    late = [TokenAwaited(provider_reference="VT-1")] * 4 + [DELIVERED]
    async with on_stage(pay=[TokenAwaited(provider_reference="VT-1")], confirm=late) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.count(names.REFUND_PAYMENT) == 0


async def test_a_cancellation_request_does_not_stop_a_payment(on_stage):
    """Stop and refund are never built on cancellation: the money has to end somewhere."""
    doubt = [Processing()] * 500
    async with on_stage(pay=[Processing()], confirm=doubt) as stage:
        handle = await stage.start_bill(confirmation_deadline_seconds=60)
        await stage.until_review(handle)
        await handle.cancel()
        await handle.execute_update(
            Intervention.MARK_DELIVERED,
            InterventionRequest(actor="ada", reason="seen on the meter"),
        )
        assert await handle.result() == "completed"


async def test_what_our_records_hold_for_sold_is_asked_about_instead_of_given_up(on_stage):
    """I3, fault 59: the answer was lost between the provider and our records."""
    known = Ambiguous("sent, and may be sold")
    async with on_stage(pay=[Unavailable("no database")], abandon=[known]) as stage:
        assert await stage.pay_bill() == "completed"
    assert stage.outside.count(names.CONFIRM_PAYMENT) == 1
    assert stage.outside.count(names.REFUND_PAYMENT) == 0


@pytest.mark.parametrize(
    ("became", "ended", "bought"), [(DELIVERED, "completed", []), (NotSold(), "completed", [3])]
)
async def test_a_payment_that_starts_over_finishes_its_old_purchase_first(
    on_stage, became, ended, bought
):
    """I4, fault 58: after a reset, or a Temporal restored from a backup, nothing is bought beside what may be sold."""
    old = PurchaseStep(
        transaction_id=TRANSACTION_ID,
        provider=ProviderName.VTPASS,
        number=2,
        request_id="202611231300old",
    )
    route = (ProviderName.FLUTTERWAVE,)
    verdict = Payable(
        bill_type=BillType.AIRTIME, title="a bill", route=route, excess=Stroops(0), unfinished=old
    )
    async with on_stage(verdict=verdict, confirm=[became]) as stage:
        assert await stage.pay_bill() == ended
    assert stage.outside.requests(names.CONFIRM_PAYMENT) == [old]
    assert [step.number for step in stage.outside.requests(names.PAY_BILL)] == bought
