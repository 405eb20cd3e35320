"""`show` and `list`: what became of payments."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from billpay.domain.deposits import Deposit, Disposition
from billpay.domain.money import spoken_cngn
from billpay.domain.orders import OrderRow
from billpay.domain.statuses import BillStatus
from billpay.failures import Invalid
from billpay.settings import Settings
from billpay.store import Store
from billpay.store.payments import DepositRecord, PaymentRecord
from starter.commands.endings import RefusedError, run, state_of
from starter.commands.operate import PaymentId
from starter.commands.order import AsJson
from starter.commands.payment_documents import (
    deposit_document,
    order_document,
    payment_document,
    stray_document,
)
from starter.commands.payment_texts import payment_text, stray_text
from starter.commands.subjects import OrderSubject, Subject, read_subject
from starter.commands.titles import moment, title_of
from starter.connection import settings_here
from starter.opening import opened_store

_ATTENTION_FIRST = (BillStatus.NEEDS_REVIEW, *(s for s in BillStatus if not s.is_terminal))


def show(
    context: typer.Context,
    payment: PaymentId,
    *,
    as_json: AsJson = False,
    reveal_token: Annotated[
        bool, typer.Option("--reveal-token", help="Show tokens in full: for their owner only.")
    ] = False,
) -> None:
    """Tell everything about a payment, with its timeline."""
    settings = settings_here(state_of(context))
    record = run(_record(settings, read_subject(payment)))
    if isinstance(record, PaymentRecord):
        wallet = settings.system_wallet_address
        document = payment_document(record, wallet=wallet, reveal=reveal_token)
        text = payment_text(record, wallet=wallet, reveal=reveal_token)
    else:
        document = stray_document(record, reveal=reveal_token)
        text = stray_text(record, reveal=reveal_token)
    typer.echo(json.dumps(document, indent=2) if as_json else text)


def list_payments(
    context: typer.Context,
    *,
    status: Annotated[str | None, typer.Option(help="Only payments that stand there.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List recent payments by status, those that wait for a person first."""
    wanted = _read_status(status)
    orders, strays = run(_recent(settings_here(state_of(context)), wanted, limit))
    if as_json:
        document = {
            "payments": [order_document(order) for order in orders],
            "stray_deposits": [deposit_document(deposit) for deposit in strays],
        }
        typer.echo(json.dumps(document, indent=2))
        return
    for heading, lines in _by_status(orders, strays).items():
        typer.echo("\n".join((heading, *(f"  {line}" for line in lines))))
    if not orders and not strays:
        typer.echo("there is no such payment" if wanted else "there is no payment yet")


def _read_status(text: str | None) -> BillStatus | None:
    try:
        return BillStatus(text.strip().lower()) if text else None
    except ValueError:
        raise Invalid(f"{text!r} is no status: {', '.join(BillStatus)}") from None


async def _record(settings: Settings, subject: Subject) -> PaymentRecord | DepositRecord:
    async with opened_store(settings) as store:
        try:
            if isinstance(subject, OrderSubject):
                return await store.payments.record(subject.transaction_id)
            return await store.payments.record_of_deposit(subject.operation_id)
        except LookupError as unknown:
            raise RefusedError(str(unknown)) from None


async def _recent(
    settings: Settings, status: BillStatus | None, limit: int
) -> tuple[Sequence[OrderRow], Sequence[Deposit]]:
    """Read the newest orders, and the deposits without one whose money is still here."""
    async with opened_store(settings) as store:
        orders = await _recent_orders(store, status, limit)
        if status is not None:
            return orders, ()
        strays = await store.payments.stray_deposits()
        settled = (Disposition.REFUNDED, Disposition.KEPT)
        return orders, [stray for stray in strays if stray.disposition not in settled][-limit:]


async def _recent_orders(store: Store, status: BillStatus | None, limit: int) -> list[OrderRow]:
    orders: list[OrderRow] = []
    for transaction_id in reversed(await store.payments.transaction_ids()):
        order = await store.orders.row(transaction_id)
        if status in (None, order.status):
            orders.append(order)
        if len(orders) == limit:
            break
    return orders


def _by_status(
    orders: Sequence[OrderRow], strays: Sequence[Deposit]
) -> Mapping[str, Sequence[str]]:
    """Group what was read; what waits for a person comes first, what has ended last."""
    order_of = (*dict.fromkeys((*_ATTENTION_FIRST, *BillStatus)),)
    groups = {
        status.value: [
            f"{moment(o.created_at)}  {o.transaction_id}  {title_of(o)}"
            for o in orders
            if o.status is status
        ]
        for status in order_of
    }
    groups["deposits without an order"] = [
        f"{moment(s.credit.closed_at)}  {s.credit.operation_id}  "
        f"{spoken_cngn(s.credit.amount)} from {s.credit.payer}: {s.disposition}"
        for s in strays
    ]
    return {heading: lines for heading, lines in groups.items() if lines}
