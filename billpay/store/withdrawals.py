"""cNGN that people took out of the wallet, recorded so that it is not missing."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.journal import Withdrawal
from billpay.domain.money import spoken_cngn
from billpay.domain.refunds import BalanceState, RefundPurpose
from billpay.ledger.base import Debit
from billpay.store.cases import end_case
from billpay.store.database import Database, RefusedError
from billpay.store.journal_tables import WithdrawalRow
from billpay.store.reading import numeric, stroops
from billpay.store.refund_locks import lock, tell_of
from billpay.store.refund_tables import BalanceRow, FeeBumpRow
from billpay.store.tables import RefundEnvelopeRow, RefundRow


class WithdrawalStore:
    """What was taken out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self, debits: Sequence[Debit], *, actor: str, reason: str, settles: str | None = None
    ) -> Sequence[Withdrawal]:
        """Record debits of the ledger as withdrawals, on a person's word (I16). Safe to repeat: the first word stays.

        What `settles` a deposit has paid its payer what was taken back for them: in the same commit the deposit is
        refunded, nothing of it is held, and its case ends.

        Raises:
            LookupError: the deposit to be settled was never recorded.
            RefusedError: one of them is, or may become, a refund of ours; or it is not what the deposit is owed.
        """
        async with self._database.transaction() as session:
            await _require_no_refund(session, {debit.transaction_hash for debit in debits})
            if settles is not None:
                await self._settle(session, debits, settles, actor, reason)
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
                    settles=settles,
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

    async def _settle(
        self,
        session: AsyncSession,
        debits: Sequence[Debit],
        operation_id: str,
        actor: str,
        reason: str,
    ) -> None:
        """Let a deposit that was taken back be settled by the only debit; nothing where it is so already."""
        locked = await lock(session, operation_id)
        names = [debit.operation_id for debit in debits]
        known = await session.execute(
            select(WithdrawalRow).where(
                or_(
                    col(WithdrawalRow.operation_id).in_(names),
                    col(WithdrawalRow.settles) == operation_id,
                )
            )
        )
        for row in known.scalars():
            if row.operation_id not in names or row.settles != operation_id:
                raise RefusedError(
                    f"withdrawal {row.operation_id} is recorded, and settles {row.settles or 'no deposit'}"
                )
            return
        refund, balance = await _taken_back(session, operation_id)
        if [numeric(debit.amount) for debit in debits] != [balance.amount]:
            raise RefusedError(
                f"{spoken_cngn(stroops(balance.amount))} were taken back of {operation_id}: this is another amount"
            )
        if refund.purpose == RefundPurpose.WHOLE:
            locked.deposit.disposition = Disposition.REFUNDED
        clock = self._database.clock
        paid = f"paid by hand in {debits[0].transaction_hash} to {debits[0].destination or 'nobody'}: {reason}"
        tell_of(session, clock, refund, "paid_by_hand", paid, actor=actor)
        await end_case(session, clock, CaseKind.TAKEN_BACK, operation_id, paid)


async def _require_no_refund(session: AsyncSession, hashes: AbstractSet[str]) -> None:
    bids = select(col(FeeBumpRow.inner_hash)).where(col(FeeBumpRow.transaction_hash).in_(hashes))
    signed = select(col(RefundEnvelopeRow.refund_id)).where(
        or_(
            col(RefundEnvelopeRow.transaction_hash).in_(hashes),
            col(RefundEnvelopeRow.applied_hash).in_(hashes),
            col(RefundEnvelopeRow.transaction_hash).in_(bids),
        )
    )
    refund_id = (await session.execute(signed)).scalars().first()
    if refund_id is not None:
        raise RefusedError(f"this transaction pays {refund_id}: it is no withdrawal")


async def _taken_back(session: AsyncSession, operation_id: str) -> tuple[RefundRow, BalanceRow]:
    wanted = (
        select(RefundRow, BalanceRow)
        .join(BalanceRow, col(BalanceRow.refund_id) == col(RefundRow.refund_id))
        .where(col(RefundRow.operation_id) == operation_id)
        .where(col(BalanceRow.state) == BalanceState.RECLAIMED)
    )
    found = (await session.execute(wanted)).one_or_none()
    if found is None:
        raise RefusedError(f"nothing was taken back of {operation_id}: nothing is settled by this")
    return found[0], found[1]


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
        settles=row.settles,
    )
