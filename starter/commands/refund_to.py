"""`refund-to`: a refund goes to another address than its payer's, on a person's word.

For payers who cannot be paid back where they paid from: an exchange that needs a memo, a contract, an account that is
gone. Only a refund that nothing is signed for goes elsewhere, so no money goes twice.
"""

from collections.abc import Sequence
from typing import Annotated

import typer
from temporalio.client import Client

from billpay.domain.interventions import Intervention, InterventionRequest
from billpay.domain.refunds import MemoKind, Refund, RefundStatus, require_memo
from billpay.failures import Invalid
from billpay.ledger.refund_destinations import account_behind
from billpay.settings import Settings
from billpay.store import RefusedError as StoreRefusedError
from billpay.store import Store
from starter.commands.endings import RefusedError, run, state_of
from starter.commands.operate import Actor, PaymentId, Reason, decision_request
from starter.commands.operating import intervene, is_running
from starter.commands.subjects import OrderSubject, Subject, read_subject
from starter.connection import connect, settings_here
from starter.opening import opened_store

Destination = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="Where to: G..., or M... for one of its users.")
]
Memo = tuple[str, MemoKind] | None


def refund_to(
    context: typer.Context,
    payment: PaymentId,
    address: Destination,
    *,
    memo_text: Annotated[str | None, typer.Option(help="A memo of text, 28 bytes at most.")] = None,
    memo_id: Annotated[str | None, typer.Option(help="A memo that is a number.")] = None,
    memo_hash: Annotated[
        str | None, typer.Option(help="A memo of 32 bytes, in hexadecimal digits.")
    ] = None,
    reason: Reason,
    actor: Actor = None,
) -> None:
    """Send what is owed back to another address, and let it go; the memo is the new address's, if it needs one."""
    subject, request = read_subject(payment), decision_request(actor, reason)
    settings = settings_here(state_of(context))
    destination = _read_destination(address, settings)
    memo = _read_memo(
        {MemoKind.TEXT: memo_text, MemoKind.ID: memo_id, MemoKind.HASH: memo_hash}, destination
    )
    run(_refund_to(settings, subject, destination, memo, request))
    typer.echo(f"accepted: it goes to {destination}; `show {payment}` tells what comes of it")


def _read_destination(text: str, settings: Settings) -> str:
    """Read where a refund may go.

    Raises:
        Invalid: no payment reaches it, or what is paid there comes back to us or is destroyed.
    """
    destination = text.strip()
    account = account_behind(destination)
    if account is None:
        raise Invalid(f"{text!r} is no Stellar account (G... or M...)")
    if account == settings.system_wallet_address:
        raise Invalid("that is the treasury itself")
    if account == settings.cngn_asset_issuer:
        raise Invalid("that is the issuer of cNGN: what goes there is destroyed")
    return destination


def _read_memo(given: dict[MemoKind, str | None], destination: str) -> Memo:
    memos = [(text, kind) for kind, text in given.items() if text is not None]
    if not memos:
        return None
    if len(memos) > 1:
        raise Invalid("a transaction carries one memo: give one of them")
    if destination.startswith("M"):
        raise Invalid("an address M... names its user already: a memo beside it would be ignored")
    text, kind = memos[0]
    try:
        require_memo(text, kind)
    except ValueError as wrong:
        raise Invalid(str(wrong)) from None
    return text, kind


async def _refund_to(
    settings: Settings,
    subject: Subject,
    destination: str,
    memo: Memo,
    request: InterventionRequest,
) -> None:
    client = await connect(settings)
    async with opened_store(settings) as store:
        if not await is_running(client, subject):
            raise RefusedError(f"{subject.workflow_id} does not run: nothing is owed back there")
        refund = _owed(await _refunds(store, subject))
        try:
            await store.refunds.redirect(
                refund.refund_id,
                destination=destination,
                memo=memo[0] if memo else None,
                memo_type=memo[1] if memo else None,
                actor=request.actor,
                reason=request.reason,
            )
        except StoreRefusedError as refused:
            raise RefusedError(str(refused)) from None
        await _wake(client, subject, refund, request)


async def _refunds(store: Store, subject: Subject) -> Sequence[Refund]:
    """Answer the refunds that the payment's own workflow looks after; later deposits of an order have another each."""
    try:
        if isinstance(subject, OrderSubject):
            record = await store.payments.record(subject.transaction_id)
            claims = {it.credit.operation_id for it in record.deposits if it.stray_reason is None}
            return [refund for refund in record.refunds if refund.operation_id in claims]
        return (await store.payments.record_of_deposit(subject.operation_id)).refunds
    except LookupError as unknown:
        raise RefusedError(str(unknown)) from None


def _owed(refunds: Sequence[Refund]) -> Refund:
    owed = [refund for refund in refunds if refund.status is not RefundStatus.PAID]
    if len(owed) != 1:
        raise RefusedError("nothing of it is owed back" if not owed else "it has two refunds open")
    return owed[0]


async def _wake(
    client: Client, subject: Subject, refund: Refund, request: InterventionRequest
) -> None:
    """Have the workflow try it, where it waits for a person; one that is trying finds the new address by itself."""
    try:
        await intervene(client, subject, Intervention.RETRY_PAYMENT, request)
    except RefusedError:
        if refund.status is RefundStatus.HELD:
            raise
