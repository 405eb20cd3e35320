"""Where an operation is applied: which one of which envelope, in which draft, and on whose behalf."""

import hashlib
from dataclasses import dataclass

from stellar_sdk import Keypair, xdr

from billpay.sandbox.ledger_codes import Refused
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import Account
from billpay.sandbox.ledger_envelopes import Envelope, party_of


@dataclass(frozen=True)
class Place:
    """One operation's place."""

    envelope: Envelope
    number: int
    """Its order in the envelope, from 0."""

    draft: Draft

    @property
    def operation(self) -> xdr.Operation:
        """The operation itself."""
        return self.envelope.body.operations[self.number]

    @property
    def source(self) -> str:
        """On whose behalf it is applied."""
        named = self.operation.source_account
        return self.envelope.source.address if named is None else party_of(named).address

    def account(self) -> Account:
        """Look the source's account up."""
        account = self.draft.find(self.source)
        if account is None:
            raise Refused("opNO_ACCOUNT")
        return account

    def balance_id(self) -> xdr.ClaimableBalanceID:
        """Name the claimable balance that would be made here: by the transaction's source, its number and the place."""
        source = Keypair.from_public_key(self.envelope.source.address).xdr_account_id()
        named = xdr.HashIDPreimage(
            xdr.EnvelopeType.ENVELOPE_TYPE_OP_ID,
            operation_id=xdr.HashIDPreimageOperationID(
                source, self.envelope.body.seq_num, xdr.Uint32(self.number)
            ),
        )
        return xdr.ClaimableBalanceID(
            xdr.ClaimableBalanceIDType.CLAIMABLE_BALANCE_ID_TYPE_V0,
            v0=xdr.Hash(hashlib.sha256(named.to_xdr_bytes()).digest()),
        )
