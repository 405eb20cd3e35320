"""How a refund goes back: a payment, a balance set aside on the ledger, or not before a person has decided.

Whether a payer's trustline is missing or frozen no look at the account tells, and a frozen one is never routed around:
so a payment is tried, and what the ledger says of it decides.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from billpay.domain.refunds import EnvelopeKind, Refund, RefundPast
from billpay.ledger.base import LedgerAccount
from billpay.ledger.refund_destinations import account_behind, obstacle_in_address
from billpay.ledger.refund_verdicts import LINE_FULL, NO_TRUST

LINE_FULL_TRIES = 3
"""How often a payment into a full trustline is tried before the money is set aside: room may be made any minute, and
every try costs a fee."""


@dataclass(frozen=True)
class Held:
    """A person decides."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Who is not just any payer."""

    treasury: str
    issuer: str
    exchanges: AbstractSet[str] = frozenset()
    """Accounts that many customers share, and that find out by a memo whose money it is."""


def choose_by_address(refund: Refund, addresses: Addresses) -> Held | None:
    """Answer why a person must decide, as far as the address alone tells it; None where its account has to be seen."""
    address = account_behind(refund.destination)
    obstacle = obstacle_in_address(address, treasury=addresses.treasury, issuer=addresses.issuer)
    if obstacle is not None:
        return Held(obstacle)
    if address in addresses.exchanges and not _names_its_customer(refund, address):
        return Held(
            "the payer is an exchange (BILL_PROCESSOR_EXCHANGE_ACCOUNTS): without a memo it cannot tell whose money it "
            "is; give a refund address"
        )
    return None


def choose(
    refund: Refund,
    account: LedgerAccount | None,
    past: RefundPast,
    *,
    sets_aside: bool,
) -> EnvelopeKind | Held:
    """Choose by what the payer's account looks like now, and by what the ledger said before.

    `sets_aside` is whether the network's server can follow claimable balances.
    """
    if account is None:
        return _set_aside(refund, "the payer's account does not exist any more", can=sets_aside)
    if account.demands_memo and not _names_its_customer(refund, account.address):
        return Held(
            "the payer's account demands a memo that we do not know (SEP-29): usually an exchange; give a refund "
            "address"
        )
    if not account.can_receive and past.failures and NO_TRUST in past.failures[-1]:
        return _set_aside(refund, "the payer's account has no trustline to cNGN", can=sets_aside)
    if sum(LINE_FULL in codes for codes in past.failures) >= LINE_FULL_TRIES:
        return _set_aside(
            refund, f"the payer's trustline had no room {LINE_FULL_TRIES} times", can=sets_aside
        )
    return EnvelopeKind.PAYMENT


def _names_its_customer(refund: Refund, address: str | None) -> bool:
    """Whether the receiver learns whose money it is: by a given memo, or by the id in a multiplexed address."""
    return refund.memo is not None or refund.destination != address


def _set_aside(refund: Refund, why: str, *, can: bool) -> EnvelopeKind | Held:
    if refund.destination != account_behind(refund.destination):
        return Held(
            f"{why}, and a claimable balance cannot carry the id in {refund.destination}: give a refund address"
        )
    if refund.memo is not None:
        return Held(
            f"{why}, and nobody reads the memo of a claimable balance: give another address"
        )
    if not can:
        return Held(f"{why}, and the ledger's server knows no claimable balances")
    return EnvelopeKind.CLAIMABLE_BALANCE
