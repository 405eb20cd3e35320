"""Places in the ledger's history, and what one is proven to have read.

A place is a SEP-35 total order id: 32 bits of ledger, 20 of transaction, 12 of operation, counted from 1. It is the
same number at every server of a network, so a cursor may be carried from one to another.
"""

from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import LedgerSource, LedgerTip

_LEDGER_SHIFT = 32
_TRANSACTION_SHIFT = 12


def ledger_of(position: str) -> int:
    """Answer the ledger that a cursor or an operation's id lies in."""
    return int(position) >> _LEDGER_SHIFT


def position_of(ledger: int) -> str:
    """Answer the cursor right behind which a ledger's first operation lies."""
    return str(ledger << _LEDGER_SHIFT)


def operation_position(ledger: int, transaction: int, operation: int) -> str:
    """Answer the place of an operation: both orders are counted from 1."""
    return str(ledger << _LEDGER_SHIFT | transaction << _TRANSACTION_SHIFT | operation)


def movement_id(position: str, index: int) -> str:
    """Name one credit of an operation the same at every source (I1).

    `index` counts the operation's credits of our asset to our wallet from 0. A payment has one, a contract's call may
    have several; the first is named as the operation itself.
    """
    return position if index == 0 else f"{position}-{index}"


async def require_network(source: LedgerSource, passphrase: str) -> LedgerTip:
    """Make sure that a server reads our network; answers how far it has read.

    Raises:
        Misconfigured: it reads another one.
        Unavailable: the server gave no answer.
    """
    tip = await source.tip()
    check_network(tip, passphrase)
    return tip


async def require_history(source: LedgerSource, cursor: str) -> LedgerTip:
    """Make sure that a server still has everything behind a cursor; answers how far it has read.

    Raises:
        Misconfigured: its history begins later, so that deposits would be missed without a word.
        Unavailable: the server gave no answer, or has not read as far as the cursor yet.
    """
    tip = await source.tip()
    check_history(tip, cursor)
    return tip


def check_network(tip: LedgerTip, passphrase: str) -> None:
    """Make sure that a tip is of our network.

    Raises:
        Misconfigured: it is of another one.
    """
    if tip.network_passphrase != passphrase:
        raise Misconfigured(
            f"the ledger's server reads the network {tip.network_passphrase!r}, "
            f"STELLAR_NETWORK_PASSPHRASE says {passphrase!r}"
        )


def check_history(tip: LedgerTip, cursor: str) -> None:
    """Make sure that a server at this tip has every ledger from the cursor's on.

    Asked for what it has deleted, Horizon moves the cursor up without a word, so nobody but us would notice.

    Raises:
        Misconfigured: its history begins later.
        Unavailable: it has not read as far as the cursor.
    """
    reached = ledger_of(cursor)
    if reached < tip.oldest_ledger:
        raise Misconfigured(
            f"the server's history begins with ledger {tip.oldest_ledger}, ours ends in ledger {reached}: deposits in "
            "between would be missed; point the service at a server that has them"
        )
    if reached > tip.ledger:
        raise Unavailable(
            f"the server has read up to ledger {tip.ledger}, we up to {reached}: it lags behind, or the network was "
            "reset"
        )
