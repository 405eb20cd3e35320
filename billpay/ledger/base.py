"""The seam to the Stellar network: what came in, and what we send back.

`LedgerSource` is the network as some server tells it; the treasury builds and signs on top of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billpay.domain.deposits import Credit
from billpay.domain.money import Stroops


@dataclass(frozen=True, kw_only=True)
class CreditPage:
    """One page of the wallet's history, in ledger order."""

    credits: Sequence[Credit]
    """The credits of our asset on it; everything else was passed over."""

    cursor: str
    """Where the next page starts; equals the asked cursor on an empty page."""

    is_full: bool
    """Whether more may be waiting right behind it."""


@dataclass(frozen=True, kw_only=True)
class LedgerTip:
    """How far the server has read the network."""

    ledger: int
    closed_at: datetime
    oldest_ledger: int
    network_passphrase: str


@dataclass(frozen=True, kw_only=True)
class LedgerAccount:
    """An account as of the server's newest ledger."""

    address: str
    sequence: int
    can_receive: bool
    """Whether it has an authorised trustline to our asset."""

    demands_memo: bool
    """Whether it carries `config.memo_required` (SEP-29): usually an exchange."""

    balance: Stroops
    """Its holding of our asset; zero without a trustline."""


@dataclass(frozen=True, kw_only=True)
class AppliedTransaction:
    """A transaction that is in a closed ledger, whether it succeeded or failed."""

    transaction_hash: str
    ledger: int
    successful: bool
    result_codes: Sequence[str]
    """Transaction and operation codes in Horizon's words; empty where it succeeded."""


class LedgerSource(Protocol):
    """A server that reads and submits for the network. All calls but `submit` are safe to repeat.

    Every method raises Unavailable when the server gave no usable answer.
    """

    async def credits_after(self, wallet: str, cursor: str, limit: int) -> CreditPage:
        """Read the next page of the wallet's credits after an exclusive cursor."""
        ...

    async def tip(self) -> LedgerTip:
        """Answer how far this server has read."""
        ...

    async def account(self, address: str) -> LedgerAccount | None:
        """Look an account up; None where it does not exist."""
        ...

    async def transaction(self, transaction_hash: str) -> AppliedTransaction | None:
        """Look a transaction up; None means this server does not know it, which proves nothing by itself."""
        ...

    async def submit(self, envelope_xdr: str) -> AppliedTransaction:
        """Hand a signed envelope in and wait for the ledger. The same envelope may be submitted again.

        Raises:
            Ambiguous: it may still be applied; look its hash up.
            Unavailable: refused before entering any ledger for a reason that may pass (fee, sequence, time).
            Misconfigured: refused for our signature, network or balance.
        """
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...
