"""One Horizon: the ledger as this server tells it, which may be late, and may have forgotten the beginning."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from billpay.sandbox.horizon_problems import before_history, not_found
from billpay.sandbox.ledger import Ledger
from billpay.sandbox.ledger_entries import Account, Claimable
from billpay.sandbox.ledger_faults import Switchboard
from billpay.sandbox.ledger_history import Found
from billpay.sandbox.ledger_records import TransactionRecord
from billpay.sandbox.ledger_time import GENESIS_LEDGER

_REPEATED_RECORDS = 3
"""How many records of the page before `payments_repeated` shows again."""


@dataclass(frozen=True, kw_only=True)
class PageQuery:
    """Which records are asked for."""

    cursor: int | None
    """Exclusive; None for the beginning, or for the end when counting down."""

    is_descending: bool
    limit: int
    include_failed: bool = False
    is_joined: bool = False


class Server:
    """What this Horizon knows at the moment."""

    def __init__(self, ledger: Ledger, switchboard: Switchboard) -> None:
        self._ledger = ledger
        self._switchboard = switchboard

    def core_ledger(self) -> int:
        """Answer the newest ledger there is."""
        return self._ledger.newest_ledger()

    def newest_ledger(self) -> int:
        """Answer the newest ledger this server tells of."""
        faults, core = self._switchboard.faults, self.core_ledger()
        reached = min(core - faults.lag_ledgers, faults.rewind_to_ledger or core)
        return max(GENESIS_LEDGER, reached)

    def elder_ledger(self) -> int:
        """Answer the oldest ledger this server still has."""
        return min(self._switchboard.faults.elder_ledger, self.newest_ledger())

    def close_time(self, ledger: int) -> int:
        """Answer when a ledger closed, in whole seconds of Unix time."""
        return self._ledger.calendar.close_time(ledger)

    def account(self, address: str) -> Account | None:
        """Look an account up, as of the newest ledger this server tells of."""
        newest = self.newest_ledger()
        return self._ledger.accounts.find_at(address, newest)

    def claimable(self, balance_id: str) -> Claimable | None:
        """Look a claimable balance up, as of the newest ledger this server tells of; None where it is gone."""
        found = self._ledger.claimables.find_at(balance_id, self.newest_ledger())
        return found if found and found.is_open else None

    def price(self) -> int:
        """Answer what an operation costs now, in stroops of XLM."""
        return self._ledger.price

    def transaction(self, transaction_hash: str) -> TransactionRecord | None:
        """Look a transaction up; one that is too new or too old for this server is not there."""
        elder, newest = self.elder_ledger(), self.newest_ledger()
        record = self._ledger.history.transaction(transaction_hash)
        return record if record and elder <= record.ledger <= newest else None

    def transactions_of(self, ledger: int) -> list[TransactionRecord]:
        """List what one ledger applied."""
        return self._ledger.history.of_ledger(ledger)

    def payments(self, address: str, query: PageQuery, *, repeated: bool = False) -> list[Found]:
        """List one page of an account's payments; `repeated` lets it begin with some of the page before.

        Raises:
            Problem: nothing is known of the account, or of the time that is asked about.
        """
        newest = self.newest_ledger()
        history = self._ledger.history
        if self.account(address) is None and not history.knows(address):
            raise not_found()
        start, end = (self.elder_ledger() << 32) - 1, (newest + 1) << 32
        if query.is_descending:
            cursor = end if query.cursor is None else query.cursor
            if cursor <= start + 1:
                raise before_history()
            found = history.payments_before(address, min(cursor, end), start)
        else:
            # The trap of a short history: an older cursor is moved up to it, and nothing says so.
            cursor = max(start, query.cursor or 0)
            if repeated:
                cursor = self._some_records_back(address, cursor, start)
            found = history.payments_after(address, cursor, end)
        return list(islice(_wanted(found, query), query.limit))

    def _some_records_back(self, address: str, cursor: int, start: int) -> int:
        before = self._ledger.history.payments_before(address, cursor + 1, start)
        earlier = [found.operation_id - 1 for found in islice(before, _REPEATED_RECORDS)]
        return min(earlier, default=cursor)


def _wanted(found: Iterable[Found], query: PageQuery) -> Iterator[Found]:
    return (one for one in found if query.include_failed or one.transaction.successful)
