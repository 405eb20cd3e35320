"""cNGN that people took out of the wallet, recorded so that it is not missing."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from billpay.domain.journal import Withdrawal
from billpay.ledger.base import Debit
from billpay.store.database import Database, RefusedError
from billpay.store.journal_tables import WithdrawalRow
from billpay.store.reading import numeric, stroops
from billpay.store.refund_tables import FeeBumpRow
from billpay.store.tables import RefundEnvelopeRow


class WithdrawalStore:
    """What was taken out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self, debits: Sequence[Debit], *, actor: str, reason: str
    ) -> Sequence[Withdrawal]:
        """Record debits of the ledger as withdrawals, on a person's word (I16). Safe to repeat: the first word stays.

        Raises:
            RefusedError: one of them is, or may become, a refund of ours.
        """
        async with self._database.transaction() as session:
            hashes = {debit.transaction_hash for debit in debits}
            signed = select(col(RefundEnvelopeRow.refund_id)).where(
                or_(
                    col(RefundEnvelopeRow.transaction_hash).in_(hashes),
                    col(RefundEnvelopeRow.applied_hash).in_(hashes),
                    col(RefundEnvelopeRow.transaction_hash).in_(
                        select(col(FeeBumpRow.inner_hash)).where(
                            col(FeeBumpRow.transaction_hash).in_(hashes)
                        )
                    ),
                )
            )
            refund_id = (await session.execute(signed)).scalars().first()
            if refund_id is not None:
                raise RefusedError(f"this transaction pays {refund_id}: it is no withdrawal")
            for debit in debits:
                taken = insert(WithdrawalRow).values(
                    operation_id=debit.operation_id,
                    transaction_hash=debit.transaction_hash,
                    ledger=debit.ledger,
                    closed_at=debit.closed_at,
                    destination=debit.destination,
                    amount=numeric(debit.amount),
                    recorded_at=self._database.clock(),
                    actor=actor,
                    reason=reason,
                )
                await session.execute(taken.on_conflict_do_nothing(index_elements=["operation_id"]))
            names = [debit.operation_id for debit in debits]
            wanted = select(WithdrawalRow).where(col(WithdrawalRow.operation_id).in_(names))
            return [withdrawal(row) for row in (await session.execute(wanted)).scalars()]

    async def all(self) -> Sequence[Withdrawal]:
        """List what was ever taken out, in the ledger's order."""
        wanted = select(WithdrawalRow).order_by(
            col(WithdrawalRow.ledger), col(WithdrawalRow.operation_id)
        )
        async with self._database.transaction() as session:
            return [withdrawal(row) for row in (await session.execute(wanted)).scalars()]


def withdrawal(row: WithdrawalRow) -> Withdrawal:
    """Read a withdrawal."""
    return Withdrawal(
        operation_id=row.operation_id,
        transaction_hash=row.transaction_hash,
        ledger=row.ledger,
        closed_at=row.closed_at,
        destination=row.destination,
        amount=stroops(row.amount),
        recorded_at=row.recorded_at,
        actor=row.actor,
        reason=row.reason,
    )
