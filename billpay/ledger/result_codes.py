"""What a transaction's result says, in Horizon's words for the codes (its `internal/codes`).

Horizon spells them out for a refused submission only; of a transaction that is in a ledger it gives the XDR.
"""

from collections.abc import Iterator

from stellar_sdk import xdr

UNREADABLE = "unreadable_result"
"""Stands for a result in a protocol newer than our XDR: failed, and we cannot say why."""

_TRANSACTION_WORDS = {
    xdr.TransactionResultCode.txNO_ACCOUNT: "tx_no_source_account",
    xdr.TransactionResultCode.txBAD_MIN_SEQ_AGE_OR_GAP: "tx_bad_minseq_age_or_gap",
}
_OPERATION_WORDS = {xdr.OperationResultCode.opNO_ACCOUNT: "op_no_source_account"}
"""Where Horizon's word is not the code's own name in lower case."""


def result_codes(result_xdr: str) -> tuple[str, ...]:
    """Read the codes of a result: the transaction's, the wrapped transaction's if any, then the operations'."""
    try:
        return tuple(_words(xdr.TransactionResult.from_xdr(result_xdr).result))
    except Exception:  # noqa: BLE001  XDR of a newer protocol fails in every way there is
        return (UNREADABLE,)


def _words(
    result: xdr.TransactionResultResult | xdr.InnerTransactionResultResult,
) -> Iterator[str]:
    yield _transaction_word(result.code)
    if isinstance(result, xdr.TransactionResultResult) and result.inner_result_pair is not None:
        yield from _words(result.inner_result_pair.result.result)
    for operation in result.results or []:
        yield _operation_word(operation)


def _transaction_word(code: xdr.TransactionResultCode) -> str:
    return _TRANSACTION_WORDS.get(code) or "tx_" + code.name.removeprefix("tx").lower()


def _operation_word(operation: xdr.OperationResult) -> str:
    if operation.code is not xdr.OperationResultCode.opINNER or operation.tr is None:
        return (
            _OPERATION_WORDS.get(operation.code)
            or "op_" + operation.code.name.removeprefix("op").lower()
        )
    for prefix, result in (
        ("PAYMENT_", operation.tr.payment_result),
        ("CREATE_CLAIMABLE_BALANCE_", operation.tr.create_claimable_balance_result),
        ("CLAIM_CLAIMABLE_BALANCE_", operation.tr.claim_claimable_balance_result),
        ("CREATE_ACCOUNT_", operation.tr.create_account_result),
    ):
        if result is not None:
            return "op_" + result.code.name.removeprefix(prefix).lower()
    # No transaction of ours holds any other operation.
    return UNREADABLE
