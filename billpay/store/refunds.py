"""Refunds: wanted once, signed before anyone hears of them, paid at most once.

Locks are taken in one order: the bill of the order that the deposit pays, if any, then the deposit.
"""

from dataclasses import dataclass
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.deposits import Disposition
from billpay.domain.ids import refund_id as id_of
from billpay.domain.money import Stroops
from billpay.domain.refunds import (
    EnvelopeState,
    Refund,
    RefundEnvelope,
    RefundPurpose,
    RefundStatus,
)
from billpay.domain.statuses import BillStatus
from billpay.failures import Unavailable
from billpay.store.database import Database, RefusedError
from billpay.store.exclusions import contradicted_attempt, require_not_sold
from billpay.store.holding import hold_back
from billpay.store.orders import due_now
from billpay.store.reading import envelope, numeric, refund, stroops
from billpay.store.status import SERVICE, change_status, tell
from billpay.store.tables import (
    BillPaymentRow,
    DepositRow,
    RefundEnvelopeRow,
    RefundRow,
)


@dataclass(frozen=True)
class _Locked:
    """A deposit and, where it pays one, its order's bill: both locked."""

    deposit: DepositRow
    bill: BillPaymentRow | None


class RefundStore:
    """All the money that is owed back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, *, operation_id: str, purpose: RefundPurpose, amount: Stroops, reason: str
    ) -> Refund:
        """Want a deposit, or what it has too much, sent back to its payer; its order is then given back (I9).

        Safe to repeat: a refund that was opened before is answered as it is. One of an order whose provider has
        meanwhile said that it was sold after all is opened held: a person decides.

        Raises:
            RefusedError: the order is or may be sold (I3), the amount is not what the purpose allows, or the other
                part of the deposit has gone back.
        """
        async with self._database.transaction() as session:
            locked = await _lock(session, operation_id)
            row = await session.get(RefundRow, id_of(operation_id, purpose))
            if row is None:
                row = RefundRow(
                    refund_id=id_of(operation_id, purpose),
                    operation_id=operation_id,
                    transaction_id=locked.bill.transaction_id if locked.bill else None,
                    purpose=purpose,
                    destination=locked.deposit.payer,
                    amount=numeric(amount),
                    reason=reason,
                    deposit_hash=locked.deposit.transaction_hash,
                    opened_at=self._database.clock(),
                    status=RefundStatus.OPEN,
                )
                await _require_allowed(session, locked, row, amount)
                session.add(row)
                await self._begin(session, locked, row)
            return refund(row)

    async def reopen(self, refund_id: str, *, actor: str, reason: str) -> None:
        """Let a held refund go again, on a person's word. Safe to repeat: one that is not held stays as it is."""
        async with self._database.transaction() as session:
            locked, row = await _lock_refund(session, refund_id)
            if row.status != RefundStatus.HELD:
                return
            row.status, row.held_reason = RefundStatus.OPEN, None
            self._tell(session, row, "refund_reopened", reason, actor)
            if row.purpose == RefundPurpose.WHOLE:
                locked.deposit.disposition = Disposition.PENDING
                await self._move(session, locked, BillStatus.REFUND_INITIATED, reason, actor)

    async def get(self, refund_id: str) -> Refund:
        """Read a refund.

        Raises:
            LookupError: it was never opened.
        """
        async with self._database.transaction() as session:
            return refund(await _row(session, refund_id))

    async def find(self, operation_id: str, purpose: RefundPurpose) -> Refund | None:
        """Answer a deposit's refund for a purpose; None where it was never opened."""
        async with self._database.transaction() as session:
            row = await session.get(RefundRow, id_of(operation_id, purpose))
            return refund(row) if row else None

    async def in_flight(self, refund_id: str) -> RefundEnvelope | None:
        """Answer the envelope by which a refund may still be paid, or may have been."""
        return await self._envelope_in(refund_id, EnvelopeState.IN_FLIGHT)

    async def applied(self, refund_id: str) -> RefundEnvelope | None:
        """Answer the envelope by which a refund was paid."""
        return await self._envelope_in(refund_id, EnvelopeState.APPLIED)

    async def save_envelope(self, envelope: RefundEnvelope) -> None:
        """Keep a signed transaction before anyone hears of it; from now on it may pay.

        Safe to repeat: an envelope is known by its hash.

        Raises:
            RefusedError: the refund is held or paid.
            Unavailable: another envelope of the same account is in flight, whatever refund it is for, or has used
                this sequence number since it was read.
        """
        async with self._database.transaction() as session:
            locked, row = await _lock_refund(session, envelope.refund_id)
            if await session.get(RefundEnvelopeRow, envelope.transaction_hash) is not None:
                return
            if row.status != RefundStatus.OPEN:
                raise RefusedError(f"{row.refund_id} is {row.status}: nothing is signed for it")
            saved = await session.execute(
                insert(RefundEnvelopeRow)
                .values(
                    **envelope.model_dump(exclude={"state"}),
                    state=EnvelopeState.IN_FLIGHT,
                    signed_at=self._database.clock(),
                )
                .on_conflict_do_nothing()
                .returning(col(RefundEnvelopeRow.transaction_hash))
            )
            if saved.scalar_one_or_none() is None:
                raise Unavailable(f"another refund of {envelope.source_account} is in flight")
            if await _is_number_used(session, envelope):
                raise Unavailable(f"sequence number {envelope.sequence} was used meanwhile")
            signed = f"signed as {envelope.transaction_hash}"
            self._tell(session, row, "refund_signed", signed)
            if row.purpose == RefundPurpose.WHOLE:
                await self._move(session, locked, BillStatus.REFUND_PROCESSING, signed)

    async def settle_envelope(
        self, transaction_hash: str, state: EnvelopeState, *, hold: str | None = None
    ) -> None:
        """Write down that an envelope has moved nothing and never will (`FAILED` or `DEAD`). Safe to repeat.

        With a reason to `hold` its refund, both are one commit: nobody can sign anew between the two. A refund of what
        was sold after all while the envelope was in flight is held likewise (I3).

        Raises:
            RefusedError: something else is certain about it already.
        """
        if state not in (EnvelopeState.FAILED, EnvelopeState.DEAD):
            raise RefusedError(f"an envelope is not settled as {state}")
        async with self._database.transaction() as session:
            owner = await _envelope(session, transaction_hash)
            locked, row = await _lock_refund(session, owner.refund_id)
            signed = await _envelope(session, transaction_hash)
            if signed.state == state:
                return
            if signed.state != EnvelopeState.IN_FLIGHT:
                _refuse(signed, state)
            signed.state = state
            self._tell(session, row, f"refund_{state}", f"{transaction_hash} has moved nothing")
            reason = hold or await _sold_after_all(session, locked, row)
            if reason is not None:
                await self._hold(session, locked, row, reason)

    async def mark_paid(self, refund_id: str, transaction_hash: str) -> None:
        """Write down that the ledger has applied a refund: envelope, refund, deposit and order in one commit.

        Safe to repeat: a refund is paid once.

        Raises:
            RefusedError: the envelope is another refund's, or is known to have moved nothing.
        """
        async with self._database.transaction() as session:
            locked, row = await _lock_refund(session, refund_id)
            signed = await _envelope(session, transaction_hash)
            if signed.refund_id != refund_id:
                raise RefusedError(f"{transaction_hash} pays {signed.refund_id}, not {refund_id}")
            if signed.state == EnvelopeState.APPLIED:
                return
            if signed.state != EnvelopeState.IN_FLIGHT:
                _refuse(signed, EnvelopeState.APPLIED)
            signed.state = EnvelopeState.APPLIED
            row.status, row.held_reason = RefundStatus.PAID, None
            await self._close(session, locked, row, transaction_hash)

    async def hold(self, refund_id: str, reason: str) -> None:
        """Hold a refund for a person, with its deposit and, where everything goes back, its order. Safe to repeat.

        Raises:
            RefusedError: it is paid, or a signed transaction may still pay it.
        """
        async with self._database.transaction() as session:
            locked, row = await _lock_refund(session, refund_id)
            alive = await _envelope_of(session, refund_id, EnvelopeState.IN_FLIGHT)
            if row.status == RefundStatus.PAID or alive is not None:
                raise RefusedError(f"{refund_id} is paid or in flight: it is not held")
            await self._hold(session, locked, row, reason)

    async def _begin(self, session: AsyncSession, locked: _Locked, row: RefundRow) -> None:
        """Give the order back, or hold the refund where the provider has contradicted itself."""
        self._tell(session, row, "refund_opened", row.reason)
        if row.purpose == RefundPurpose.EXCESS:
            return
        await self._move(session, locked, BillStatus.REFUND_INITIATED, row.reason)
        reason = await _sold_after_all(session, locked, row)
        if reason is not None:
            await self._hold(session, locked, row, reason)

    async def _hold(
        self, session: AsyncSession, locked: _Locked, row: RefundRow, reason: str
    ) -> None:
        await hold_back(session, self._database.clock, row, locked.bill, reason=reason)

    async def _close(
        self, session: AsyncSession, locked: _Locked, row: RefundRow, transaction_hash: str
    ) -> None:
        """Let deposit and order follow the refund that is paid."""
        paid = f"paid in {transaction_hash}"
        self._tell(session, row, "refund_paid", paid)
        if locked.bill is not None:
            locked.bill.refund_tx_hash = transaction_hash
        if row.purpose == RefundPurpose.EXCESS:
            return
        locked.deposit.disposition = Disposition.REFUNDED
        # The ledger has spoken: an order that was parked meanwhile takes the usual way to its end.
        await self._move(session, locked, BillStatus.REFUND_PROCESSING, paid)
        await self._move(session, locked, BillStatus.REFUNDED, paid)

    async def _move(
        self,
        session: AsyncSession,
        locked: _Locked,
        to: BillStatus,
        detail: str,
        actor: str = SERVICE,
    ) -> None:
        if locked.bill is not None:
            clock = self._database.clock
            await change_status(session, clock, locked.bill, to, detail=detail, actor=actor)

    def _tell(
        self, session: AsyncSession, row: RefundRow, kind: str, detail: str, actor: str = SERVICE
    ) -> None:
        tell(
            session,
            self._database.clock,
            kind=kind,
            detail=detail,
            actor=actor,
            transaction_id=row.transaction_id,
            operation_id=row.operation_id,
        )

    async def _envelope_in(self, refund_id: str, state: EnvelopeState) -> RefundEnvelope | None:
        async with self._database.transaction() as session:
            row = await _envelope_of(session, refund_id, state)
            return envelope(row) if row else None


async def _lock(session: AsyncSession, operation_id: str) -> _Locked:
    """Lock the bill that a deposit pays, then the deposit.

    Raises:
        LookupError: the deposit was never recorded.
    """
    pays = select(BillPaymentRow).where(col(BillPaymentRow.claimed_by) == operation_id)
    bill = (await session.execute(pays.with_for_update())).scalar_one_or_none()
    deposit = await session.get(DepositRow, operation_id, with_for_update=True)
    if deposit is None:
        raise LookupError(f"there is no deposit {operation_id}")
    return _Locked(deposit, bill)


async def _lock_refund(session: AsyncSession, refund_id: str) -> tuple[_Locked, RefundRow]:
    """Lock what a refund is about, then read it.

    Raises:
        LookupError: it was never opened.
    """
    wanted = select(col(RefundRow.operation_id)).where(col(RefundRow.refund_id) == refund_id)
    operation_id = (await session.execute(wanted)).scalar_one_or_none()
    if operation_id is None:
        raise LookupError(f"there is no refund {refund_id}")
    locked = await _lock(session, operation_id)
    return locked, await session.get_one(RefundRow, refund_id)


async def _row(session: AsyncSession, refund_id: str) -> RefundRow:
    row = await session.get(RefundRow, refund_id)
    if row is None:
        raise LookupError(f"there is no refund {refund_id}")
    return row


async def _require_allowed(
    session: AsyncSession, locked: _Locked, row: RefundRow, amount: Stroops
) -> None:
    """Make sure that a new refund takes nothing away that was delivered (I3, I9)."""
    came = stroops(locked.deposit.amount)
    is_delivered = locked.deposit.disposition == Disposition.DELIVERED
    if row.purpose == RefundPurpose.EXCESS:
        if locked.bill is None or not is_delivered:
            raise RefusedError(f"{row.operation_id} is not delivered: it has no excess")
        if not 0 < amount <= came - await due_now(session, locked.bill.transaction_id):
            raise RefusedError(f"{row.operation_id} has no excess of {row.amount} cNGN")
        return
    if is_delivered or amount != came:
        raise RefusedError(f"{row.operation_id} is delivered, or is not {row.amount} cNGN")
    if locked.bill is not None:
        await require_not_sold(session, locked.bill.transaction_id)


async def _envelope(session: AsyncSession, transaction_hash: str) -> RefundEnvelopeRow:
    row = await session.get(RefundEnvelopeRow, transaction_hash, populate_existing=True)
    if row is None:
        raise LookupError(f"there is no envelope {transaction_hash}")
    return row


async def _envelope_of(
    session: AsyncSession, refund_id: str, state: EnvelopeState
) -> RefundEnvelopeRow | None:
    wanted = (
        select(RefundEnvelopeRow)
        .where(col(RefundEnvelopeRow.refund_id) == refund_id)
        .where(col(RefundEnvelopeRow.state) == state)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def _sold_after_all(session: AsyncSession, locked: _Locked, row: RefundRow) -> str | None:
    """Say why a person must look at a refund of a whole order: its provider has contradicted itself."""
    if locked.bill is None or row.purpose != RefundPurpose.WHOLE:
        return None
    doubtful = await contradicted_attempt(session, locked.bill.transaction_id)
    if doubtful is None:
        return None
    return f"{doubtful.provider} says that {doubtful.request_id} was sold after all"


async def _is_number_used(session: AsyncSession, envelope: RefundEnvelope) -> bool:
    """Whether one of our own transactions has used this sequence number or a later one."""
    used = (
        select(col(RefundEnvelopeRow.transaction_hash))
        .where(col(RefundEnvelopeRow.source_account) == envelope.source_account)
        .where(col(RefundEnvelopeRow.sequence) >= envelope.sequence)
        .where(col(RefundEnvelopeRow.state).in_((EnvelopeState.APPLIED, EnvelopeState.FAILED)))
        .limit(1)
    )
    return (await session.execute(used)).first() is not None


def _refuse(signed: RefundEnvelopeRow, state: EnvelopeState) -> NoReturn:
    raise RefusedError(f"{signed.transaction_hash} is {signed.state}: it cannot be {state}")
