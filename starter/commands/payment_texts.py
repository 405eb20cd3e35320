"""A payment's records for a person at a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from billpay.domain.attempts import Attempt
from billpay.domain.deposits import Deposit
from billpay.domain.ids import bill_workflow_id
from billpay.domain.messages import Message
from billpay.domain.money import spoken_cngn
from billpay.domain.outcomes import Receipt
from billpay.domain.refunds import Refund
from billpay.store.payments import DepositRecord, PaymentEvent, PaymentRecord
from starter.commands.instructions import muxed_address
from starter.commands.payment_documents import memo_text, token_text, workflow_of
from starter.commands.titles import moment, title_of

_INDENT = "  "


def payment_text(record: PaymentRecord, *, wallet: str | None, reveal: bool) -> str:
    """Tell everything about an order; `reveal` shows its tokens, and the messages that hold them.

    `wallet` is where it is paid to, as far as the settings know.
    """
    order = record.order
    facts = {
        "status": order.status.value,
        "memo": record.memo,
        "or memo id": str(order.alias),
        "or pay to": muxed_address(wallet, order.alias) if wallet else None,
        "due": spoken_cngn(order.due),
        "wallet": order.wallet_address,
        "account": order.account_number,
        "provider": record.provider_name,
        "reference": record.provider_reference,
        "refunded in": record.refund_tx_hash,
        "placed": moment(order.created_at),
        "payable to": moment(order.expires_at),
        "workflow": bill_workflow_id(order.transaction_id),
        **_receipt(record.receipt, reveal=reveal),
    }
    return "\n".join(
        (
            title_of(order),
            *_facts(facts),
            *_section("deposits", map(_deposit, record.deposits)),
            *_section("attempts", map(_attempt, record.attempts)),
            *_section("refunds", map(_refund, record.refunds)),
            *_section("messages", _messages(record.messages, reveal=reveal)),
            *_section("timeline", map(_event, record.events)),
        )
    )


def stray_text(record: DepositRecord, *, reveal: bool) -> str:
    """Tell everything about a deposit that claims no order."""
    workflow = workflow_of(record.deposit)
    return "\n".join(
        (
            _deposit(record.deposit),
            *_facts({"hash": record.deposit.credit.transaction_hash, "workflow": workflow}),
            *_section("refunds", map(_refund, record.refunds)),
            *_section("messages", _messages(record.messages, reveal=reveal)),
            *_section("timeline", map(_event, record.events)),
        )
    )


def _facts(facts: dict[str, str | None]) -> Iterator[str]:
    return (f"{_INDENT}{name:<12}{fact}" for name, fact in facts.items() if fact)


def _section(name: str, lines: Iterable[str]) -> Sequence[str]:
    found = [f"{_INDENT}{line}" for line in lines]
    return [name, *found] if found else []


def _receipt(receipt: Receipt | None, *, reveal: bool) -> dict[str, str | None]:
    if receipt is None:
        return {}
    first = ", ".join(token_text(token, reveal=reveal) for token in receipt.key_change_tokens)
    return {
        "enter first": first,
        "token": token_text(receipt.token, reveal=reveal) if receipt.token else None,
        "bonus token": token_text(receipt.bonus_token, reveal=reveal)
        if receipt.bonus_token
        else None,
        "units": receipt.units,
    }


def _deposit(deposit: Deposit) -> str:
    credit = deposit.credit
    stray = f", {deposit.stray_reason.replace('_', ' ')}" if deposit.stray_reason else ""
    memo = memo_text(deposit)
    names = [f"memo {memo}"] if memo else []
    names += [] if credit.alias is None else [f"alias {credit.alias}"]
    return (
        f"{credit.operation_id}: {spoken_cngn(credit.amount)} from {credit.payer}, "
        f"{moment(credit.closed_at)}, {', '.join(names) or 'no memo'}{stray}: "
        f"{deposit.disposition}"
    )


def _attempt(attempt: Attempt) -> str:
    sent = f"sent {moment(attempt.sent_at)}" if attempt.sent_at else "not sent"
    outcome = attempt.outcome.kind if attempt.outcome else "no answer yet"
    return f"{attempt.number}. {attempt.provider} {attempt.request_id}, {sent}: {outcome}"


def _refund(refund: Refund) -> str:
    held = f" ({refund.held_reason})" if refund.held_reason else ""
    amount = spoken_cngn(refund.amount)
    return f"{refund.purpose}: {amount} to {refund.destination}, {refund.reason}: {refund.status}{held}"


def _messages(messages: Sequence[Message], *, reveal: bool) -> Iterator[str]:
    for message in messages:
        yield f"{message.kind}: {message.subject}"
        if reveal:
            yield from (f"{_INDENT}{line}" for line in message.body.splitlines())


def _event(event: PaymentEvent) -> str:
    moved = " -> ".join(status for status in (event.status_from, event.status_to) if status)
    by = "" if event.actor == "service" else f" (by {event.actor})"
    return f"{moment(event.at)}  {moved or event.kind}: {event.detail}{by}"
