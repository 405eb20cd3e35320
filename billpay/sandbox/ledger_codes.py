"""What became of a transaction: the network's own result codes, in Horizon's words and as result XDR.

The rules refuse in the words of the XDR enums (`NO_TRUST`); which enum that is depends on the operation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from stellar_sdk import xdr
from stellar_sdk.xdr import OperationResultCode, OperationType, TransactionResultCode

from billpay.sandbox.ledger_entries import Movement
from billpay.sandbox.ledger_envelopes import Envelope


class Refused(Exception):  # noqa: N818  a refusal is an answer, not an error
    """An operation cannot be applied; says why in the words of its result code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Family:
    """The result types of one kind of operation."""

    codes: type[IntEnum]
    result: Any
    untried: Any = None
    """What a success tells of an operation that was never tried, where a success tells anything."""

    arm: str = ""


_NOBODY = xdr.AccountID(
    xdr.PublicKey(xdr.PublicKeyType.PUBLIC_KEY_TYPE_ED25519, xdr.Uint256(bytes(32)))
)
_NOTHING = xdr.SimplePaymentResult(
    _NOBODY, xdr.Asset(xdr.AssetType.ASSET_TYPE_NATIVE), xdr.Int64(0)
)
_FAMILIES: dict[OperationType, _Family] = {
    OperationType.CREATE_ACCOUNT: _Family(xdr.CreateAccountResultCode, xdr.CreateAccountResult),
    OperationType.PAYMENT: _Family(xdr.PaymentResultCode, xdr.PaymentResult),
    OperationType.PATH_PAYMENT_STRICT_RECEIVE: _Family(
        xdr.PathPaymentStrictReceiveResultCode,
        xdr.PathPaymentStrictReceiveResult,
        xdr.PathPaymentStrictReceiveResultSuccess([], _NOTHING),
    ),
    OperationType.PATH_PAYMENT_STRICT_SEND: _Family(
        xdr.PathPaymentStrictSendResultCode,
        xdr.PathPaymentStrictSendResult,
        xdr.PathPaymentStrictSendResultSuccess([], _NOTHING),
    ),
    OperationType.SET_OPTIONS: _Family(xdr.SetOptionsResultCode, xdr.SetOptionsResult),
    OperationType.CHANGE_TRUST: _Family(xdr.ChangeTrustResultCode, xdr.ChangeTrustResult),
    OperationType.ACCOUNT_MERGE: _Family(
        xdr.AccountMergeResultCode, xdr.AccountMergeResult, xdr.Int64(0)
    ),
    OperationType.MANAGE_DATA: _Family(xdr.ManageDataResultCode, xdr.ManageDataResult),
    OperationType.BUMP_SEQUENCE: _Family(
        xdr.BumpSequenceResultCode, xdr.BumpSequenceResult, arm="bump_seq_result"
    ),
    OperationType.CREATE_CLAIMABLE_BALANCE: _Family(
        xdr.CreateClaimableBalanceResultCode,
        xdr.CreateClaimableBalanceResult,
        xdr.ClaimableBalanceID(
            xdr.ClaimableBalanceIDType.CLAIMABLE_BALANCE_ID_TYPE_V0, v0=xdr.Hash(bytes(32))
        ),
    ),
    OperationType.CLAIM_CLAIMABLE_BALANCE: _Family(
        xdr.ClaimClaimableBalanceResultCode, xdr.ClaimClaimableBalanceResult
    ),
    OperationType.CLAWBACK: _Family(xdr.ClawbackResultCode, xdr.ClawbackResult),
    OperationType.CLAWBACK_CLAIMABLE_BALANCE: _Family(
        xdr.ClawbackClaimableBalanceResultCode, xdr.ClawbackClaimableBalanceResult
    ),
    OperationType.INVOKE_HOST_FUNCTION: _Family(
        xdr.InvokeHostFunctionResultCode, xdr.InvokeHostFunctionResult, xdr.Hash(bytes(32))
    ),
    OperationType.SET_TRUST_LINE_FLAGS: _Family(
        xdr.SetTrustLineFlagsResultCode, xdr.SetTrustLineFlagsResult
    ),
}

_WORDS = {
    "txNO_ACCOUNT": "tx_no_source_account",
    "txBAD_MIN_SEQ_AGE_OR_GAP": "tx_bad_minseq_age_or_gap",
    "opNO_ACCOUNT": "op_no_source_account",
    "CREATE_ACCOUNT_ALREADY_EXIST": "op_already_exists",
    "PATH_PAYMENT_STRICT_RECEIVE_OVER_SENDMAX": "op_over_source_max",
    "PATH_PAYMENT_STRICT_SEND_UNDER_DESTMIN": "op_under_dest_min",
    "MANAGE_DATA_NAME_NOT_FOUND": "op_data_name_not_found",
    "MANAGE_DATA_INVALID_NAME": "op_data_invalid_name",
    "SET_TRUST_LINE_FLAGS_NO_TRUST_LINE": "op_no_trust",
    "INVOKE_HOST_FUNCTION_TRAPPED": "function_trapped",
}
"""Where Horizon's word is not simply the enum's (stellar/stellar-horizon, internal/codes)."""


def can_do(kind: OperationType) -> bool:
    """Whether this ledger knows the operation at all."""
    return kind in _FAMILIES


@dataclass(frozen=True)
class OperationOutcome:
    """What became of one operation."""

    kind: OperationType
    reason: str = "SUCCESS"
    """Why it was refused, in the words of its own codes (`NO_TRUST`) or of `OperationResultCode` (`opBAD_AUTH`)."""

    success: Any = None
    """What its result tells of a success, where it tells anything."""

    movements: Sequence[Movement] = ()
    """What it moved, given that the whole transaction succeeds."""

    balance_id: str | None = None
    """The claimable balance that it is about."""

    @property
    def is_success(self) -> bool:
        """Whether it could be applied."""
        return self.reason == "SUCCESS"

    @property
    def word(self) -> str:
        """The code in Horizon's words."""
        code = self._inner if self._outer is None else self._outer
        return _WORDS.get(code.name, f"op_{self.reason.removeprefix('op').lower()}")

    def to_xdr(self) -> xdr.OperationResult:
        """Write it as the network does."""
        if self._outer is not None:
            return xdr.OperationResult(self._outer)
        family = _FAMILIES[self.kind]
        result = family.result(self._inner, *([] if self.success is None else [self.success]))
        arm = family.arm or f"{self.kind.name.lower()}_result"
        return xdr.OperationResult(
            OperationResultCode.opINNER, xdr.OperationResultTr(self.kind, **{arm: result})
        )

    @property
    def _outer(self) -> OperationResultCode | None:
        return OperationResultCode.__members__.get(self.reason)

    @property
    def _inner(self) -> IntEnum:
        return _FAMILIES[self.kind].codes[f"{self.kind.name}_{self.reason}"]


def untried(kind: OperationType) -> OperationOutcome:
    """Tell of an operation that nobody got to: as the network has it, a success."""
    if kind not in _FAMILIES:
        return OperationOutcome(kind, "opNOT_SUPPORTED")
    return OperationOutcome(kind, success=_FAMILIES[kind].untried)


@dataclass(frozen=True)
class TransactionOutcome:
    """What became of a transaction, whether a ledger has it or it was refused at the door."""

    code: TransactionResultCode
    fee_charged: int = 0
    operations: Sequence[OperationOutcome] = ()
    is_about_wrapping: bool = False
    """Whether a fee bump failed for its own reasons and not for those of the transaction in it."""

    @property
    def is_success(self) -> bool:
        """Whether everything in it was applied."""
        return self.code is TransactionResultCode.txSUCCESS

    def words(self, envelope: Envelope) -> dict[str, Any]:
        """Answer Horizon's `result_codes`."""
        word = _word_of(self.code)
        words: dict[str, Any] = {"transaction": word}
        if envelope.bump and not self.is_about_wrapping:
            wrapping = "success" if self.is_success else "failed"
            words = {"transaction": f"tx_fee_bump_inner_{wrapping}", "inner_transaction": word}
        if self._has_operations:
            words["operations"] = [outcome.word for outcome in self.operations]
        return words

    def to_xdr(self, envelope: Envelope) -> str:
        """Write the TransactionResult in base64."""
        if envelope.bump and not self.is_about_wrapping:
            result = self._wrapped(envelope)
        else:
            result = xdr.TransactionResultResult(self.code, results=self._results)
        return xdr.TransactionResult(
            xdr.Int64(self.fee_charged), result, xdr.TransactionResultExt(0)
        ).to_xdr()

    @property
    def _has_operations(self) -> bool:
        return self.code in (TransactionResultCode.txSUCCESS, TransactionResultCode.txFAILED)

    @property
    def _results(self) -> list[xdr.OperationResult] | None:
        return [outcome.to_xdr() for outcome in self.operations] if self._has_operations else None

    def _wrapped(self, envelope: Envelope) -> xdr.TransactionResultResult:
        inner = xdr.InnerTransactionResult(
            xdr.Int64(0),
            xdr.InnerTransactionResultResult(self.code, results=self._results),
            xdr.InnerTransactionResultExt(0),
        )
        code = (
            TransactionResultCode.txFEE_BUMP_INNER_SUCCESS
            if self.is_success
            else TransactionResultCode.txFEE_BUMP_INNER_FAILED
        )
        pair = xdr.InnerTransactionResultPair(xdr.Hash(envelope.body_hash), inner)
        return xdr.TransactionResultResult(code, inner_result_pair=pair)


def _word_of(code: TransactionResultCode) -> str:
    return _WORDS.get(code.name, f"tx_{code.name.removeprefix('tx').lower()}")
