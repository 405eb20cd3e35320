"""What else the network says to a refund: strangers, surges, refusals for good, a treasury that cannot pay."""

from datetime import timedelta

import pytest
from stellar_sdk import FeeBumpTransactionEnvelope, TransactionEnvelope

from billpay.domain.cases import CaseKind
from billpay.domain.refunds import EnvelopeState, RefundHeld, RefundPaid
from billpay.failures import Ambiguous, Evidence, Misconfigured, Unavailable
from billpay.ledger.base import FeeStats
from billpay.ledger.treasury import AGAIN_AFTER_SECONDS
from tests.billpay.ledger import wire
from tests.billpay.ledger.said import AMOUNT, owe


async def test_a_stranger_with_our_key_costs_a_number_and_no_refund(
    store, lost, ledger, refunds, treasury
):
    """Fault 25: proven dead first; the number was used afterwards, so nothing of ours can have used it."""
    ledger.close(after=timedelta(hours=1))
    await store.refunds.settle_envelope(refunds.signed[0].transaction_hash, EnvelopeState.DEAD)
    ledger.sequence, ledger.answer = 12, "taken"
    assert isinstance(await treasury.pay(lost), RefundPaid)
    assert [envelope.sequence for envelope in refunds.signed] == [8, 13]


async def test_what_has_something_in_flight_is_looked_at_again_soon(lost, treasury):
    """Its channel serves nobody else meanwhile, so the waiting does not grow."""
    for _ in range(2):
        with pytest.raises((Ambiguous, Unavailable)) as seen:
            await treasury.pay(lost)
        assert seen.value.retry_after_seconds == AGAIN_AFTER_SECONDS


async def test_what_is_signed_anew_bids_what_a_surge_costs(lost, ledger, refunds, treasury):
    ledger.fees = FeeStats(base=100, usual=200, surge=5_000)
    ledger.close(after=timedelta(hours=1))
    ledger.answer = "taken"
    await treasury.pay(lost)
    assert [fee_of(envelope) for envelope in refunds.signed] == [100, 5_000]


def fee_of(envelope):
    return TransactionEnvelope.from_xdr(envelope.envelope_xdr, wire.PASSPHRASE).transaction.fee


def outbid():
    return Unavailable("others bid more", evidence=Evidence(code="tx_insufficient_fee"))


async def test_an_envelope_that_bids_too_little_is_wrapped_and_stays_as_it_is(
    store, ledger, refunds, treasury
):
    """Fault 26: the inner hash and the number are the same; the higher bid is stored before anybody hears of it."""
    ledger.fees = FeeStats(base=100, usual=100, surge=700)
    refund = await owe(store)
    submit = ledger.submit

    async def choosy(envelope_xdr, transaction_hash):
        stored = await store.refunds.in_flight(refund.refund_id)
        bumps = await store.refunds.bumps(stored.transaction_hash)
        assert transaction_hash in {stored.transaction_hash, *(b.transaction_hash for b in bumps)}
        if not bumps:
            ledger.submitted.append(transaction_hash)
            raise outbid()
        ledger.answer = "taken"
        return await submit(envelope_xdr, transaction_hash)

    ledger.submit = choosy
    answer = await treasury.pay(refund)
    (envelope,) = refunds.signed
    (bump,) = await store.refunds.bumps(envelope.transaction_hash)
    assert ledger.submitted == [envelope.transaction_hash, bump.transaction_hash]
    assert answer == RefundPaid(transaction_hash=bump.transaction_hash, amount=AMOUNT)
    assert await treasury.pay(refund) == answer
    wrapped = FeeBumpTransactionEnvelope.from_xdr(bump.envelope_xdr, wire.PASSPHRASE)
    inner = wrapped.transaction.inner_transaction_envelope
    assert inner.hash_hex() == envelope.transaction_hash
    assert inner.to_xdr() == envelope.envelope_xdr
    assert (bump.fee, wrapped.transaction.fee) == (1_000, 2_000), "ten times what it bid"


async def test_a_higher_bid_that_got_no_answer_is_found_by_its_own_hash(
    store, ledger, refunds, treasury
):
    """Fault 28: applied under the bid's hash; the server knows it by that one alone."""
    refund = await owe(store)
    ledger.answer = outbid()
    with pytest.raises(Unavailable):
        await treasury.pay(refund)
    (bump,) = await store.refunds.bumps(refunds.signed[0].transaction_hash)
    ledger.apply(bump.transaction_hash)
    ledger.close(after=timedelta(hours=5))
    answer = await treasury.pay(refund)
    assert answer == RefundPaid(transaction_hash=bump.transaction_hash, amount=AMOUNT)
    assert (len(refunds.signed), refunds.settled) == (1, [])


async def test_nothing_is_bid_above_the_cap(store, ledger, refunds, treasury):
    """Fault 26: then the refund waits."""
    refund = await owe(store)
    ledger.answer = outbid()
    for _ in range(6):
        with pytest.raises(Unavailable) as waiting:
            await treasury.pay(refund)
    bumps = await store.refunds.bumps(refunds.signed[0].transaction_hash)
    assert [bump.fee for bump in bumps] == [1_000, 10_000, 100_000]
    assert "REFUND_FEE_CAP" in waiting.value.detail
    assert waiting.value.retry_after_seconds is not None


@pytest.mark.parametrize("others", [(100, 0), (300, 1)])
async def test_what_no_ledger_takes_is_outbid_only_where_others_bid_more(
    lost, ledger, refunds, treasury, others
):
    """Fault 26: a busy network drops it without a word."""
    surge, bids = others
    ledger.fees = FeeStats(base=100, usual=100, surge=surge)
    ledger.close(after=timedelta(seconds=40))
    with pytest.raises(Ambiguous):
        await treasury.pay(lost)
    found = await refunds.bumps(refunds.signed[0].transaction_hash)
    assert [bump.fee for bump in found] == [1_000] * bids


async def test_what_validators_refuse_for_good_is_held_once_it_is_proven_dead(
    store, ledger, refunds, treasury
):
    """Fault 29: signing anew would only meet the same again."""
    refund = await owe(store)
    code = "tx_frozen_key_accessed"
    ledger.answer = Misconfigured("refused", evidence=Evidence(code=code))
    with pytest.raises(Misconfigured):
        await treasury.pay(refund)
    ledger.close(after=timedelta(hours=1))
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert code in answer.reason
    assert len(refunds.signed) == 1


async def test_a_treasury_that_cannot_pay_is_one_case_that_ends_with_the_next_payment(
    store, ledger, treasury
):
    """Fault 24: the queue goes on by itself."""
    first, second = await owe(store), await owe(store, wire.FIRST + 1)
    ledger.treasury_exists = False
    for refund in (first, second, first):
        with pytest.raises(Misconfigured) as stopped:
            await treasury.pay(refund)
        assert stopped.value.retry_after_seconds == 60
    (case,) = await store.cases.all()
    assert (case.kind, case.subject) == (CaseKind.TREASURY, "treasury")
    ledger.treasury_exists, ledger.answer = True, "taken"
    assert isinstance(await treasury.pay(second), RefundPaid)
    assert await store.cases.all() == []
