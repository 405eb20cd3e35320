"""What a person decides about a refund, what is bid for it, and what holds it."""

import asyncio
from datetime import timedelta

import pytest

from billpay.domain.cases import CaseKind
from billpay.domain.money import Stroops, cngn
from billpay.domain.refunds import (
    EnvelopeState,
    FeeBump,
    MemoKind,
    RefundCeilings,
    RefundPurpose,
    RefundStatus,
)
from billpay.domain.statuses import BillStatus
from billpay.failures import Unavailable
from billpay.store import RefusedError

HASH = "0" * 64


@pytest.fixture
def refunds(store):
    return store.refunds


# What a person decides


async def test_a_policy_opens_a_refund_held(till, refunds):
    order, operation_id = await till.given_up()
    facts = {"operation_id": operation_id, "purpose": RefundPurpose.WHOLE, "amount": order.due}
    opened = await refunds.open(**facts, reason="too late", hold="LATE_POLICY")
    assert (opened.status, opened.held_reason) == (RefundStatus.HELD, "LATE_POLICY")
    assert await till.status(order) is BillStatus.NEEDS_REVIEW
    (case,) = await till.store.cases.all()
    assert case.detail == "LATE_POLICY"
    await refunds.reopen(opened.refund_id, actor="ada", reason="let it go")
    again = await refunds.open(**facts, reason="too late", hold="LATE_POLICY")
    assert (again.status, again.is_approved) == (RefundStatus.OPEN, True)


async def test_a_refund_above_a_ceiling_is_held_instead_of_signed_for(till, refunds, sql):
    order, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    ceilings = RefundCeilings(each=Stroops(order.due - 1), hourly=order.due)
    envelope = await till.envelope(refund)
    reason = await refunds.save_envelope(envelope, ceilings=ceilings)
    assert "BILL_PROCESSOR_REFUND_CEILING" in reason
    assert (await refunds.get(refund.refund_id)).held_reason == reason
    assert await sql.value("SELECT count(*) FROM refund_envelopes") == 0
    assert await sql.value("SELECT refund_id FROM refund_channels") is None
    await refunds.reopen(refund.refund_id, actor="ada", reason="looked at it")
    assert await refunds.save_envelope(await till.envelope(refund), ceilings=ceilings) is None
    assert await sql.value("SELECT approved_by FROM refunds") == "ada"


async def test_two_workers_never_pass_the_hourly_ceiling_together(till, refunds, clock):
    """A bug that opens refunds must not empty the treasury."""
    owed = [await till.whole(await till.deposit(amount=cngn("10"))) for _ in range(6)]
    ceilings = RefundCeilings(each=cngn("10"), hourly=cngn("35"))
    envelopes = [await till.envelope(refund) for refund in owed]
    told = await asyncio.gather(*(refunds.save_envelope(e, ceilings=ceilings) for e in envelopes))
    held = [reason for reason in told if reason]
    assert len(held) == 3
    assert all("BILL_PROCESSOR_REFUND_HOURLY_CEILING" in reason for reason in held)
    clock.advance(timedelta(minutes=61))
    later = await till.whole(await till.deposit(amount=cngn("10")))
    assert await refunds.save_envelope(await till.envelope(later), ceilings=ceilings) is None


async def test_what_a_person_let_go_leaves_the_hour_to_the_others(till, refunds):
    large = await till.whole(await till.deposit(amount=cngn("90")))
    small = await till.whole(await till.deposit(amount=cngn("10")))
    ceilings = RefundCeilings(each=cngn("10"), hourly=cngn("10"))
    await refunds.hold(large.refund_id, "above")
    await refunds.reopen(large.refund_id, actor="ada", reason="right")
    for refund in (large, small):
        assert await refunds.save_envelope(await till.envelope(refund), ceilings=ceilings) is None


async def test_a_refund_goes_elsewhere_on_a_persons_word_and_is_let_go(till, refunds):
    """I9, I16."""
    order, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    await refunds.hold(refund.refund_id, "the payer demands a memo")
    word = {"destination": "GEXCHANGE", "memo": "7", "memo_type": MemoKind.ID}
    for _ in range(2):
        await refunds.redirect(refund.refund_id, **word, actor="ada", reason="they told us")
    redirected = await refunds.get(refund.refund_id)
    assert redirected.model_dump(include=set(word)) == word
    assert (redirected.status, redirected.is_approved) == (RefundStatus.OPEN, True)
    record = await till.store.payments.record(order.transaction_id)
    told = [event for event in record.events if event.kind == "refund_redirected"]
    assert [(event.actor, "GEXCHANGE" in event.detail) for event in told] == [("ada", True)]
    with pytest.raises(Unavailable, match="redirected"):
        await refunds.save_envelope(await till.envelope(refund), signed_for=refund)
    await refunds.save_envelope(await till.envelope(refund), signed_for=redirected)
    word["destination"] = "GOTHER"
    with pytest.raises(RefusedError, match="in flight"):
        await refunds.redirect(refund.refund_id, **word, actor="ada", reason="no, there")


@pytest.mark.parametrize(
    ("memo", "kind"),
    [
        ("", MemoKind.TEXT),
        ("x" * 29, MemoKind.TEXT),
        ("-1", MemoKind.ID),
        (str(1 << 64), MemoKind.ID),
        ("ab", MemoKind.HASH),
        ("zz" * 32, MemoKind.HASH),
        ("7", None),
        (None, MemoKind.ID),
    ],
)
async def test_a_memo_that_no_transaction_carries_is_refused(till, refunds, memo, kind):
    refund = await till.whole(await till.deposit())
    with pytest.raises(RefusedError, match="memo"):
        await refunds.redirect(
            refund.refund_id,
            destination="GOTHER",
            memo=memo,
            memo_type=kind,
            actor="ada",
            reason="why not",
        )
    assert (await refunds.get(refund.refund_id)).destination == refund.destination


async def test_what_failed_at_another_address_says_nothing_of_this_one(till, refunds, clock):
    refund, envelope = await till.signed(await till.deposit())
    await refunds.settle_envelope(
        envelope.transaction_hash, EnvelopeState.FAILED, codes=["tx_failed", "op_line_full"]
    )
    assert len((await refunds.past(refund.refund_id)).failures) == 1
    clock.advance(timedelta(seconds=1))
    await refunds.redirect(
        refund.refund_id, destination="G2", memo=None, memo_type=None, actor="ada", reason="asked"
    )
    assert (await refunds.past(refund.refund_id)).failures == []


# What is bid for it


async def test_a_higher_bid_is_kept_before_anybody_hears_of_it(till, refunds, sql, refused):
    """Fault 26."""
    refund, envelope = await till.signed(await till.deposit())
    bump = FeeBump(
        transaction_hash=HASH, inner_hash=envelope.transaction_hash, envelope_xdr="x", fee=1_000
    )
    for _ in range(2):
        await refunds.save_bump(bump)
    assert await refunds.bumps(envelope.transaction_hash) == [bump]
    await refunds.mark_paid(
        refund.refund_id, envelope.transaction_hash, ledger=9, applied_hash=HASH
    )
    applied = await refunds.applied(refund.refund_id)
    assert (applied.transaction_hash, applied.applied_hash) == (envelope.transaction_hash, HASH)
    with pytest.raises(Unavailable, match="settled"):
        await refunds.save_bump(bump.model_copy(update={"transaction_hash": "1" * 64}))
    with pytest.raises(refused, match="never changed"):
        await sql.rows("UPDATE refund_fee_bumps SET fee = 1")


async def test_why_it_was_refused_is_kept_while_it_is_in_flight(till, refunds):
    refund, envelope = await till.signed(await till.deposit())
    await refunds.note_refusal(envelope.transaction_hash, ["tx_malformed"])
    assert (await refunds.in_flight(refund.refund_id)).refused == ("tx_malformed",)


async def test_a_paid_refund_ends_the_case_of_a_treasury_that_could_not_pay(till, refunds):
    """Fault 24."""
    await till.store.cases.open(CaseKind.TREASURY, "treasury", "too little cNGN")
    refund, envelope = await till.signed(await till.deposit())
    await refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    assert await till.store.cases.all() == []
