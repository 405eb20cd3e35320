"""`python -m starter`: the local stack, orders, what became of them, and what operators may do."""

from pathlib import Path
from typing import Annotated

import typer

from billpay.store.schema import migrate as migrate_database
from starter.commands.cases import cases
from starter.commands.catalogue import catalogue
from starter.commands.channels import channels
from starter.commands.claimables import claimables
from starter.commands.endings import PlainGroup, run, state_of
from starter.commands.operate import mark_delivered, refund, resend_message, retry
from starter.commands.order import orders
from starter.commands.providers import providers
from starter.commands.read import list_payments, show
from starter.commands.reconcile import reconcile
from starter.commands.refund_to import refund_to
from starter.commands.withdrawals import withdrawals
from starter.connection import settings_here
from starter.local.state import STATE
from starter.opening import database_of

app = typer.Typer(
    cls=PlainGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Bill payments in cNGN: the local stack, orders, and what operators may do.",
)
app.add_typer(orders, name="order")
app.add_typer(catalogue, name="catalogue")
app.add_typer(cases, name="cases")
app.add_typer(channels, name="channels")
app.add_typer(claimables, name="claimables")
app.add_typer(withdrawals, name="withdrawals")
app.command("show")(show)
app.command("list")(list_payments)
app.command("providers")(providers)
app.command("reconcile")(reconcile)
app.command("retry")(retry)
app.command("refund")(refund)
app.command("refund-to")(refund_to)
app.command("mark-delivered")(mark_delivered)
app.command("resend")(resend_message)


@app.callback()
def choose_state(
    context: typer.Context,
    state: Annotated[
        Path | None,
        typer.Option(envvar="BILLPAY_STATE", help="The local stack's folder, if not .billpay."),
    ] = None,
) -> None:
    """Bill payments in cNGN: the local stack, orders, and what operators may do."""
    context.obj = state


@app.command()
def up(context: typer.Context) -> None:
    """Start the local stack and keep it up until Ctrl-C."""
    from starter.commands.up import stay_up  # noqa: PLC0415  production images have no embedded servers

    run(stay_up(state_of(context) or STATE))


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the database to the present schema."""
    run(migrate_database(database_of(settings_here(state_of(context)))))
    typer.echo("the database has the present schema")


@app.command("sandbox-pay")
def sandbox_pay(
    context: typer.Context,
    memo: Annotated[str, typer.Argument(help="The order's memo; '' for none.")],
    amount: Annotated[str, typer.Argument(help="In cNGN, at most seven decimals.")],
    *,
    payer: Annotated[int, typer.Option(help="Which of the sandbox's customers, from 1.")] = 1,
    memo_id: Annotated[
        int | None, typer.Option(help="A memo of the kind id; MEMO is '' then.")
    ] = None,
    to_muxed: Annotated[
        str | None, typer.Option(help="The order's own address, beginning with M.")
    ] = None,
    from_id: Annotated[
        int | None, typer.Option(help="Pay from the customer's multiplexed address of this id.")
    ] = None,
) -> None:
    """Pay as a customer of the sandbox; prints the transaction's hash."""
    from starter import sandbox_payment as sandbox  # noqa: PLC0415  as above

    numbers = sandbox.Numbers(memo_id=memo_id, to=to_muxed, sender_id=from_id)
    stroops = sandbox.read_payment(memo, amount, payer, numbers)
    settings = settings_here(state_of(context))
    paying = sandbox.pay_in_sandbox(
        settings, memo=memo, amount=stroops, payer=payer, numbers=numbers
    )
    typer.echo(run(paying))


@app.command()
def demo(context: typer.Context) -> None:
    """Watch four bills paid and four that go wrong, on a stack of its own."""
    from starter.demo import run_demo  # noqa: PLC0415  as above

    raise typer.Exit(run_demo(state_of(context)))


if __name__ == "__main__":
    app(prog_name="python -m starter")
