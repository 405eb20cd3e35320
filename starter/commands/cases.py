"""`cases`: everything that waits for a person, in one place, and the word that closes a case."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from billpay.domain.cases import Case
from billpay.failures import Invalid
from billpay.settings import Settings
from billpay.store import RefusedError as StoreRefusedError
from billpay.store.cases import Review
from starter.commands.case_texts import cases_document, cases_text
from starter.commands.endings import RefusedError, run, state_of
from starter.commands.operate import Actor, Reason, logged_in_user
from starter.commands.order import AsJson
from starter.connection import settings_here
from starter.opening import opened_store

cases = typer.Typer(
    invoke_without_command=True, help="Everything that waits for a person, in one place."
)

CaseId = Annotated[int, typer.Argument(metavar="ID", help="The case's number.")]


@cases.callback()
def everything(
    context: typer.Context,
    *,
    with_closed: Annotated[bool, typer.Option("--all", help="Closed cases as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the open cases, and the payments that wait for a decision."""
    if context.invoked_subcommand is not None:
        return
    found, reviews = run(_waiting(settings_here(state_of(context)), with_closed=with_closed))
    if as_json:
        typer.echo(json.dumps(cases_document(found, reviews), indent=2))
    else:
        typer.echo(cases_text(found, reviews))


@cases.command()
def close(context: typer.Context, case_id: CaseId, *, reason: Reason, actor: Actor = None) -> None:
    """Close a case with what came of it. Moves no money; a closed case stays as it was closed."""
    if not reason.strip():
        raise Invalid("a reason says what came of it")
    closed = run(
        _close(settings_here(state_of(context)), case_id, actor or logged_in_user(), reason)
    )
    typer.echo(f"closed by {closed.closed_by}: {closed.resolution}")


async def _waiting(
    settings: Settings, *, with_closed: bool
) -> tuple[Sequence[Case], Sequence[Review]]:
    async with opened_store(settings) as store:
        return await store.cases.all(with_closed=with_closed), await store.cases.reviews()


async def _close(settings: Settings, case_id: int, actor: str, reason: str) -> Case:
    async with opened_store(settings) as store:
        try:
            return await store.cases.close(case_id, actor=actor, reason=reason)
        except (LookupError, StoreRefusedError) as refused:
            raise RefusedError(str(refused)) from None
