"""Refunds that cannot be paid as things stand, against a real ledger and store: held, or told and tried again."""

import pytest
from pydantic import SecretStr

from billpay.domain.refunds import EnvelopeState, RefundHeld, RefundPaid
from billpay.failures import Misconfigured
from billpay.ledger.signing import SecretSigner
from billpay.sandbox import identities
from tests.billpay.ledger.conftest import TREASURY
from tests.billpay.ledger.crashes import crash
from tests.billpay.ledger.wire import CONTRACT

PAYER = identities.payer(1).public_key


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ({"exists": False}, "exist"),
        ({"trustline": False}, "trustline"),
        ({"authorized": False}, "trustline"),
        ({"demands_memo": True}, "memo"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_payer_that_cannot_be_paid_is_held_until_a_person_says_so(
    debts, repayment, state, word
):
    """Fault 23: nothing is signed, and nothing is lost once the payer can be paid again."""
    refund = await debts.owe()
    debts.world.fund(PAYER, **state)
    treasury = debts.treasury()
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert word in answer.reason
    assert debts.refunds.signed == []
    debts.world.fund(PAYER, cngn="0")
    assert await treasury.pay(refund) == answer, "only a person lets it go again"
    await debts.store.refunds.reopen(refund.refund_id, actor="ada", reason="trusts again")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]


async def test_a_contract_that_paid_is_held(debts):
    """Fault 23: a payment operation cannot reach it."""
    refund = await debts.owe(destination=CONTRACT)
    assert isinstance(await debts.treasury().pay(refund), RefundHeld)
    assert debts.sent() == []


async def test_a_payer_whose_trustline_is_full_is_held_after_the_ledger_said_so(debts, repayment):
    """Fault 23: it failed in a ledger, which used its number and moved nothing."""
    refund = await debts.owe()
    debts.world.fund(PAYER, cngn="5", limit="10")
    treasury = debts.treasury()
    answer = await treasury.pay(refund)
    assert isinstance(answer, RefundHeld)
    assert "op_line_full" in answer.reason
    assert debts.refunds.settled == [EnvelopeState.FAILED]
    debts.world.fund(PAYER, cngn="5")
    await debts.store.refunds.reopen(refund.refund_id, actor="ada", reason="there is room again")
    assert isinstance(await treasury.pay(refund), RefundPaid)
    first, second = debts.refunds.signed
    assert second.sequence == first.sequence + 1
    assert debts.sent() == [repayment(1)]


async def test_a_failure_in_a_ledger_is_found_after_a_crash(debts):
    """Fault 28."""
    refund = await debts.owe()
    debts.world.fund(PAYER, cngn="5", limit="10")
    await crash(debts, refund, at="submit", done=True)
    answer = await debts.treasury().pay(refund)
    assert isinstance(answer, RefundHeld)
    assert "op_line_full" in answer.reason
    assert debts.refunds.settled == [EnvelopeState.FAILED]


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
