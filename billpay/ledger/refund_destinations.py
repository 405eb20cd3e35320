"""Whether a payer can be paid back: pure answers, so that nothing is signed that is known to fail or to be lost."""

from stellar_sdk import MuxedAccount


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
