"""`channels`: the accounts that refunds take their sequence numbers from. Each lets one more refund into a ledger."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from billpay.domain.money import Stroops, ledger_amount, spoken_cngn
from billpay.ledger.channels import ChannelsReport, ChannelState
from billpay.ledger.signing import OWN_ACCOUNT
from billpay.settings import Settings
from billpay.store import RefusedError as StoreRefusedError
from starter.commands.endings import RefusedError, run, state_of
from starter.commands.order import AsJson
from starter.connection import settings_here
from starter.wallet import opened_wallet

channels = typer.Typer(
    no_args_is_help=True,
    help="The accounts that refunds take their sequence numbers from. Needs the wallet's key.",
)

Count = Annotated[int, typer.Argument(metavar="N", help="How many there should be.", min=0)]


@channels.command()
def ensure(context: typer.Context, count: Count, *, as_json: AsJson = False) -> None:
    """Make sure that there are N channels with XLM for fees; never makes fewer. A new one costs the wallet 3 XLM."""
    report = run(_ensure(settings_here(state_of(context)), count))
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "channels": report.channels,
                    "created": report.created,
                    "topped_up": report.topped_up,
                },
                indent=2,
            )
        )
    else:
        typer.echo(
            f"{report.channels} channels: {report.created} made, {report.topped_up} filled up"
        )


@channels.command("list")
def list_channels(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the channels, the treasury's own account first: their XLM, and what uses them."""
    found = run(_all(settings_here(state_of(context))))
    if as_json:
        typer.echo(json.dumps({"channels": [_document(state) for state in found]}, indent=2))
    else:
        typer.echo("\n".join(map(_line, found)))


async def _ensure(settings: Settings, count: int) -> ChannelsReport:
    async with opened_wallet(settings) as wallet:
        try:
            return await wallet.channels.ensure(count)
        except StoreRefusedError as refused:
            raise RefusedError(str(refused)) from None


async def _all(settings: Settings) -> Sequence[ChannelState]:
    async with opened_wallet(settings) as wallet:
        try:
            return await wallet.channels.all()
        except StoreRefusedError as refused:
            raise RefusedError(str(refused)) from None


def _line(state: ChannelState) -> str:
    name = "treasury" if state.number == OWN_ACCOUNT else str(state.number)
    holds = "does not exist" if state.xlm is None else _spoken_xlm(state.xlm)
    return f"{name:>8}  {state.address}  {holds}, {state.owner or 'free'}"


def _spoken_xlm(amount: Stroops) -> str:
    return spoken_cngn(amount).replace("cNGN", "XLM")


def _document(state: ChannelState) -> dict[str, object]:
    return {
        "number": state.number,
        "address": state.address,
        "xlm": None if state.xlm is None else ledger_amount(state.xlm),
        "used_by": state.owner,
    }
