"""Horizon's word on the network, an account and a transaction, read into ours."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billpay.domain.money import Stroops
from billpay.failures import Unavailable
from billpay.ledger.base import (
    AppliedTransaction,
    ClaimableBalance,
    FeeStats,
    LedgerAccount,
    LedgerTip,
)
from billpay.ledger.result_codes import result_codes
from billpay.ledger.shapes import (
    ADDRESS,
    DIGITS,
    HASH,
    Document,
    UnexpectedShapeError,
    amount,
    member,
    members,
    moment,
    number,
    text,
    truth,
    unsigned,
)

_MEMO_REQUIRED = "config.memo_required"
_MEMO_REQUIRED_YES = base64.b64encode(b"1").decode()


@dataclass(frozen=True, kw_only=True)
class OurAsset:
    """The one asset that counts: both halves exactly, upper and lower case included (I23)."""

    code: str
    issuer: str

    def is_in(self, document: Mapping[str, Any]) -> bool:
        """Whether a payment, a balance or a movement is of this asset."""
        named = (document.get("asset_code"), document.get("asset_issuer"))
        return named == (self.code, self.issuer)


def unbelievable(what: str, error: UnexpectedShapeError) -> Unavailable:
    """Say that an answer is not what it should be; asking again may help, guessing never does."""
    return Unavailable(f"Horizon gave an answer that is no {what}: {error}")


def read_tip(document: Document) -> LedgerTip:
    """Read Horizon's root document.

    Raises:
        Unavailable: it is something else, or the server has read no ledger yet.
    """
    try:
        tip = LedgerTip(
            ledger=number(document, "history_latest_ledger"),
            closed_at=moment(document, "history_latest_ledger_closed_at"),
            oldest_ledger=number(document, "history_elder_ledger"),
            network_passphrase=text(document, "network_passphrase"),
        )
    except UnexpectedShapeError as error:
        raise unbelievable("root document", error) from error
    if tip.ledger < 1:
        raise Unavailable("Horizon has not read any ledger yet")
    return tip


def read_account(document: Document, asset: OurAsset, as_of_ledger: int | None) -> LedgerAccount:
    """Read an account and what it may do with our asset.

    Raises:
        Unavailable: it is no account.
    """
    try:
        lines = [line for line in members(document, "balances") if asset.is_in(line)]
        return LedgerAccount(
            address=text(document, "account_id", ADDRESS),
            sequence=int(text(document, "sequence", DIGITS)),
            can_receive=any(truth(line, "is_authorized") for line in lines),
            demands_memo=_demands_memo(document),
            balance=Stroops(sum(_spendable(line) for line in lines)),
            holding=Stroops(sum(amount(line, "balance") for line in lines)),
            native_balance=_native(document),
            as_of_ledger=as_of_ledger,
        )
    except UnexpectedShapeError as error:
        raise unbelievable("account", error) from error


def read_transaction(document: Document) -> AppliedTransaction:
    """Read a transaction that is in a ledger.

    Raises:
        Unavailable: it is no transaction.
    """
    try:
        is_successful = truth(document, "successful")
        return AppliedTransaction(
            transaction_hash=text(document, "hash", HASH),
            ledger=number(document, "ledger"),
            successful=is_successful,
            result_codes=() if is_successful else result_codes(text(document, "result_xdr")),
        )
    except UnexpectedShapeError as error:
        raise unbelievable("transaction", error) from error


def read_meant_transaction(document: Document, transaction_hash: str) -> AppliedTransaction:
    """Read a transaction, and believe it only if it is the one that was meant.

    Raises:
        Unavailable: it is another one, or none.
    """
    applied = read_transaction(document)
    if applied.transaction_hash != transaction_hash:
        raise Unavailable("Horizon answered with another transaction than the one meant")
    return applied


def read_fee_stats(document: Document) -> FeeStats | None:
    """Read what inclusion costs; None where an old server tells it in other words.

    Raises:
        Unavailable: it is no such document.
    """
    if "fee_charged" not in document:
        return None
    try:
        charged = member(document, "fee_charged")
        return FeeStats(
            base=unsigned(document, "last_ledger_base_fee"),
            usual=unsigned(charged, "p90"),
            surge=unsigned(charged, "p99"),
        )
    except UnexpectedShapeError as error:
        raise unbelievable("statement of fees", error) from error


def read_claimable_balance(document: Document, balance_id: str) -> ClaimableBalance:
    """Read a claimable balance, and believe it only if it is the one that was meant.

    Raises:
        Unavailable: it is another one, or none.
    """
    try:
        found = ClaimableBalance(
            balance_id=text(document, "id"),
            amount=amount(document, "amount"),
            claimants=tuple(
                text(claimant, "destination", ADDRESS)
                for claimant in members(document, "claimants")
            ),
        )
    except UnexpectedShapeError as error:
        raise unbelievable("claimable balance", error) from error
    if found.balance_id != balance_id:
        raise Unavailable("Horizon answered with another claimable balance than the one meant")
    return found


def _spendable(line: Document) -> int:
    """Answer a holding without what open offers have promised to others."""
    promised = amount(line, "selling_liabilities") if "selling_liabilities" in line else 0
    return amount(line, "balance") - promised


def _native(document: Document) -> Stroops:
    native = [b for b in members(document, "balances") if b.get("asset_type") == "native"]
    return Stroops(sum(amount(line, "balance") for line in native))


def _demands_memo(document: Document) -> bool:
    """Whether the account carries SEP-29's entry with its one meaning value."""
    entries = document.get("data")
    return isinstance(entries, dict) and entries.get(_MEMO_REQUIRED) == _MEMO_REQUIRED_YES
