"""What a refund looks like on the ledger: one operation of exactly its amount, signed, and named after its deposit.

The money comes from the treasury; the sequence number and the fee come from the channel that the refund owns.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stellar_sdk import (
    Account,
    Asset,
    Claimant,
    ClaimPredicate,
    FeeBumpTransactionEnvelope,
    MuxedAccount,
    TransactionBuilder,
    TransactionEnvelope,
)

from billpay.domain.money import ledger_amount
from billpay.domain.refunds import (
    EnvelopeKind,
    EnvelopeState,
    FeeBump,
    MemoKind,
    Refund,
    RefundEnvelope,
)
from billpay.ledger.signing import Signer

VALID_FOR = timedelta(seconds=120)
"""From the last closed ledger on. Long enough for a slow ledger and a lagging server; short enough that an envelope
that was lost is proven dead, and signed anew, within minutes."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What an envelope is signed for, beyond the refund itself."""

    channel: int
    """The number of the account that gives sequence number and fee; 0 is the treasury's own."""

    sequence: int
    fee: int
    """What is bid for each operation, in stroops of XLM."""

    ledger_time: datetime
    """When the newest ledger closed."""


@dataclass(frozen=True, kw_only=True)
class RefundSigning:
    """Builds and signs refunds. Deterministic: the same facts make the same bytes and the same hash."""

    signer: Signer
    asset: Asset
    network_passphrase: str
    claim_window: timedelta
    """How long a balance that was set aside is its payer's alone."""

    def pay(self, refund: Refund, terms: Terms) -> RefundEnvelope:
        """Sign a payment into the account that the refund goes to."""
        builder = self._builder(refund, terms)
        builder.append_payment_op(
            MuxedAccount.from_account(refund.destination),
            self.asset,
            ledger_amount(refund.amount),
            source=self.signer.address,
        )
        return self._signed(refund, terms, builder)

    def set_aside(self, refund: Refund, terms: Terms) -> RefundEnvelope:
        """Sign a claimable balance: the payer's at any time, and ours once the window is over.

        Without ourselves as a second claimant it would be lost where nobody ever claims it. Its name follows from the
        account and the number, so every envelope that is signed for them makes the same balance.
        """
        ours_again = ClaimPredicate.predicate_not(
            ClaimPredicate.predicate_before_relative_time(int(self.claim_window.total_seconds()))
        )
        builder = self._builder(refund, terms)
        builder.append_create_claimable_balance_op(
            self.asset,
            ledger_amount(refund.amount),
            [Claimant(refund.destination), Claimant(self.signer.address, ours_again)],
            source=self.signer.address,
        )
        signed = self._signed(refund, terms, builder)
        transaction = TransactionEnvelope.from_xdr(
            signed.envelope_xdr, self.network_passphrase
        ).transaction
        return signed.model_copy(
            update={
                "kind": EnvelopeKind.CLAIMABLE_BALANCE,
                "balance_id": transaction.get_claimable_balance_id(0),
                "reclaimable_at": signed.valid_until + self.claim_window,
            }
        )

    def bump(self, envelope: RefundEnvelope, fee: int) -> FeeBump:
        """Sign a higher bid for a stored envelope, which stays as it is."""
        inner = TransactionEnvelope.from_xdr(envelope.envelope_xdr, self.network_passphrase)
        outer: FeeBumpTransactionEnvelope = TransactionBuilder.build_fee_bump_transaction(
            self.signer.address, fee, inner, self.network_passphrase
        )
        self.signer.sign(outer)
        return FeeBump(
            transaction_hash=outer.hash_hex(),
            inner_hash=envelope.transaction_hash,
            envelope_xdr=outer.to_xdr(),
            fee=fee,
        )

    def bid_of(self, envelope: RefundEnvelope) -> int:
        """Answer what an envelope bids for each operation."""
        transaction = TransactionEnvelope.from_xdr(
            envelope.envelope_xdr, self.network_passphrase
        ).transaction
        return transaction.fee // len(transaction.operations)

    def _builder(self, refund: Refund, terms: Terms) -> TransactionBuilder:
        builder = TransactionBuilder(
            Account(self.signer.channel_address(terms.channel), terms.sequence - 1),
            self.network_passphrase,
            base_fee=terms.fee,
        )
        builder.add_time_bounds(0, int(valid_until(terms.ledger_time).timestamp()))
        return _with_memo(builder, refund)

    def _signed(self, refund: Refund, terms: Terms, builder: TransactionBuilder) -> RefundEnvelope:
        envelope = builder.build()
        self.signer.sign(envelope, channels=[terms.channel])
        return RefundEnvelope(
            transaction_hash=envelope.hash_hex(),
            refund_id=refund.refund_id,
            source_account=self.signer.channel_address(terms.channel),
            sequence=terms.sequence,
            envelope_xdr=envelope.to_xdr(),
            valid_until=valid_until(terms.ledger_time),
            state=EnvelopeState.IN_FLIGHT,
        )


def valid_until(ledger_time: datetime) -> datetime:
    """Answer the last second in which an envelope may be applied that is signed now."""
    return ledger_time.replace(microsecond=0) + VALID_FOR


def _with_memo(builder: TransactionBuilder, refund: Refund) -> TransactionBuilder:
    """Add the memo that a person has given, else the deposit's hash, of the kind that is for returned money."""
    match refund.memo_type:
        case MemoKind.TEXT:
            return builder.add_text_memo(refund.memo or "")
        case MemoKind.ID:
            return builder.add_id_memo(int(refund.memo or 0))
        case MemoKind.HASH:
            return builder.add_hash_memo(bytes.fromhex(refund.memo or ""))
        case None:
            return builder.add_return_hash_memo(bytes.fromhex(refund.deposit_hash))
