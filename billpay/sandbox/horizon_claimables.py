"""Horizon's JSON for claimable balances, and the page that tells of one."""

import re
from typing import Any

from billpay.sandbox.horizon_records import amount, link, moment
from billpay.sandbox.ledger_entries import Claimable

BALANCE_ID = re.compile(r"[0-9a-f]{72}")
_PAGED = "{?cursor,limit,order}"
_TIME_SHOWN_MAX = 253_402_300_799
"""The last second of the year 9999; what is later has no date here."""


def claimable_json(claimable: Claimable, base: str, modified_at: int) -> dict[str, Any]:
    """Write a claimable balance that nobody has taken yet."""
    own = f"{base}/claimable_balances/{claimable.balance_id}"
    return {
        "_links": {
            "self": link(own),
            **{page: link(f"{own}/{page}{_PAGED}") for page in ("transactions", "operations")},
        },
        "id": claimable.balance_id,
        "asset": claimable.asset,
        "amount": amount(claimable.amount),
        "sponsor": claimable.sponsor,
        "last_modified_ledger": claimable.last_modified_ledger,
        "last_modified_time": moment(modified_at),
        "claimants": [
            {"destination": claimant.address, "predicate": _predicate(claimant.predicate)}
            for claimant in claimable.claimants
        ],
        "flags": {"clawback_enabled": claimable.can_be_clawed_back},
        "paging_token": f"{claimable.last_modified_ledger}-{claimable.balance_id}",
    }


def _predicate(predicate: Any) -> dict[str, Any]:
    """Write a predicate, whose points in time are told twice: as a date, and in seconds of Unix time."""
    [(kind, value)] = predicate.items()
    match kind:
        case "and" | "or":
            return {kind: [_predicate(part) for part in value]}
        case "not":
            return {kind: _predicate(value)}
        case "abs_before_epoch":
            shown = moment(min(value, _TIME_SHOWN_MAX))
            return {"abs_before": shown, "abs_before_epoch": str(value)}
    return {kind: value}
