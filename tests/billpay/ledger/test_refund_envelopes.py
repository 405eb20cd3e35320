"""What a refund looks like on the ledger."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from stellar_sdk import (
    Asset,
    ClaimPredicate,
    FeeBumpTransactionEnvelope,
    HashMemo,
    IdMemo,
    Keypair,
    Memo,
    ReturnHashMemo,
    TextMemo,
    TransactionEnvelope,
)

from billpay.domain.refunds import (
    EnvelopeKind,
    EnvelopeState,
    MemoKind,
    Refund,
    RefundPurpose,
    RefundStatus,
)
from billpay.ledger.refund_envelopes import VALID_FOR, RefundSigning, Terms
from billpay.ledger.signing import SecretSigner
from tests.billpay.ledger import wire

LEDGER_TIME = datetime(2026, 3, 2, 9, 30, 4, 900_000, tzinfo=UTC)


def refund(**changes):
    facts = {
        "refund_id": "refund-1-whole",
        "operation_id": "1",
        "transaction_id": None,
        "purpose": RefundPurpose.WHOLE,
        "destination": wire.PAYER,
        "amount": 50_300_000_001,
        "reason": "nothing was sold",
        "deposit_hash": wire.HASH,
        "status": RefundStatus.OPEN,
    }
    return Refund(**facts | changes)


SIGNER = SecretSigner(SecretStr(wire.keypair("wallet").secret))
SIGNING = RefundSigning(
    signer=SIGNER,
    asset=Asset("cNGN", wire.ISSUER),
    network_passphrase=wire.PASSPHRASE,
    claim_window=timedelta(days=30),
)


def terms(**changes):
    facts = {"channel": 0, "sequence": 8, "fee": 100, "ledger_time": LEDGER_TIME}
    return Terms(**facts | changes)


def signed(sign=SIGNING.pay, **changes):
    named = {name: changes.pop(name) for name in ("channel", "sequence", "fee") if name in changes}
    return sign(refund(**changes), terms(**named))


def opened(envelope, passphrase=wire.PASSPHRASE):
    return TransactionEnvelope.from_xdr(envelope.envelope_xdr, passphrase)


def test_a_refund_is_one_payment_of_exactly_its_amount():
    """I9."""
    transaction = opened(signed()).transaction
    (payment,) = transaction.operations
    assert payment.destination.universal_account_id == wire.PAYER
    assert payment.asset == Asset("cNGN", wire.ISSUER)
    assert payment.amount == "5030.0000001"
    assert transaction.sequence == 8
    assert transaction.fee == 100


def test_a_refund_names_the_deposits_transaction():
    memo: Memo = opened(signed()).transaction.memo
    assert memo == ReturnHashMemo(wire.HASH)


def test_a_refund_is_valid_for_two_minutes_of_the_ledgers_time():
    """Fault 12: whole seconds, rounded down, so that a ledger shown as later really is later."""
    envelope = signed()
    bounds = opened(envelope).transaction.preconditions.time_bounds
    assert envelope.valid_until == datetime(2026, 3, 2, 9, 32, 4, tzinfo=UTC)
    assert bounds.max_time == envelope.valid_until.timestamp()
    assert timedelta(seconds=60) <= VALID_FOR <= timedelta(seconds=300)


def test_a_refund_is_signed_by_the_treasury_for_its_network():
    envelope = signed()
    (signature,) = opened(envelope).signatures
    transaction_hash = opened(envelope).hash()
    Keypair.from_public_key(wire.WALLET).verify(transaction_hash, signature.signature)
    assert envelope.transaction_hash == transaction_hash.hex()
    assert opened(envelope, "another network").hash_hex() != envelope.transaction_hash
    assert envelope.source_account == wire.WALLET
    assert (envelope.state, envelope.sequence) == (EnvelopeState.IN_FLIGHT, 8)


def test_the_same_facts_make_the_same_bytes():
    assert signed() == signed()
    assert signed().transaction_hash != signed(sequence=9).transaction_hash


def test_a_multiplexed_payer_keeps_its_id():
    """Fault 17: behind one account there are many customers."""
    (payment,) = opened(signed(destination=wire.MUXED_PAYER)).transaction.operations
    assert payment.destination.account_muxed == wire.MUXED_PAYER
    assert payment.destination.account_muxed_id == 7


def test_an_amount_that_no_payment_can_have_is_never_signed():
    with pytest.raises(ValueError, match="amount"):
        signed(amount=-1)


def test_a_channel_gives_number_and_fee_and_the_treasury_the_money():
    """Both sign, and nobody else."""
    envelope = signed(channel=3, fee=250)
    transaction = opened(envelope).transaction
    channel = SIGNER.channel_address(3)
    assert envelope.source_account == transaction.source.account_id == channel != wire.WALLET
    assert transaction.operations[0].source.account_id == wire.WALLET
    assert transaction.fee == 250
    keys = {wire.WALLET, channel}
    assert len(opened(envelope).signatures) == len(keys)
    for key, signature in zip((wire.WALLET, channel), opened(envelope).signatures, strict=True):
        Keypair.from_public_key(key).verify(opened(envelope).hash(), signature.signature)


@pytest.mark.parametrize(
    ("kind", "memo", "carried"),
    [
        (MemoKind.TEXT, "customer 7", TextMemo("customer 7")),
        (MemoKind.ID, "18446744073709551615", IdMemo(18446744073709551615)),
        (MemoKind.HASH, "ab" * 32, HashMemo("ab" * 32)),
    ],
)
def test_a_memo_that_a_person_gave_replaces_the_deposits(kind, memo, carried):
    assert opened(signed(memo=memo, memo_type=kind)).transaction.memo == carried


def test_what_is_set_aside_is_its_payers_at_once_and_ours_after_the_window():
    """I9: it would be lost where nobody ever claims it."""
    envelope = signed(SIGNING.set_aside, channel=2)
    (operation,) = opened(envelope).transaction.operations
    payer, ours = operation.claimants
    assert (operation.source.account_id, operation.amount) == (wire.WALLET, "5030.0000001")
    assert (payer.destination, ours.destination) == (wire.PAYER, wire.WALLET)
    assert payer.predicate == ClaimPredicate.predicate_unconditional()
    assert ours.predicate == ClaimPredicate.predicate_not(
        ClaimPredicate.predicate_before_relative_time(30 * 24 * 3_600)
    )
    assert envelope.kind is EnvelopeKind.CLAIMABLE_BALANCE
    assert envelope.reclaimable_at == envelope.valid_until + timedelta(days=30)
    assert opened(envelope).transaction.memo == ReturnHashMemo(wire.HASH)


def test_the_same_number_always_makes_the_same_balance():
    one, other = signed(SIGNING.set_aside), signed(SIGNING.set_aside, fee=900)
    assert one.transaction_hash != other.transaction_hash
    assert one.balance_id == other.balance_id != signed(SIGNING.set_aside, sequence=9).balance_id
    assert len(one.balance_id) == 72


def test_a_higher_bid_wraps_what_was_signed_and_is_paid_by_the_treasury():
    """Fault 26."""
    envelope = signed(channel=3)
    bump = SIGNING.bump(envelope, 700)
    outer = FeeBumpTransactionEnvelope.from_xdr(bump.envelope_xdr, wire.PASSPHRASE)
    assert outer.transaction.inner_transaction_envelope.to_xdr() == envelope.envelope_xdr
    assert outer.transaction.fee_source.account_id == wire.WALLET
    assert outer.hash_hex() == bump.transaction_hash != envelope.transaction_hash
    assert (outer.transaction.fee, bump.fee, bump.inner_hash) == (
        1_400,
        700,
        envelope.transaction_hash,
    )
    (signature,) = outer.signatures
    Keypair.from_public_key(wire.WALLET).verify(outer.hash(), signature.signature)
    assert SIGNING.bid_of(envelope) == 100
