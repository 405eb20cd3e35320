"""What was set aside, against a real ledger and store: followed until it is claimed, or taken back in time."""

from datetime import timedelta

import pytest
from stellar_sdk import Account, TransactionBuilder

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.money import cngn
from billpay.domain.refunds import BalanceState, RefundPaid, RefundRules, RefundStatus
from billpay.failures import Ambiguous, Invalid
from billpay.ledger.claimables import SEEN_AFTER_LEDGERS
from billpay.sandbox import identities
from billpay.store import RefusedError
from tests.billpay.ledger.conftest import TREASURY
from tests.billpay.ledger.crashes import Countdown, Crash

PAYER = identities.payer(1)
WINDOW = timedelta(hours=2)


@pytest.fixture
async def waiting(debts):
    """A refund that was set aside for a payer without a trustline."""
    refund = await debts.owe()
    debts.world.fund(PAYER.public_key, trustline=False)
    answer = await debts.treasury(rules=RefundRules(claim_window=WINDOW)).pay(refund)
    assert isinstance(answer, RefundPaid)
    (found,) = await debts.store.claimables.all()
    return found


@pytest.fixture
def claim(debts, ledger_clock):
    """Let the payer trust the asset and claim a balance."""

    def claimed(balance_id):
        debts.world.fund(PAYER.public_key, cngn="0", trustline=True)
        source = Account(PAYER.public_key, debts.world.sequence(PAYER.public_key))
        builder = TransactionBuilder(source, identities.NETWORK_PASSPHRASE, base_fee=100)
        until = int(ledger_clock().timestamp()) + 300
        builder.add_time_bounds(0, until).append_claim_claimable_balance_op(balance_id)
        envelope = builder.build()
        envelope.sign(PAYER)
        debts.world.submit(envelope).raise_for_status()

    return claimed


async def test_a_balance_that_waits_stays_open(debts, waiting):
    assert await debts.claimables().check() == 0
    assert await debts.store.claimables.get(waiting.balance_id) == waiting
    assert await debts.store.cases.all() == []


async def test_a_balance_that_was_claimed_is_settled_once(debts, waiting, claim, ledger_clock):
    claim(waiting.balance_id)
    assert await debts.claimables().check() == 0, "a server that lags might not have it yet"
    later(debts)
    assert await debts.claimables().check() == 1
    assert await debts.claimables().check() == 0
    found = await debts.store.claimables.get(waiting.balance_id)
    assert found.state is BalanceState.CLAIMED
    record = await debts.store.payments.record_of_deposit(waiting.operation_id)
    assert "balance_claimed" in [event.kind for event in record.events]
    assert record.deposit.disposition is Disposition.REFUNDED
    ledger_clock.jump(hours=3)
    with pytest.raises(Invalid, match="was claimed"):
        await debts.claimables().take_back(waiting.balance_id)


def later(debts):
    """Let so many ledgers close that an absence means something."""
    debts.world.tell("/world/ledger/faults", {})
    for number in range(SEEN_AFTER_LEDGERS + 1):
        debts.world.pay(None, "2", 10 + number % 5)


async def test_what_nobody_claims_in_time_is_a_case_until_they_do(
    debts, waiting, claim, ledger_clock
):
    ledger_clock.jump(hours=3)
    for _ in range(2):
        assert await debts.claimables().check() == 0
    (case,) = await debts.store.cases.all()
    assert (case.kind, case.subject) == (CaseKind.UNCLAIMED_BALANCE, waiting.balance_id)
    assert PAYER.public_key in case.detail


async def test_a_balance_is_its_payers_alone_until_the_window_is_over(debts, waiting):
    with pytest.raises(Invalid, match="alone until"):
        await debts.claimables().take_back(waiting.balance_id)
    assert debts.balance() == 0


async def test_a_balance_that_is_taken_back_is_held_for_its_payer_and_a_case(
    debts, waiting, ledger_clock
):
    """I2: the money is here again, and somebody knows."""
    ledger_clock.jump(hours=3)
    await debts.claimables().check()
    claimables = debts.claimables()
    for _ in range(2):
        await claimables.take_back(waiting.balance_id)
    assert debts.balance() == cngn("100")
    found = await debts.store.claimables.get(waiting.balance_id)
    assert found.state is BalanceState.RECLAIMED
    record = await debts.store.payments.record_of_deposit(waiting.operation_id)
    assert record.deposit.disposition is Disposition.HELD
    assert record.refunds[0].status is RefundStatus.PAID
    assert [event.kind for event in record.events].count("balance_taken_back") == 1
    (case,) = await debts.store.cases.all()
    assert (case.kind, case.operation_id) == (CaseKind.TAKEN_BACK, waiting.operation_id)
    await debts.store.cases.close(case.case_id, actor="ada", reason="paid by hand")


async def test_a_balance_that_nobody_knows_is_not_taken_back(debts):
    with pytest.raises(LookupError):
        await debts.claimables().take_back("00" * 36)


@pytest.mark.parametrize("done", [False, True])
async def test_a_command_that_dies_in_any_of_its_calls_takes_back_once(
    debts, waiting, ledger_clock, done
):
    """Fault 28: and no check takes our own claim for the payer's."""
    ledger_clock.jump(hours=3)
    for calls in range(1, 40):
        dying = Countdown(calls, done=done)
        command = debts.claimables(
            source=dying.over(debts.source),
            store=dying.over(debts.store.claimables),
            channels=dying.over(debts.store.channels),
        )
        try:
            await command.take_back(waiting.balance_id)
        except Crash:
            await debts.claimables().check()
        state = (await debts.store.claimables.get(waiting.balance_id)).state
        assert state is not BalanceState.CLAIMED
        if not dying.has_struck:
            break
    assert not dying.has_struck
    assert state is BalanceState.RECLAIMED
    assert debts.balance() == cngn("100")
    assert [record.owner for record in await debts.store.channels.all()] == [None]


async def test_an_answer_that_was_lost_is_found_by_the_next_check(debts, waiting, ledger_clock):
    """Fault 27."""
    ledger_clock.jump(hours=3)
    debts.world.ledger_faults(calls={"async_reset": 1})
    with pytest.raises(Ambiguous):
        await debts.claimables().take_back(waiting.balance_id)
    await debts.claimables().check()
    found = await debts.store.claimables.get(waiting.balance_id)
    assert found.state is BalanceState.RECLAIMED
    assert debts.balance() == cngn("100")
    assert TREASURY in {one["to"] for one in debts.world.truth_ledger()["payments"]}


async def test_a_balance_that_the_records_refuse_stops_no_other(debts, waiting, claim):
    """Fault 67: a poisonous balance is tried with the next check."""
    claim(waiting.balance_id)
    later(debts)

    class Listing:
        """The records, in which the same balance comes first and is refused."""

        def __init__(self):
            self.refusals = 1

        def __getattr__(self, name):
            return getattr(debts.store.claimables, name)

        async def all(self):
            return [waiting, waiting]

        async def mark_claimed(self, *about, **told):
            if self.refusals:
                self.refusals -= 1
                raise RefusedError("something else is certain about it")
            return await debts.store.claimables.mark_claimed(*about, **told)

    assert await debts.claimables(store=Listing()).check() == 1
