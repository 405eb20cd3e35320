"""Refunds that cannot be paid as things stand, against a real ledger and store: held, or told and tried again."""

import pytest
from pydantic import SecretStr
from stellar_sdk import IdMemo, MuxedAccount, TransactionEnvelope

from billpay.domain.money import cngn
from billpay.domain.refunds import (
    EnvelopeKind,
    EnvelopeState,
    MemoKind,
    RefundCeilings,
    RefundHeld,
    RefundPaid,
    RefundRules,
)
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.refund_choosing import LINE_FULL_TRIES
from billpay.ledger.signing import SecretSigner
from billpay.ledger.treasury import ROOM_MADE_SECONDS
from billpay.sandbox import identities
from tests.billpay.ledger.conftest import TREASURY
from tests.billpay.ledger.crashes import crash
from tests.billpay.ledger.wire import CONTRACT

PAYER = identities.payer(1).public_key


async def test_a_payer_that_demands_a_memo_is_held_until_an_address_is_given(debts, repayment):
    """Fault 23: nothing is signed before a person says where the money goes."""
    refund = await debts.owe()
    debts.world.fund(PAYER, demands_memo=True)
    treasury = debts.treasury()
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert "memo" in answer.reason
    assert await treasury.pay(refund) == answer, "only a person lets it go again"
    assert debts.refunds.signed == []
    await debts.store.refunds.redirect(
        refund.refund_id,
        destination=PAYER,
        memo="123",
        memo_type=MemoKind.ID,
        actor="ada",
        reason="their customer number",
    )
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]
    (envelope,) = debts.refunds.signed
    opened = TransactionEnvelope.from_xdr(envelope.envelope_xdr, identities.NETWORK_PASSPHRASE)
    assert opened.transaction.memo == IdMemo(123)


async def test_an_exchange_is_held_until_an_address_is_given(debts, repayment):
    """Fault 23: many customers share the account, and it does not say so on the ledger."""
    refund = await debts.owe()
    treasury = debts.treasury(rules=RefundRules(exchanges=frozenset({PAYER})))
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert "BILL_PROCESSOR_EXCHANGE_ACCOUNTS" in answer.reason
    other = identities.payer(2).public_key
    await debts.store.refunds.redirect(
        refund.refund_id, destination=other, memo=None, memo_type=None, actor="ada", reason="asked"
    )
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(2)]


async def test_a_frozen_payer_is_held_and_never_routed_around(debts, repayment):
    """Fault 29: whoever froze it has a reason; a payment is tried, since no look tells frozen from missing."""
    refund = await debts.owe()
    debts.world.fund(PAYER, authorized=False)
    treasury = debts.treasury()
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert "op_not_authorized" in answer.reason
    assert [envelope.kind for envelope in debts.refunds.signed] == [EnvelopeKind.PAYMENT]
    assert await treasury.pay(refund) == answer
    debts.world.fund(PAYER, authorized=True)
    await debts.store.refunds.reopen(refund.refund_id, actor="ada", reason="let go by the issuer")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]


@pytest.mark.parametrize("state", [{"exists": False}, {"trustline": False}])
async def test_a_payer_whose_account_cannot_take_it_gets_it_set_aside(debts, state):
    """Fault 23: the money waits on the ledger, theirs at any time and ours after the window."""
    refund = await debts.owe()
    debts.world.fund(PAYER, **state)
    treasury = debts.treasury()
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundPaid)
    assert await treasury.pay(refund) == answer
    found = await debts.source.claimable_balance(answer.balance_id)
    assert (found.amount, set(found.claimants)) == (cngn("100"), {PAYER, TREASURY})
    (waiting,) = await debts.store.claimables.all()
    assert (waiting.balance_id, waiting.claimant) == (answer.balance_id, PAYER)
    ((to, amount),) = debts.sent()
    assert (to[0], amount) == ("B", cngn("100")), "into the balance, and nowhere else"
    assert debts.balance() == 0


async def test_what_is_set_aside_names_its_deposit_and_is_made_once(debts, ledger_clock):
    """I9: whichever envelope gets into a ledger, it makes the same balance."""
    refund = await debts.owe()
    debts.world.fund(PAYER, exists=False)
    await crash(debts, refund, at="submit", done=False)
    ledger_clock.jump(seconds=121)
    answer = await debts.treasury().pay(refund)
    first, second = debts.refunds.signed
    assert first.transaction_hash != second.transaction_hash
    assert first.balance_id == second.balance_id == answer.balance_id
    opened = TransactionEnvelope.from_xdr(second.envelope_xdr, identities.NETWORK_PASSPHRASE)
    assert opened.transaction.memo.memo_return.hex() == refund.deposit_hash


async def test_a_multiplexed_payer_that_cannot_be_paid_is_held(debts):
    """Fault 17: a claimable balance cannot carry the number, and without it nobody knows whose money it is."""
    muxed = MuxedAccount(PAYER, 7).account_muxed
    refund = await debts.owe(destination=muxed)
    debts.world.fund(PAYER, exists=False)
    answer = await debts.treasury().pay(refund)
    assert isinstance(answer, RefundHeld)
    assert muxed in answer.reason
    assert debts.refunds.signed == []


async def test_a_contract_that_paid_is_held(debts):
    """Fault 23: a payment operation cannot reach it."""
    refund = await debts.owe(destination=CONTRACT)
    assert isinstance(await debts.treasury().pay(refund), RefundHeld)
    assert debts.sent() == []


async def test_a_full_trustline_gets_time_and_then_the_money_is_set_aside(debts):
    """Fault 23: each try failed in a ledger, which used its number and moved nothing."""
    refund = await debts.owe()
    debts.world.fund(PAYER, cngn="5", limit="10")
    treasury = debts.treasury()
    for _ in range(LINE_FULL_TRIES - 1):
        with pytest.raises(Unavailable, match="op_line_full") as waiting:
            await treasury.pay(refund)
        assert waiting.value.retry_after_seconds == ROOM_MADE_SECONDS
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundPaid)
    assert answer.balance_id is not None
    assert debts.refunds.settled == [EnvelopeState.FAILED] * LINE_FULL_TRIES
    numbers = [envelope.sequence for envelope in debts.refunds.signed]
    assert numbers == list(range(numbers[0], numbers[0] + LINE_FULL_TRIES + 1))


async def test_a_failure_in_a_ledger_is_found_after_a_crash(debts, repayment):
    """Fault 28."""
    refund = await debts.owe()
    debts.world.fund(PAYER, cngn="5", limit="10")
    await crash(debts, refund, at="submit", done=True)
    treasury = debts.treasury()
    with pytest.raises(Unavailable, match="op_line_full"):
        await treasury.pay(refund)
    assert debts.refunds.settled == [EnvelopeState.FAILED]
    debts.world.fund(PAYER, cngn="5")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]


@pytest.mark.parametrize(
    "ceilings",
    [
        RefundCeilings(each=cngn("99"), hourly=cngn("1000")),
        RefundCeilings(each=cngn("1000"), hourly=cngn("99")),
    ],
)
async def test_a_refund_above_a_ceiling_waits_for_a_person(debts, repayment, ceilings):
    """A bug that opens refunds must not empty the treasury."""
    refund = await debts.owe()
    treasury = debts.treasury(rules=RefundRules(ceilings=ceilings))
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert "ceiling" in answer.reason
    assert debts.refunds.signed == []
    await debts.store.refunds.reopen(refund.refund_id, actor="ada", reason="looked at it")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]


async def test_a_treasury_without_the_money_signs_nothing_and_pays_once_it_is_funded(
    debts, repayment
):
    """Fault 24."""
    refund = await debts.owe()
    debts.world.fund(TREASURY, cngn="99.9999999")
    treasury = debts.treasury()
    with pytest.raises(Misconfigured, match=r"99\.9999999 cNGN, 100 cNGN"):
        await treasury.pay(refund)
    assert debts.refunds.signed == []
    debts.world.fund(TREASURY, cngn="100")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]


async def test_money_that_leaves_between_the_look_and_the_ledger_is_told_and_tried_again(
    debts, repayment
):
    """Fault 24."""
    refund = await debts.owe()
    await crash(debts, refund, at="submit", done=False)
    debts.world.fund(TREASURY, cngn="0")
    treasury = debts.treasury()
    with pytest.raises(Misconfigured, match="op_underfunded"):
        await treasury.pay(refund)
    assert debts.refunds.settled == [EnvelopeState.FAILED]
    debts.world.fund(TREASURY, cngn="100")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]


async def test_a_frozen_treasury_is_told(debts):
    """Fault 29."""
    refund = await debts.owe()
    debts.world.fund(TREASURY, authorized=False)
    with pytest.raises(Misconfigured, match="trustline"):
        await debts.treasury().pay(refund)
    assert debts.refunds.signed == []


async def test_a_treasury_without_fees_is_told_and_pays_once_it_has_some(
    debts, repayment, ledger_clock
):
    """Fault 24: the ledger's own coin."""
    refund = await debts.owe()
    debts.world.fund(TREASURY, xlm="1.5000099")
    treasury = debts.treasury()
    with pytest.raises(Misconfigured, match="tx_insufficient_balance"):
        await treasury.pay(refund)
    debts.world.fund(TREASURY, xlm="10")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]
    assert len(debts.refunds.signed) == 1


async def test_another_network_is_refused_before_anything_is_signed(debts):
    """Fault 11: nothing of another network proves anything about ours."""
    refund = await debts.owe()
    with pytest.raises(Misconfigured, match="network"):
        await debts.treasury(network_passphrase="another").pay(refund)
    assert debts.refunds.signed == []


async def test_a_key_that_was_changed_between_build_and_submit_is_told_and_mended(
    debts, repayment, ledger_clock
):
    """Fault 66."""

    class Wrong(SecretSigner):
        address = TREASURY

    refund = await debts.owe()
    wrong = debts.treasury(signer=Wrong(SecretStr(identities.payer(9).secret)))
    with pytest.raises(Misconfigured, match="tx_bad_auth"):
        await wrong.pay(refund)
    with pytest.raises(Misconfigured, match="tx_bad_auth"):
        await debts.treasury().pay(refund)
    ledger_clock.jump(seconds=121)
    assert isinstance(await debts.treasury().pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]
