"""Refunds that a policy holds: a person lets them go, and the customer knows meanwhile."""

import asyncio

import pytest

from activities import names
from billpay.domain.deposits import ReturnIt
from billpay.domain.interventions import Intervention, InterventionRequest
from billpay.domain.messages import MessageKind
from billpay.domain.money import Stroops
from billpay.domain.refunds import RefundHeld, RefundPaid, RefundPurpose
from billpay.domain.steps import AccountAnswer, ReturnDepositRequest
from tests.workflows.conftest import OPERATION_ID, POLL_SECONDS
from tests.workflows.test_replay import TOO_MUCH
from workflows.return_deposit import ReturnDepositWorkflow

ADA = InterventionRequest(actor="ada", reason="it is theirs")
POLICY = "a policy holds it for a person"
HELD_THEN_PAID = [
    RefundHeld(reason=POLICY),
    RefundPaid(transaction_hash="cd" * 32, amount=Stroops(1)),
]


async def let_go(stage, handle):
    """Wait until a person is asked and the customer told, then let the refund go."""
    await stage.until_review(handle)
    while MessageKind.HELD not in stage.outside.kinds_told():
        await asyncio.sleep(POLL_SECONDS)
    await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
    return await handle.result()


async def test_what_came_short_waits_for_a_person_where_the_policy_says_so(on_stage):
    verdict = ReturnIt(reason="4,000 cNGN arrived", hold=POLICY)
    async with on_stage(verdict=verdict, refund=list(HELD_THEN_PAID)) as stage:
        assert await let_go(stage, await stage.start_bill()) == "refunded"
        wanted = stage.outside.requests(names.REFUND_PAYMENT)
        assert [step.hold for step in wanted] == [POLICY, POLICY]
        assert stage.outside.count(names.RETRY_REFUND) == 1
        assert stage.outside.kinds_told() == [MessageKind.HELD, MessageKind.REFUNDED]


async def test_a_stray_deposit_waits_for_a_person_where_the_policy_says_so(on_stage):
    async with on_stage(refund=list(HELD_THEN_PAID)) as stage:
        handle = await stage.client.start_workflow(
            ReturnDepositWorkflow.run,
            ReturnDepositRequest(operation_id=OPERATION_ID, reason="no memo", hold=POLICY),
            id=f"deposit-{stage.task_queue}",
            task_queue=stage.task_queue,
        )
        assert "refunded in" in await let_go(stage, handle)
        assert stage.outside.kinds_told() == [MessageKind.HELD, MessageKind.REFUNDED]


async def test_a_message_that_nobody_takes_does_not_keep_a_person_from_deciding(on_stage):
    """I8: the channel is down, and the refund is held and let go all the same."""
    down = [OSError("the channel is down")] * 40 + [None]
    verdict = ReturnIt(reason="4,000 cNGN arrived", hold=POLICY)
    async with on_stage(verdict=verdict, refund=list(HELD_THEN_PAID), notify=down) as stage:
        handle = await stage.start_bill()
        await stage.until_review(handle)
        await handle.execute_update(Intervention.REFUND_PAYMENT, ADA)
        assert await handle.result() == "refunded"


@pytest.mark.parametrize("account", [AccountAnswer(refused=None), None])
async def test_an_excess_waits_for_a_person_after_the_delivery(on_stage, account):
    """The answer about the account weighs it again, at the price found then."""
    too_much = TOO_MUCH.model_copy(update={"hold": POLICY})
    answers = account or AccountAnswer(refused=None, excess=TOO_MUCH.excess, hold=POLICY)
    async with on_stage(verdict=too_much, account=[answers], refund=list(HELD_THEN_PAID)) as stage:
        assert await let_go(stage, await stage.start_bill()) == "completed"
        step = stage.outside.requests(names.REFUND_PAYMENT)[0]
        assert (step.purpose, step.hold) == (RefundPurpose.EXCESS, POLICY)
        assert stage.outside.kinds_told() == [
            MessageKind.COMPLETED,
            MessageKind.HELD,
            MessageKind.EXCESS_REFUNDED,
        ]


async def test_an_excess_that_is_kept_is_told_and_not_sent_back(on_stage):
    kept = TOO_MUCH.model_copy(update={"excess": Stroops(0), "kept": TOO_MUCH.excess})
    async with on_stage(verdict=kept) as stage:
        assert await stage.pay_bill() == "completed"
        assert stage.outside.count(names.REFUND_PAYMENT) == 0
        assert stage.outside.kinds_told() == [MessageKind.COMPLETED, MessageKind.EXCESS_KEPT]
