"""Who is on the ledger when it begins: the root with all XLM, the issuer of cNGN, the treasury and the payers."""

from collections.abc import Iterator, Sequence
from functools import cache

from billpay.domain.money import cngn
from billpay.sandbox import identities
from billpay.sandbox.ledger_entries import Account, TrustLine

CNGN = f"{identities.ASSET_CODE}:{identities.issuer().public_key}"
"""The ledger's name for the cNGN that counts."""

PAYER_CNGN = cngn("10000000")
_TOTAL_XLM = cngn("50001806812")
ACCOUNT_XLM = cngn("10000")


def new_account(address: str, ledger: int) -> Account:
    """Answer an account with XLM enough, as one created in this ledger; without any trustline."""
    return Account(
        address=address, sequence=ledger << 32, xlm=ACCOUNT_XLM, last_modified_ledger=ledger
    )


@cache
def _payers() -> tuple[str, ...]:
    numbers = range(1, identities.PAYERS + 1)
    return tuple(identities.payer(number).public_key for number in numbers)


@cache
def genesis_accounts(ledger: int) -> Sequence[Account]:
    """List the accounts of the first ledger; nothing changes them in place, so every world begins with the same."""
    return tuple(_genesis(ledger))


def _genesis(ledger: int) -> Iterator[Account]:
    root = new_account(identities.root().public_key, ledger)
    others = 2 + len(_payers())
    yield root.changed(sequence=0, xlm=_TOTAL_XLM - others * ACCOUNT_XLM)
    # Revocable, as a regulated issuer keeps it: it can freeze a trustline.
    yield new_account(identities.issuer().public_key, ledger).changed(auth_revocable=True)
    holdings = {identities.treasury().public_key: 0} | dict.fromkeys(_payers(), PAYER_CNGN)
    for address, balance in holdings.items():
        line = TrustLine(balance=balance, last_modified_ledger=ledger)
        yield new_account(address, ledger).with_trustline(CNGN, line)
