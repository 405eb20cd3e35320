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
class UnreadableRecord:
    """A record that may be a credit of ours and cannot be read. It is kept for a person and blocks nobody."""

    operation_id: str
    """The ledger's own name for it, as a credit's would be: whoever reads it again sees the same one."""

    transaction_hash: str | None
    reason: str
    body: str
    """The record as the server gave it, shortened; public like everything on the ledger."""


@dataclass(frozen=True, kw_only=True)
class Debit:
    """cNGN that left the wallet in a closed ledger, whoever sent it: a refund of ours, a withdrawal, or a clawback."""

    operation_id: str
    """Named as a credit's is; `index` counts the operation's debits."""

    transaction_hash: str
    ledger: int
    closed_at: datetime
    destination: str | None
    """Who got it; None where nobody did (a clawback, a burn)."""

    amount: Stroops


@dataclass(frozen=True, kw_only=True)
class CreditPage:
    """One page of the wallet's history, in ledger order."""

    credits: Sequence[Credit]
    """The credits of our asset on it; what is not ours was passed over."""

    cursor: str
    """Where the next page starts: the last place that was looked at. Horizon's empty page ends where it was asked to
    begin; RPC's ends with the last ledger that was looked through."""

    is_full: bool
    """Whether more may be waiting right behind it."""

    unreadable: Sequence[UnreadableRecord] = ()
    """What is neither a credit nor known to be none; to be recorded with the page, since the cursor passes it."""

    debits: Sequence[Debit] = ()
    """What left the wallet on it, as far as the server lists it: Horizon's pages of payments leave out claimable
    balances and clawbacks."""


@dataclass(frozen=True, kw_only=True)
class LedgerTip:
    """How far the server has read the network."""

    ledger: int
    closed_at: datetime
    oldest_ledger: int
    network_passphrase: str
    oldest_closed_at: datetime | None = None
    """When its oldest ledger closed; None where it does not say so."""


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
    """What it holds of our asset and may spend; zero without a trustline."""

    holding: Stroops
    """Everything it holds of our asset, what is promised elsewhere included: the left side of the balance equation."""

    native_balance: Stroops
    """Its XLM, from which fees and reserves are paid."""

    as_of_ledger: int | None = None
    """A ledger that the server had read when it answered; None where nobody can say how fresh this is, so that whoever
    needs it fresh must take it as lagging."""


@dataclass(frozen=True, kw_only=True)
class AppliedTransaction:
    """A transaction that is in a closed ledger, whether it succeeded or failed."""

    transaction_hash: str
    ledger: int
    successful: bool
    result_codes: Sequence[str]
    """Transaction and operation codes in Horizon's words; empty where it succeeded."""


@dataclass(frozen=True, kw_only=True)
class FeeStats:
    """What inclusion in a ledger has cost lately, in stroops of XLM for each operation."""

    base: int
    """The network's minimum."""

    usual: int
    """What nine of ten paid at most (`fee_charged` p90)."""

    surge: int
    """What 99 of 100 paid at most (`fee_charged` p99)."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a server can do beyond what every one can; found out by asking it, once."""

    fee_stats: bool
    claimable_balances: bool
    asynchronous_submission: bool
    """Whether it takes an envelope without waiting for a ledger."""


@dataclass(frozen=True, kw_only=True)
class ClaimableBalance:
    """Money set aside on the ledger until one of its claimants takes it."""

    balance_id: str
    """The 72 hex digits that the network calls it by."""

    amount: Stroops
    claimants: Sequence[str]


class LedgerSource(Protocol):
    """A server that reads and submits for the network. Every call is safe to repeat.

    Every method raises Unavailable when the server gave no usable answer, and Misconfigured when its address or our
    right to ask it is wrong.
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

    async def capabilities(self) -> Capabilities:
        """Answer what this server can do; asked once and remembered."""
        ...

    async def fee_stats(self) -> FeeStats | None:
        """Answer what inclusion costs now; None where the server cannot tell."""
        ...

    async def claimable_balance(self, balance_id: str) -> ClaimableBalance | None:
        """Look a claimable balance up; None means that this server has none of that name now."""
        ...

    async def submit(self, envelope_xdr: str, transaction_hash: str) -> AppliedTransaction:
        """Hand a signed envelope in and wait for the ledger. The same envelope may be submitted again.

        The hash is the envelope's own: what the server tells is believed only if it is about that transaction.

        A refusal speaks of this submission alone: an envelope that was applied before may be refused for its sequence
        number or its age.

        Raises:
            Ambiguous: it may still be applied; look its hash up.
            Unavailable: refused for a reason that may pass (fee, sequence number, time), or not sent at all.
            Misconfigured: refused for our signature, network or balance.
        """
        ...

    async def close(self) -> None:
        """Release the connections."""
        ...
