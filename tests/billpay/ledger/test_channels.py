"""Channels against a real ledger and store: made once, filled when they are low, and as many refunds in a ledger."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from billpay.domain.money import cngn
from billpay.domain.refunds import RefundPaid
from billpay.failures import Ambiguous, Invalid, Misconfigured, Unavailable
from billpay.ledger.channels import FLOOR, FULL, ChannelsReport
from billpay.ledger.signing import SecretSigner
from billpay.ledger.treasury_errands import MAKING_CHANNELS
from billpay.sandbox import identities
from tests.billpay.ledger.conftest import TREASURY
from tests.billpay.ledger.crashes import Countdown, Crash, CrashingAt


async def test_channels_are_made_once_and_known_ever_after(debts):
    channels = debts.channels()
    assert await channels.ensure(3) == ChannelsReport(created=3, topped_up=0, channels=3)
    assert await channels.ensure(3) == ChannelsReport(created=0, topped_up=0, channels=3)
    assert await channels.ensure(1) == ChannelsReport(created=0, topped_up=0, channels=3)
    own, *others = await channels.all()
    assert (own.number, own.address, own.owner) == (0, TREASURY, None)
    assert [(one.number, one.xlm, one.owner) for one in others] == [
        (number, FULL, None) for number in (1, 2, 3)
    ]
    assert [one.address for one in others] == [debts.signer.channel_address(n) for n in (1, 2, 3)]


async def test_only_a_channel_that_is_low_is_filled_up(debts):
    channels = debts.channels()
    await channels.ensure(2)
    debts.world.fund(debts.signer.channel_address(1), xlm="1.4")
    assert await channels.ensure(2) == ChannelsReport(created=0, topped_up=1, channels=2)
    _, first, second = await channels.all()
    assert (first.xlm, second.xlm) == (FULL, FULL)
    assert FLOOR < FULL


async def test_more_channels_than_one_transaction_holds_are_made_one_after_the_other(debts):
    report = await debts.channels().ensure(101)
    assert report == ChannelsReport(created=101, topped_up=0, channels=101)


async def test_a_number_of_channels_that_nobody_needs_is_refused(debts):
    with pytest.raises(Invalid):
        await debts.channels().ensure(100_000)


@pytest.mark.parametrize("done", [False, True])
async def test_a_command_that_dies_in_any_of_its_calls_fills_a_channel_once(
    debts, ledger_clock, done
):
    """Fault 28: what it signed is found, and the ledger is looked at before anything else is sent."""
    await debts.channels().ensure(1)
    for calls in range(1, 40):
        debts.world.fund(debts.signer.channel_address(1), xlm="1.4")
        dying = Countdown(calls, done=done)
        command = debts.channels(
            source=dying.over(debts.source), store=dying.over(debts.store.channels)
        )
        try:
            await command.ensure(1)
        except Crash:
            await debts.channels().ensure(1)
        assert [one.xlm for one in await debts.channels().all()][1:] == [FULL]
        if not dying.has_struck:
            break
    assert not dying.has_struck
    assert calls > 8, "it makes at least that many"
    assert [record.owner for record in await debts.store.channels.all()] == [None, None]


async def test_a_treasury_without_xlm_is_told_and_goes_on_once_it_has_some(debts):
    debts.world.fund(TREASURY, xlm="5")
    with pytest.raises(Misconfigured, match="op_underfunded"):
        await debts.channels().ensure(3)
    debts.world.fund(TREASURY, xlm="50")
    assert (await debts.channels().ensure(3)).created == 3


async def test_an_answer_that_was_lost_is_looked_up(debts):
    """Fault 27."""
    debts.world.ledger_faults(calls={"async_reset": 1})
    with pytest.raises(Ambiguous):
        await debts.channels().ensure(2)
    report = await debts.channels().ensure(2)
    assert report.channels == 2
    assert [one.xlm for one in await debts.channels().all()][1:] == [FULL, FULL]


async def test_channels_are_not_made_while_a_refund_uses_the_treasurys_own_number(debts):
    """Fault 25: and the refund is not kept from anything by them."""
    refund = await debts.owe()
    await debts.store.channels.add(0, TREASURY)
    await debts.store.channels.claim(refund.refund_id)
    making = asyncio.create_task(debts.channels().ensure(1))
    assert isinstance(await debts.treasury().pay(refund), RefundPaid)
    assert (await making).created == 1


@pytest.mark.parametrize("at", ["reserve", "save_errand"])
async def test_a_command_that_died_does_not_stop_the_refunds(
    debts, repayment, ledger_clock, clock, at
):
    """Fault 28: it owns the treasury's own account, and nobody runs it again."""
    with pytest.raises(Crash):
        await debts.channels(store=CrashingAt(debts.store.channels, at, done=True)).ensure(2)
    refund = await debts.owe()
    with pytest.raises(Unavailable, match="in use"):
        await debts.treasury().pay(refund)
    ledger_clock.jump(seconds=121)
    clock.advance(timedelta(minutes=3))
    assert isinstance(await debts.treasury().pay(refund), RefundPaid)
    assert debts.sent() == [repayment(1)]


async def test_channels_of_another_key_are_refused(debts):
    """Fault 66: their numbers are known here under other addresses."""
    from pydantic import SecretStr  # noqa: PLC0415  only this test needs another key

    await debts.channels().ensure(1)
    other = SecretSigner(SecretStr(identities.payer(9).secret))
    refund = await debts.owe()
    with pytest.raises(Misconfigured, match="does not sign for"):
        await debts.treasury(signer=_Pretending(other)).pay(refund)
    assert debts.refunds.signed == []


class _Pretending:
    """Signs for the treasury's address with another key's channels."""

    address = TREASURY

    def __init__(self, other):
        self.channel_address, self.sign = other.channel_address, other.sign


async def test_refunds_go_out_as_many_at_a_time_as_there_are_channels(debts, repayment):
    """I9: twenty refunds through ten channels, in few ledgers and none twice."""
    await debts.channels().ensure(10)
    owed = [await debts.owe(payer=number) for number in range(1, 21)]
    treasury = debts.treasury()

    async def persist(refund):
        while True:
            try:
                return await treasury.pay(refund)
            except Unavailable:
                await asyncio.sleep(debts.world.ledger_seconds)

    answers = await asyncio.gather(*map(persist, owed))
    assert all(isinstance(answer, RefundPaid) for answer in answers)
    assert sorted(debts.sent()) == sorted(repayment(number) for number in range(1, 21))
    accounts = Counter(envelope.source_account for envelope in debts.refunds.signed)
    assert len(accounts) == 10
    assert TREASURY not in accounts, "its own number is for errands where there are channels"
    payments = debts.world.truth_ledger()["payments"]
    ledgers = Counter(one["ledger"] for one in payments if one["memo_type"] == "return")
    assert len(ledgers) < 20
    assert max(ledgers.values()) > 1
    assert [record.owner for record in await debts.store.channels.all()] == [None] * 11
    assert debts.balance() == 0


async def test_what_a_channel_owns_is_listed(debts):
    await debts.channels().ensure(1)
    refund = await debts.owe()
    await debts.store.channels.claim(refund.refund_id)
    await debts.store.channels.claim_own(MAKING_CHANNELS)
    own, channel = await debts.channels().all()
    assert (own.owner, channel.owner) == (MAKING_CHANNELS, refund.refund_id)
    assert own.xlm > cngn("1")
