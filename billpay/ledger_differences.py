"""What two servers tell differently of one credit: what is a contradiction, and what is only less."""

from billpay.domain.deposits import Credit
from billpay.domain.money import spoken_cngn
from billpay.ledger.refund_destinations import account_behind


def disagreement(recorded: Credit, told: Credit) -> tuple[str, ...]:
    """Name what two servers tell differently of one credit.

    An event shows the account behind a multiplexed payer, and the id of a multiplexed destination in the place of the
    memo; to tell less is not to contradict.
    """
    parts = {
        "amount": recorded.amount != told.amount,
        "payer": _account(recorded.payer) != _account(told.payer),
        "transaction": recorded.transaction_hash != told.transaction_hash,
        "memo": _contradict(recorded.memo or None, told.memo or None)
        or (recorded.alias is None is told.alias and bool(recorded.memo) != bool(told.memo)),
        "number": _contradict(recorded.alias, told.alias),
    }
    return tuple(part for part, differs in parts.items() if differs)


def described(credit: Credit) -> str:
    """Say in one line what two servers may tell differently."""
    return (
        f"{spoken_cngn(credit.amount)} from {credit.payer}, memo {credit.memo!r}, number {credit.alias}, in "
        f"transaction {credit.transaction_hash}"
    )


def _contradict(one: object | None, other: object | None) -> bool:
    return one is not None and other is not None and one != other


def _account(payer: str) -> str:
    return account_behind(payer) or payer
