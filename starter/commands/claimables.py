"""`claimables`: refunds that were set aside on the ledger, until their payers claim them or we take them back."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from billpay.domain.money import ledger_amount, spoken_cngn
from billpay.domain.refunds import SetAside
from billpay.settings import Settings
from billpay.store import RefusedError as StoreRefusedError
from starter.commands.endings import RefusedError, run, state_of
from starter.commands.order import AsJson
from starter.commands.titles import moment
from starter.connection import settings_here
from starter.opening import opened_store
from starter.wallet import opened_wallet

claimables = typer.Typer(
    no_args_is_help=True,
    help="Refunds that wait on the ledger, since their payers' accounts could not take them.",
)

BalanceId = Annotated[
    str, typer.Argument(metavar="BALANCE_ID", help="The balance's name on the ledger.")
]


@claimables.command("list")
def list_claimables(
    context: typer.Context,
    *,
    with_settled: Annotated[
        bool, typer.Option("--all", help="Also those that were claimed or taken back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what waits to be claimed, oldest first, as our records have it."""
    found = run(_all(settings_here(state_of(context)), with_settled=with_settled))
    if as_json:
        documents = [_document(balance) for balance in found]
        typer.echo(json.dumps({"claimable_balances": documents}, indent=2))
    else:
        lines = [line for balance in found for line in _lines(balance)]
        typer.echo("\n".join(lines) or "nothing waits to be claimed")


@claimables.command()
def check(context: typer.Context) -> None:
    """Look every open one up on the ledger now; the worker does so every few minutes. Needs the wallet's key."""
    settled = run(_check(settings_here(state_of(context))))
    typer.echo(f"{settled} found to be claimed or taken back")


@claimables.command("take-back")
def take_back(context: typer.Context, balance_id: BalanceId) -> None:
    """Take one back that its payer has not claimed in time; it is held for them again. Needs the wallet's key."""
    run(_take_back(settings_here(state_of(context)), balance_id.strip().lower()))
    typer.echo("taken back: `cases` tells what is owed to its payer now")


async def _all(settings: Settings, *, with_settled: bool) -> Sequence[SetAside]:
    async with opened_store(settings) as store:
        return await store.claimables.all(with_settled=with_settled)


async def _check(settings: Settings) -> int:
    async with opened_wallet(settings) as wallet:
        return await wallet.claimables.check()


async def _take_back(settings: Settings, balance_id: str) -> None:
    async with opened_wallet(settings) as wallet:
        try:
            await wallet.claimables.take_back(balance_id)
        except (LookupError, StoreRefusedError) as refused:
            raise RefusedError(str(refused)) from None


def _lines(balance: SetAside) -> Sequence[str]:
    since = f"since ledger {balance.created_ledger}"
    return (
        f"{balance.balance_id}  {balance.state}",
        f"  {spoken_cngn(balance.amount)} for {balance.claimant} {since}",
        f"  ours to take back from {moment(balance.reclaimable_at)} on; {balance.refund_id}",
    )


def _document(balance: SetAside) -> dict[str, object]:
    return {
        "balance_id": balance.balance_id,
        "refund_id": balance.refund_id,
        "operation_id": balance.operation_id,
        "claimant": balance.claimant,
        "amount": ledger_amount(balance.amount),
        "created_ledger": balance.created_ledger,
        "reclaimable_at": balance.reclaimable_at.isoformat(),
        "state": balance.state.value,
    }
