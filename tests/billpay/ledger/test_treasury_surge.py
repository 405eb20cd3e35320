"""Refunds in a busy hour, against a real ledger and store: outbid up to the cap, then waited for."""

import pytest

from billpay.domain.refunds import RefundPaid, RefundRules
from billpay.failures import Failure, Unavailable
from tests.billpay.ledger.crashes import crash


async def persist(treasury, refund, tries=6):
    for _ in range(tries):
        try:
            return await treasury.pay(refund)
        except Failure as failure:
            last = failure
    raise last


async def test_a_surge_is_outbid_by_wrapping_what_was_signed(debts, repayment):
    """Fault 26: one envelope, one number, and the ledger has it under the hash of the higher bid."""
    refund = await debts.owe()
    await crash(debts, refund, at="submit", done=False)
    debts.world.ledger_faults(base_fee_stroops=5_000)
    answer = await persist(debts.treasury(), refund)
    assert isinstance(answer, RefundPaid)
    (envelope,) = debts.refunds.signed
    bumps = await debts.refunds.bumps(envelope.transaction_hash)
    assert answer.transaction_hash == bumps[-1].transaction_hash
    assert bumps[-1].fee >= 5_000
    assert debts.sent() == [repayment(1)]
    assert await debts.treasury().pay(refund) == answer


async def test_above_the_cap_a_refund_waits_and_goes_on_once_the_surge_is_over(
    debts, repayment, ledger_clock
):
    """Fault 26."""
    refund = await debts.owe()
    debts.world.ledger_faults(base_fee_stroops=50_000)
    treasury = debts.treasury(rules=RefundRules(fee_cap=1_000))
    with pytest.raises(Unavailable):
        await persist(treasury, refund)
    ledger_clock.jump(seconds=121)
    with pytest.raises(Unavailable):
        await persist(treasury, refund)
    debts.world.ledger_faults(base_fee_stroops=100)
    ledger_clock.jump(seconds=121)
    assert isinstance(await persist(treasury, refund), RefundPaid)
    assert len({envelope.sequence for envelope in debts.refunds.signed}) == 1
    assert debts.sent() == [repayment(1)]
