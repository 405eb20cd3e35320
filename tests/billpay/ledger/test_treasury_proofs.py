"""When a refund may be signed anew, and when not: the ledger's word, point by point, against a real store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from billpay.domain.cases import CaseKind
from billpay.domain.refunds import EnvelopeState, RefundHeld, RefundPaid
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from tests.billpay.ledger import wire
from tests.billpay.ledger.said import LOSES_IT, NOW, owe


async def test_a_ledger_that_closed_at_the_last_valid_second_proves_nothing(
    lost, ledger, refunds, treasury
):
    """I10: an envelope may still be in a ledger of exactly that second."""
    ledger.close(after=timedelta(seconds=120))
    with pytest.raises(Ambiguous):
        await treasury.pay(lost)
    assert (len(refunds.signed), refunds.settled) == (1, [])
    assert ledger.submitted == [refunds.signed[0].transaction_hash] * 2
    ledger.close(after=timedelta(seconds=121))
    ledger.answer = LOSES_IT
    with pytest.raises(Ambiguous):
        await treasury.pay(lost)
    assert (len(refunds.signed), refunds.settled) == (2, [EnvelopeState.DEAD])


async def test_the_hash_is_looked_up_again_after_the_tip_was_read(lost, ledger, refunds, treasury):
    """I10: it may have been applied between the first look and the tip."""
    asked = []

    async def transaction(transaction_hash):
        asked.append(transaction_hash)
        if len(asked) == 2:
            ledger.apply(transaction_hash)
        return ledger.applied.get(transaction_hash)

    ledger.transaction = transaction
    ledger.close(after=timedelta(hours=1))
    assert isinstance(await treasury.pay(lost), RefundPaid)
    assert (len(refunds.signed), refunds.settled) == (1, [])


async def test_an_account_as_of_an_older_ledger_than_the_tip_proves_nothing(
    lost, ledger, refunds, treasury
):
    """Fault 6: behind one address there are servers that have read more, and others that have read less."""
    ledger.close(after=timedelta(hours=1))
    ledger.as_of_ledger = ledger.tip_said.ledger - 1
    with pytest.raises(Unavailable, match="lags"):
        await treasury.pay(lost)
    assert (len(refunds.signed), refunds.settled) == (1, [])


async def test_a_server_that_cannot_say_how_far_it_has_read_proves_nothing(
    lost, ledger, refunds, treasury
):
    """Fault 6: neither that an envelope is dead, nor which number is the next."""
    ledger.close(after=timedelta(hours=1))
    ledger.as_of_ledger, ledger.answer = None, "taken"
    with pytest.raises(Unavailable, match="lags"):
        await treasury.pay(lost)
    assert (len(refunds.signed), refunds.settled) == (1, [])


async def test_the_time_of_another_network_proves_nothing(lost, ledger, refunds, treasury):
    """Fault 11: an address that was changed to a test network, say."""
    ledger.close(after=timedelta(hours=1))
    ledger.tip_said = replace(ledger.tip_said, network_passphrase="another")
    with pytest.raises(Misconfigured):
        await treasury.pay(lost)
    assert (len(refunds.signed), refunds.settled) == (1, [])


@pytest.mark.parametrize("refusal", [Unavailable("tx_too_late"), Unavailable("tx_bad_seq")])
async def test_no_refusal_ever_counts_as_proof(lost, ledger, refunds, treasury, refusal):
    """Fault 25: both are also the answer to an envelope that was applied before."""
    ledger.answer = refusal
    for _ in range(5):
        with pytest.raises(Unavailable):
            await treasury.pay(lost)
    assert (len(refunds.signed), refunds.settled) == (1, [])
    assert set(ledger.submitted) == {refunds.signed[0].transaction_hash}
    ledger.apply(refunds.signed[0].transaction_hash)
    assert isinstance(await treasury.pay(lost), RefundPaid)


async def test_a_worker_that_dies_after_the_proof_signs_anew_once(
    lost, ledger, store, refunds, treasury
):
    """Fault 28."""
    ledger.close(after=timedelta(hours=1))
    await store.refunds.settle_envelope(refunds.signed[0].transaction_hash, EnvelopeState.DEAD)
    ledger.answer = "taken"
    assert isinstance(await treasury.pay(lost), RefundPaid)
    assert [envelope.sequence for envelope in refunds.signed] == [8, 8]
    assert len(ledger.applied) == 1


async def test_a_used_number_and_an_absent_hash_are_for_a_person(lost, ledger, refunds, treasury):
    """Fault 25: somebody has our key, or the server has lost our transaction."""
    ledger.close(after=timedelta(hours=1))
    ledger.sequence = 8
    ledger.answer = "taken"
    answer = await treasury.pay(lost)
    assert isinstance(answer, RefundHeld)
    assert refunds.signed[0].transaction_hash in answer.reason
    assert await treasury.pay(lost) == answer
    assert len(refunds.signed) == 1
    assert ledger.applied == {}


async def test_a_failure_that_leaves_the_number_unused_is_waited_out(
    lost, ledger, refunds, treasury
):
    """I10: as long as it could still be applied after all, nothing else is signed."""
    ledger.apply(refunds.signed[0].transaction_hash, "tx_bad_seq", uses_number=False)
    with pytest.raises(Unavailable, match="without using its number"):
        await treasury.pay(lost)
    assert refunds.settled == []
    ledger.close(after=timedelta(seconds=121))
    with pytest.raises(Unavailable, match="went first"):
        await treasury.pay(lost)
    assert refunds.settled == [EnvelopeState.DEAD]
    ledger.answer = "taken"
    assert isinstance(await treasury.pay(lost), RefundPaid)
    assert [envelope.sequence for envelope in refunds.signed] == [8, 8]


@pytest.mark.parametrize(
    "failure",
    [
        (["tx_internal_error"], Unavailable),
        (["tx_failed", "op_underfunded"], Misconfigured),
        (["tx_failed", "op_src_not_authorized"], Misconfigured),
    ],
)
async def test_a_failure_that_may_pass_is_signed_anew_under_the_next_number(
    lost, ledger, refunds, treasury, failure
):
    """Faults 24 and 29."""
    codes, kind = failure
    ledger.apply(refunds.signed[0].transaction_hash, *codes)
    with pytest.raises(kind):
        await treasury.pay(lost)
    ledger.answer = "taken"
    assert isinstance(await treasury.pay(lost), RefundPaid)
    assert [envelope.sequence for envelope in refunds.signed] == [8, 9]


@pytest.mark.parametrize("codes", [["tx_failed", "op_not_authorized"], ["unreadable_result"]])
async def test_a_failure_that_will_not_pass_is_held(lost, ledger, refunds, treasury, codes):
    """Fault 23."""
    ledger.apply(refunds.signed[0].transaction_hash, *codes)
    answer = await treasury.pay(lost)
    assert isinstance(answer, RefundHeld)
    assert codes[-1] in answer.reason
    assert await treasury.pay(lost) == answer
    assert len(refunds.signed) == 1


async def test_a_treasury_that_does_not_exist_is_told(store, ledger, treasury):
    ledger.treasury_exists = False
    with pytest.raises(Misconfigured, match="does not exist"):
        await treasury.pay(await owe(store))


async def test_a_cancelled_payment_is_found_again(store, ledger, treasury):
    """A worker that stops cancels its steps; the next one must find the way free."""
    refund = await owe(store)
    never = asyncio.Event()
    reached = asyncio.Event()

    async def hanging(*_):
        reached.set()
        await never.wait()

    submit, ledger.submit = ledger.submit, hanging
    paying = asyncio.create_task(treasury.pay(refund))
    await reached.wait()
    paying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await paying
    ledger.submit, ledger.answer = submit, "taken"
    assert isinstance(await treasury.pay(refund), RefundPaid)


async def test_a_used_number_is_waited_on_while_a_server_may_lag(lost, ledger, refunds, treasury):
    """Fault 6: the server that knows the number is not always the one that is asked for the hash."""
    ledger.close(after=timedelta(seconds=200))
    ledger.sequence = 8
    with pytest.raises(Unavailable, match="not known yet"):
        await treasury.pay(lost)
    assert refunds.settled == []
    ledger.apply(refunds.signed[0].transaction_hash, uses_number=False)
    assert isinstance(await treasury.pay(lost), RefundPaid)
    assert len(refunds.signed) == 1


async def test_a_server_that_has_forgotten_the_time_of_signing_says_nothing_of_it(
    lost, ledger, store, refunds, treasury
):
    """Fault 10: RPC servers keep a week; what they do not know may have been applied before that."""
    ledger.close(after=timedelta(days=9))
    ledger.sequence = 8
    ledger.tip_said = replace(ledger.tip_said, oldest_closed_at=NOW + timedelta(days=2))
    with pytest.raises(Misconfigured, match="longer history"):
        await treasury.pay(lost)
    assert refunds.settled == []
    (case,) = await store.cases.all()
    assert case.kind is CaseKind.TREASURY
    ledger.apply(refunds.signed[0].transaction_hash, uses_number=False)
    assert isinstance(await treasury.pay(lost), RefundPaid)


async def test_what_blocks_the_only_channel_and_only_a_person_can_mend_is_told(
    lost, ledger, store, treasury
):
    """I19: its own workflow may be gone, and whoever waits for the channel says so."""
    waiting = await owe(store, wire.FIRST + 1)
    ledger.close(after=timedelta(days=9))
    ledger.sequence = 8
    ledger.tip_said = replace(ledger.tip_said, oldest_closed_at=NOW + timedelta(days=2))
    with pytest.raises(Unavailable, match="every channel"):
        await treasury.pay(waiting)
    (case,) = await store.cases.all()
    assert case.kind is CaseKind.TREASURY
    assert "longer history" in case.detail


async def test_a_forgetful_server_still_proves_by_an_unused_number(lost, ledger, refunds, treasury):
    """I10: no history is needed to see that a number is unused."""
    ledger.close(after=timedelta(days=9))
    ledger.tip_said = replace(ledger.tip_said, oldest_closed_at=NOW + timedelta(days=2))
    ledger.answer = "taken"
    assert isinstance(await treasury.pay(lost), RefundPaid)
    assert refunds.settled == [EnvelopeState.DEAD]


async def test_what_was_buried_and_is_found_after_all_is_not_paid_again_on_anybodys_word(
    lost, ledger, store, refunds, treasury
):
    """I9: the server that did not know the transaction was wrong, and so is the person who lets the refund go."""
    ledger.close(after=timedelta(hours=1))
    ledger.sequence = 8
    assert isinstance(await treasury.pay(lost), RefundHeld)
    ledger.apply(refunds.signed[0].transaction_hash, uses_number=False)
    ledger.answer = "taken"
    for _ in range(2):
        await store.refunds.reopen(lost.refund_id, actor="ada", reason="it was not applied")
        answer = await treasury.pay(await store.refunds.get(lost.refund_id))
        assert isinstance(answer, RefundHeld)
        assert "has paid it in ledger 1001" in answer.reason
    assert len(refunds.signed) == 1


async def test_what_was_buried_by_mistake_is_found_when_its_number_turns_out_used(
    lost, ledger, store, refunds, treasury
):
    """Fault 6: a server behind the same address had read less than it said."""
    ledger.close(after=timedelta(hours=1))
    buried = refunds.signed[0].transaction_hash
    await store.refunds.settle_envelope(buried, EnvelopeState.DEAD)
    ledger.apply(buried)
    ledger.answer = "taken"
    answer = await treasury.pay(lost)
    assert isinstance(answer, RefundHeld)
    assert buried in answer.reason
    assert len(refunds.signed) == 1
