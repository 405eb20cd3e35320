"""What waits for a ledger, and what it costs to be in one, on a clock that the test moves."""

from datetime import UTC, datetime, timedelta

import pytest
from stellar_sdk import Account, Payment, TransactionBuilder, xdr
from stellar_sdk.xdr import TransactionResultCode

from billpay.sandbox import identities
from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_envelopes import read_envelope
from billpay.sandbox.ledger_faults import Faults, Switchboard
from billpay.sandbox.ledger_queue import Queued
from tests.fixtures.sandbox import CNGN

NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
PAYER, SPONSOR = identities.payer(1), identities.payer(2)
TREASURY = identities.treasury().public_key


class Network:
    """A ledger every five seconds, and what inclusion costs."""

    def __init__(self):
        self.now = NOON
        journal = Journal(None)
        self._switchboard = Switchboard(journal)
        self.ledger = Ledger(lambda: self.now, journal, 5.0, self._switchboard)

    def costs(self, stroops):
        self._switchboard.turn(Faults(base_fee_stroops=stroops))

    def close(self, ledgers=1):
        """Let ledgers close; answers the newest."""
        self.now += timedelta(seconds=5 * ledgers)
        return self.ledger.newest_ledger()

    def written(self, fee=100, *, operations=1, ahead=0):
        """Write a payment that bids so much for each operation."""
        known = self.ledger.find(PAYER.public_key).sequence + ahead
        builder = TransactionBuilder(
            Account(PAYER.public_key, known), identities.NETWORK_PASSPHRASE, base_fee=fee
        )
        builder.operations.extend([Payment(TREASURY, CNGN, "1")] * operations)
        sent = builder.add_time_bounds(0, 0).build()
        sent.sign(PAYER)
        return sent

    def accept(self, sent):
        return self.ledger.accept(read_envelope(sent.to_xdr()))

    def applied(self, sent):
        return self.ledger.history.transaction(sent.hash_hex())


@pytest.fixture
def network():
    return Network()


def bumped(inner, fee):
    """Wrap a transaction in a fee bump that bids so much for each of its operations and itself."""
    sent = TransactionBuilder.build_fee_bump_transaction(
        SPONSOR, fee, inner, identities.NETWORK_PASSPHRASE
    )
    sent.sign(SPONSOR)
    return sent


def is_refused_for_its_fee(answer, needed):
    return (answer.code, answer.fee_charged) == (TransactionResultCode.txINSUFFICIENT_FEE, needed)


# The price


def test_a_bid_below_the_price_is_refused_and_told_what_is_needed(network):
    """Fault 26."""
    network.costs(500)
    sent = network.written(499, operations=2)
    answer = network.accept(sent)
    assert is_refused_for_its_fee(answer, 1000)
    result = xdr.TransactionResult.from_xdr(answer.to_xdr(read_envelope(sent.to_xdr())))
    assert result.fee_charged.int64 == 1000


def test_the_price_is_charged_and_not_the_bid(network):
    network.costs(500)
    before = network.ledger.find(PAYER.public_key).xlm
    sent = network.written(10_000, operations=2)
    assert network.accept(sent) is Queued.PENDING
    network.close()
    record = network.applied(sent)
    assert (record.fee_charged, record.fee_bid) == (1000, 20_000)
    assert network.ledger.find(PAYER.public_key).xlm == before - 1000


def test_an_account_must_have_what_it_bids_and_not_only_what_it_is_charged(network):
    """Fault 24: a channel account runs dry by its bids."""
    payer = network.ledger.find(PAYER.public_key)
    network.ledger.write_account(payer.changed(xlm=15_000_000 + 1000))
    assert (
        network.accept(network.written(1001)).code is TransactionResultCode.txINSUFFICIENT_BALANCE
    )
    assert network.accept(network.written(1000)) is Queued.PENDING


def test_what_waits_while_the_price_rises_is_left_out_until_it_falls(network):
    sent = network.written(100)
    network.accept(sent)
    network.costs(101)
    network.close(2)
    assert network.applied(sent) is None
    network.costs(100)
    network.close()
    assert network.applied(sent).ledger == network.ledger.newest_ledger()


def test_what_four_ledgers_leave_out_is_dropped_and_banned_for_ten(network):
    """A hash that was dropped is not taken again, which proves nothing about it (I10)."""
    sent = network.written(100)
    network.accept(sent)
    network.costs(101)
    network.close(3)
    assert network.accept(sent) is Queued.DUPLICATE
    network.close()
    network.costs(100)
    assert network.accept(sent) is Queued.TRY_AGAIN_LATER
    network.close(9)
    assert network.accept(sent) is Queued.TRY_AGAIN_LATER
    network.close()
    assert network.accept(sent) is Queued.PENDING
    network.close()
    assert network.applied(sent).successful


def test_another_envelope_may_take_the_number_of_one_that_was_dropped(network):
    sent = network.written(100)
    network.accept(sent)
    network.costs(200)
    network.close(4)
    again = network.written(200)
    assert network.accept(again) is Queued.PENDING
    network.close()
    assert (network.applied(sent), network.applied(again).successful) == (None, True)


# One for each account


def test_one_transaction_of_an_account_waits_at_a_time(network):
    """Fault 25: refusals of the second say nothing about it."""
    first, next_one, rival = network.written(), network.written(ahead=1), network.written(9000)
    assert network.accept(first) is Queued.PENDING
    assert network.accept(first) is Queued.DUPLICATE
    assert network.accept(next_one) is Queued.TRY_AGAIN_LATER
    assert network.accept(rival) is Queued.TRY_AGAIN_LATER


def test_a_fee_bump_takes_the_place_of_what_waits_for_ten_times_its_fee(network):
    inner = network.written(100)
    network.accept(inner)
    assert is_refused_for_its_fee(network.accept(bumped(inner, 999)), 2000)
    raised = bumped(inner, 1000)
    assert network.accept(raised) is Queued.PENDING
    assert network.accept(inner) is Queued.TRY_AGAIN_LATER
    network.close()
    record = network.applied(raised)
    assert (record.inner_hash, record.fee_charged) == (inner.hash_hex(), 200)


def test_a_fee_bump_of_another_number_takes_no_place(network):
    network.accept(network.written())
    assert network.accept(bumped(network.written(ahead=1), 5000)) is Queued.TRY_AGAIN_LATER


def test_a_replacement_inherits_the_time_that_was_waited(network):
    inner = network.written(100)
    network.accept(inner)
    network.costs(2000)
    network.close(3)
    network.costs(1000)
    raised = bumped(inner, 1000)
    assert network.accept(raised) is Queued.PENDING
    network.costs(2000)
    network.close()
    assert network.accept(raised) is Queued.TRY_AGAIN_LATER


def test_a_surge_is_overcome_by_bumping_what_is_stuck(network):
    """Fault 26: the inner hash stays, so nothing can be paid twice."""
    inner = network.written(100)
    network.accept(inner)
    network.costs(900)
    network.close()
    raised = bumped(inner, 1000)
    assert network.accept(raised) is Queued.PENDING
    network.close()
    assert network.applied(raised).fee_charged == 1800
    assert network.applied(inner) is network.applied(raised)
