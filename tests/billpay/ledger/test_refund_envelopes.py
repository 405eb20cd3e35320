"""What a refund looks like on the ledger."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from stellar_sdk import Asset, Keypair, Memo, ReturnHashMemo, TransactionEnvelope

from billpay.domain.refunds import EnvelopeState, Refund, RefundPurpose, RefundStatus
from billpay.ledger.refund_envelopes import BASE_FEE_STROOPS, VALID_FOR, sign_refund
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


def signed(**changes):
    facts = {
        "signer": SecretSigner(SecretStr(wire.keypair("wallet").secret)),
        "asset": Asset("cNGN", wire.ISSUER),
        "network_passphrase": wire.PASSPHRASE,
        "sequence": 8,
        "ledger_time": LEDGER_TIME,
    }
    named = {name: changes.pop(name) for name in list(changes) if name in facts}
    return sign_refund(refund(**changes), **facts | named)


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
    assert transaction.fee == BASE_FEE_STROOPS == 100


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
