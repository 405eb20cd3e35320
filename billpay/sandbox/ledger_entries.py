"""What the ledger holds: accounts with their XLM, trustlines, data and signers; and a draft to change them in.

Assets are named as Horizon names them in parameters: `native`, or code and issuer with a colon between. Amounts are
stroops, of XLM as well as of any other asset. No account is ever changed in place.
"""

from collections.abc import Callable
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict

_Value = TypeVar("_Value")

XLM = "native"
LIMIT_MAX = 2**63 - 1
"""The most an account can hold of any asset, in stroops."""

BASE_FEE = 100
"""The least an operation costs, in stroops of XLM (developers.stellar.org, "Fees")."""

BASE_RESERVE = 5_000_000
"""What each entry keeps back of an account's XLM; an account alone keeps two."""


class TrustLine(BaseModel):
    """One account's permission to hold an asset, and its holding."""

    model_config = ConfigDict(frozen=True)

    balance: int = 0
    limit: int = LIMIT_MAX
    is_authorized: bool = True
    is_maintained: bool = True
    """Authorised to keep what it has; what is authorised is always that as well."""

    can_be_clawed_back: bool = False
    last_modified_ledger: int = 0

    @property
    def room(self) -> int:
        """How much more it may hold."""
        return self.limit - self.balance


class Account(BaseModel):
    """One account as of some ledger."""

    model_config = ConfigDict(frozen=True)

    address: str
    sequence: int
    """The sequence number it used last."""

    xlm: int
    trustlines: dict[str, TrustLine] = {}
    entries: dict[str, str] = {}
    """Data entries by name, in base64."""

    signers: dict[str, int] = {}
    """Weights of further keys."""

    master_weight: int = 1
    low_threshold: int = 0
    medium_threshold: int = 0
    high_threshold: int = 0
    auth_required: bool = False
    auth_revocable: bool = False
    auth_immutable: bool = False
    auth_clawback_enabled: bool = False
    home_domain: str = ""
    last_modified_ledger: int = 0
    sequence_ledger: int | None = None
    """The ledger in which the sequence number was used."""

    sequence_time: int | None = None
    """That ledger's close time."""

    @property
    def subentries(self) -> int:
        """How many entries it pays a reserve for, besides itself."""
        return len(self.trustlines) + len(self.entries) + len(self.signers)

    @property
    def spendable_xlm(self) -> int:
        """Its XLM above the reserve."""
        return max(0, self.xlm - reserve_of(self.subentries))

    @property
    def can_afford_an_entry(self) -> bool:
        """Whether its XLM covers the reserve of one more entry."""
        return self.xlm >= reserve_of(self.subentries + 1)

    def changed(self, **update: object) -> Self:
        """Answer the account with some fields replaced."""
        return self.model_copy(update=update)

    def with_trustline(self, asset: str, line: TrustLine | None) -> Self:
        """Answer the account with a trustline set, or without it."""
        return self.changed(trustlines=_with(self.trustlines, asset, line))

    def with_entry(self, name: str, value: str | None) -> Self:
        """Answer the account with a data entry set, or without it."""
        return self.changed(entries=_with(self.entries, name, value))

    def with_signer(self, key: str, weight: int) -> Self:
        """Answer the account with another key's weight set; zero takes the key away."""
        return self.changed(signers=_with(self.signers, key, weight or None))


def reserve_of(subentries: int) -> int:
    """Answer the XLM that an account with so many entries cannot spend."""
    return (2 + subentries) * BASE_RESERVE


def _with(values: dict[str, _Value], name: str, value: _Value | None) -> dict[str, _Value]:
    rest = {key: kept for key, kept in values.items() if key != name}
    return rest if value is None else rest | {name: value}


class Draft:
    """A working copy of the accounts: written step by step, then kept whole or dropped."""

    def __init__(self, find: Callable[[str], Account | None], *, ledger: int) -> None:
        self._find = find
        self.ledger = ledger
        """The ledger that is being made."""

        self.changes: dict[str, Account | None] = {}
        """What became of each account that was written; None for one that is gone."""

    def find(self, address: str) -> Account | None:
        """Look an account up as it is in the draft."""
        return self.changes[address] if address in self.changes else self._find(address)

    def put(self, account: Account) -> None:
        """Create an account or write its new state."""
        self.changes[account.address] = account.changed(last_modified_ledger=self.ledger)

    def put_trustline(self, account: Account, asset: str, line: TrustLine) -> None:
        """Write an account's new trustline."""
        line = line.model_copy(update={"last_modified_ledger": self.ledger})
        self.put(account.with_trustline(asset, line))

    def remove(self, address: str) -> None:
        """Take an account away."""
        self.changes[address] = None

    def branch(self) -> "Draft":
        """Begin a draft on top of this one."""
        return Draft(self.find, ledger=self.ledger)

    def merge(self, branch: "Draft") -> None:
        """Keep what a branch has written."""
        self.changes |= branch.changes
