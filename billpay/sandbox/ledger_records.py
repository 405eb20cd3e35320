"""What is remembered of each applied transaction, whether it succeeded or failed, and its place in history.

Ids are SEP-35's: 32 bits of ledger, 20 of order in the ledger, 12 of order in the transaction, counted from 1
(stellar/stellar-protocol, ecosystem/sep-0035).
"""

import base64
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict
from stellar_sdk import xdr
from stellar_sdk.xdr import MemoType, OperationType

from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_entries import XLM
from billpay.sandbox.ledger_envelopes import (
    Envelope,
    Party,
    address_of,
    asset_name,
    party_of,
)


class PaymentRecord(BaseModel):
    """One operation that moved money, or would have."""

    model_config = ConfigDict(frozen=True)

    number: int
    """Its place in the transaction, from 1."""

    type_i: int
    source: Party
    sender: Party
    receiver: Party
    asset: str
    amount: int | None
    """What was received, in stroops; None for a merged account, whose amount no operation tells."""

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


def record_of(
    envelope: Envelope,
    outcome: TransactionOutcome,
    *,
    ledger: int,
    position: int,
    close_time: int,
) -> TransactionRecord:
    """Write down what became of an envelope in a ledger."""
    times, ledgers = envelope.time_bounds, envelope.ledger_bounds
    memo_type, memo = _memo_of(envelope.body.memo)
    inner_signatures = _in_base64(envelope.signatures)
    outer = _in_base64(envelope.bump.signatures) if envelope.bump else inner_signatures
    return TransactionRecord(
        transaction_hash=envelope.transaction_hash,
        inner_hash=envelope.body_hash.hex() if envelope.bump else None,
        ledger=ledger,
        position=position,
        close_time=close_time,
        successful=outcome.is_success,
        source=envelope.source,
        sequence=envelope.sequence,
        fee_payer=envelope.fee_payer,
        fee_charged=outcome.fee_charged,
        fee_bid=envelope.fee_bid,
        inner_fee_bid=envelope.body.fee.uint32,
        operation_count=len(envelope.body.operations),
        memo_type=memo_type,
        memo=memo,
        min_time=times.min_time.time_point.uint64 if times else None,
        max_time=times.max_time.time_point.uint64 if times else None,
        min_ledger=ledgers.min_ledger.uint32 if ledgers else None,
        max_ledger=ledgers.max_ledger.uint32 if ledgers else None,
        signatures=outer,
        inner_signatures=inner_signatures,
        envelope_xdr=envelope.text,
        result_xdr=outcome.to_xdr(envelope),
        result_codes=outcome.words(envelope),
        payments=_payments_of(envelope, successful=outcome.is_success),
    )


def _in_base64(signatures: Sequence[xdr.DecoratedSignature]) -> list[str]:
    return [base64.b64encode(signed.signature.signature).decode() for signed in signatures]


def _memo_of(memo: xdr.Memo) -> tuple[str, str | None]:
    if memo.type is MemoType.MEMO_TEXT and memo.text is not None:
        return "text", base64.b64encode(memo.text).decode()
    if memo.id is not None:
        return "id", str(memo.id.uint64)
    if memo.hash is not None:
        return "hash", base64.b64encode(memo.hash.hash).decode()
    if memo.ret_hash is not None:
        return "return", base64.b64encode(memo.ret_hash.hash).decode()
    return "none", None


def _payments_of(envelope: Envelope, *, successful: bool) -> list[PaymentRecord]:
    records = []
    for number, operation in enumerate(envelope.body.operations, start=1):
        named = operation.source_account or envelope.body.source_account
        record = _payment_of(operation.body, party_of(named), number, successful=successful)
        if record is not None:
            records.append(record)
    return records


def _payment_of(
    body: xdr.OperationBody, source: Party, number: int, *, successful: bool
) -> PaymentRecord | None:
    """Read what a payment tells of itself; None for an operation that pays nobody."""
    facts: dict[str, object]
    if body.payment_op:
        paid = body.payment_op
        facts = {
            "receiver": party_of(paid.destination),
            "asset": asset_name(paid.asset),
            "amount": paid.amount.int64,
        }
    elif body.create_account_op:
        created = body.create_account_op
        facts = {
            "receiver": Party(address_of(created.destination)),
            "asset": XLM,
            "amount": created.starting_balance.int64,
        }
    elif body.type is OperationType.ACCOUNT_MERGE and body.destination is not None:
        facts = {"receiver": party_of(body.destination), "asset": XLM, "amount": None}
    elif body.path_payment_strict_receive_op or body.path_payment_strict_send_op:
        facts = _path_facts(body, successful=successful)
    else:
        return None
    return PaymentRecord.model_validate(
        facts | {"number": number, "type_i": body.type.value, "source": source, "sender": source}
    )


def _path_facts(body: xdr.OperationBody, *, successful: bool) -> dict[str, object]:
    """Read a path payment; what only its result would tell is zero where it failed."""
    exact, sent = body.path_payment_strict_receive_op, body.path_payment_strict_send_op
    if exact is not None:
        amount, bound = exact.dest_amount.int64, exact.send_max.int64
        amounts = {"amount": amount, "sent_amount": amount if successful else 0}
    elif sent is not None:
        amount, bound = sent.send_amount.int64, sent.dest_min.int64
        amounts = {"amount": amount if successful else 0, "sent_amount": amount}
    operation = exact or sent
    if operation is None:
        raise ValueError("not a payment by a path")
    return amounts | {
        "receiver": party_of(operation.destination),
        "asset": asset_name(operation.dest_asset),
        "sent_asset": asset_name(operation.send_asset),
        "bound": bound,
        "path": [asset_name(asset) for asset in operation.path],
    }
