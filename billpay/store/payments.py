"""Payments as people read them: everything about one order, or one stray deposit, in one piece.

Only reading; what is here is never decided upon.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.attempts import Attempt
from billpay.domain.deposits import Deposit
from billpay.domain.messages import Message
from billpay.domain.orders import OrderRow
from billpay.domain.outcomes import Receipt
from billpay.domain.refunds import Refund
from billpay.domain.statuses import BillStatus
from billpay.store.database import Database
from billpay.store.messages import messages_about
from billpay.store.orders import row_of
from billpay.store.reading import attempt, deposit, refund
from billpay.store.receipts import body_of, receipt_in
from billpay.store.tables import (
    AnswerRow,
    AttemptRow,
    BillPaymentRow,
    DepositRow,
    EventRow,
    MessageRow,
    RefundRow,
    TokenRow,
)


@dataclass(frozen=True, kw_only=True)
class PaymentEvent:
    """One line of a timeline."""

    at: datetime
    kind: str
    """`status` where the status changed, else what happened."""

    status_from: str | None
    status_to: str | None
    detail: str
    actor: str


@dataclass(frozen=True, kw_only=True)
class PaymentRecord:
    """All that is known of one order."""

    order: OrderRow
    memo: str
    provider_name: str
    """Who served it or was asked last; who was wished for where nobody was asked."""

    provider_reference: str | None
    refund_tx_hash: str | None
    deposits: Sequence[Deposit]
    """What came with its memo: the deposit that pays it and the ones that came too much."""

    attempts: Sequence[Attempt]
    refunds: Sequence[Refund]
    receipt: Receipt | None = field(repr=False)
    """What was bought, with the token in clear: shown to its owner only."""

    messages: Sequence[Message]
    events: Sequence[PaymentEvent]


@dataclass(frozen=True, kw_only=True)
class DepositRecord:
    """All that is known of one deposit."""

    deposit: Deposit
    refunds: Sequence[Refund]
    messages: Sequence[Message]
    events: Sequence[PaymentEvent]


@dataclass(frozen=True, kw_only=True)
class KeptAnswer:
    """One answer of a provider about one attempt, as it came."""

    received_at: datetime
    outcome_kind: str
    body: str = field(repr=False)
    """May hold a token."""


class PaymentStore:
    """The records as people read them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, transaction_id: UUID) -> PaymentRecord:
        """Read everything about one order.

        Raises:
            LookupError: there is no such order.
        """
        async with self._database.snapshot() as session:
            order, bill = await row_of(session, transaction_id)
            deposits = await _deposits(session, col(DepositRow.transaction_id) == transaction_id)
            operation_ids = [found.credit.operation_id for found in deposits]
            attempts = await _attempts(session, transaction_id)
            return PaymentRecord(
                order=order,
                memo=bill.memo,
                provider_name=bill.provider_name,
                provider_reference=bill.provider_reference,
                refund_tx_hash=bill.refund_tx_hash,
                deposits=deposits,
                attempts=[attempt(row) for row in attempts],
                refunds=await _refunds(session, operation_ids),
                receipt=await self._receipt(session, transaction_id, attempts),
                messages=await messages_about(
                    session,
                    self._database.sealer,
                    col(MessageRow.transaction_id) == transaction_id,
                    col(MessageRow.operation_id).in_(operation_ids),
                ),
                events=await _events(
                    session,
                    col(EventRow.transaction_id) == transaction_id,
                    col(EventRow.operation_id).in_(operation_ids),
                ),
            )

    async def record_of_deposit(self, operation_id: str) -> DepositRecord:
        """Read everything about one deposit.

        Raises:
            LookupError: it was never recorded.
        """
        async with self._database.snapshot() as session:
            deposits = await _deposits(session, col(DepositRow.operation_id) == operation_id)
            if not deposits:
                raise LookupError(f"there is no deposit {operation_id}")
            about = col(MessageRow.operation_id) == operation_id
            return DepositRecord(
                deposit=deposits[0],
                refunds=await _refunds(session, [operation_id]),
                messages=await messages_about(session, self._database.sealer, about),
                events=await _events(session, col(EventRow.operation_id) == operation_id),
            )

    async def answers(self, request_id: str) -> Sequence[KeptAnswer]:
        """Read all that a provider has said about an attempt, in order."""
        async with self._database.snapshot() as session:
            wanted = (
                select(AnswerRow)
                .where(col(AnswerRow.request_id) == request_id)
                .order_by(col(AnswerRow.number))
            )
            return [
                KeptAnswer(
                    received_at=row.received_at,
                    outcome_kind=row.outcome_kind,
                    body=body_of(self._database.sealer, row),
                )
                for row in (await session.execute(wanted)).scalars()
            ]

    async def transaction_ids(self) -> Sequence[UUID]:
        """List all orders, oldest first."""
        async with self._database.snapshot() as session:
            age = col(BillPaymentRow.created_at), col(BillPaymentRow.transaction_id)
            wanted = select(col(BillPaymentRow.transaction_id)).order_by(*age)
            return (await session.execute(wanted)).scalars().all()

    async def count_by_status(self) -> Mapping[BillStatus, int]:
        """Count the orders in each status that any has."""
        async with self._database.transaction() as session:
            counted = select(col(BillPaymentRow.status), func.count()).group_by(
                col(BillPaymentRow.status)
            )
            return {BillStatus(status): n for status, n in await session.execute(counted)}

    async def stray_deposits(self) -> Sequence[Deposit]:
        """List the deposits that pay no order, oldest first."""
        async with self._database.snapshot() as session:
            return await _deposits(session, col(DepositRow.stray_reason).is_not(None))

    async def _receipt(
        self, session: AsyncSession, transaction_id: UUID, attempts: Sequence[AttemptRow]
    ) -> Receipt | None:
        """Unseal what was bought: the final receipt, else the latest that any attempt has."""
        final = await session.get(TokenRow, transaction_id)
        rows: list[AttemptRow | TokenRow] = [*([final] if final else []), *reversed(attempts)]
        receipts = (receipt_in(self._database.sealer, row) for row in rows)
        return next((receipt for receipt in receipts if receipt is not None), None)


async def _deposits(session: AsyncSession, about: ColumnElement[bool]) -> Sequence[Deposit]:
    wanted = (
        select(DepositRow)
        .where(about)
        .order_by(col(DepositRow.recorded_at), col(DepositRow.ledger), col(DepositRow.operation_id))
    )
    return [deposit(row) for row in (await session.execute(wanted)).scalars()]


async def _attempts(session: AsyncSession, transaction_id: UUID) -> Sequence[AttemptRow]:
    wanted = (
        select(AttemptRow)
        .where(col(AttemptRow.transaction_id) == transaction_id)
        .order_by(col(AttemptRow.number))
    )
    return (await session.execute(wanted)).scalars().all()


async def _refunds(session: AsyncSession, operation_ids: Sequence[str]) -> Sequence[Refund]:
    wanted = (
        select(RefundRow)
        .where(col(RefundRow.operation_id).in_(operation_ids))
        .order_by(col(RefundRow.opened_at), col(RefundRow.refund_id))
    )
    return [refund(row) for row in (await session.execute(wanted)).scalars()]


async def _events(session: AsyncSession, *about: ColumnElement[bool]) -> Sequence[PaymentEvent]:
    wanted = select(EventRow).where(or_(*about)).order_by(col(EventRow.id))
    return [
        PaymentEvent(
            at=row.at,
            kind=row.kind,
            status_from=row.status_from,
            status_to=row.status_to,
            detail=row.detail,
            actor=row.actor,
        )
        for row in (await session.execute(wanted)).scalars()
    ]
