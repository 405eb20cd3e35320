"""The ledger behind Horizon: what is applied, whatever any server says of it.

Ledgers close on the clock. What was accepted waits for the next one, one transaction for each source account, and is
applied by whoever asks first after the close, in the order of arrival. A ledger that applied anything is one record of
the journal, with the accounts as it left them, and is on the disk before it can be seen.
"""

from collections.abc import Sequence
from enum import Enum, auto

from pydantic import BaseModel

from billpay.clock import Clock
from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_entries import Account, Draft
from billpay.sandbox.ledger_envelopes import Envelope
from billpay.sandbox.ledger_genesis import genesis_accounts
from billpay.sandbox.ledger_history import Accounts, History
from billpay.sandbox.ledger_records import TransactionRecord, record_of
from billpay.sandbox.ledger_rules import apply, refusal_of
from billpay.sandbox.ledger_time import GENESIS_LEDGER, Calendar, Epoch

JOURNAL_KIND = "ledger"


class Change(BaseModel):
    """One step of the ledger, as journalled."""

    epoch: Epoch | None = None
    ledger: int = GENESIS_LEDGER
    transactions: Sequence[TransactionRecord] = ()
    accounts: Sequence[Account] = ()
    """The accounts that changed, as they are afterwards."""

    gone: Sequence[str] = ()
    """The accounts that are no more."""


class Queued(Enum):
    """What core says of an envelope that it does not refuse."""

    PENDING = auto()
    DUPLICATE = auto()
    """It waits already."""

    TRY_AGAIN_LATER = auto()
    """Another transaction of the same source account waits; this one was not taken."""


class Ledger:
    """One network, with everybody's money on it."""

    def __init__(self, clock: Clock, journal: Journal, ledger_seconds: float) -> None:
        self._clock = clock
        self._journal = journal
        self._pending: dict[str, Envelope] = {}
        self._pending_for = 0
        self._newest_applied = GENESIS_LEDGER
        self.history = History()
        self.accounts = Accounts()
        for account in genesis_accounts(GENESIS_LEDGER):
            self.accounts.put(account.address, account, GENESIS_LEDGER)
        self._epochs: list[Epoch] = []
        for record in journal.replay(JOURNAL_KIND):
            self._keep(Change.model_validate(record))
        self._open(ledger_seconds)
        self.calendar = Calendar(self._epochs)

    def newest_ledger(self) -> int:
        """Close what is due, and answer the number of the last closed ledger."""
        # A clock that was set back must not make any ledger twice.
        newest = max(self._newest_applied, self.calendar.newest_ledger(self._clock()))
        if self._pending and self._pending_for <= newest:
            self._close()
        return newest

    def closes_in_seconds(self) -> float:
        """Answer how long it takes until the next ledger closes."""
        now = self._clock()
        next_ledger = self.calendar.newest_ledger(now) + 1
        return (self.calendar.closes_at(next_ledger) - now).total_seconds()

    def accept(self, envelope: Envelope) -> Queued | TransactionOutcome:
        """Take an envelope for the next ledger, as core does; the outcome of one that is refused at the door."""
        ledger = self.newest_ledger() + 1
        waiting = self._pending.get(envelope.source.address)
        if waiting is not None and waiting.transaction_hash == envelope.transaction_hash:
            return Queued.DUPLICATE
        draft = Draft(self.accounts.find, ledger=ledger)
        refusal = refusal_of(envelope, draft, self.calendar.close_time(ledger))
        if refusal is not None:
            return refusal
        if waiting is not None:
            return Queued.TRY_AGAIN_LATER
        self._pending[envelope.source.address] = envelope
        self._pending_for = ledger
        return Queued.PENDING

    def write_account(self, account: Account) -> None:
        """Put an account into the ledger by decree: no transaction tells of it."""
        ledger = self.newest_ledger()
        written = account.changed(last_modified_ledger=ledger)
        self._commit(Change(ledger=ledger, accounts=[written]))

    def remove_account(self, address: str) -> None:
        """Take an account out of the ledger by decree."""
        self._commit(Change(ledger=self.newest_ledger(), gone=[address]))

    def _open(self, ledger_seconds: float) -> None:
        now = self._clock()
        if not self._epochs:
            epoch = Epoch(first_ledger=GENESIS_LEDGER, opened_at=now, ledger_seconds=ledger_seconds)
            self._commit(Change(epoch=epoch))
        elif self._epochs[-1].ledger_seconds != ledger_seconds:
            self._commit(Change(epoch=self._epochs[-1].followed_by(now, ledger_seconds)))

    def _close(self) -> None:
        """Apply what waits; what has become invalid since it was accepted is dropped."""
        ledger, close_time = self._pending_for, self.calendar.close_time(self._pending_for)
        draft = Draft(self.accounts.find, ledger=ledger)
        records: list[TransactionRecord] = []
        for envelope in self._pending.values():
            if refusal_of(envelope, draft, close_time) is not None:
                continue
            outcome = apply(envelope, draft, close_time)
            record = record_of(
                envelope,
                outcome,
                ledger=ledger,
                position=len(records) + 1,
                close_time=close_time,
            )
            records.append(record)
        changes = draft.changes.items() if records else ()
        self._commit(
            Change(
                ledger=ledger,
                transactions=records,
                accounts=[account for _, account in changes if account is not None],
                gone=[address for address, account in changes if account is None],
            )
        )
        self._pending.clear()

    def _commit(self, change: Change) -> None:
        self._journal.append(JOURNAL_KIND, change.model_dump(mode="json", exclude_defaults=True))
        self._keep(change)

    def _keep(self, change: Change) -> None:
        if change.epoch is not None:
            self._epochs.append(change.epoch)
        for account in change.accounts:
            self.accounts.put(account.address, account, change.ledger)
        for address in change.gone:
            self.accounts.put(address, None, change.ledger)
        self._newest_applied = max(self._newest_applied, change.ledger)
        for record in change.transactions:
            self.history.add(record)
