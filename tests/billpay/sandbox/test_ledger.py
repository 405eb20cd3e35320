"""The ledger itself, on a clock that the test moves: numbers, queue, restarts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from stellar_sdk import Account, Asset, Payment, TransactionBuilder

from billpay.sandbox import identities
from billpay.sandbox.horizon_problems import Problem
from billpay.sandbox.horizon_server import Server
from billpay.sandbox.horizon_submission import Submissions
from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger import Ledger, Queued
from billpay.sandbox.ledger_envelopes import Undecodable, read_envelope
from billpay.sandbox.ledger_faults import Faults, Switchboard
from tests.fixtures.sandbox import CNGN

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
PAYER, OTHER = identities.payer(1), identities.payer(2)
TREASURY = identities.treasury().public_key


class Hands:
    """A clock that a test moves."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def hands():
    return Hands()


def opened(hands, journal=None, ledger_seconds=5.0):
    return Ledger(hands, journal or Journal(None), ledger_seconds)


@pytest.fixture
def ledger(hands):
    return opened(hands)


def envelope(ledger, amount="1", *, payer=PAYER, sequence=None, bounds=(0, 0), to=TREASURY):
    known = ledger.accounts.find(payer.public_key)
    sequence = known.sequence if sequence is None else sequence - 1
    builder = TransactionBuilder(
        Account(payer.public_key, sequence), identities.NETWORK_PASSPHRASE, base_fee=100
    )
    builder.append_operation(Payment(to, CNGN, amount)).add_time_bounds(*bounds)
    written = builder.build()
    written.sign(payer)
    return read_envelope(written.to_xdr())


def applied(ledger, envelope):
    ledger.newest_ledger()
    return ledger.history.transaction(envelope.transaction_hash)


def paid(ledger):
    ledger.newest_ledger()
    return [found.payment.amount for found in ledger.history.payments()]


# Time


def test_ledgers_close_on_the_clock(ledger, hands):
    assert ledger.newest_ledger() == 1
    hands.pass_seconds(4.999)
    assert ledger.newest_ledger() == 1
    assert ledger.closes_in_seconds() == pytest.approx(0.001)
    hands.pass_seconds(0.001)
    assert ledger.newest_ledger() == 2
    hands.pass_seconds(24 * 3600)
    assert ledger.newest_ledger() == 2 + 24 * 3600 // 5
    assert ledger.calendar.closes_at(2) == NOON + timedelta(seconds=5)


def test_fractions_of_a_second_do_not_drift(hands):
    ledger = opened(hands, ledger_seconds=0.2)
    for number in range(2, 2000):
        hands.now = ledger.calendar.closes_at(number)
        assert ledger.newest_ledger() == number


def test_a_transaction_is_in_the_next_ledger_however_late_anybody_asks(ledger, hands):
    """A quiet minute must not move money into another ledger."""
    hands.pass_seconds(7)
    sent = envelope(ledger)
    assert ledger.accept(sent) is Queued.PENDING
    assert applied(ledger, sent) is None
    hands.pass_seconds(600)
    record = applied(ledger, sent)
    assert (record.ledger, record.close_time) == (3, int(NOON.timestamp()) + 10)


def test_bounds_are_held_against_the_close_time_of_the_next_ledger(ledger, hands):
    """Fault 12: the ledger's time decides, to the second, and not the clock on the wall."""
    close_time = int(NOON.timestamp()) + 5
    assert ledger.accept(envelope(ledger, bounds=(0, close_time - 1))) is not Queued.PENDING
    assert ledger.accept(envelope(ledger, bounds=(close_time + 1, 0))) is not Queued.PENDING
    assert ledger.accept(envelope(ledger, bounds=(close_time, close_time))) is Queued.PENDING


def test_numbering_goes_on_after_a_restart(tmp_path, hands):
    opened(hands, Journal(tmp_path / "state"))
    hands.pass_seconds(3600)
    again = opened(hands, Journal(tmp_path / "state"))
    assert again.newest_ledger() == 1 + 3600 // 5


def test_another_rhythm_begins_with_the_next_number_and_keeps_the_old_times(tmp_path, hands):
    opened(hands, Journal(tmp_path / "state"))
    hands.pass_seconds(50)
    again = opened(hands, Journal(tmp_path / "state"), ledger_seconds=1.0)
    assert again.newest_ledger() == 12
    hands.pass_seconds(10)
    assert again.newest_ledger() == 22
    assert again.calendar.closes_at(2) == NOON + timedelta(seconds=5)
    assert again.calendar.closes_at(13) == NOON + timedelta(seconds=51)
    third = opened(hands, Journal(tmp_path / "state"), ledger_seconds=1.0)
    assert third.newest_ledger() == 22


def test_a_clock_that_is_set_back_makes_no_ledger_twice(ledger, hands):
    """Fault 60: two transactions must never share a place in history."""
    first = envelope(ledger)
    ledger.accept(first)
    hands.pass_seconds(60)
    assert applied(ledger, first).ledger == 2
    hands.pass_seconds(-60)
    second = envelope(ledger)
    assert ledger.accept(second) is Queued.PENDING
    assert applied(ledger, second) is None
    hands.pass_seconds(120)
    assert applied(ledger, second).toid > applied(ledger, first).toid


# The queue


def test_one_transaction_of_an_account_waits_at_a_time(ledger, hands):
    """Fault 25: whoever sends two at once loses one of them without a word."""
    first = envelope(ledger, "1")
    assert ledger.accept(first) is Queued.PENDING
    rival = envelope(ledger, "2")
    assert ledger.accept(rival) is Queued.TRY_AGAIN_LATER
    assert ledger.accept(envelope(ledger, payer=OTHER)) is Queued.PENDING
    hands.pass_seconds(5)
    assert applied(ledger, first)
    assert applied(ledger, rival) is None
    assert paid(ledger) == [10_000_000, 10_000_000]


def test_an_envelope_that_waits_is_not_taken_twice(ledger, hands):
    sent = envelope(ledger)
    assert [ledger.accept(sent), ledger.accept(sent)] == [Queued.PENDING, Queued.DUPLICATE]
    hands.pass_seconds(5)
    assert paid(ledger) == [10_000_000]


def test_a_sequence_number_is_used_once_whatever_it_pays(ledger, hands):
    """I10: envelopes that share a sequence number can pay at most once between them."""
    rivals = [envelope(ledger, str(amount)) for amount in (1, 2, 3)]
    for rival in rivals:
        ledger.accept(rival)
        hands.pass_seconds(5)
    assert paid(ledger) == [10_000_000]


def test_what_became_invalid_while_it_waited_is_dropped_and_costs_nothing(ledger, hands):
    """Both were good when they came; then the first takes what the second's fee was to come from."""
    reserve, fee = 15_000_000, 100
    poor = ledger.accounts.find(PAYER.public_key).changed(xlm=reserve + 3 * fee)
    ledger.write_account(poor)
    rich = ledger.accounts.find(OTHER.public_key)
    builder = TransactionBuilder(
        Account(rich.address, rich.sequence), identities.NETWORK_PASSPHRASE, base_fee=fee
    )
    builder.append_payment_op(TREASURY, Asset.native(), "0.0000201", source=poor.address)
    draining = builder.add_time_bounds(0, 0).build()
    draining.sign(OTHER)
    draining.sign(PAYER)
    first, second = read_envelope(draining.to_xdr()), envelope(ledger)
    assert [ledger.accept(first), ledger.accept(second)] == [Queued.PENDING, Queued.PENDING]
    hands.pass_seconds(5)
    assert applied(ledger, first).successful
    assert applied(ledger, second) is None
    assert ledger.accounts.find(PAYER.public_key).xlm == reserve + fee - 1


def test_what_waits_when_the_sandbox_dies_was_never_seen(tmp_path, hands):
    """As on a real network, an envelope that no ledger took has to be posted again; and then it can be."""
    ledger = opened(hands, Journal(tmp_path / "state"))
    sent = envelope(ledger)
    ledger.accept(sent)
    again = opened(hands, Journal(tmp_path / "state"))
    hands.pass_seconds(5)
    assert applied(again, sent) is None
    assert again.accept(sent) is Queued.PENDING


def test_nothing_is_applied_that_the_journal_could_not_keep(hands):
    class FullDisk(Journal):
        is_full = False

        def append(self, kind, record):
            if self.is_full:
                raise OSError("no space left on device")
            super().append(kind, record)

    journal = FullDisk(None)
    ledger = opened(hands, journal)
    sent = envelope(ledger)
    ledger.accept(sent)
    hands.pass_seconds(5)
    journal.is_full = True
    with pytest.raises(OSError, match="no space"):
        ledger.newest_ledger()
    assert ledger.history.transaction(sent.transaction_hash) is None
    journal.is_full = False
    assert applied(ledger, sent).ledger == 2


# Restarts


def test_a_restart_forgets_nothing(tmp_path, hands):
    """Accounts, sequence numbers, history and its places come back as they were."""
    before = opened(hands, Journal(tmp_path / "state"))
    before.remove_account(identities.payer(9).public_key)
    for amount in ("1", "2", "10000001"):
        before.accept(envelope(before, amount))
        hands.pass_seconds(5)
        before.newest_ledger()
    after = opened(hands, Journal(tmp_path / "state"))
    assert list(after.history.payments()) == list(before.history.payments())
    assert {a.address: a for a in after.accounts.all()} == {
        a.address: a for a in before.accounts.all()
    }
    assert [found.transaction.successful for found in after.history.payments()] == [
        True,
        True,
        False,
    ]
    assert after.accounts.find(identities.payer(9).public_key) is None


# Submitting


def submissions(ledger, wait_seconds, lag_ledgers=0):
    switchboard = Switchboard(Journal(None))
    switchboard.turn(Faults(lag_ledgers=lag_ledgers))
    return Submissions(ledger, Server(ledger, switchboard), switchboard, wait_seconds)


async def answer(door, sent):
    try:
        return await door.submit(sent.text, lambda: False)
    except Problem as problem:
        return problem.response().status_code


async def test_a_submission_waits_for_its_ledger(ledger, hands):
    waiting = asyncio.create_task(answer(submissions(ledger, 5), sent := envelope(ledger)))
    while ledger.accept(sent) is not Queued.DUPLICATE:
        await asyncio.sleep(0)
    hands.pass_seconds(5)
    record = await waiting
    assert (record.transaction_hash, record.ledger) == (sent.transaction_hash, 2)


async def test_a_submission_whose_ledger_does_not_close_in_time_is_answered_504(ledger, hands):
    """Fault 27: and it lands later all the same."""
    sent = envelope(ledger)
    assert await answer(submissions(ledger, 0.01), sent) == 504
    hands.pass_seconds(5)
    assert applied(ledger, sent).successful


async def test_the_second_transaction_of_an_account_is_answered_504_and_never_lands(ledger, hands):
    """Fault 25: core says try again later, and Horizon says nothing."""
    ledger.accept(envelope(ledger, "1"))
    rival = envelope(ledger, "2")
    assert await answer(submissions(ledger, 0.01), rival) == 504
    hands.pass_seconds(60)
    assert applied(ledger, rival) is None


async def test_a_stopping_server_answers_at_once(ledger):
    door = submissions(ledger, 30)
    with pytest.raises(Problem, match="Timeout"):
        await door.submit(envelope(ledger).text, lambda: True)


async def test_a_lagging_server_repeats_that_it_is_too_late(ledger, hands):
    """Faults 6 and 25: an applied transaction is answered `tx_too_late` once its time is over."""
    sent = envelope(ledger, bounds=(0, int(NOON.timestamp()) + 6))
    assert ledger.accept(sent) is Queued.PENDING
    hands.pass_seconds(10)
    assert applied(ledger, sent).successful
    with pytest.raises(Problem) as told:
        await submissions(ledger, 0.01, lag_ledgers=10).submit(sent.text, lambda: False)
    assert b'"tx_too_late"' in told.value.response().body


async def test_a_lagging_server_that_never_catches_up_repeats_the_bad_sequence(ledger, hands):
    sent = envelope(ledger)
    ledger.accept(sent)
    hands.pass_seconds(5)
    assert applied(ledger, sent).successful
    with pytest.raises(Problem) as told:
        await submissions(ledger, 0.01, lag_ledgers=10).submit(sent.text, lambda: False)
    assert b'"tx_bad_seq"' in told.value.response().body


@pytest.mark.parametrize("text", ["", "A", "AAAA", "not base64!", "é", "AAAAAgAAAAA=" * 9])
def test_what_is_no_envelope_cannot_be_read(text):
    with pytest.raises(Undecodable):
        read_envelope(text)
