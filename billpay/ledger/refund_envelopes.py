"""What a refund looks like on the ledger: one payment of exactly its amount, signed, and named after its deposit."""

from datetime import datetime, timedelta

from stellar_sdk import Account, Asset, MuxedAccount, TransactionBuilder

from billpay.domain.money import ledger_amount
from billpay.domain.refunds import EnvelopeState, Refund, RefundEnvelope
from billpay.ledger.signing import SecretSigner

BASE_FEE_STROOPS = 100
"""The network's minimum for one operation. In busy hours that waits instead of outbidding others: a refund may be late,
and every refund costs the same."""

VALID_FOR = timedelta(seconds=120)
"""From the last closed ledger on. Long enough for a slow ledger and a lagging server; short enough that an envelope
that was lost is proven dead, and signed anew, within minutes."""


def sign_refund(
    refund: Refund,
    *,
    signer: SecretSigner,
    asset: Asset,
    network_passphrase: str,
    sequence: int,
    ledger_time: datetime,
) -> RefundEnvelope:
    """Build and sign a refund's transaction. Deterministic: the same facts make the same bytes and the same hash.

    The memo is the hash of the deposit's transaction, of the kind that the network has for returned money.
    """
    valid_until = ledger_time.replace(microsecond=0) + VALID_FOR
    envelope = (
        TransactionBuilder(
            Account(signer.address, sequence - 1), network_passphrase, base_fee=BASE_FEE_STROOPS
        )
        .append_payment_op(
            MuxedAccount.from_account(refund.destination), asset, ledger_amount(refund.amount)
        )
        .add_return_hash_memo(bytes.fromhex(refund.deposit_hash))
        .add_time_bounds(0, int(valid_until.timestamp()))
        .build()
    )
    signer.sign(envelope)
    return RefundEnvelope(
        transaction_hash=envelope.hash_hex(),
        refund_id=refund.refund_id,
        source_account=signer.address,
        sequence=sequence,
        envelope_xdr=envelope.to_xdr(),
        valid_until=valid_until,
        state=EnvelopeState.IN_FLIGHT,
    )
