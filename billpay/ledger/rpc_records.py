"""A Stellar RPC server's word on how far it has read, on a transaction and on fees, read into ours."""

from datetime import UTC, datetime

from billpay.failures import Unavailable
from billpay.ledger.base import AppliedTransaction, FeeStats, LedgerTip
from billpay.ledger.result_codes import result_codes
from billpay.ledger.shapes import (
    Document,
    UnexpectedShapeError,
    member,
    number,
    text,
    unsigned,
)

BASE_FEE_STROOPS = 100
"""The network's minimum for an operation, which RPC does not tell."""

_YEAR_9999 = 253_402_300_799


def unbelievable(what: str, error: UnexpectedShapeError) -> Unavailable:
    """Say that an answer is not what it should be; asking again may help, guessing never does."""
    return Unavailable(f"Stellar RPC gave an answer that is no {what}: {error}")


def read_tip(document: Document, network: Document) -> LedgerTip:
    """Read how far the server has read from its answer about a transaction, and which network from another.

    Raises:
        Unavailable: it is something else, or the server has read no ledger yet.
    """
    oldest, latest = read_range(document)
    try:
        tip = LedgerTip(
            ledger=latest,
            closed_at=_moment(document, "latestLedgerCloseTime"),
            oldest_ledger=oldest,
            network_passphrase=text(network, "passphrase"),
            oldest_closed_at=_moment(document, "oldestLedgerCloseTime"),
        )
    except UnexpectedShapeError as error:
        raise unbelievable("statement of how far it has read", error) from error
    if tip.ledger < 1:
        raise Unavailable("Stellar RPC has not read any ledger yet")
    return tip


def read_range(document: Document) -> tuple[int, int]:
    """Read the oldest and the newest ledger that the server has.

    Raises:
        Unavailable: it does not say.
    """
    try:
        return number(document, "oldestLedger"), number(document, "latestLedger")
    except UnexpectedShapeError as error:
        raise unbelievable("statement of how far it has read", error) from error


def read_transaction(document: Document, transaction_hash: str) -> AppliedTransaction | None:
    """Read what became of a transaction.

    Raises:
        Unavailable: it is another one than the one meant, or none.
    """
    is_successful = read_success(document, transaction_hash)
    if is_successful is None:
        return None
    try:
        return AppliedTransaction(
            transaction_hash=transaction_hash,
            ledger=number(document, "ledger"),
            successful=is_successful,
            result_codes=() if is_successful else result_codes(text(document, "resultXdr")),
        )
    except UnexpectedShapeError as error:
        raise unbelievable("transaction", error) from error


def read_success(document: Document, transaction_hash: str) -> bool | None:
    """Read whether a transaction succeeded; None where the server does not know it.

    Raises:
        Unavailable: it is another one than the one meant, or none.
    """
    status = document.get("status")
    if status == "NOT_FOUND":
        return None
    if status not in ("SUCCESS", "FAILED"):
        raise Unavailable("Stellar RPC does not say what became of a transaction")
    if document.get("txHash") != transaction_hash:
        raise Unavailable("Stellar RPC answered with another transaction than the one meant")
    return bool(status == "SUCCESS")


def read_fee_stats(document: Document) -> FeeStats:
    """Read what inclusion costs; where nobody has paid lately, it costs the minimum.

    Raises:
        Unavailable: it is no such document.
    """
    try:
        paid = member(document, "inclusionFee")
        least, usual, surge = (unsigned(paid, part) for part in ("min", "p90", "p99"))
    except UnexpectedShapeError as error:
        raise unbelievable("statement of fees", error) from error
    return FeeStats(
        base=max(BASE_FEE_STROOPS, least),
        usual=max(BASE_FEE_STROOPS, usual),
        surge=max(BASE_FEE_STROOPS, surge),
    )


def read_first_busy_ledger(document: Document) -> int | None:
    """Answer from which ledger on a statement of fees has counted transactions; None where there were none.

    Raises:
        Unavailable: it is no such document.
    """
    try:
        paid, latest = member(document, "inclusionFee"), number(document, "latestLedger")
        count, ledgers = _whole(paid, "transactionCount"), _whole(paid, "ledgerCount")
    except UnexpectedShapeError as error:
        raise unbelievable("statement of fees", error) from error
    return max(1, latest - ledgers + 1) if count else None


def _moment(document: Document, name: str) -> datetime:
    seconds = _whole(document, name)
    if not 0 < seconds <= _YEAR_9999:
        raise UnexpectedShapeError(f"{name!r} is no point in time")
    return datetime.fromtimestamp(seconds, UTC)


def _whole(document: Document, name: str) -> int:
    """Answer a whole number, which is written as text in some answers and as a number in others."""
    if isinstance(document.get(name), str):
        return unsigned(document, name)
    return number(document, name)
