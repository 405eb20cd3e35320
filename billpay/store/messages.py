"""What customers were told: kept, sealed, and each message once."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from billpay.domain.messages import Message, MessageKind
from billpay.store.database import Database
from billpay.store.tables import MessageRow


class MessageStore:
    """The outbox and the archive of notifications."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, message: Message) -> Message:
        """Keep a message; one that was kept before under this id is answered instead (I8)."""
        async with self._database.transaction() as session:
            row = await session.get(MessageRow, message.message_id)
            if row is None:
                row = MessageRow(
                    message_id=message.message_id,
                    kind=message.kind,
                    transaction_id=message.transaction_id,
                    operation_id=message.operation_id,
                    wallet_address=message.wallet_address,
                    subject=message.subject,
                    body=self._database.sealer.seal(message.body, name=message.message_id),
                    written_at=self._database.clock(),
                )
                session.add(row)
            return self._read(row)

    async def mark_delivered(self, message_id: str) -> None:
        """Note that the customer's channel has taken the message."""
        async with self._database.transaction() as session:
            row = await session.get_one(MessageRow, message_id)
            row.delivered_at = row.delivered_at or self._database.clock()

    async def of(self, transaction_id: UUID) -> Sequence[Message]:
        """List what an order's customer was told, in order."""
        async with self._database.transaction() as session:
            wanted = (
                select(MessageRow)
                .where(MessageRow.transaction_id == transaction_id)  # type: ignore[arg-type]
                .order_by(MessageRow.written_at)  # type: ignore[arg-type]
            )
            return [self._read(row) for row in (await session.execute(wanted)).scalars()]

    def _read(self, row: MessageRow) -> Message:
        return Message(
            message_id=row.message_id,
            kind=MessageKind(row.kind),
            transaction_id=row.transaction_id,
            operation_id=row.operation_id,
            wallet_address=row.wallet_address,
            subject=row.subject,
            body=self._database.sealer.open(row.body, name=row.message_id),
        )
