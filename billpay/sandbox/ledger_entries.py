"""What the ledger holds: accounts with their XLM, trustlines, data and signers; claimable balances; and what moves.

Assets are named as Horizon names them in parameters: `native`, or code and issuer with a colon between. Amounts are
stroops, of XLM as well as of any other asset. Nothing is ever changed in place.

A contract's wallet (`C...`) is kept as an account too: one that holds assets and can sign nothing.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Self, TypeVar

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
    sponsored_entries: int = 0
    """Entries of the ledger's for which it pays the reserve: one for each claimant of what it set aside."""

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
        return max(0, self.xlm - reserve_of(self._reserved))

    @property
    def can_afford_an_entry(self) -> bool:
        """Whether its XLM covers the reserve of one more entry."""
        return self.can_afford(1)

    def can_afford(self, entries: int) -> bool:
        """Whether its XLM covers the reserve of so many more entries."""
        return self.xlm >= reserve_of(self._reserved + entries)

    @property
    def _reserved(self) -> int:
        return self.subentries + self.sponsored_entries

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


class Claimant(BaseModel):
    """Who may take a claimable balance, and when."""

    model_config = ConfigDict(frozen=True)

    address: str
    predicate: Mapping[str, Any]
    """As Horizon writes it: `unconditional`, `abs_before_epoch`, `not`, `and`, `or`."""


class Claimable(BaseModel):
    """Money set aside until one of its claimants takes it. It is remembered when it is gone."""

    model_config = ConfigDict(frozen=True)

    balance_id: str
    """The 72 hex digits that it is known by."""

    asset: str
    amount: int
    claimants: Sequence[Claimant]
    sponsor: str
    """Who set it aside and pays its reserve until it is gone."""

    can_be_clawed_back: bool = False
    created_ledger: int
    last_modified_ledger: int
    claimed_by: str | None = None
    """Who took it; the issuer where it was clawed back."""

    @property
    def is_open(self) -> bool:
        """Whether it is still there."""
        return self.claimed_by is None


class MovementKind(StrEnum):
    """How an amount changed hands, in the words of contract events (CAP-67)."""

    TRANSFER = "transfer"
    MINT = "mint"
    """The issuer gave it: it did not exist before."""

    BURN = "burn"
    """The issuer got it: it exists no more."""

    CLAWBACK = "clawback"
    """The issuer took it without asking."""


class Movement(BaseModel):
    """One amount of one asset that changed hands within an operation that succeeded."""

    model_config = ConfigDict(frozen=True)

    kind: MovementKind
    sender: str
    """An account, a contract (`C...`), a claimable balance (`B...`) or the market (`L...`); a mint's is the issuer."""

    receiver: str | None
    """The same; a burn's is the issuer, and a clawback has none."""

    asset: str
    amount: int
    receiver_id: int | None = None
    """The id of the muxed address that it was sent to, if it was one."""


def transfer_of(
    sender: str, receiver: str, asset: str, amount: int, receiver_id: int | None = None
) -> Movement:
    """Name what moved between two parties: a mint where the issuer gave it, a burn where it came back."""
    issuer = asset.partition(":")[2]
    kind = MovementKind.TRANSFER
    if sender != receiver and issuer in (sender, receiver):
        kind = MovementKind.MINT if issuer == sender else MovementKind.BURN
    return Movement(
        kind=kind,
        sender=sender,
        receiver=receiver,
        asset=asset,
        amount=amount,
        receiver_id=receiver_id,
    )
