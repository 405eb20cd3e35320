"""The events of our asset, in order, each with the place that it has at every server.

RPC counts operations from 0 and Horizon from 1, in the same total order ids; events are counted from 0 within each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from billpay.failures import Unavailable
from billpay.ledger.positions import ledger_of
from billpay.ledger.rpc_values import address_xdr, symbol_xdr
from billpay.ledger.shapes import (
    HASH,
    Document,
    UnexpectedShapeError,
    members,
    moment,
    number,
    text,
)

_ID = re.compile(r"(?P<place>[0-9]{1,19})-(?P<order>[0-9]{1,10})")
_WITHIN_LEDGER = 0xFFFFFFFF
_OPERATION_MASK = 0xFFF
_LAST_EVENT = 2**32 - 2
"""The last event that a cursor may name: a server counts one on, and behind the very last comes the first again."""

TRANSFER, MINT, BURN, CLAWBACK = "transfer", "mint", "burn", "clawback"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One movement of our asset, undecoded."""

    position: int
    """Its operation's place, counted as at Horizon."""

    order: int
    """Its place among that operation's events."""

    transaction_hash: str
    closed_at: datetime
    topics: Sequence[str]
    value: str
    document: Document
    """The event as the server gave it."""

    @property
    def operation_index(self) -> int:
        """The operation's place in its transaction, from 0."""
        return (self.position & _OPERATION_MASK) - 1


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What one search found, and how far it looked."""

    events: Sequence[Event]
    cursor: str
    """The server's own, to go on with."""

    reached: int
    """The last place that was looked at."""

    is_cut: bool
    """Whether it ended because it found enough: the last operation may have more events."""

    latest_ledger: int


def movements_filter(contract_id: str, wallet: str) -> Mapping[str, Any]:
    """Ask for everything that moves the asset of this contract into the wallet or out of it.

    One filter: servers before 27.1.1 lose events where there are several (stellar/stellar-rpc 832).
    """
    who = address_xdr(wallet)
    into = [[symbol_xdr(TRANSFER), "*", who, "*"], [symbol_xdr(MINT), who, "*"]]
    out = [
        [symbol_xdr(TRANSFER), who, "*", "*"],
        [symbol_xdr(BURN), who, "*"],
        [symbol_xdr(CLAWBACK), who, "*"],
    ]
    return {"type": "contract", "contractIds": [contract_id], "topics": into + out}


def fees_filter(native_contract_id: str) -> Mapping[str, Any]:
    """Ask for the fees of transactions, each of which pays one."""
    return {
        "type": "contract",
        "contractIds": [native_contract_id],
        "topics": [[symbol_xdr("fee"), "*"]],
    }


def begin_after(cursor: str) -> Mapping[str, Any]:
    """Say in RPC's words that a search begins right behind one of our cursors.

    A ledger's own beginning is asked for as such: the place before it lies in a ledger that may be deleted.
    """
    position = int(cursor)
    if not position & _WITHIN_LEDGER:
        return {"startLedger": max(ledger_of(cursor), 1)}
    return {"pagination": {"cursor": f"{position - 1:019d}-{_LAST_EVENT:010d}"}}


def read_scan(document: Document, *, contract_id: str, after: int) -> Scan:
    """Read one answer of `getEvents`, asked for after a place of ours.

    What lies before that place is passed over, and so is what another contract tells.

    Raises:
        Unavailable: it is something else, or its events are not in the ledger's order; nothing of it is believed.
    """
    try:
        told = members(document, "events")
        places = [_place(text(one, "id", _ID)) for one in told]
        reached = _place(text(document, "cursor", _ID))
        latest_ledger = number(document, "latestLedger")
        events = [
            _event(one, place)
            for one, place in zip(told, places, strict=True)
            if one.get("contractId") == contract_id and _position(place) > after
        ]
    except UnexpectedShapeError as error:
        raise _unbelievable(error) from error
    if any(later <= earlier for earlier, later in pairwise(places)):
        raise Unavailable("Stellar RPC gave events that are not in the ledger's order")
    return Scan(
        events=events,
        cursor=text(document, "cursor"),
        reached=_position(reached),
        is_cut=bool(places) and reached == places[-1],
        latest_ledger=latest_ledger,
    )


def is_empty(document: Document) -> bool:
    """Whether an answer of `getEvents` lists none.

    Raises:
        Unavailable: it is something else.
    """
    try:
        return not members(document, "events")
    except UnexpectedShapeError as error:
        raise _unbelievable(error) from error


def _unbelievable(error: UnexpectedShapeError) -> Unavailable:
    return Unavailable(f"Stellar RPC gave an answer that is no list of events: {error}")


def _place(written: str) -> tuple[int, int]:
    match = _ID.fullmatch(written)
    if match is None:
        raise UnexpectedShapeError("an id is no place of an event")
    return int(match["place"]), int(match["order"])


def _position(place: tuple[int, int]) -> int:
    """Count operations from 1. The end of a ledger is its own highest number already."""
    counted = place[0]
    return counted if counted & _OPERATION_MASK == _OPERATION_MASK else counted + 1


def _event(document: Document, place: tuple[int, int]) -> Event:
    topics = document.get("topic")
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise UnexpectedShapeError("'topic' is no list of texts")
    return Event(
        position=_position(place),
        order=place[1],
        transaction_hash=text(document, "txHash", HASH),
        closed_at=moment(document, "ledgerClosedAt"),
        topics=topics,
        value=text(document, "value"),
        document=document,
    )
