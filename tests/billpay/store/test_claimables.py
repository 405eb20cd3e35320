"""Refunds that wait on the ledger, in the records."""

from datetime import timedelta

import pytest

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.refunds import BalanceState, EnvelopeKind, EnvelopeState
from billpay.domain.statuses import BillStatus
from billpay.store import RefusedError
from billpay.store.claimables import taking_back
from billpay.store.errands import ErrandEnvelope

BALANCE = "00" * 36
HASH = "ab" * 32


@pytest.fixture
def claimables(store):
    return store.claimables


@pytest.fixture
def set_aside(till):
    """A refund that was set aside."""

    async def set_aside(operation_id):
        refund = await till.whole(operation_id)
        envelope = await till.envelope(
            refund,
            kind=EnvelopeKind.CLAIMABLE_BALANCE,
            balance_id=BALANCE,
            reclaimable_at=till.clock() + timedelta(days=30),
        )
        await till.store.refunds.save_envelope(envelope)
        for _ in range(2):
            await till.store.refunds.mark_paid(
                refund.refund_id, envelope.transaction_hash, ledger=99
            )
        return refund

    return set_aside


@pytest.fixture
def take_back(till):
    """Let the treasury's claim of the balance be in flight."""

    async def take_back():
        errand = taking_back(BALANCE)
        await till.store.channels.claim_own(errand)
        await till.store.channels.reserve(errand, 1_000)
        await till.store.channels.save_errand(
            ErrandEnvelope(
                transaction_hash=HASH,
                errand=errand,
                source_account="treasury",
                sequence=1_000,
                envelope_xdr="signed",
                valid_until=till.clock() + timedelta(minutes=2),
            )
        )

    return take_back


async def test_a_refund_that_is_set_aside_is_paid_and_followed(till, claimables, set_aside):
    order, operation_id = await till.given_up()
    refund = await set_aside(operation_id)
    (waiting,) = await claimables.all()
    assert await claimables.open_of(operation_id) == waiting
    assert (waiting.refund_id, waiting.operation_id) == (refund.refund_id, operation_id)
    assert (waiting.claimant, waiting.amount) == (refund.destination, refund.amount)
    assert (waiting.created_ledger, waiting.state) == (99, BalanceState.OPEN)
    assert await till.status(order) is BillStatus.REFUNDED
    record = await till.store.payments.record(order.transaction_id)
    assert any(BALANCE in event.detail for event in record.events)


async def test_a_claimed_balance_is_settled_once_and_ends_its_case(till, claimables, set_aside):
    _, operation_id = await till.given_up()
    await set_aside(operation_id)
    for _ in range(2):
        await claimables.tell_unclaimed(BALANCE)
    (case,) = await till.store.cases.all()
    assert (case.kind, case.subject) == (CaseKind.UNCLAIMED_BALANCE, BALANCE)
    assert await claimables.mark_claimed(BALANCE, ledger=120)
    assert not await claimables.mark_claimed(BALANCE, ledger=130)
    await claimables.tell_unclaimed(BALANCE)
    assert await till.store.cases.all() == []
    assert await claimables.all() == []
    (settled,) = await claimables.all(with_settled=True)
    assert settled.state is BalanceState.CLAIMED


async def test_our_own_claim_is_never_taken_for_the_payers(till, claimables, set_aside, take_back):
    """Fault 28: while ours may be on its way an absence says nothing."""
    _, operation_id = await till.given_up()
    await set_aside(operation_id)
    await take_back()
    assert not await claimables.mark_claimed(BALANCE, ledger=120)
    await till.store.channels.settle_errand(HASH, EnvelopeState.DEAD)
    assert await claimables.mark_claimed(BALANCE, ledger=121)


async def test_what_is_taken_back_is_held_again_in_one_commit(
    till, claimables, set_aside, take_back
):
    """I2."""
    order, operation_id = await till.given_up()
    await set_aside(operation_id)
    await take_back()
    for _ in range(2):
        await claimables.mark_reclaimed(BALANCE, HASH, ledger=150)
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.disposition is Disposition.HELD
    assert (await claimables.get(BALANCE)).state is BalanceState.RECLAIMED
    (case,) = await till.store.cases.all()
    assert (case.kind, case.transaction_id) == (CaseKind.TAKEN_BACK, order.transaction_id)
    assert await till.status(order) is BillStatus.REFUNDED, "the refund was paid, and is over"


async def test_what_was_claimed_is_not_taken_back(till, claimables, set_aside, take_back, sql):
    _, operation_id = await till.given_up()
    await set_aside(operation_id)
    await claimables.mark_claimed(BALANCE, ledger=120)
    await take_back()
    with pytest.raises(RefusedError):
        await claimables.mark_reclaimed(BALANCE, HASH, ledger=150)
    assert await sql.value("SELECT state FROM treasury_envelopes") == "in_flight"


async def test_a_balance_that_nobody_knows_is_not_found(claimables):
    for asked in (claimables.get(BALANCE), claimables.mark_claimed(BALANCE, ledger=1)):
        with pytest.raises(LookupError):
            await asked


async def test_balances_are_not_edited(till, set_aside, sql, refused):
    _, operation_id = await till.given_up()
    await set_aside(operation_id)
    with pytest.raises(refused, match="is refunded and stays so"):
        await sql.rows("UPDATE deposits SET disposition = 'held'")
    await sql.rows("UPDATE claimable_balances SET state = 'claimed'")
    for edit in ("state = 'reclaimed'", "amount = 1", "claimant = 'me'", "created_ledger = 1"):
        with pytest.raises(refused, match="stays what it is"):
            await sql.rows(f"UPDATE claimable_balances SET {edit}")
    with pytest.raises(refused, match="never changed"):
        await sql.rows("DELETE FROM claimable_balances")
