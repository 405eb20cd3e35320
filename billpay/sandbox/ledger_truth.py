"""The ledger's hidden truth, for whoever checks what others say of it: every movement, every balance, every claim."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_entries import Claimable, Movement
from billpay.sandbox.ledger_genesis import CNGN
from billpay.sandbox.ledger_history import Found


def truth_json(ledger: Ledger) -> dict[str, Any]:
    """Tell everything that changed hands, in order; who holds how much cNGN; and what is, or was, claimable."""
    ledger.newest_ledger()
    found = ledger.history.payments()
    return {
        "payments": [row for one in found for row in _movements(one)],
        "balances": _balances(ledger),
        "claimable_balances": [_claimable(one) for one in ledger.claimables.all()],
    }


def _movements(found: Found) -> Iterator[dict[str, Any]]:
    """Tell an operation's movements; the second of one asset to one receiver gets `-1` behind the operation's id.

    What the issuer took back without asking is told as gone to the issuer, so that everything adds up.
    """
    seen: Counter[tuple[str | None, str]] = Counter()
    for movement in found.payment.movements:
        index = seen[movement.receiver, movement.asset]
        seen[movement.receiver, movement.asset] += 1
        name = f"{found.operation_id}-{index}" if index else str(found.operation_id)
        yield {"operation_id": name} | _told(found, movement)


def _told(found: Found, movement: Movement) -> dict[str, Any]:
    code, _, issuer = movement.asset.partition(":")
    transaction = found.transaction
    return {
        "transaction_hash": transaction.transaction_hash,
        "type": found.payment.type,
        "kind": movement.kind,
        "from": movement.sender,
        "to": movement.receiver or issuer,
        "to_muxed_id": None if movement.receiver_id is None else str(movement.receiver_id),
        "asset_code": code if issuer else None,
        "asset_issuer": issuer or None,
        "amount_stroops": movement.amount,
        "memo_type": transaction.memo_type,
        "memo": transaction.memo,
        "ledger": transaction.ledger,
        "closed_at": datetime.fromtimestamp(transaction.close_time, UTC).isoformat(),
    }


def _balances(ledger: Ledger) -> dict[str, int]:
    return {
        account.address: line.balance
        for account in ledger.accounts.all()
        if (line := account.trustlines.get(CNGN))
    }


def _claimable(claimable: Claimable) -> dict[str, Any]:
    return {
        "balance_id": claimable.balance_id,
        "amount_stroops": claimable.amount,
        "asset": claimable.asset,
        "claimants": [claimant.address for claimant in claimable.claimants],
        "created_by": claimable.sponsor,
        "created_ledger": claimable.created_ledger,
        "state": "open" if claimable.is_open else "claimed",
        "claimed_by": claimable.claimed_by,
    }
