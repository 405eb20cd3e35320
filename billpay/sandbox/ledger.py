"""The ledger behind Horizon: what is applied, whatever any server says of it.

Ledgers close on the clock. What was accepted waits for the next one, one transaction for each source account, and is
applied by whoever asks first after the close, in the order of arrival. A ledger that applied anything is one record of
the journal, with the entries as it left them, and is on the disk before it can be seen.

What an operation costs is the switch `base_fee_stroops`: who bids less is refused, and who waits while it rises is left
out, and dropped in the end (`ledger_queue`).
"""

from collections.abc import Sequence

from pydantic import BaseModel

from billpay.clock import Clock
from billpay.sandbox.journal import Journal
from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_draft import Draft
from billpay.sandbox.ledger_entries import BASE_FEE, Account, Claimable
from billpay.sandbox.ledger_envelopes import Envelope
from billpay.sandbox.ledger_faults import Switchboard
from billpay.sandbox.ledger_genesis import genesis_accounts
from billpay.sandbox.ledger_history import History, Versions
from billpay.sandbox.ledger_queue import Queue, Queued
from billpay.sandbox.ledger_records import TransactionRecord
from billpay.sandbox.ledger_rules import apply, refusal_of
from billpay.sandbox.ledger_scribe import record_of
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

    claimables: Sequence[Claimable] = ()
    """The claimable balances that were made or went."""


class Ledger:
    """One network, with everybody's money on it."""

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        ledger_seconds: float,
        switchboard: Switchboard | None = None,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._switchboard = switchboard or Switchboard(journal)
        self._queue = Queue()
        self._newest_applied = GENESIS_LEDGER
        self.history = History()
        self.accounts = Versions[Account]()
        """Every account, contracts' wallets included."""

        self.claimables = Versions[Claimable]()
        """Every claimable balance, those that are gone included."""

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
        while self._queue and self._queue.ledger <= newest:
            self._close(self._queue.ledger)
        return newest

    @property
    def price(self) -> int:
        """What an operation costs now, in stroops of XLM."""
        return max(BASE_FEE, self._switchboard.faults.base_fee_stroops)

    def find(self, address: str) -> Account | None:
        """Look an account up as it is."""
        return self.accounts.find(address)

    def find_claimable(self, balance_id: str) -> Claimable | None:
        """Look a claimable balance up, if it is still there."""
        found = self.claimables.find(balance_id)
        return found if found and found.is_open else None

    def closes_in_seconds(self) -> float:
        """Answer how long it takes until the next ledger closes."""
        now = self._clock()
        next_ledger = self.calendar.newest_ledger(now) + 1
        return (self.calendar.closes_at(next_ledger) - now).total_seconds()

    def accept(self, envelope: Envelope) -> Queued | TransactionOutcome:
        """Take an envelope for the next ledger, as core does; the outcome of one that is refused at the door."""
        ledger = self.newest_ledger() + 1
        said = self._queue.room_for(envelope, ledger)
        if said is not Queued.PENDING:
            return said
        draft = Draft(self, ledger=ledger, close_time=self.calendar.close_time(ledger))
        refusal = refusal_of(envelope, draft, self.price)
        if refusal is not None:
            return refusal
        self._queue.put(envelope, ledger)
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

    def _close(self, ledger: int) -> None:
        """Apply what waits; what has become invalid meanwhile is dropped, what bids too little waits on."""
        draft = Draft(self, ledger=ledger, close_time=self.calendar.close_time(ledger))
        records: list[TransactionRecord] = []
        applied: list[Envelope] = []
        invalid: list[Envelope] = []
        for envelope in self._queue.waiting():
            if refusal_of(envelope, draft, BASE_FEE) is not None:
                invalid.append(envelope)
            elif envelope.fee_bid >= envelope.fee_at(self.price):
                applied.append(envelope)
                outcome = apply(envelope, draft, self.price)
                records.append(record_of(envelope, outcome, draft, position=len(applied)))
        self._commit(_change(draft, records))
        # Not before it is on the disk: what could not be written waits on.
        self._queue.closed(ledger, applied=applied, invalid=invalid)

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
        for claimable in change.claimables:
            self.claimables.put(claimable.balance_id, claimable, change.ledger)
        self._newest_applied = max(self._newest_applied, change.ledger)
        for record in change.transactions:
            self.history.add(record)


def _change(draft: Draft, records: Sequence[TransactionRecord]) -> Change:
    changes = draft.changes.items()
    return Change(
        ledger=draft.ledger,
        transactions=records,
        accounts=[account for _, account in changes if account is not None],
        gone=[address for address, account in changes if account is None],
        claimables=list(draft.claimables.values()),
    )
