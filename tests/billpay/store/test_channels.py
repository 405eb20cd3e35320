"""Whose sequence numbers are used: one owner for each account, and a number that is fixed."""

import asyncio
from datetime import timedelta

import pytest

from billpay.domain.refunds import EnvelopeState, RefundPast
from billpay.failures import Unavailable
from billpay.store import RefusedError
from billpay.store.errands import MISSED_AFTER, ErrandEnvelope


@pytest.fixture
def channels(store):
    return store.channels


@pytest.fixture
def wanted(till):
    """A refund of a stray deposit."""

    async def wanted():
        return await till.whole(await till.deposit())

    return wanted


async def owners(channels):
    return {record.number: record.owner for record in await channels.all()}


async def test_an_account_is_made_known_once(channels):
    for _ in range(2):
        await channels.add(1, "one")
    with pytest.raises(RefusedError, match="another account"):
        await channels.add(1, "two")
    assert await owners(channels) == {1: None}


async def test_a_refund_keeps_the_account_that_it_owns(channels, wanted):
    await channels.add(1, "one")
    await channels.add(2, "two")
    refund = await wanted()
    owned = await channels.claim(refund.refund_id)
    assert await channels.claim(refund.refund_id) == owned
    assert (owned.address, owned.sequence) == ("one", None)
    assert await channels.reserve(refund.refund_id, 7) == 7
    assert await channels.reserve(refund.refund_id, 8) == 7, "it is fixed once"
    assert (await channels.claim(refund.refund_id)).sequence == 7


async def test_every_refund_gets_another_account_until_none_is_free(channels, wanted):
    for number in range(1, 6):
        await channels.add(number, f"channel {number}")
    refunds = [await wanted() for _ in range(8)]
    claimed = await asyncio.gather(
        *(channels.claim(refund.refund_id) for refund in (*refunds, *refunds))
    )
    given = [owned.number for owned in claimed[:8] if owned]
    assert sorted(given) == [1, 2, 3, 4, 5]


async def test_the_treasurys_own_account_is_left_to_errands_where_there_are_channels(
    channels, wanted
):
    await channels.add(0, "treasury")
    alone, first, second = [await wanted() for _ in range(3)]
    assert (await channels.claim(alone.refund_id)).number == 0
    await channels.add(1, "one")
    assert (await channels.claim(first.refund_id)).number == 1
    assert await channels.claim(second.refund_id) is None
    assert await channels.claim_own("an errand") is None, "a refund from before still owns it"


async def test_whoever_waits_sees_whether_there_is_room_and_takes_none(channels, wanted):
    first, second = await wanted(), await wanted()
    assert await channels.has_room(first.refund_id), "the treasury's own account is always there"
    await channels.add(0, "treasury")
    await channels.add(1, "one")
    assert await channels.has_room(first.refund_id)
    await channels.claim(first.refund_id)
    assert await channels.has_room(first.refund_id), "it owns one"
    assert not await channels.has_room(second.refund_id)
    await channels.add(2, "two")
    assert await channels.has_room(second.refund_id)
    assert [record.owner for record in await channels.all()] == [None, first.refund_id, None]


async def test_a_refund_that_needs_no_account_does_not_wait_for_one(channels, till, wanted):
    refund, envelope = await till.signed(await till.deposit())
    held = await wanted()
    await till.store.refunds.hold(held.refund_id, "a person decides")
    assert await channels.has_room(held.refund_id)
    assert await channels.crowd() == 1, "the one that is signed; nobody waits for a held one"
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    await channels.claim((await wanted()).refund_id)
    assert await channels.has_room(refund.refund_id)


async def test_a_paid_refund_gives_its_account_to_the_next_one(channels, till, wanted):
    refund, envelope = await till.signed(await till.deposit())
    waiting = await wanted()
    assert await channels.claim(waiting.refund_id) is None
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    assert (await channels.claim(waiting.refund_id)).number == 0


async def test_a_death_keeps_account_and_number_and_a_failure_uses_them_up(channels, till):
    """I10."""
    refund, envelope = await till.signed(await till.deposit())
    await till.store.refunds.settle_envelope(envelope.transaction_hash, EnvelopeState.DEAD)
    owned = await channels.claim(refund.refund_id)
    assert (owned.address, owned.sequence) == (envelope.source_account, envelope.sequence)
    second = await till.envelope(refund)
    assert second.sequence == envelope.sequence
    await till.store.refunds.save_envelope(second)
    await till.store.refunds.settle_envelope(
        second.transaction_hash, EnvelopeState.FAILED, codes=["tx_failed", "op_no_trust"]
    )
    assert await owners(channels) == {0: None}
    past = await till.store.refunds.past(refund.refund_id)
    assert past == RefundPast(failures=[("tx_failed", "op_no_trust")], deaths=1)


async def test_a_refund_that_is_held_gives_its_account_back(channels, till, wanted):
    await till.channels(0)
    refund = await wanted()
    await channels.claim(refund.refund_id)
    await channels.reserve(refund.refund_id, 7)
    await till.store.refunds.hold(refund.refund_id, "no trustline")
    assert await owners(channels) == {0: None}
    with pytest.raises(RefusedError, match="is held"):
        await channels.claim(refund.refund_id)


async def test_a_number_that_was_used_is_not_fixed_again(channels, till, wanted):
    """Fault 25: whoever read it read too early."""
    refund, envelope = await till.signed(await till.deposit())
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    following = await wanted()
    await channels.claim(following.refund_id)
    for number in (envelope.sequence - 1, envelope.sequence):
        with pytest.raises(Unavailable, match="used meanwhile"):
            await channels.reserve(following.refund_id, number)
    assert await channels.reserve(following.refund_id, envelope.sequence + 1)


async def test_a_number_is_replaced_only_once_nothing_of_it_is_in_flight(channels, till):
    """Fault 25."""
    refund, envelope = await till.signed(await till.deposit())
    used = envelope.sequence
    with pytest.raises(RefusedError, match="may still be applied"):
        await channels.renumber(refund.refund_id, used, used + 3)
    await till.store.refunds.settle_envelope(envelope.transaction_hash, EnvelopeState.DEAD)
    assert await channels.renumber(refund.refund_id, used, used + 3) == used + 3
    assert await channels.renumber(refund.refund_id, used, used + 9) == used + 3


async def test_whoever_owns_no_account_fixes_no_number(channels, wanted):
    refund = await wanted()
    with pytest.raises(RefusedError, match="owns no channel"):
        await channels.reserve(refund.refund_id, 1)


async def test_the_refund_that_nobody_looks_after_is_named(channels, till, clock, wanted):
    """Fault 28: its envelope's time has passed by the ledger's clock, or it never signed one."""
    refund, envelope = await till.signed(await till.deposit())
    assert await channels.oldest_missed(envelope.valid_until) is None
    closed_at = envelope.valid_until + timedelta(seconds=1)
    assert await channels.oldest_missed(closed_at) == refund.refund_id
    await till.channels(1)
    unsigned = await wanted()
    await channels.claim(unsigned.refund_id)
    assert await channels.oldest_missed(clock()) is None
    clock.advance(MISSED_AFTER + timedelta(seconds=1))
    assert await channels.oldest_missed(envelope.valid_until) == unsigned.refund_id


@pytest.fixture
def errand(clock):
    def errand(number=7, **changes):
        facts = {
            "transaction_hash": f"{number:064x}",
            "errand": "channels",
            "source_account": "treasury",
            "sequence": number,
            "envelope_xdr": "signed",
            "valid_until": clock() + timedelta(minutes=2),
        }
        return ErrandEnvelope(**facts | changes)

    return errand


async def test_an_errand_is_stored_for_the_number_that_it_owns_and_settled_once(
    channels, till, errand
):
    await till.channels(0)
    with pytest.raises(Unavailable, match="faster"):
        await channels.save_errand(errand())
    await channels.claim_own("channels")
    await channels.reserve("channels", 7)
    for _ in range(2):
        await channels.save_errand(errand())
    with pytest.raises(Unavailable, match="faster"):
        await channels.save_errand(errand(8, sequence=7))
    assert await channels.errand_in_flight("channels") == errand()
    for _ in range(2):
        await channels.settle_errand(errand().transaction_hash, EnvelopeState.APPLIED, ledger=9)
    with pytest.raises(RefusedError):
        await channels.settle_errand(errand().transaction_hash, EnvelopeState.DEAD)
    assert await channels.errand_in_flight("channels") is None
    assert await owners(channels) == {0: None}


async def test_an_errand_and_a_refund_never_share_the_treasurys_account(channels, till, wanted):
    """Fault 25."""
    await till.channels(0)
    refund = await wanted()
    assert await channels.claim_own("channels") is not None
    assert await channels.claim(refund.refund_id) is None


async def test_what_the_treasury_signed_for_itself_is_not_edited(
    channels, till, errand, sql, refused
):
    await till.channels(0)
    await channels.claim_own("channels")
    await channels.reserve("channels", 7)
    await channels.save_errand(errand())
    with pytest.raises(refused, match="does not own number"):
        await sql.rows(
            "INSERT INTO treasury_envelopes SELECT 'x', 'other', source_account, sequence, envelope_xdr,"
            " valid_until, state, signed_at FROM treasury_envelopes"
        )
    with pytest.raises(refused, match="as it was signed"):
        await sql.rows("UPDATE treasury_envelopes SET envelope_xdr = 'other'")
    with pytest.raises(refused, match="never changed"):
        await sql.rows("DELETE FROM treasury_envelopes")
    await channels.settle_errand(errand().transaction_hash, EnvelopeState.DEAD)
    with pytest.raises(refused, match="is dead"):
        await sql.rows("UPDATE treasury_envelopes SET state = 'applied'")
