"""One RPC server: the ledger as it tells it, which may be late, and has forgotten all but the last days."""

from collections.abc import Iterator, Sequence
from itertools import islice

from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_entries import Account, Claimable
from billpay.sandbox.ledger_records import TransactionRecord
from billpay.sandbox.ledger_time import GENESIS_LEDGER
from billpay.sandbox.rpc_events import Event, Place, events_of
from billpay.sandbox.rpc_faults import RpcSwitchboard
from billpay.sandbox.rpc_filters import Filter


class RpcServer:
    """What this server knows at the moment."""

    def __init__(self, ledger: Ledger, switchboard: RpcSwitchboard) -> None:
        self._ledger = ledger
        self._switchboard = switchboard
        self._events: dict[tuple[int, bool], list[Event]] = {}

    def newest_ledger(self) -> int:
        """Answer the newest ledger this server tells of."""
        faults, newest = self._switchboard.faults, self._ledger.newest_ledger()
        known = min(newest - faults.lag_ledgers, faults.rewind_to_ledger or newest)
        return max(GENESIS_LEDGER, known)

    def oldest_ledger(self) -> int:
        """Answer the oldest ledger this server still has."""
        return min(self._switchboard.faults.oldest_ledger, self.newest_ledger())

    def close_time(self, ledger: int) -> int:
        """Answer when a ledger closed, in whole seconds of Unix time."""
        return self._ledger.calendar.close_time(ledger)

    def account(self, address: str) -> Account | None:
        """Look an account up, as of the newest ledger this server tells of."""
        return self._ledger.accounts.find_at(address, self.newest_ledger())

    def claimable(self, balance_id: str) -> Claimable | None:
        """Look a claimable balance up that nobody has taken, as of the same ledger."""
        found = self._ledger.claimables.find_at(balance_id, self.newest_ledger())
        return found if found and found.is_open else None

    def transaction(self, transaction_hash: str) -> TransactionRecord | None:
        """Look a transaction up; one that is too new or too old for this server is not there."""
        record = self._ledger.history.transaction(transaction_hash)
        is_told = record and self.oldest_ledger() <= record.ledger <= self.newest_ledger()
        return record if is_told else None

    def transactions_lately(self, ledgers: int) -> int:
        """Count the transactions of the last ledgers."""
        newest = self.newest_ledger()
        first = max(self.oldest_ledger(), newest - ledgers + 1)
        return sum(len(self._ledger.history.of_ledger(n)) for n in range(first, newest + 1))

    def events(
        self, start: Place, end_ledger: int, filters: Sequence[Filter], limit: int
    ) -> list[Event]:
        """List the events wanted from a place on, until a ledger that is not looked at any more."""
        wanted = (
            event
            for event in self._from(start, end_ledger)
            if not filters or any(one.wants(event) for one in filters)
        )
        return list(islice(wanted, limit))

    def _from(self, start: Place, end_ledger: int) -> Iterator[Event]:
        for ledger in range(start[0] >> 32, end_ledger):
            yield from (event for event in self._of_ledger(ledger) if event.place >= start)

    def _of_ledger(self, ledger: int) -> list[Event]:
        """List a closed ledger's events, which never change."""
        records = self._ledger.history.of_ledger(ledger)
        if not records:
            return []
        key = (ledger, self._switchboard.faults.unified_events)
        if key not in self._events:
            self._events[key] = events_of(records, unified=key[1])
        return self._events[key]
