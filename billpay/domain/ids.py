"""Every id this service makes or parses; the name says who minted it.

Ids are derived from what they name, so that a repeated step makes the same id and the other side sees a
repetition instead of a second wish. Only orders get a fresh one.
"""

import hashlib
import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

MEMO_PREFIX = "BILL-"
MEMO_LIMIT_BYTES = 28
"""A Stellar text memo's limit (developers.stellar.org, "Memos"); `BILL-` and a plain UUID would be 41."""

LAGOS = ZoneInfo("Africa/Lagos")
WATCHER_WORKFLOW_ID = "watch-payments"
REFRESH_SCHEDULE_ID = "refresh-catalogue"
REFRESH_WORKFLOW_ID = "refresh-catalogue"
"""Of a refresh that a person asks for; those of the schedule carry their time behind it."""

FOLLOW_UP_SCHEDULE_ID = "follow-up"
FOLLOW_UP_WORKFLOW_ID = "follow-up"
CLAIMABLES_SCHEDULE_ID = "track-claimables"
CLAIMABLES_WORKFLOW_ID = "track-claimables"
AUDIT_SCHEDULE_ID = "audit-ledger"
AUDIT_WORKFLOW_ID = "audit-ledger"
RECONCILE_SCHEDULE_ID = "reconcile"
RECONCILE_WORKFLOW_ID = "reconcile"

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_CODE_LENGTH = 22
"""Base58 characters that hold 128 bits."""

_ALIAS_BYTES = 8
_LARGEST_ALIAS = (1 << 63) - 1

_ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
_REQUEST_SUFFIX_LENGTH = 12


def new_transaction_id() -> uuid.UUID:
    """Mint the id of a new order."""
    return uuid.uuid4()  # noqa: TID251  this is the one place


def memo_of(transaction_id: uuid.UUID) -> str:
    """Write the memo that names an order: 27 bytes, decodable without a look-up.

    The migration's SQL function `bill_memo` computes the same for rows inserted by hand.
    """
    rest, code = transaction_id.int, ""
    for _ in range(_CODE_LENGTH):
        rest, digit = divmod(rest, len(_BASE58))
        code = _BASE58[digit] + code
    return MEMO_PREFIX + code


def transaction_id_from_memo(memo: bytes) -> uuid.UUID | None:
    """Read the order's id from raw memo bytes; None unless they are exactly what `memo_of` writes.

    Nothing is trimmed, folded or guessed: a look-alike memo belongs to nobody.
    """
    try:
        text = memo.decode("ascii")
    except UnicodeDecodeError:
        return None
    code = text.removeprefix(MEMO_PREFIX)
    if not text.startswith(MEMO_PREFIX) or len(code) != _CODE_LENGTH or set(code) - set(_BASE58):
        return None
    value = 0
    for character in code:
        value = value * len(_BASE58) + _BASE58.index(character)
    return uuid.UUID(int=value) if value < 1 << 128 else None


def alias_of(transaction_id: uuid.UUID) -> int:
    """Number an order for payers whose wallet sends no text: 63 bits, so that no ledger and no database minds.

    It cannot be turned back, so it is looked up. The migration's SQL function `bill_alias` computes the same.
    """
    digest = hashlib.sha256(transaction_id.bytes).digest()
    return int.from_bytes(digest[:_ALIAS_BYTES]) & _LARGEST_ALIAS or 1


def watcher_task_queue(task_queue: str) -> str:
    """Name the watcher's own queue, so that no crowd of payments can keep it from a slot."""
    return f"{task_queue}-watcher"


def refund_task_queue(task_queue: str) -> str:
    """Name the refunds' own queue, served by whoever holds the wallet's key."""
    return f"{task_queue}-refunds"


def bill_workflow_id(transaction_id: uuid.UUID) -> str:
    """Name the one workflow of an order, started for the deposit that claims it."""
    return f"bill-{transaction_id}"


def deposit_workflow_id(operation_id: str) -> str:
    """Name the one workflow of a deposit that claims no order."""
    return f"deposit-{operation_id}"


def request_id(workflow_id: str, attempt_number: int, opened_at: datetime) -> str:
    """Mint the id under which a provider hears of one attempt.

    Starts with Lagos date and time to the minute, as VTPass demands (vtpass.com/documentation/buying-services),
    and ends in a digest of workflow id and attempt number: never of the run id, since a reset makes a new run.
    """
    digest = int.from_bytes(hashlib.sha256(f"{workflow_id}:{attempt_number}".encode()).digest())
    suffix = ""
    for _ in range(_REQUEST_SUFFIX_LENGTH):
        digest, index = divmod(digest, len(_ALPHANUMERIC))
        suffix += _ALPHANUMERIC[index]
    return opened_at.astimezone(LAGOS).strftime("%Y%m%d%H%M") + suffix


def refund_id(operation_id: str, purpose: str) -> str:
    """Name the one refund of a deposit for one purpose (`whole` or `excess`)."""
    return f"refund-{operation_id}-{purpose}"


def message_id(subject_id: str, kind: str, edition: int = 1) -> str:
    """Name one notification; a resend is a new edition of the same kind."""
    return f"{subject_id}:{kind}:{edition}"
