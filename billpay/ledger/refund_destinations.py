"""Whether a payer can be paid back: pure answers, so that nothing is signed that is known to fail or to be lost."""

from stellar_sdk import MuxedAccount

from billpay.ledger.base import LedgerAccount


def account_behind(destination: str) -> str | None:
    """Answer the account that a destination pays into; None where no payment can: a contract, or no address at all."""
    try:
        return MuxedAccount.from_account(destination).account_id
    except ValueError:
        return None


def obstacle_in_address(address: str | None, *, treasury: str, issuer: str) -> str | None:
    """Answer why nothing may be sent to an address, for the operator; None where it may."""
    if address is None:
        return "the payer is a contract or no account at all: a payment cannot reach it"
    if address == treasury:
        return "the payer is the treasury itself"
    if address == issuer:
        return "the payer is the issuer of cNGN: what goes back to it is destroyed"
    return None


def obstacle_in_account(account: LedgerAccount | None, destination: str) -> str | None:
    """Answer why the account behind a destination cannot take cNGN, for the operator; None where it can.

    A multiplexed destination says itself whom the money is for, so it needs no memo (SEP-29).
    """
    if account is None:
        return "the payer's account does not exist any more"
    if not account.can_receive:
        return "the payer's account has no authorised trustline to cNGN"
    if account.demands_memo and destination == account.address:
        return (
            "the payer's account demands a memo that we do not know (SEP-29): usually an exchange"
        )
    return None
