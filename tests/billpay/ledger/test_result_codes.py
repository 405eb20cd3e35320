"""What a result's XDR says, in Horizon's words."""

import base64

import pytest
from stellar_sdk import xdr
from stellar_sdk.xdr import OperationResultCode, PaymentResultCode, TransactionResultCode

from billpay.ledger.result_codes import UNREADABLE, result_codes


def paid(code):
    payment = xdr.OperationResultTr(
        xdr.OperationType.PAYMENT, payment_result=xdr.PaymentResult(code)
    )
    return xdr.OperationResult(OperationResultCode.opINNER, payment)


def result(code, *operations, inner=None):
    listed = list(operations)
    body = xdr.TransactionResultResult(code, inner_result_pair=inner, results=listed)
    return xdr.TransactionResult(xdr.Int64(100), body, xdr.TransactionResultExt(0)).to_xdr()


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (PaymentResultCode.PAYMENT_SUCCESS, "op_success"),
        (PaymentResultCode.PAYMENT_MALFORMED, "op_malformed"),
        (PaymentResultCode.PAYMENT_UNDERFUNDED, "op_underfunded"),
        (PaymentResultCode.PAYMENT_SRC_NO_TRUST, "op_src_no_trust"),
        (PaymentResultCode.PAYMENT_SRC_NOT_AUTHORIZED, "op_src_not_authorized"),
        (PaymentResultCode.PAYMENT_NO_DESTINATION, "op_no_destination"),
        (PaymentResultCode.PAYMENT_NO_TRUST, "op_no_trust"),
        (PaymentResultCode.PAYMENT_NOT_AUTHORIZED, "op_not_authorized"),
        (PaymentResultCode.PAYMENT_LINE_FULL, "op_line_full"),
        (PaymentResultCode.PAYMENT_NO_ISSUER, "op_no_issuer"),
    ],
)
def test_a_payments_code_is_named_as_horizon_names_it(code, word):
    assert result_codes(result(TransactionResultCode.txFAILED, paid(code))) == ("tx_failed", word)


def made(kind, **result):
    return xdr.OperationResult(OperationResultCode.opINNER, xdr.OperationResultTr(kind, **result))


def test_what_else_the_treasury_does_is_named_as_horizon_names_it():
    create, claim = (
        xdr.CreateClaimableBalanceResultCode.CREATE_CLAIMABLE_BALANCE_LOW_RESERVE,
        xdr.ClaimClaimableBalanceResultCode.CLAIM_CLAIMABLE_BALANCE_DOES_NOT_EXIST,
    )
    operations = [
        made(
            xdr.OperationType.CREATE_CLAIMABLE_BALANCE,
            create_claimable_balance_result=xdr.CreateClaimableBalanceResult(create),
        ),
        made(
            xdr.OperationType.CLAIM_CLAIMABLE_BALANCE,
            claim_claimable_balance_result=xdr.ClaimClaimableBalanceResult(claim),
        ),
        made(
            xdr.OperationType.CREATE_ACCOUNT,
            create_account_result=xdr.CreateAccountResult(
                xdr.CreateAccountResultCode.CREATE_ACCOUNT_ALREADY_EXIST
            ),
        ),
    ]
    assert result_codes(result(TransactionResultCode.txFAILED, *operations)) == (
        "tx_failed",
        "op_low_reserve",
        "op_does_not_exist",
        "op_already_exist",
    )


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (OperationResultCode.opBAD_AUTH, "op_bad_auth"),
        (OperationResultCode.opNO_ACCOUNT, "op_no_source_account"),
        (OperationResultCode.opNOT_SUPPORTED, "op_not_supported"),
    ],
)
def test_an_operation_that_was_not_even_tried_is_named(code, word):
    failed = result(TransactionResultCode.txFAILED, xdr.OperationResult(code))
    assert result_codes(failed) == ("tx_failed", word)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (TransactionResultCode.txBAD_SEQ, "tx_bad_seq"),
        (TransactionResultCode.txNO_ACCOUNT, "tx_no_source_account"),
        (TransactionResultCode.txBAD_MIN_SEQ_AGE_OR_GAP, "tx_bad_minseq_age_or_gap"),
        (TransactionResultCode.txINTERNAL_ERROR, "tx_internal_error"),
    ],
)
def test_a_transactions_code_is_named_as_horizon_names_it(code, word):
    assert result_codes(result(code)) == (word,)


def test_a_wrapped_transaction_tells_its_own_codes_behind_its_wrappers():
    """Fault 18: whoever sees our envelope may pay a higher fee for it."""
    inner = xdr.InnerTransactionResult(
        xdr.Int64(100),
        xdr.InnerTransactionResultResult(
            TransactionResultCode.txFAILED,
            results=[paid(PaymentResultCode.PAYMENT_LINE_FULL)],
        ),
        xdr.InnerTransactionResultExt(0),
    )
    pair = xdr.InnerTransactionResultPair(xdr.Hash(bytes(32)), inner)
    wrapped = result(TransactionResultCode.txFEE_BUMP_INNER_FAILED, inner=pair)
    assert result_codes(wrapped) == ("tx_fee_bump_inner_failed", "tx_failed", "op_line_full")


def test_an_operation_that_is_not_ours_has_no_word_here():
    merge = xdr.AccountMergeResult(xdr.AccountMergeResultCode.ACCOUNT_MERGE_MALFORMED)
    operation = xdr.OperationResultTr(xdr.OperationType.ACCOUNT_MERGE, account_merge_result=merge)
    failed = result(
        TransactionResultCode.txFAILED, xdr.OperationResult(OperationResultCode.opINNER, operation)
    )
    assert result_codes(failed) == ("tx_failed", UNREADABLE)


@pytest.mark.parametrize(
    "text", ["", "AAAA", "no base64", base64.b64encode(bytes(8) + b"\xff\xff\x00\x00").decode()]
)
def test_what_this_protocol_does_not_know_is_said_to_be_unreadable(text):
    assert result_codes(text) == (UNREADABLE,)
