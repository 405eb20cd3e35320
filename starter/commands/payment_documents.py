"""A payment's records as JSON, for programs: decimal text for amounts, ISO 8601 for times, tokens only on demand."""

from collections.abc import Sequence
from typing import Any

from billpay.domain.attempts import Attempt
from billpay.domain.deposits import Deposit, Disposition
from billpay.domain.ids import bill_workflow_id, deposit_workflow_id, memo_of
from billpay.domain.messages import Message
from billpay.domain.money import ledger_amount
from billpay.domain.orders import OrderRow
from billpay.domain.outcomes import Receipt
from billpay.domain.refunds import Refund
from billpay.domain.tokens import Token, masked_token, spoken_token
from billpay.store.payments import DepositRecord, PaymentEvent, PaymentRecord
from starter.commands.instructions import muxed_address
from starter.commands.titles import title_of

Document = dict[str, Any]


def order_document(order: OrderRow) -> Document:
    """Write an order in short."""
    return {
        "transaction_id": str(order.transaction_id),
        "memo": memo_of(order.transaction_id),
        "memo_id": str(order.alias),
        "status": order.status.value,
        "title": title_of(order),
        "amount_due": ledger_amount(order.due),
        "created_at": order.created_at.isoformat(),
        "expires_at": order.expires_at.isoformat(),
    }


def payment_document(record: PaymentRecord, *, wallet: str | None, reveal: bool) -> Document:
    """Write everything about an order; `reveal` shows its tokens, and the messages that hold them.

    `wallet` is where it is paid to, as far as the settings know.
    """
    order = record.order
    return order_document(order) | {
        "muxed_address": muxed_address(wallet, order.alias) if wallet else None,
        "workflow_id": bill_workflow_id(order.transaction_id),
        "wallet_address": order.wallet_address,
        "bill_type": order.bill_type,
        "account_number": order.account_number,
        "provider": record.provider_name,
        "provider_reference": record.provider_reference,
        "refund_tx_hash": record.refund_tx_hash,
        "receipt": _receipt(record.receipt, reveal=reveal) if record.receipt else None,
        "deposits": [deposit_document(deposit) for deposit in record.deposits],
        "attempts": [_attempt(attempt) for attempt in record.attempts],
        "refunds": [_refund(refund) for refund in record.refunds],
        "messages": _messages(record.messages, reveal=reveal),
        "timeline": _timeline(record.events),
    }


def stray_document(record: DepositRecord, *, reveal: bool) -> Document:
    """Write everything about a deposit that claims no order."""
    return deposit_document(record.deposit) | {
        "workflow_id": workflow_of(record.deposit),
        "refunds": [_refund(refund) for refund in record.refunds],
        "messages": _messages(record.messages, reveal=reveal),
        "timeline": _timeline(record.events),
    }


def workflow_of(deposit: Deposit) -> str | None:
    """Name the workflow of a deposit that claims no order; what is kept has none."""
    is_kept = deposit.disposition is Disposition.KEPT
    return None if is_kept else deposit_workflow_id(deposit.credit.operation_id)


def deposit_document(deposit: Deposit) -> Document:
    """Write a deposit in short."""
    credit = deposit.credit
    return {
        "operation_id": credit.operation_id,
        "transaction_hash": credit.transaction_hash,
        "ledger": credit.ledger,
        "closed_at": credit.closed_at.isoformat(),
        "payer": credit.payer,
        "amount": ledger_amount(credit.amount),
        "memo": memo_text(deposit),
        "memo_type": credit.memo_type,
        "alias": None if credit.alias is None else str(credit.alias),
        "disposition": deposit.disposition.value,
        "stray_reason": deposit.stray_reason.value if deposit.stray_reason else None,
    }


def memo_text(deposit: Deposit) -> str | None:
    """Write a deposit's memo so that it can be read and harms no terminal, whatever bytes it has."""
    memo = deposit.credit.memo
    return None if memo is None else ascii(memo.decode(errors="backslashreplace"))[1:-1]


def token_text(token: Token, *, reveal: bool) -> str:
    """Write a token, or its last group."""
    return spoken_token(token) if reveal else masked_token(token)


def _receipt(receipt: Receipt, *, reveal: bool) -> Document:
    tokens = {"token": receipt.token, "bonus_token": receipt.bonus_token}
    return {
        "provider_reference": receipt.provider_reference,
        "units": receipt.units,
        **{
            name: token_text(token, reveal=reveal) if token else None
            for name, token in tokens.items()
        },
        "key_change_tokens": [
            token_text(token, reveal=reveal) for token in receipt.key_change_tokens
        ],
    }


def _attempt(attempt: Attempt) -> Document:
    return {
        "number": attempt.number,
        "provider": attempt.provider.value,
        "request_id": attempt.request_id,
        "opened_at": attempt.opened_at.isoformat(),
        "sent_at": attempt.sent_at.isoformat() if attempt.sent_at else None,
        "outcome": attempt.outcome.model_dump(mode="json") if attempt.outcome else None,
    }


def _refund(refund: Refund) -> Document:
    return {
        "refund_id": refund.refund_id,
        "purpose": refund.purpose.value,
        "amount": ledger_amount(refund.amount),
        "destination": refund.destination,
        "status": refund.status.value,
        "reason": refund.reason,
        "held_reason": refund.held_reason,
    }


def _messages(messages: Sequence[Message], *, reveal: bool) -> list[Document]:
    return [
        {
            "message_id": message.message_id,
            "kind": message.kind.value,
            "subject": message.subject,
            **({"body": message.body} if reveal else {}),
        }
        for message in messages
    ]


def _timeline(events: Sequence[PaymentEvent]) -> list[Document]:
    return [
        {
            "at": event.at.isoformat(),
            "kind": event.kind,
            "from": event.status_from,
            "to": event.status_to,
            "detail": event.detail,
            "actor": event.actor,
        }
        for event in events
    ]
