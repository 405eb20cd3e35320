"""Refunds against a real ledger and a real store: paid once, whatever happens; what counts is what has really moved."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from stellar_sdk import MuxedAccount, TransactionEnvelope

from billpay.domain.money import cngn
from billpay.domain.refunds import EnvelopeState, RefundHeld, RefundPaid, RefundStatus
from billpay.failures import Ambiguous, Unavailable
from billpay.sandbox import identities
from tests.billpay.ledger.conftest import TREASURY
from tests.billpay.ledger.crashes import Countdown, Crash, CrashingAt, crash

PAYER = identities.payer(1).public_key


async def test_a_refund_is_paid_once_and_answered_the_same_ever_after(debts, repayment):
    refund = await debts.owe(payer=1)
    answer = await debts.treasury().pay(refund)
    assert answer == RefundPaid(
        transaction_hash=debts.refunds.signed[0].transaction_hash, amount=cngn("100")
    )
    assert await debts.treasury().pay(refund) == answer
    assert debts.sent() == [repayment(1)]
    assert debts.balance() == 0
    assert (await debts.store.refunds.get(refund.refund_id)).status is RefundStatus.PAID


async def test_a_refund_names_its_deposit_on_the_ledger(debts):
    """The network has a memo of its own for returned money."""
    refund = await debts.owe()
    await debts.treasury().pay(refund)
    (payment,) = [one for one in debts.world.truth_ledger()["payments"] if one["from"] == TREASURY]
    assert payment["memo_type"] == "return"
    envelope = TransactionEnvelope.from_xdr(
        debts.refunds.signed[0].envelope_xdr, identities.NETWORK_PASSPHRASE
    )
    assert envelope.transaction.memo.memo_return.hex() == refund.deposit_hash


async def test_a_multiplexed_payer_is_paid_under_its_own_number(debts, repayment):
    """Fault 17."""
    muxed = MuxedAccount(PAYER, 7).account_muxed
    refund = await debts.owe(destination=muxed)
    assert isinstance(await debts.treasury().pay(refund), RefundPaid)
    envelope = TransactionEnvelope.from_xdr(
        debts.refunds.signed[0].envelope_xdr, identities.NETWORK_PASSPHRASE
    )
    assert envelope.transaction.operations[0].destination.account_muxed == muxed
    assert debts.sent() == [repayment(1)]


@pytest.mark.parametrize(
    ("at", "done"),
    [
        ("account", False),
        ("tip", False),
        ("claim", False),
        ("claim", True),
        ("reserve", False),
        ("reserve", True),
        ("save_envelope", False),
        ("save_envelope", True),
        ("submit", False),
        ("submit", True),
        ("mark_paid", False),
        ("mark_paid", True),
    ],
)
async def test_a_worker_that_dies_anywhere_leaves_a_refund_that_is_paid_once(
    debts, repayment, at, done
):
    """Fault 28, I9."""
    refund = await debts.owe()
    await crash(debts, refund, at=at, done=done)
    answer = await debts.treasury().pay(refund)
    assert isinstance(answer, RefundPaid)
    assert debts.sent() == [repayment(1)]
    assert len(debts.refunds.signed) == 1
    assert debts.refunds.settled == []


@pytest.mark.parametrize(
    "fault",
    [
        "submit_504",
        "submit_504_applied",
        "submit_504_dropped",
        "submit_reset",
        "async_504",
        "async_504_dropped",
        "async_reset",
        "async_reset_dropped",
    ],
)
async def test_a_lost_answer_is_found_out_before_anything_is_signed_again(debts, repayment, fault):
    """Faults 7, 8 and 27: whether it was applied, will be or never was, one envelope is all there is."""
    refund = await debts.owe()
    debts.world.ledger_faults(calls={fault: 1}, asynchronous=fault.startswith("async"))
    treasury = debts.treasury()
    with pytest.raises(Ambiguous):
        await treasury.pay(refund)
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]
    assert len(debts.refunds.signed) == 1


async def test_an_envelope_is_rebuilt_only_once_it_is_proven_dead(debts, repayment, ledger_clock):
    """I10: under the same number, so that the ledger itself allows one of the two at most."""
    refund = await debts.owe()
    debts.world.ledger_faults(calls={"submit_504_dropped": 2}, asynchronous=False)
    treasury = debts.treasury()
    with pytest.raises(Ambiguous):
        await treasury.pay(refund)
    ledger_clock.jump(seconds=100)
    with pytest.raises(Ambiguous):
        await treasury.pay(refund)
    assert len(debts.refunds.signed) == 1, "its time has not passed"
    ledger_clock.jump(seconds=21)
    assert isinstance(await treasury.pay(refund), RefundPaid)
    first, second = debts.refunds.signed
    assert first.sequence == second.sequence
    assert debts.refunds.settled == [EnvelopeState.DEAD]
    assert debts.sent() == [repayment(1)]


async def test_what_was_applied_long_ago_is_found_however_late_we_ask(
    debts, repayment, ledger_clock
):
    """Fault 28: a validator would call it too late, and its number used."""
    refund = await debts.owe()
    await crash(debts, refund, at="submit", done=True)
    ledger_clock.jump(hours=5)
    assert isinstance(await debts.treasury().pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]
    assert debts.refunds.settled == []


async def test_a_server_that_lags_behind_proves_nothing(debts, repayment, ledger_clock):
    """Fault 6: it knows neither the transaction nor the time, and repeats the network's "too late"."""
    refund = await debts.owe()
    # Slow ledgers, so that the lag the sandbox remembers is longer than an envelope is valid.
    replace(debts.world, ledger_seconds=1.5).start()
    await crash(debts, refund, at="submit", done=True)
    treasury = debts.treasury()
    ledger_clock.jump(seconds=121)
    debts.world.ledger_faults(lag_ledgers=90)
    with pytest.raises(Unavailable, match="tx_too_late"):
        await treasury.pay(refund)
    assert debts.refunds.settled == []
    debts.world.ledger_faults(lag_ledgers=0)
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]
    assert len(debts.refunds.signed) == 1


async def test_a_number_that_somebody_else_used_is_for_a_person(debts, repayment, ledger_clock):
    """Fault 25: an absent hash with a used number is a contradiction, and nobody pays on one."""
    await debts.owe(payer=2, amount="2")
    refund = await debts.owe()
    await crash(debts, refund, at="submit", done=False)
    stranger = debts.world.build(None, "2", payer=identities.treasury(), to=PAYER)
    debts.world.submit(stranger).raise_for_status()
    treasury = debts.treasury()
    with pytest.raises(Unavailable, match="tx_bad_seq"):
        await treasury.pay(refund)
    ledger_clock.jump(seconds=121)
    with pytest.raises(Unavailable, match="not known yet"):
        await treasury.pay(refund)
    ledger_clock.jump(seconds=120)
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert "was used" in answer.reason
    assert debts.refunds.settled == [EnvelopeState.DEAD]
    assert await treasury.pay(refund) == answer
    assert len(debts.refunds.signed) == 1
    await debts.store.refunds.reopen(refund.refund_id, actor="ada", reason="checked: not applied")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [(PAYER, cngn("2")), repayment(1)]


async def test_two_calls_for_one_refund_pay_it_once(debts, repayment):
    """Fault 57: a step that seemed lost runs beside its repetition, here or on another worker."""
    refund = await debts.owe()
    treasury = debts.treasury()
    answers = await asyncio.gather(
        treasury.pay(refund),
        treasury.pay(refund),
        debts.treasury().pay(refund),
        return_exceptions=True,
    )
    assert await treasury.pay(refund) in answers
    assert debts.sent() == [repayment(1)]


async def test_without_channels_one_refund_is_in_flight_at_a_time(debts, repayment):
    """Fault 25: two envelopes with one number would be one lost refund."""
    first, second = await debts.owe(payer=1), await debts.owe(payer=2)
    await crash(debts, first, at="submit", done=False)
    with pytest.raises(Unavailable, match="in use") as waiting:
        await debts.treasury().pay(second)
    assert 0 < waiting.value.retry_after_seconds < 10
    assert len(debts.refunds.signed) == 1
    assert isinstance(await debts.treasury().pay(first), RefundPaid)
    assert isinstance(await debts.treasury().pay(second), RefundPaid)
    assert debts.sent() == [repayment(1), repayment(2)]


@pytest.mark.parametrize("done", [False, True])
async def test_a_refund_whose_workflow_is_gone_does_not_stop_the_others(
    debts, repayment, ledger_clock, done
):
    """Fault 28: whoever finds every channel in use carries the one on that nobody looks after."""
    gone, waiting = await debts.owe(payer=1), await debts.owe(payer=2)
    await crash(debts, gone, at="submit", done=done)
    ledger_clock.jump(seconds=121)
    assert isinstance(await debts.treasury().pay(waiting), RefundPaid)
    assert debts.sent() == [repayment(1), repayment(2)]
    assert (await debts.store.refunds.get(gone.refund_id)).status is RefundStatus.PAID


async def test_a_refund_that_died_before_it_signed_does_not_stop_the_others(
    debts, repayment, clock
):
    """Fault 28: it owns its channel, and nothing was signed for it."""
    gone, waiting = await debts.owe(payer=1), await debts.owe(payer=2)
    await debts.store.channels.add(0, TREASURY)
    await crash(debts, gone, at="claim", done=True)
    with pytest.raises(Unavailable, match="in use"):
        await debts.treasury().pay(waiting)
    clock.advance(timedelta(minutes=3))
    assert isinstance(await debts.treasury().pay(waiting), RefundPaid)
    assert debts.sent() == [repayment(1), repayment(2)]


@pytest.mark.parametrize("done", [False, True])
async def test_a_worker_that_dies_in_any_of_its_calls_pays_once(
    debts, repayment, ledger_clock, done
):
    """Faults 28 and 56: every call in turn, of ledger and store, each with a refund of its own."""
    owed = [await debts.owe(payer=number, amount="2") for number in range(1, 26)]
    for calls, refund in enumerate(owed, start=1):
        dying = Countdown(calls, done=done)
        worker = debts.treasury(
            source=dying.over(debts.source),
            refunds=dying.over(debts.refunds),
            channels=dying.over(debts.store.channels),
        )
        try:
            await worker.pay(refund)
        except Crash:
            ledger_clock.jump(seconds=121)
            assert isinstance(await debts.treasury().pay(refund), RefundPaid)
        assert debts.sent() == [repayment(number, "2") for number in range(1, calls + 1)]
        if not dying.has_struck:
            break
    assert not dying.has_struck, "it makes more calls than these"
    assert calls > 10, "it makes at least that many"


async def test_a_run_that_goes_on_beside_its_repetition_pays_nothing_twice(debts, repayment):
    """Faults 28 and 57: the repetition submits what this run has just stored, and dies before it records that."""
    refund = await debts.owe()

    class Overtaken(CrashingAt):
        async def _crash(self, envelope, **told):
            await self._target.save_envelope(envelope, **told)
            await crash(debts, refund, at="submit", done=True)

    overtaken = debts.treasury(refunds=Overtaken(debts.refunds, "save_envelope", done=True))
    assert isinstance(await overtaken.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]
    assert len(debts.refunds.signed) == 1
