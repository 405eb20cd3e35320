"""`order electricity|airtime|data|cable`: place an order and tell how to pay it."""

import json
import sys
from dataclasses import replace
from typing import Annotated

import typer

from billpay.domain.bills import BillType
from billpay.domain.orders import Order
from billpay.settings import Settings
from billpay.store.orders import NewOrder
from starter.commands.endings import run, state_of
from starter.commands.instructions import Instructions
from starter.connection import settings_here
from starter.opening import database_of, opened_providers, opened_store
from starter.ordering import Typed, read_typed
from starter.pricing import PRICED, priced

orders = typer.Typer(no_args_is_help=True, help="Place an order and tell how to pay it.")

Wallet = Annotated[str, typer.Option(help="The customer's Stellar address, beginning with G.")]
Amount = Annotated[str, typer.Option(help="The bill in naira, at most two decimals.")]
OptionalAmount = Annotated[
    str | None, typer.Option(help="In naira: what a renewal costs, or a package without a price.")
]
Contact = Annotated[
    str | None, typer.Option("--contact", help="The customer's phone, for the provider to call.")
]
ProviderChoice = Annotated[
    str | None, typer.Option("--provider", help="Whom to buy from first; else by preference.")
]
Phone = Annotated[str, typer.Option(help="The number that gets it.")]
Network = Annotated[
    str | None, typer.Option(help="mtn, airtel, glo or 9mobile; else read from the number.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document and nothing else.")]


@orders.command()
def electricity(
    context: typer.Context,
    *,
    disco: Annotated[str, typer.Option(help="The distributor: ekedc, ikedc, aedc, ...")],
    meter: Annotated[str, typer.Option(help="The meter or account number.")],
    amount: Amount,
    wallet: Wallet,
    meter_type: Annotated[str, typer.Option("--type", help="prepaid or postpaid.")] = "prepaid",
    contact: Contact = None,
    provider: ProviderChoice = None,
    as_json: AsJson = False,
) -> None:
    """Pay for electricity; a prepaid meter gets a token."""
    typed = Typed(BillType.ELECTRICITY, wallet, meter, disco, amount=amount, provider=provider)
    typed = replace(typed, meter_type=meter_type, contact_phone=contact)
    _place(context, typed, as_json=as_json)


@orders.command()
def airtime(
    context: typer.Context,
    *,
    phone: Phone,
    amount: Amount,
    wallet: Wallet,
    network: Network = None,
    provider: ProviderChoice = None,
    as_json: AsJson = False,
) -> None:
    """Top up a phone."""
    typed = Typed(BillType.AIRTIME, wallet, phone, network, amount=amount, provider=provider)
    _place(context, typed, as_json=as_json)


@orders.command()
def data(
    context: typer.Context,
    *,
    phone: Phone,
    plan: Annotated[str, typer.Option(help="The plan's code or name; a wrong one lists them.")],
    wallet: Wallet,
    network: Network = None,
    provider: ProviderChoice = None,
    as_json: AsJson = False,
) -> None:
    """Buy a data bundle at its price."""
    typed = Typed(BillType.DATA, wallet, phone, network, product=plan, provider=provider)
    _place(context, typed, as_json=as_json)


@orders.command()
def cable(
    context: typer.Context,
    *,
    smartcard: Annotated[str, typer.Option(help="The smartcard or IUC number.")],
    wallet: Wallet,
    tv: Annotated[str, typer.Option(help="dstv, gotv, startimes or showmax.")] = "dstv",
    package: Annotated[
        str | None,
        typer.Option(help="The package's code or name; without one the running one is renewed."),
    ] = None,
    amount: OptionalAmount = None,
    contact: Contact = None,
    provider: ProviderChoice = None,
    as_json: AsJson = False,
) -> None:
    """Pay for a TV package, or renew the running one."""
    typed = Typed(BillType.CABLE_TV, wallet, smartcard, tv, product=package, provider=provider)
    _place(context, replace(typed, amount=amount, contact_phone=contact), as_json=as_json)


def _place(context: typer.Context, typed: Typed, *, as_json: bool) -> None:
    order = read_typed(typed)
    settings = settings_here(state_of(context))
    database_of(settings)
    # Known to be complete before anything is stored: an order nobody can be told how to pay helps nobody.
    settings.require("cngn_asset_issuer", "system_wallet_address", "stellar_network_passphrase")
    placed = run(_price_and_store(order, settings))
    instructions = Instructions.of(placed, settings)
    if as_json:
        typer.echo(json.dumps(instructions.document(), indent=2))
        return
    typer.echo(instructions.text())
    if (sys.stdout.encoding or "").lower().startswith("utf"):
        typer.echo(instructions.qr())


async def _price_and_store(order: NewOrder, settings: Settings) -> Order:
    if order.bill_type in PRICED:
        async with opened_providers(settings) as providers:
            order = await priced(order, providers)
    async with opened_store(settings) as store:
        return await store.orders.place(order)
