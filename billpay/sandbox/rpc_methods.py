"""What the RPC server is asked, method by method, field for field as stellar-rpc answers.

What is a number there is a number here, and what is text is text: close times are text in most answers. Left out
or empty is what nobody here has: result meta, ledger headers, diagnostic events (stellar/go-stellar-sdk,
protocols/rpc).
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from stellar_sdk import xdr

from billpay.sandbox.identities import NETWORK_PASSPHRASE
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_entries import BASE_FEE
from billpay.sandbox.ledger_envelopes import Envelope, Undecodable, read_envelope
from billpay.sandbox.ledger_records import TransactionRecord
from billpay.sandbox.rpc_entries import find_entry
from billpay.sandbox.rpc_events import Event, Place, written
from billpay.sandbox.rpc_filters import read_filters
from billpay.sandbox.rpc_server import RpcServer
from billpay.sandbox.rpc_words import (
    INVALID_REQUEST,
    Params,
    RpcProblem,
    invalid_params,
    number_of,
    object_of,
    objects_of,
    text_of,
    texts_of,
)

SCAN_LEDGERS = 10_000
"""How many ledgers one call looks through at the most."""

PROTOCOL = 27
_RETENTION_LEDGERS = 120_960
_EVENTS_DEFAULT, _EVENTS_MAX = 100, 10_000
_KEYS_MAX = 200
_FEE_LEDGERS = 50
_HALF = 50
_HASH_DIGITS = 64
_EVENT_WRAP = 1 << 32
_EVENT_LAST = _EVENT_WRAP - 1
_LAST_OF_LEDGER = 0xFFFFFFFF
"""The place of the last operation of the last transaction that a ledger could have."""

_CURSOR = re.compile(r"(?P<place>[0-9]{1,19})-(?P<event>[0-9]{1,10})")
_PERCENTILES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)

Answer = dict[str, Any]
Method = Callable[[Params], Answer]


class RpcMethods:
    """Everything that can be asked of one server."""

    def __init__(self, ledger: Ledger, server: RpcServer) -> None:
        self._ledger = ledger
        self._server = server
        self.by_name: dict[str, Method] = {
            "getHealth": self.get_health,
            "getNetwork": self.get_network,
            "getLatestLedger": self.get_latest_ledger,
            "getFeeStats": self.get_fee_stats,
            "getEvents": self.get_events,
            "getTransaction": self.get_transaction,
            "sendTransaction": self.send_transaction,
            "getLedgerEntries": self.get_ledger_entries,
        }

    def get_health(self, params: Params) -> Answer:
        """Say how far this server has read."""
        del params
        newest = self._server.newest_ledger()
        return {
            "status": "healthy",
            "latestLedger": newest,
            "latestLedgerCloseTime": self._server.close_time(newest),
            "oldestLedger": self._server.oldest_ledger(),
            "ledgerRetentionWindow": _RETENTION_LEDGERS,
        }

    def get_network(self, params: Params) -> Answer:
        """Say which network this is."""
        del params
        return {"passphrase": NETWORK_PASSPHRASE, "protocolVersion": PROTOCOL}

    def get_latest_ledger(self, params: Params) -> Answer:
        """Say what the newest ledger is."""
        del params
        newest = self._server.newest_ledger()
        return {
            "id": hashlib.sha256(f"{NETWORK_PASSPHRASE} {newest}".encode()).hexdigest(),
            "protocolVersion": PROTOCOL,
            "sequence": newest,
            "closeTime": str(self._server.close_time(newest)),
            "headerXdr": "",
            "metadataXdr": "",
        }

    def get_fee_stats(self, params: Params) -> Answer:
        """Say what the last transactions have paid for each operation; nothing at all where there were none."""
        del params
        count = self._server.transactions_lately(_FEE_LEDGERS)
        return {
            "sorobanInclusionFee": _spread(0, 0, 0),
            "inclusionFee": _spread(BASE_FEE, self._ledger.price, count),
            "latestLedger": self._server.newest_ledger(),
        }

    def get_events(self, params: Params) -> Answer:
        """List events from a ledger on, or after a cursor."""
        pages = object_of(params, "pagination")
        start, limit = _start_of(params, pages), number_of(pages, "limit")
        if limit > _EVENTS_MAX:
            raise invalid_params(f"limit must not exceed {_EVENTS_MAX}")
        filters = read_filters(objects_of(params, "filters"))
        first, oldest, newest = start[0] >> 32, self._server.oldest_ledger(), self._newest()
        if not oldest <= first <= newest:
            within = f"startLedger must be within the ledger range: {oldest} - {newest}"
            raise RpcProblem(INVALID_REQUEST, within)
        end = min(newest + 1, first + SCAN_LEDGERS)
        asked_end = number_of(params, "endLedger")
        end = min(end, asked_end) if asked_end else end
        limit = limit or _EVENTS_DEFAULT
        events = self._server.events(start, end, filters, limit)
        # A full page ends with its last event, any other one with everything that was looked through.
        looked_through = ((end - 1) << 32 | _LAST_OF_LEDGER, _EVENT_LAST)
        last = events[-1].place if len(events) == limit else looked_through
        return {"events": [*map(_event, events)], "cursor": written(last), **self._range()}

    def get_transaction(self, params: Params) -> Answer:
        """Tell what became of a transaction, by the inner hash of a fee bump as well."""
        asked = text_of(params, "hash")
        if len(asked) != _HASH_DIGITS:
            raise invalid_params(f"unexpected hash length ({len(asked)})")
        if not re.fullmatch("[0-9a-f]{64}", asked.lower()):
            raise invalid_params("incorrect hash: encoding/hex: invalid byte")
        record = self._server.transaction(asked.lower())
        told = {"status": "NOT_FOUND", "txHash": asked, "createdAt": "0"} | self._range()
        return told if record is None else told | _transaction(record)

    def send_transaction(self, params: Params) -> Answer:
        """Hand an envelope on to core and answer with what core says at once."""
        envelope = self.envelope_of(params)
        said = self._ledger.accept(envelope)
        if isinstance(said, TransactionOutcome):
            error = {"status": "ERROR", "errorResultXdr": said.to_xdr(envelope)}
            return self._sent(envelope) | error
        return self._sent(envelope) | {"status": said.name}

    def drop_transaction(self, params: Params) -> Answer:
        """Say that an envelope was taken, and forget it."""
        return self._sent(self.envelope_of(params)) | {"status": "PENDING"}

    def get_ledger_entries(self, params: Params) -> Answer:
        """Look entries up by their keys; those that are not there are left out."""
        asked = texts_of(params, "keys")
        if len(asked) > _KEYS_MAX:
            raise invalid_params(
                f"key count ({len(asked)}) exceeds maximum supported ({_KEYS_MAX})"
            )
        pairs = [
            (key, find_entry(self._server, _key(index, key))) for index, key in enumerate(asked)
        ]
        entries = [
            {"key": key, "xdr": found[0].to_xdr(), "lastModifiedLedgerSeq": found[1]}
            for key, found in pairs
            if found is not None
        ]
        return {"entries": entries, "latestLedger": self._newest()}

    def envelope_of(self, params: Params) -> Envelope:
        """Read the envelope that is handed in.

        Raises:
            RpcProblem: it is none.
        """
        try:
            return read_envelope(text_of(params, "transaction"))
        except Undecodable:
            raise invalid_params("invalid_xdr") from None

    def _sent(self, envelope: Envelope) -> Answer:
        newest = self._newest()
        return {
            "hash": envelope.transaction_hash,
            "latestLedger": newest,
            "latestLedgerCloseTime": str(self._server.close_time(newest)),
        }

    def _newest(self) -> int:
        return self._server.newest_ledger()

    def _range(self) -> Answer:
        oldest, newest = self._server.oldest_ledger(), self._newest()
        return {
            "latestLedger": newest,
            "latestLedgerCloseTime": str(self._server.close_time(newest)),
            "oldestLedger": oldest,
            "oldestLedgerCloseTime": str(self._server.close_time(oldest)),
        }


def _start_of(params: Params, pages: Params) -> Place:
    """Read where to begin: right behind a cursor, or with a ledger."""
    cursor, ledger = text_of(pages, "cursor"), number_of(params, "startLedger")
    if not cursor:
        if not ledger:
            raise invalid_params("startLedger must be positive")
        return ledger << 32, 0
    if ledger or number_of(params, "endLedger"):
        raise invalid_params("ledger ranges and cursor cannot both be set")
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise invalid_params(f"invalid event id {cursor}")
    # The trap of the real one: the event after the last possible one is the first one again.
    return int(match["place"]), (int(match["event"]) + 1) % _EVENT_WRAP


def _event(event: Event) -> Answer:
    closed_at = datetime.fromtimestamp(event.close_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "contract",
        "ledger": event.ledger,
        "ledgerClosedAt": closed_at,
        "contractId": event.contract_id,
        "id": written(event.place),
        "operationIndex": event.operation_index,
        "transactionIndex": event.transaction_index,
        "txHash": event.transaction_hash,
        "inSuccessfulContractCall": True,
        "topic": list(event.topics),
        "value": event.value,
    }


def _transaction(record: TransactionRecord) -> Answer:
    return {
        "status": "SUCCESS" if record.successful else "FAILED",
        "applicationOrder": record.position,
        "feeBump": record.inner_hash is not None,
        "envelopeXdr": record.envelope_xdr,
        "resultXdr": record.result_xdr,
        "ledger": record.ledger,
        "createdAt": str(record.close_time),
    }


def _key(index: int, text: str) -> xdr.LedgerKey:
    try:
        return xdr.LedgerKey.from_xdr(text)
    # The decoder has no error of its own: bytes at random provoke any of these.
    except (ValueError, EOFError, TypeError, OverflowError):
        raise invalid_params(f"cannot unmarshal key value {text} at index {index}") from None


def _spread(lowest: int, highest: int, count: int) -> Answer:
    """Write what was paid: the base fee, or for the upper half the price that competition has made."""
    low, high = (str(lowest), str(highest)) if count else ("0", "0")
    parts = {f"p{part}": high if part > _HALF else low for part in _PERCENTILES}
    counted = {"transactionCount": str(count), "ledgerCount": _FEE_LEDGERS}
    return {"max": high, "min": low, "mode": high} | parts | counted
