"""What customers were told: kept, sealed, and each message once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.messages import Message, MessageKind
from billpay.store.database import Database
from billpay.store.sealing import Sealer
from billpay.store.tables import MessageRow


class MessageStore:
    """The outbox and the archive of notifications."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, message: Message) -> Message:
        """Keep a message; one that was kept before under this id is answered instead (I8)."""
        sealer = self._database.sealer
        async with self._database.transaction() as session:
            await session.execute(
                insert(MessageRow)
                .values(
                    message_id=message.message_id,
                    kind=message.kind,
                    transaction_id=message.transaction_id,
                    operation_id=message.operation_id,
                    wallet_address=message.wallet_address,
                    subject=message.subject,
                    body=sealer.seal(message.body, name=_name(message.message_id)),
                    written_at=self._database.clock(),
                )
                .on_conflict_do_nothing(index_elements=["message_id"])
            )
            return _read(sealer, await session.get_one(MessageRow, message.message_id))

    async def mark_delivered(self, message_id: str) -> None:
        """Note that the customer's channel has taken the message; the first time counts."""
        async with self._database.transaction() as session:
            row = await session.get_one(MessageRow, message_id)
            row.delivered_at = row.delivered_at or self._database.clock()

    async def is_delivered(self, message_id: str) -> bool:
        """Whether the customer's channel has taken the message."""
        async with self._database.transaction() as session:
            row = await session.get(MessageRow, message_id)
            return row is not None and row.delivered_at is not None

    async def of(self, transaction_id: UUID) -> Sequence[Message]:
        """List what an order's customer was told, in order."""
        async with self._database.transaction() as session:
            about = col(MessageRow.transaction_id) == transaction_id
            return await messages_about(session, self._database.sealer, about)

    async def of_deposit(self, operation_id: str) -> Sequence[Message]:
        """List what the payer of a deposit was told, in order."""
        async with self._database.transaction() as session:
            about = col(MessageRow.operation_id) == operation_id
            return await messages_about(session, self._database.sealer, about)


async def messages_about(
    session: AsyncSession, sealer: Sealer, *about: ColumnElement[bool]
) -> Sequence[Message]:
    """Read the messages that any of these conditions fits, in order."""
    wanted = (
        select(MessageRow)
        .where(or_(*about))
        .order_by(col(MessageRow.written_at), col(MessageRow.message_id))
    )
    return [_read(sealer, row) for row in (await session.execute(wanted)).scalars()]


def _read(sealer: Sealer, row: MessageRow) -> Message:
    return Message(
        message_id=row.message_id,
        kind=MessageKind(row.kind),
        transaction_id=row.transaction_id,
        operation_id=row.operation_id,
        wallet_address=row.wallet_address,
        subject=row.subject,
        body=sealer.open(row.body, name=_name(row.message_id)),
    )


def _name(message_id: str) -> str:
    return f"body in notifications {message_id}"
