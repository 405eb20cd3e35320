"""`withdrawals`: cNGN that people took out of the wallet, recorded so that nobody misses it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from billpay.domain.journal import Withdrawal
from billpay.failures import Invalid
from billpay.ledger.base import Debit, LedgerSource
from billpay.ledger.positions import ledger_of, position_of
from billpay.ledger.sources import build_source
from billpay.settings import Settings
from billpay.store import RefusedError as StoreRefusedError
from starter.commands.endings import RefusedError, run, state_of
from starter.commands.operate import Actor, Reason, logged_in_user
from starter.commands.order import AsJson
from starter.commands.reconcile_texts import withdrawal_document, withdrawals_text
from starter.connection import settings_here
from starter.opening import opened_store

withdrawals = typer.Typer(
    no_args_is_help=True, help="cNGN that people took out of the wallet: recorded and listed."
)

TransactionHash = Annotated[
    str, typer.Argument(metavar="HASH", help="The transaction that took it out.")
]
_HASH_DIGITS = 64
_PAGE = 200


@dataclass(frozen=True, kw_only=True)
class _Word:
    """What a person says of a withdrawal."""

    actor: str
    reason: str
    settles: str | None


@withdrawals.command()
def record(
    context: typer.Context,
    transaction_hash: TransactionHash,
    *,
    reason: Reason,
    settles: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="DEPOSIT",
            help="The deposit whose payer got by it what was taken back (`claimables take-back`).",
        ),
    ] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Record what a transaction took out of the wallet. Moves no money; refuses refunds, which are recorded already."""
    if not reason.strip():
        raise Invalid("a reason says what became of it")
    name = transaction_hash.strip().lower()
    if len(name) != _HASH_DIGITS or not set(name) <= set("0123456789abcdef"):
        raise Invalid("a transaction's hash has 64 hexadecimal digits")
    settings = settings_here(state_of(context))
    word = _Word(actor=actor or logged_in_user(), reason=reason, settles=settles)
    _show(run(_record(settings, name, word)), as_json=as_json)


@withdrawals.command("list")
def list_withdrawals(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List what was ever taken out, in the ledger's order."""
    _show(run(_all(settings_here(state_of(context)))), as_json=as_json)


def _show(found: Sequence[Withdrawal], *, as_json: bool) -> None:
    if as_json:
        documents = [withdrawal_document(one) for one in found]
        typer.echo(json.dumps({"withdrawals": documents}, indent=2))
    else:
        typer.echo(withdrawals_text(found) if found else "nothing was ever taken out")


async def _all(settings: Settings) -> Sequence[Withdrawal]:
    async with opened_store(settings) as store:
        return await store.withdrawals.all()


async def _record(settings: Settings, transaction_hash: str, word: _Word) -> Sequence[Withdrawal]:
    source = build_source(settings)
    try:
        wallet = settings.required("system_wallet_address")
        async with opened_store(settings) as store:
            debits = await _debits_of(source, wallet, transaction_hash)
            try:
                return await store.withdrawals.record(
                    debits, actor=word.actor, reason=word.reason, settles=word.settles
                )
            except (LookupError, StoreRefusedError) as refused:
                raise RefusedError(str(refused)) from None
    finally:
        await source.close()


async def _debits_of(source: LedgerSource, wallet: str, transaction_hash: str) -> Sequence[Debit]:
    """Look up what a transaction took out of the wallet.

    Raises:
        RefusedError: the ledger's server does not know it, or it took no cNGN out.
        Unavailable: the server gave no answer.
    """
    applied = await source.transaction(transaction_hash)
    if applied is None:
        raise RefusedError("the ledger's server does not know this transaction")
    names = {transaction_hash, applied.transaction_hash}
    found: list[Debit] = []
    cursor, is_more = position_of(applied.ledger), applied.successful
    while is_more and ledger_of(cursor) <= applied.ledger:
        page = await source.credits_after(wallet, cursor, _PAGE)
        found += [debit for debit in page.debits if debit.transaction_hash in names]
        cursor, is_more = page.cursor, page.is_full
    if not found:
        raise RefusedError("this transaction took no cNGN out of the wallet that the server lists")
    return found
