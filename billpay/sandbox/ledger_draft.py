"""A working copy of the ledger: written step by step, then kept whole or dropped."""

from typing import Protocol

from billpay.sandbox.ledger_entries import Account, Claimable, Movement, TrustLine


class Entries(Protocol):
    """What a draft is made on top of: the ledger as it is, or another draft."""

    def find(self, address: str) -> Account | None:
        """Look an account up."""
        ...

    def find_claimable(self, balance_id: str) -> Claimable | None:
        """Look a claimable balance up; None where it is gone as well."""
        ...


class Draft:
    """What a ledger that is being made would change."""

    def __init__(self, entries: Entries, *, ledger: int, close_time: int) -> None:
        self._entries = entries
        self.ledger = ledger
        """The ledger that is being made."""

        self.close_time = close_time
        """When it closes, in seconds of Unix time."""

        self.changes: dict[str, Account | None] = {}
        """What became of each account that was written; None for one that is gone."""

        self.claimables: dict[str, Claimable] = {}
        """What became of each claimable balance that was written."""

        self.movements: list[Movement] = []
        """What changed hands, in order."""

    def find(self, address: str) -> Account | None:
        """Look an account up as it is in the draft."""
        return self.changes[address] if address in self.changes else self._entries.find(address)

    def find_claimable(self, balance_id: str) -> Claimable | None:
        """Look a claimable balance up as it is in the draft."""
        if balance_id not in self.claimables:
            return self._entries.find_claimable(balance_id)
        found = self.claimables[balance_id]
        return found if found.is_open else None

    def put(self, account: Account) -> None:
        """Create an account or write its new state."""
        self.changes[account.address] = account.changed(last_modified_ledger=self.ledger)

    def put_trustline(self, account: Account, asset: str, line: TrustLine) -> None:
        """Write an account's new trustline."""
        line = line.model_copy(update={"last_modified_ledger": self.ledger})
        self.put(account.with_trustline(asset, line))

    def put_claimable(self, claimable: Claimable) -> None:
        """Create a claimable balance or write what became of it."""
        self.claimables[claimable.balance_id] = claimable.model_copy(
            update={"last_modified_ledger": self.ledger}
        )

    def remove(self, address: str) -> None:
        """Take an account away."""
        self.changes[address] = None

    def moved(self, movement: Movement) -> None:
        """Write down what changed hands."""
        self.movements.append(movement)

    def branch(self) -> "Draft":
        """Begin a draft on top of this one."""
        return Draft(self, ledger=self.ledger, close_time=self.close_time)

    def merge(self, branch: "Draft") -> None:
        """Keep what a branch has written."""
        self.changes |= branch.changes
        self.claimables |= branch.claimables
        self.movements += branch.movements
