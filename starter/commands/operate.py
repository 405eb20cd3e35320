"""`retry`, `refund`, `mark-delivered` and `resend`: a person's decisions, with their name and reason kept for good."""

import getpass
from typing import Annotated

import typer
from pydantic import ValidationError

from billpay.domain.interventions import Intervention, InterventionRequest
from billpay.failures import Invalid
from billpay.settings import Settings
from starter.commands.endings import run, state_of
from starter.commands.operating import intervene, resend
from starter.commands.subjects import Subject, read_subject
from starter.connection import connect, settings_here
from starter.opening import opened_store

PaymentId = Annotated[
    str, typer.Argument(metavar="ID", help="The order's id or memo, or a deposit's operation id.")
]
Reason = Annotated[str, typer.Option(help="Why; kept in the timeline for good.")]
Actor = Annotated[str | None, typer.Option(help="Who decides; by default the logged-in user.")]


def retry(
    context: typer.Context, payment: PaymentId, *, reason: Reason, actor: Actor = None
) -> None:
    """Ask the provider again, and buy again only what is proven not sold."""
    _decide(context, payment, Intervention.RETRY_PAYMENT, decision_request(actor, reason))


def refund(
    context: typer.Context, payment: PaymentId, *, reason: Reason, actor: Actor = None
) -> None:
    """Give the money back, after one last question to the provider."""
    _decide(context, payment, Intervention.REFUND_PAYMENT, decision_request(actor, reason))


def mark_delivered(
    context: typer.Context,
    payment: PaymentId,
    *,
    reason: Reason,
    actor: Actor = None,
    provider_reference: Annotated[
        str | None, typer.Option(help="The provider's name for the sale.")
    ] = None,
) -> None:
    """Vouch for a delivery that the provider does not confirm."""
    request = decision_request(actor, reason, provider_reference)
    _decide(context, payment, Intervention.MARK_DELIVERED, request)


def resend_message(
    context: typer.Context, payment: PaymentId, *, reason: Reason, actor: Actor = None
) -> None:
    """Tell the customer again where the payment stands."""
    subject = read_subject(payment)
    request = decision_request(actor, reason)
    run(_resend(settings_here(state_of(context)), subject, request))
    typer.echo("accepted: the customer is told again")


def _decide(
    context: typer.Context, payment: str, intervention: Intervention, request: InterventionRequest
) -> None:
    subject = read_subject(payment)
    run(_intervene(settings_here(state_of(context)), subject, intervention, request))
    typer.echo(f"accepted: {intervention}; `show {payment}` tells what comes of it")


async def _intervene(
    settings: Settings, subject: Subject, intervention: Intervention, request: InterventionRequest
) -> None:
    await intervene(await connect(settings), subject, intervention, request)


async def _resend(settings: Settings, subject: Subject, request: InterventionRequest) -> None:
    client = await connect(settings)
    async with opened_store(settings) as store:
        await resend(client, store, subject, request, task_queue=settings.temporal_task_queue)


def decision_request(
    actor: str | None, reason: str, provider_reference: str | None = None
) -> InterventionRequest:
    """Write down who decides and why.

    Raises:
        Invalid: that is nobody, or no reason.
    """
    try:
        return InterventionRequest(
            actor=actor or logged_in_user(), reason=reason, provider_reference=provider_reference
        )
    except ValidationError as invalid:
        first = invalid.errors()[0]
        raise Invalid(f"{first['loc'][0]}: {first['msg']}") from None


def logged_in_user() -> str:
    """Answer who decides where nobody says so.

    Raises:
        Invalid: nobody is logged in here.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise Invalid("nobody is logged in here: say who decides with --actor") from None
