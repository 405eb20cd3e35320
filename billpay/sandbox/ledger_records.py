"""What is remembered of each applied transaction, whether it succeeded or failed, and its place in history.

Ids are SEP-35's: 32 bits of ledger, 20 of order in the ledger, 12 of order in the transaction, counted from 1
(stellar/stellar-protocol, ecosystem/sep-0035).
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict
from stellar_sdk.xdr import OperationType

from billpay.sandbox.ledger_entries import Movement
from billpay.sandbox.ledger_envelopes import Party

_PAYMENTS = frozenset(
    {
        OperationType.CREATE_ACCOUNT,
        OperationType.PAYMENT,
        OperationType.PATH_PAYMENT_STRICT_RECEIVE,
        OperationType.PATH_PAYMENT_STRICT_SEND,
        OperationType.ACCOUNT_MERGE,
        OperationType.INVOKE_HOST_FUNCTION,
    }
)
"""What Horizon lists as payments; it leaves out what is claimable, and clawbacks."""


class Call(BaseModel):
    """What a contract was told to do."""

    model_config = ConfigDict(frozen=True)

    parameters: Sequence[tuple[str, str]]
    """The contract, the function and its arguments: each with its type and the base64 of its XDR."""


class PaymentRecord(BaseModel):
    """One operation that moved money, or would have: payments, but claims, clawbacks and contracts' calls as well."""

    model_config = ConfigDict(frozen=True)

    number: int
    """Its place in the transaction, from 1."""

    type_i: int
    """The operation's type as the network numbers it (`xdr.OperationType`)."""

    source: Party
    sender: Party
    """Who gave; a claim's is the claimable balance (`B...`), a clawback's is whom it was taken from."""

    receiver: Party
    """Who got it; a new claimable balance is its own (`B...`), a clawback's is the issuer."""

    asset: str
    amount: int | None
    """What was received, in stroops; None for a merged account, whose amount no operation tells."""

    movements: Sequence[Movement] = ()
    """What really changed hands, in order, as contract events would tell it; nothing where it failed."""

    balance_id: str | None = None
    """The claimable balance that it made or took."""

    call: Call | None = None
    """What a contract was told to do."""

    sent_asset: str | None = None
    """What a path began with; None for everything else."""

    sent_amount: int = 0
    bound: int = 0
    """The most a path might take, or the least it had to give."""

    path: Sequence[str] = ()

    @property
    def participants(self) -> set[str]:
        """Whose history it belongs to."""
        return {self.source.address, self.sender.address, self.receiver.address}

    @property
    def is_listed(self) -> bool:
        """Whether Horizon counts it as a payment."""
        return self.type_i in _PAYMENTS

    @property
    def type(self) -> str:
        """The operation's type in Horizon's words."""
        return OperationType(self.type_i).name.lower()


class TransactionRecord(BaseModel):
    """One transaction in a closed ledger."""

    model_config = ConfigDict(frozen=True)

    transaction_hash: str
    inner_hash: str | None
    """The hash of what a fee bump wrapped."""

    ledger: int
    position: int
    """Its order in the ledger, from 1."""

    close_time: int
    successful: bool
    source: Party
    sequence: int
    fee_payer: Party
    fee_charged: int
    fee_bid: int
    inner_fee_bid: int
    operation_count: int
    memo_type: str
    memo: str | None
    """Text and hashes in base64 of their bytes, ids in decimals."""

    min_time: int | None
    max_time: int | None
    min_ledger: int | None
    max_ledger: int | None
    signatures: Sequence[str]
    inner_signatures: Sequence[str]
    envelope_xdr: str
    result_xdr: str
    result_codes: Mapping[str, str | Sequence[str]]
    payments: Sequence[PaymentRecord]

    @property
    def toid(self) -> int:
        """Its id in history."""
        return self.ledger << 32 | self.position << 12

    def operation_id(self, payment: PaymentRecord) -> int:
        """Answer an operation's id in history."""
        return self.toid | payment.number
