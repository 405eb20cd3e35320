"""Whether an envelope may enter a ledger, and what it does there: core's rules, in core's order.

What is refused at the door costs nothing. What got in pays its fee and uses up its sequence number, whether its
operations succeed or not; they succeed all or not at all (stellar/stellar-core, TransactionFrame).
"""

from collections.abc import Callable
from typing import Any

from stellar_sdk import xdr
from stellar_sdk.xdr import OperationType, TransactionResultCode

from billpay.sandbox.ledger_claimables import claim, claw_back_claimable, set_aside
from billpay.sandbox.ledger_codes import (
    OperationOutcome,
    Refused,
    TransactionOutcome,
    can_do,
    untried,
)
from billpay.sandbox.ledger_contracts import call
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import Account
from billpay.sandbox.ledger_envelopes import Envelope, Signatures
from billpay.sandbox.ledger_options import (
    bump_sequence,
    change_trust,
    claw_back,
    manage_data,
    set_options,
    set_trustline_flags,
)
from billpay.sandbox.ledger_payments import (
    check_amounts,
    create_account,
    merge_account,
    pay,
    pay_exactly,
    send_exactly,
)
from billpay.sandbox.ledger_place import Place

_LOW = frozenset(
    {
        OperationType.BUMP_SEQUENCE,
        OperationType.SET_TRUST_LINE_FLAGS,
        OperationType.CLAIM_CLAIMABLE_BALANCE,
    }
)
_HIGH = frozenset({OperationType.ACCOUNT_MERGE, OperationType.SET_OPTIONS})
_OPERATIONS_MAX = 100


class _Shut(Exception):  # noqa: N818  a refusal is an answer, not an error
    """The envelope may not enter; carries the outcome that says why."""

    def __init__(self, code: TransactionResultCode, **told: Any) -> None:
        super().__init__(code)
        self.outcome = TransactionOutcome(code, **told)


def refusal_of(envelope: Envelope, draft: Draft, price: int) -> TransactionOutcome | None:
    """Say why an envelope may not be in the draft's ledger, where an operation costs this much; None where it may.

    The time is checked before the sequence number, so a transaction that is long applied is answered `tx_too_late`.
    """
    try:
        if envelope.bump is not None:
            _check_wrapping(envelope, draft, price)
        _check_conditions(envelope, draft, price)
        _check_source(envelope, draft)
        _check_operations(envelope, draft)
    except _Shut as shut:
        return shut.outcome
    return None


def apply(envelope: Envelope, draft: Draft, price: int) -> TransactionOutcome:
    """Write what the envelope does into the draft, given that it may be in its ledger at this price."""
    fee = envelope.fee_at(price)
    payer = _known(draft, envelope.fee_payer.address)
    draft.put(payer.changed(xlm=payer.xlm - fee))
    source = _known(draft, envelope.source.address)
    used = {
        "sequence": envelope.sequence,
        "sequence_ledger": draft.ledger,
        "sequence_time": draft.close_time,
    }
    draft.put(source.changed(**used))
    body = draft.branch()
    outcomes = [_outcome(envelope, number, body) for number in range(envelope.operation_count)]
    if not all(outcome.is_success for outcome in outcomes):
        return TransactionOutcome(TransactionResultCode.txFAILED, fee, outcomes)
    draft.merge(body)
    return TransactionOutcome(TransactionResultCode.txSUCCESS, fee, outcomes)


def _check_wrapping(envelope: Envelope, draft: Draft, price: int) -> None:
    """Check a fee bump's own account, fee and signatures."""

    def shut(code: TransactionResultCode, fee_charged: int = 0) -> _Shut:
        return _Shut(code, fee_charged=fee_charged, is_about_wrapping=True)

    bump, fee = envelope.bump, envelope.fee_at(price)
    if bump is None:
        return
    inner_bid, inner_units = envelope.body.fee.uint32, envelope.operation_count
    is_below_inner = bump.fee_bid * max(inner_units, 1) < inner_bid * envelope.fee_units
    if bump.fee_bid < fee or is_below_inner:
        raise shut(TransactionResultCode.txINSUFFICIENT_FEE, fee)
    payer = draft.find(bump.payer.address)
    if payer is None:
        raise shut(TransactionResultCode.txNO_ACCOUNT)
    signatures = Signatures(bump.transaction_hash, bump.signatures)
    if not signatures.satisfy(payer, payer.low_threshold):
        raise shut(TransactionResultCode.txBAD_AUTH)
    if payer.spendable_xlm < bump.fee_bid:
        raise shut(TransactionResultCode.txINSUFFICIENT_BALANCE)
    if not signatures.are_all_used:
        raise shut(TransactionResultCode.txBAD_AUTH_EXTRA)


def _check_conditions(envelope: Envelope, draft: Draft, price: int) -> None:
    """Check what can be checked without looking at any account."""
    if not envelope.operation_count:
        raise _Shut(TransactionResultCode.txMISSING_OPERATION)
    if envelope.operation_count > _OPERATIONS_MAX or not _is_consistent(envelope):
        raise _Shut(TransactionResultCode.txMALFORMED)
    if envelope.body.cond.v2 and _is_exotic(envelope.body.cond.v2):
        raise _Shut(TransactionResultCode.txNOT_SUPPORTED)
    _check_bounds(envelope, draft)
    fee = envelope.fee_at(price)
    if envelope.bump is None and envelope.fee_bid < fee:
        raise _Shut(TransactionResultCode.txINSUFFICIENT_FEE, fee_charged=fee)


def _is_consistent(envelope: Envelope) -> bool:
    """Whether a contract's call stands alone and says what it may use, and nothing else does."""
    kinds = [operation.body.type for operation in envelope.body.operations]
    has_call = OperationType.INVOKE_HOST_FUNCTION in kinds
    return has_call == envelope.has_resources and (not has_call or len(kinds) == 1)


def _check_bounds(envelope: Envelope, draft: Draft) -> None:
    ledger, close_time = draft.ledger, draft.close_time
    times, ledgers = envelope.time_bounds, envelope.ledger_bounds
    earliest = times.min_time.time_point.uint64 if times else 0
    latest = times.max_time.time_point.uint64 if times else 0
    first = ledgers.min_ledger.uint32 if ledgers else 0
    end = ledgers.max_ledger.uint32 if ledgers else 0
    if close_time < earliest or ledger < first:
        raise _Shut(TransactionResultCode.txTOO_EARLY)
    if (latest and latest < close_time) or (end and end <= ledger):
        raise _Shut(TransactionResultCode.txTOO_LATE)


def _is_exotic(conditions: xdr.PreconditionsV2) -> bool:
    """Whether there are conditions that this ledger does not know."""
    return bool(
        conditions.min_seq_num
        or conditions.min_seq_age.duration.uint64
        or conditions.min_seq_ledger_gap.uint32
        or conditions.extra_signers
    )


def _check_source(envelope: Envelope, draft: Draft) -> None:
    source = draft.find(envelope.source.address)
    if source is None:
        raise _Shut(TransactionResultCode.txNO_ACCOUNT)
    if envelope.sequence != source.sequence + 1:
        raise _Shut(TransactionResultCode.txBAD_SEQ)


def _check_operations(envelope: Envelope, draft: Draft) -> None:
    """Check signatures, whether the account covers its bid, and whether each operation makes sense at all."""
    signatures = Signatures(envelope.body_hash, envelope.signatures)
    source = _known(draft, envelope.source.address)
    if not signatures.satisfy(source, source.low_threshold):
        raise _Shut(TransactionResultCode.txBAD_AUTH)
    if envelope.bump is None and source.spendable_xlm < envelope.fee_bid:
        raise _Shut(TransactionResultCode.txINSUFFICIENT_BALANCE)
    operations = envelope.body.operations
    for number, operation in enumerate(operations):
        reason = _senseless(Place(envelope, number, draft), signatures)
        if reason is not None:
            outcomes = [untried(other.body.type) for other in operations]
            outcomes[number] = OperationOutcome(operation.body.type, reason)
            raise _Shut(TransactionResultCode.txFAILED, operations=outcomes)
    if not signatures.are_all_used:
        raise _Shut(TransactionResultCode.txBAD_AUTH_EXTRA)


def _senseless(place: Place, signatures: Signatures) -> str | None:
    operation = place.operation
    if not can_do(operation.body.type):
        return "opNOT_SUPPORTED"
    account = place.draft.find(place.source)
    if account is None:
        return "opNO_ACCOUNT"
    if not signatures.satisfy(account, _threshold(account, operation)):
        return "opBAD_AUTH"
    try:
        check_amounts(operation.body)
    except Refused as refused:
        return refused.reason
    return None


def _threshold(account: Account, operation: xdr.Operation) -> int:
    if operation.body.type in _LOW:
        return account.low_threshold
    return account.high_threshold if operation.body.type in _HIGH else account.medium_threshold


def _outcome(envelope: Envelope, number: int, body: Draft) -> OperationOutcome:
    """Apply one operation; a refused one leaves nothing behind, and those after it are tried all the same."""
    step = body.branch()
    place = Place(envelope, number, step)
    operation = place.operation.body
    try:
        success = _DO[operation.type](place, operation)
    except Refused as refused:
        return OperationOutcome(operation.type, refused.reason)
    body.merge(step)
    balance_id = next(iter(step.claimables), None)
    return OperationOutcome(operation.type, "SUCCESS", success, step.movements, balance_id)


def _known(draft: Draft, address: str) -> Account:
    """Look up an account that was seen in this draft before."""
    account = draft.find(address)
    if account is None:
        raise LookupError(f"{address} is gone from the draft")
    return account


_Do = Callable[[Place, xdr.OperationBody], Any]


def _at_place(do: Callable[[Place, Any], Any], arm: str) -> _Do:
    """Let an operation work where it stands."""
    return lambda place, body: do(place, getattr(body, arm))


def _for_source(do: Callable[[Draft, str, Any], Any], arm: str) -> _Do:
    """Let an operation work on behalf of its source."""
    return lambda place, body: do(place.draft, place.source, getattr(body, arm))


def _on_account(do: Callable[[Draft, Account, Any], None], arm: str) -> _Do:
    """Let an operation work on its source's account."""
    return lambda place, body: do(place.draft, place.account(), getattr(body, arm))


_DO: dict[OperationType, _Do] = {
    OperationType.CREATE_ACCOUNT: _for_source(create_account, "create_account_op"),
    OperationType.PAYMENT: _for_source(pay, "payment_op"),
    OperationType.PATH_PAYMENT_STRICT_RECEIVE: _for_source(
        pay_exactly, "path_payment_strict_receive_op"
    ),
    OperationType.PATH_PAYMENT_STRICT_SEND: _for_source(
        send_exactly, "path_payment_strict_send_op"
    ),
    OperationType.ACCOUNT_MERGE: _for_source(merge_account, "destination"),
    OperationType.SET_OPTIONS: _on_account(set_options, "set_options_op"),
    OperationType.CHANGE_TRUST: _on_account(change_trust, "change_trust_op"),
    OperationType.MANAGE_DATA: _on_account(manage_data, "manage_data_op"),
    OperationType.BUMP_SEQUENCE: _on_account(bump_sequence, "bump_sequence_op"),
    OperationType.CREATE_CLAIMABLE_BALANCE: _at_place(set_aside, "create_claimable_balance_op"),
    OperationType.CLAIM_CLAIMABLE_BALANCE: _at_place(claim, "claim_claimable_balance_op"),
    OperationType.CLAWBACK: _on_account(claw_back, "clawback_op"),
    OperationType.CLAWBACK_CLAIMABLE_BALANCE: _at_place(
        claw_back_claimable, "clawback_claimable_balance_op"
    ),
    OperationType.SET_TRUST_LINE_FLAGS: _on_account(set_trustline_flags, "set_trust_line_flags_op"),
    OperationType.INVOKE_HOST_FUNCTION: _at_place(call, "invoke_host_function_op"),
}
