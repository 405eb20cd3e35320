"""Refunds that were set aside on the ledger: followed until their payer claims them, or we take them back."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.money import spoken_cngn
from billpay.domain.refunds import BalanceState, EnvelopeState, RefundPurpose, SetAside
from billpay.store.cases import end_case, open_case
from billpay.store.database import Database
from billpay.store.errands import errand_in_flight, settle_errand
from billpay.store.reading import stroops
from billpay.store.refund_locks import lock_refund, tell_of
from billpay.store.refund_tables import BalanceRow
from billpay.store.tables import RefundRow


def taking_back(balance_id: str) -> str:
    """Name the errand of taking a balance back."""
    return f"take back {balance_id}"


class ClaimableStore:
    """All the money that waits on the ledger for its payers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, *, with_settled: bool = False) -> Sequence[SetAside]:
        """List what waits, or all that ever did, oldest first."""
        wanted = (
            select(BalanceRow, RefundRow)
            .join(RefundRow, col(RefundRow.refund_id) == col(BalanceRow.refund_id))
            .order_by(col(BalanceRow.created_ledger), col(BalanceRow.balance_id))
        )
        if not with_settled:
            wanted = wanted.where(col(BalanceRow.state) == BalanceState.OPEN)
        async with self._database.snapshot() as session:
            return [_set_aside(*found) for found in (await session.execute(wanted)).all()]

    async def get(self, balance_id: str) -> SetAside:
        """Read one of them.

        Raises:
            LookupError: none of our refunds was set aside under this name.
        """
        async with self._database.transaction() as session:
            row = await _row(session, balance_id)
            return _set_aside(row, await session.get_one(RefundRow, row.refund_id))

    async def open_of(self, operation_id: str) -> SetAside | None:
        """Answer the balance in which a deposit's refund waits to be claimed; None where none does."""
        wanted = (
            select(BalanceRow, RefundRow)
            .join(RefundRow, col(RefundRow.refund_id) == col(BalanceRow.refund_id))
            .where(col(RefundRow.operation_id) == operation_id)
            .where(col(BalanceRow.state) == BalanceState.OPEN)
        )
        async with self._database.snapshot() as session:
            found = (await session.execute(wanted)).first()
            return None if found is None else _set_aside(*found)

    async def mark_claimed(self, balance_id: str, *, ledger: int) -> bool:
        """Write down that a balance is gone from the ledger, and not to us; whether that is news. Safe to repeat.

        While we may be taking it back ourselves nothing is written down: then its absence says nothing.
        """
        async with self._database.transaction() as session:
            _, refund = await lock_refund(session, (await _row(session, balance_id)).refund_id)
            row = await _row(session, balance_id)
            is_ours = await errand_in_flight(session, taking_back(balance_id)) is not None
            if row.state != BalanceState.OPEN or is_ours:
                return False
            detail = f"claimable balance {balance_id} was claimed"
            self._settle(row, BalanceState.CLAIMED, ledger)
            clock = self._database.clock
            tell_of(session, clock, refund, "balance_claimed", detail)
            await end_case(session, clock, CaseKind.UNCLAIMED_BALANCE, balance_id, detail)
            return True

    async def tell_unclaimed(self, balance_id: str) -> None:
        """Tell a person that nobody has claimed a balance in time. Safe to repeat."""
        async with self._database.transaction() as session:
            row = await _row(session, balance_id)
            if row.state != BalanceState.OPEN:
                return
            refund = await session.get_one(RefundRow, row.refund_id)
            await open_case(
                session,
                self._database.clock,
                CaseKind.UNCLAIMED_BALANCE,
                balance_id,
                f"{spoken_cngn(stroops(row.amount))} for {row.claimant} were not claimed until "
                f"{row.reclaimable_at:%Y-%m-%d %H:%M} UTC ({refund.refund_id})",
                transaction_id=refund.transaction_id,
                operation_id=refund.operation_id,
            )

    async def mark_reclaimed(self, balance_id: str, transaction_hash: str, *, ledger: int) -> None:
        """Write down that we have taken a balance back: the money is held for its payer again. Safe to repeat.

        The refund stays paid, since its envelope was applied; what is owed now is a person's business, and a case.
        """
        async with self._database.transaction() as session:
            found = await _row(session, balance_id)
            locked, refund = await lock_refund(session, found.refund_id)
            row = await _row(session, balance_id)
            if not await settle_errand(
                session, transaction_hash, EnvelopeState.APPLIED, ledger=ledger
            ):
                return
            self._settle(row, BalanceState.RECLAIMED, ledger)
            # The guard of the deposit asks for it.
            await session.flush()
            if refund.purpose == RefundPurpose.WHOLE:
                locked.deposit.disposition = Disposition.HELD
            clock = self._database.clock
            detail = (
                f"{spoken_cngn(stroops(row.amount))} that {row.claimant} did not claim were taken back in "
                f"{transaction_hash}: they are held for their payer"
            )
            tell_of(session, clock, refund, "balance_taken_back", detail)
            await end_case(session, clock, CaseKind.UNCLAIMED_BALANCE, balance_id, detail)
            await open_case(
                session,
                clock,
                CaseKind.TAKEN_BACK,
                refund.operation_id,
                f"{detail}; the refund counts as paid, so they are owed outside this service",
                transaction_id=refund.transaction_id,
                operation_id=refund.operation_id,
            )

    def _settle(self, row: BalanceRow, state: BalanceState, ledger: int) -> None:
        row.state, row.settled_at, row.settled_ledger = state, self._database.clock(), ledger


async def _row(session: AsyncSession, balance_id: str) -> BalanceRow:
    row = await session.get(BalanceRow, balance_id, populate_existing=True)
    if row is None:
        raise LookupError(f"there is no balance {balance_id}")
    return row


def _set_aside(row: BalanceRow, refund: RefundRow) -> SetAside:
    return SetAside(
        balance_id=row.balance_id,
        refund_id=row.refund_id,
        operation_id=refund.operation_id,
        claimant=row.claimant,
        amount=stroops(row.amount),
        created_ledger=row.created_ledger,
        reclaimable_at=row.reclaimable_at,
        state=BalanceState(row.state),
    )
