"""Writing down what became of an envelope, and what each of its operations says of the money it moves."""

import base64
from collections.abc import Sequence
from typing import Any

from stellar_sdk import scval, xdr
from stellar_sdk.xdr import MemoType, OperationType

from billpay.sandbox.ledger_codes import OperationOutcome, TransactionOutcome
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import XLM
from billpay.sandbox.ledger_envelopes import (
    Envelope,
    Party,
    address_of,
    asset_name,
    party_named,
    party_of,
)
from billpay.sandbox.ledger_records import Call, PaymentRecord, TransactionRecord

_MOVED_ONLY = frozenset(
    {
        OperationType.CREATE_CLAIMABLE_BALANCE,
        OperationType.CLAIM_CLAIMABLE_BALANCE,
        OperationType.CLAWBACK,
        OperationType.CLAWBACK_CLAIMABLE_BALANCE,
        OperationType.INVOKE_HOST_FUNCTION,
    }
)
"""Operations that are told of only where they moved something."""


def record_of(
    envelope: Envelope, outcome: TransactionOutcome, draft: Draft, *, position: int
) -> TransactionRecord:
    """Write down what became of an envelope in the draft's ledger."""
    times, ledgers = envelope.time_bounds, envelope.ledger_bounds
    memo_type, memo = _memo_of(envelope.body.memo)
    inner_signatures = _in_base64(envelope.signatures)
    outer = _in_base64(envelope.bump.signatures) if envelope.bump else inner_signatures
    return TransactionRecord(
        transaction_hash=envelope.transaction_hash,
        inner_hash=envelope.body_hash.hex() if envelope.bump else None,
        ledger=draft.ledger,
        position=position,
        close_time=draft.close_time,
        successful=outcome.is_success,
        source=envelope.source,
        sequence=envelope.sequence,
        fee_payer=envelope.fee_payer,
        fee_charged=outcome.fee_charged,
        fee_bid=envelope.fee_bid,
        inner_fee_bid=envelope.body.fee.uint32,
        operation_count=envelope.operation_count,
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
        payments=_payments_of(envelope, outcome),
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


def _payments_of(envelope: Envelope, outcome: TransactionOutcome) -> list[PaymentRecord]:
    records = []
    pairs = zip(envelope.body.operations, outcome.operations, strict=True)
    for number, (operation, applied) in enumerate(pairs, start=1):
        named = operation.source_account or envelope.body.source_account
        facts = _facts(operation.body, applied, successful=outcome.is_success)
        if facts is None:
            continue
        source = party_of(named)
        known = {"number": number, "type_i": operation.body.type.value, "source": source}
        told = {"sender": source, "movements": applied.movements if outcome.is_success else ()}
        records.append(PaymentRecord.model_validate(known | told | facts))
    return records


def _facts(
    body: xdr.OperationBody, applied: OperationOutcome, *, successful: bool
) -> dict[str, Any] | None:
    """Read what an operation tells of itself; None for one that pays nobody."""
    if body.type in _MOVED_ONLY:
        return _moved_facts(body, applied) if successful else None
    if body.payment_op:
        return {
            "receiver": party_of(body.payment_op.destination),
            "asset": asset_name(body.payment_op.asset),
            "amount": body.payment_op.amount.int64,
        }
    if body.create_account_op:
        return {
            "receiver": Party(address_of(body.create_account_op.destination)),
            "asset": XLM,
            "amount": body.create_account_op.starting_balance.int64,
        }
    if body.type is OperationType.ACCOUNT_MERGE and body.destination is not None:
        return {"receiver": party_of(body.destination), "asset": XLM, "amount": None}
    if body.path_payment_strict_receive_op or body.path_payment_strict_send_op:
        return _path_facts(body, successful=successful)
    return None


def _moved_facts(body: xdr.OperationBody, applied: OperationOutcome) -> dict[str, Any] | None:
    """Read from what was moved what the operation itself does not tell."""
    if not applied.movements:
        return None
    moved = applied.movements[0]
    issuer = moved.asset.partition(":")[2]
    facts: dict[str, Any] = {
        "sender": Party(moved.sender),
        "receiver": party_named(moved.receiver or issuer, moved.receiver_id),
        "asset": moved.asset,
        "amount": moved.amount,
        "balance_id": applied.balance_id,
    }
    if body.invoke_host_function_op is not None:
        facts["call"] = _call_of(body.invoke_host_function_op)
    return facts


def _call_of(operation: xdr.InvokeHostFunctionOp) -> Call | None:
    called = operation.host_function.invoke_contract
    if called is None:
        return None
    contract = xdr.SCVal(xdr.SCValType.SCV_ADDRESS, address=called.contract_address)
    function = scval.to_symbol(called.function_name.sc_symbol.decode())
    values = [contract, function, *called.args]
    return Call(parameters=[(_type_of(value), value.to_xdr()) for value in values])


def _type_of(value: xdr.SCVal) -> str:
    """Name a value's type as Horizon does: `Address`, `Sym`, `I128`."""
    words = value.type.name.removeprefix("SCV_").split("_")
    named = {"SYMBOL": "Sym", "STRING": "Str"}
    return "".join(named.get(word, word.capitalize()) for word in words)


def _path_facts(body: xdr.OperationBody, *, successful: bool) -> dict[str, Any]:
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
