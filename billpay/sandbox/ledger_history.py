"""What can be looked up: transactions by hash, an account's payments in order, an entry as of a ledger.

Every look-up costs what it finds, not what there is.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from billpay.sandbox.ledger_records import PaymentRecord, TransactionRecord

LAG_LEDGERS_MAX = 100
"""How far a server may lag behind."""

REMEMBERED_LEDGERS = 5_000
"""How far back entries can be seen."""

_Entry = TypeVar("_Entry")


@dataclass(frozen=True)
class Found:
    """A payment with what it is part of."""

    operation_id: int
    transaction: TransactionRecord
    payment: PaymentRecord


class History:
    """Every applied transaction."""

    def __init__(self) -> None:
        self._transactions: dict[str, TransactionRecord] = {}
        self._payments: dict[int, Found] = {}
        self._ids: defaultdict[str, list[int]] = defaultdict(list)
        self._by_ledger: defaultdict[int, list[TransactionRecord]] = defaultdict(list)

    def add(self, record: TransactionRecord) -> None:
        """Keep a transaction; they come in order."""
        self._by_ledger[record.ledger].append(record)
        self._transactions[record.transaction_hash] = record
        if record.inner_hash is not None:
            self._transactions[record.inner_hash] = record
        for payment in record.payments:
            operation_id = record.operation_id(payment)
            self._payments[operation_id] = Found(operation_id, record, payment)
            for address in payment.participants if payment.is_listed else ():
                self._ids[address].append(operation_id)

    def transaction(self, transaction_hash: str) -> TransactionRecord | None:
        """Look a transaction up, by the inner hash as well."""
        return self._transactions.get(transaction_hash)

    def of_ledger(self, ledger: int) -> list[TransactionRecord]:
        """List what one ledger applied."""
        return self._by_ledger.get(ledger, [])

    def knows(self, address: str) -> bool:
        """Whether an account took part in any payment, failed ones included."""
        return address in self._ids

    def payments(self) -> Iterable[Found]:
        """List every operation that moved money or would have, oldest first; Horizon lists not all of them."""
        return self._payments.values()

    def payments_after(self, address: str, cursor: int, end: int) -> Iterator[Found]:
        """List an account's payments between a cursor and an end, both exclusive, oldest first."""
        ids = self._ids.get(address, [])
        for index in range(bisect_right(ids, cursor), len(ids)):
            if ids[index] >= end:
                return
            yield self._payments[ids[index]]

    def payments_before(self, address: str, cursor: int, start: int) -> Iterator[Found]:
        """List an account's payments between a cursor and a start, both exclusive, newest first."""
        ids = self._ids.get(address, [])
        for index in range(bisect_left(ids, cursor) - 1, -1, -1):
            if ids[index] <= start:
                return
            yield self._payments[ids[index]]


class Versions(Generic[_Entry]):
    """Entries of one kind by name, as they are and as they lately were."""

    def __init__(self) -> None:
        self._versions: dict[str, deque[tuple[int, _Entry | None]]] = {}

    def put(self, name: str, entry: _Entry | None, ledger: int) -> None:
        """Keep what an entry became in a ledger; None where it went."""
        versions = self._versions.setdefault(name, deque())
        if versions and versions[-1][0] == ledger:
            versions.pop()
        versions.append((ledger, entry))
        while len(versions) > 1 and versions[1][0] < ledger - REMEMBERED_LEDGERS:
            versions.popleft()

    def find(self, name: str) -> _Entry | None:
        """Look an entry up as it is."""
        versions = self._versions.get(name)
        return versions[-1][1] if versions else None

    def find_at(self, name: str, ledger: int) -> _Entry | None:
        """Look an entry up as it was after a ledger."""
        for number, entry in reversed(self._versions.get(name, ())):
            if number <= ledger:
                return entry
        return None

    def all(self) -> Iterator[_Entry]:
        """List all entries there are."""
        return (entry for versions in self._versions.values() if (entry := versions[-1][1]))
