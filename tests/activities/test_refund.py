"""The compensation, on the simulated network: what really moved is the judge."""

import asyncio

import pytest
from pydantic import SecretStr

from activities.refund import RefundActivities
from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.money import cngn
from billpay.domain.refunds import RefundHeld, RefundPaid, RefundPurpose
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import RefundStep, RetryRefund
from billpay.ledger.signing import SecretSigner
from billpay.ledger.treasury import Treasury
from billpay.sandbox import identities
from billpay.store import RefusedError
from tests.activities.conftest import failing, run
from tests.activities.placing import new_order, verified

WHOLE = RefundPurpose.WHOLE
PAYER = identities.payer(1).public_key


@pytest.fixture
def steps(store, horizon) -> RefundActivities:
    treasury = Treasury(
        source=horizon,
        signer=SecretSigner(SecretStr(identities.treasury().secret)),
        refunds=store.refunds,
        channels=store.channels,
        cases=store.cases,
        asset_code=identities.ASSET_CODE,
        asset_issuer=identities.issuer().public_key,
        network_passphrase=identities.NETWORK_PASSPHRASE,
    )
    return RefundActivities(store, treasury)


@pytest.fixture
def sent_back(sandbox):
    """What really went from the treasury to the payer, in stroops."""

    def amounts() -> list[int]:
        payments = sandbox.truth_ledger()["payments"]
        return [row["amount_stroops"] for row in payments if row["to"] == PAYER]

    return amounts


@pytest.fixture
def arrive(sandbox, intake):
    """Let cNGN really arrive, and answer the deposit's operation id."""

    async def arrived(memo: str | None, amount: str) -> str:
        paid = await asyncio.to_thread(sandbox.pay, memo, amount)
        while await intake.read_page():
            pass
        return paid.operation_id

    return arrived


def whole(operation_id: str, reason: str = "the payment carried no memo") -> RefundStep:
    return RefundStep(operation_id=operation_id, purpose=WHOLE, amount=None, reason=reason)


async def test_money_goes_back_once_however_often_it_is_sent_back(steps, arrive, sent_back, store):
    """I9, I10."""
    operation_id = await arrive(None, "12.5")
    answer = await run(steps.refund_payment, whole(operation_id))
    assert isinstance(answer, RefundPaid)
    for again in (1, 2):
        assert await run(steps.refund_payment, whole(operation_id), attempt=again) == answer
    assert sent_back() == [cngn("12.5")]
    assert (await store.deposits.get(operation_id)).disposition is Disposition.REFUNDED


async def test_an_order_that_was_paid_short_is_given_back_whole(
    steps, arrive, sent_back, store, records
):
    order = await store.orders.place(new_order())
    operation_id = await arrive(order.memo, "499")
    answer = await run(steps.refund_payment, whole(operation_id, "499 cNGN arrived"))
    record = await records.of(order.transaction_id)
    assert record.order.status is BillStatus.REFUNDED
    assert record.refund_tx_hash == answer.transaction_hash
    assert sent_back() == [cngn("499")]


@pytest.mark.parametrize("fault", ["submit_504_applied", "submit_504", "submit_reset"])
async def test_a_lost_answer_is_looked_up_and_never_paid_again(
    steps, arrive, sent_back, sandbox, fault
):
    """Faults 27 and 28."""
    operation_id = await arrive(None, "3")
    sandbox.ledger_faults(calls={fault: 1}, asynchronous=False)
    assert await failing(steps.refund_payment, whole(operation_id)) == "Ambiguous"
    answer = await run(steps.refund_payment, whole(operation_id), attempt=2)
    assert isinstance(answer, RefundPaid)
    assert sent_back() == [cngn("3")]


async def test_two_workers_at_once_pay_once(steps, arrive, sent_back):
    """Fault 57."""
    operation_id = await arrive(None, "5")
    await asyncio.gather(
        *(run(steps.refund_payment, whole(operation_id)) for _ in range(3)), return_exceptions=True
    )
    assert isinstance(await run(steps.refund_payment, whole(operation_id), attempt=2), RefundPaid)
    assert sent_back() == [cngn("5")]


async def test_a_payer_that_cannot_be_paid_is_held_until_a_person_tries_again(
    steps, arrive, sent_back, sandbox, store
):
    """Fault 23, I16."""
    operation_id = await arrive(None, "5")
    await asyncio.to_thread(sandbox.fund, PAYER, authorized=False)
    held = await run(steps.refund_payment, whole(operation_id))
    assert isinstance(held, RefundHeld)
    assert await run(steps.refund_payment, whole(operation_id), attempt=2) == held
    assert (await store.deposits.get(operation_id)).disposition is Disposition.HELD
    await asyncio.to_thread(sandbox.fund, PAYER, authorized=True)
    retry = RetryRefund(
        operation_id=operation_id, purpose=WHOLE, actor="ada", reason="the issuer let it go"
    )
    for again in (1, 2):
        await run(steps.retry_refund, retry, attempt=again)
    assert isinstance(await run(steps.refund_payment, whole(operation_id)), RefundPaid)
    assert sent_back() == [cngn("5")]
    events = (await store.payments.record_of_deposit(operation_id)).events
    assert [event.detail for event in events if event.actor == "ada"] == ["the issuer let it go"]


async def test_what_may_have_been_sold_is_not_given_back(steps, store, clock, sent_back):
    """I3: an attempt in doubt blocks the refund, whoever asks for it."""
    order = await verified(store, clock, new_order())
    await store.attempts.open(
        transaction_id=order.transaction_id,
        number=1,
        provider="vtpass",
        request_id="20260302100000000000",
    )
    await store.attempts.mark_sent("20260302100000000000")
    record = await store.payments.record(order.transaction_id)
    request = whole(record.deposits[0].credit.operation_id)
    held = await run(steps.refund_payment, request)
    assert isinstance(held, RefundHeld)
    assert "may be sold" in held.reason
    (case,) = await store.cases.all()
    assert (case.kind, case.subject) == (CaseKind.HELD_REFUND, request.operation_id)
    with pytest.raises(RefusedError):
        await store.refunds.open(
            operation_id=request.operation_id, purpose=WHOLE, amount=order.due, reason="as above"
        )
    retry = RetryRefund(
        operation_id=request.operation_id, purpose=WHOLE, actor="ada", reason="looked at it"
    )
    await run(steps.retry_refund, retry)
    assert sent_back() == []


async def test_a_policy_holds_a_refund_until_a_person_lets_it_go(steps, arrive, sent_back):
    """I16."""
    operation_id = await arrive(None, "5")
    step = whole(operation_id).model_copy(update={"hold": "BILL_PROCESSOR_UNMATCHED_POLICY"})
    for again in (1, 2):
        held = await run(steps.refund_payment, step, attempt=again)
        assert held == RefundHeld(reason="BILL_PROCESSOR_UNMATCHED_POLICY")
    retry = RetryRefund(operation_id=operation_id, purpose=WHOLE, actor="ada", reason="theirs")
    await run(steps.retry_refund, retry)
    assert isinstance(await run(steps.refund_payment, step), RefundPaid)
    assert sent_back() == [cngn("5")]


async def test_a_step_that_the_records_refuse_holds_the_refund(arrive, store):
    """I19: repeated in silence it would be nobody's business for ever."""

    class Refusing:
        async def pay(self, refund):
            raise RefusedError(f"a guard says no to {refund.amount}")

    operation_id = await arrive(None, "5")
    refusing = RefundActivities(store, Refusing())
    for again in (1, 2):
        held = await run(refusing.refund_payment, whole(operation_id), attempt=again)
        assert held == RefundHeld(reason=f"a guard says no to {cngn('5')}")
    (case,) = await store.cases.all()
    assert case.kind is CaseKind.HELD_REFUND


async def test_a_deposit_that_was_never_recorded_pays_nobody(steps, sent_back):
    assert await failing(steps.refund_payment, whole("404")) == "Ambiguous"
    assert sent_back() == []
