"""Refunds: wanted once, held or let go by a person, paid at most once.

What is signed for them is kept in `billpay.store.refund_envelopes`; how they are locked, in `refund_locks`.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.deposits import Disposition
from billpay.domain.ids import refund_id as id_of
from billpay.domain.money import Stroops
from billpay.domain.refunds import (
    EnvelopeState,
    MemoKind,
    Refund,
    RefundPurpose,
    RefundStatus,
    require_memo,
)
from billpay.domain.statuses import BillStatus
from billpay.store.database import RefusedError
from billpay.store.exclusions import require_not_sold
from billpay.store.orders import due_now
from billpay.store.reading import numeric, refund, stroops
from billpay.store.refund_envelopes import RefundEnvelopes
from billpay.store.refund_locks import (
    Locked,
    hold_locked,
    lock,
    lock_refund,
    move,
    sold_after_all,
    tell_of,
)
from billpay.store.tables import RefundEnvelopeRow, RefundRow

_ALIVE = (EnvelopeState.IN_FLIGHT, EnvelopeState.APPLIED)


class RefundStore(RefundEnvelopes):
    """All the money that is owed back."""

    async def open(
        self,
        *,
        operation_id: str,
        purpose: RefundPurpose,
        amount: Stroops,
        reason: str,
        hold: str | None = None,
    ) -> Refund:
        """Want a deposit, or what it has too much, sent back to its payer; its order is then given back (I9).

        With a reason to `hold` it is opened held: a person lets it go. Safe to repeat: a refund that was opened before
        is answered as it is. One of an order whose provider has meanwhile said that it was sold after all is opened
        held as well.

        Raises:
            RefusedError: the order is or may be sold (I3), the amount is not what the purpose allows, or the other
                part of the deposit has gone back.
        """
        async with self._database.transaction() as session:
            locked = await lock(session, operation_id)
            row = await session.get(RefundRow, id_of(operation_id, purpose))
            if row is None:
                row = RefundRow(
                    refund_id=id_of(operation_id, purpose),
                    operation_id=operation_id,
                    transaction_id=locked.transaction_id,
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
                await self._begin(session, locked, row, hold)
            return refund(row)

    async def reopen(self, refund_id: str, *, actor: str, reason: str) -> None:
        """Let a held refund go, on a person's word: no ceiling and no policy holds it again (I16).

        Safe to repeat: one that is not held stays as it is.
        """
        async with self._database.transaction() as session:
            locked, row = await lock_refund(session, refund_id)
            await self._let_go(session, locked, row, actor, reason)

    async def redirect(
        self,
        refund_id: str,
        *,
        destination: str,
        memo: str | None,
        memo_type: MemoKind | None,
        actor: str,
        reason: str,
    ) -> None:
        """Send a refund to another address than its payer's, on a person's word, and let it go (I16).

        A memo replaces the one that names the deposit, which whoever demands a memo could make nothing of. Safe to
        repeat: what goes there already is let go again, and nothing else.

        Raises:
            RefusedError: it is paid, or a signed transaction may still pay it; or no transaction can carry the memo.
        """
        async with self._database.transaction() as session:
            locked, row = await lock_refund(session, refund_id)
            _require_sound_memo(memo, memo_type)
            if await _is_alive(session, row):
                raise RefusedError(f"{refund_id} is paid or in flight: it goes nowhere else")
            if (row.destination, row.memo, row.memo_type) != (destination, memo, memo_type):
                before, carried = row.destination, f" with memo {memo!r}" if memo else ""
                row.destination, row.memo, row.memo_type = destination, memo, memo_type
                row.redirected_by, row.redirected_at = actor, self._database.clock()
                detail = f"to {destination}{carried} instead of {before}: {reason}"
                tell_of(
                    session, self._database.clock, row, "refund_redirected", detail, actor=actor
                )
            await self._let_go(session, locked, row, actor, reason)

    async def hold(self, refund_id: str, reason: str) -> None:
        """Hold a refund for a person, with its deposit and, where everything goes back, its order. Safe to repeat.

        Raises:
            RefusedError: it is paid, or a signed transaction may still pay it.
        """
        async with self._database.transaction() as session:
            locked, row = await lock_refund(session, refund_id)
            if row.status == RefundStatus.PAID or await _is_alive(session, row):
                raise RefusedError(f"{refund_id} is paid or in flight: it is not held")
            await hold_locked(session, self._database.clock, locked, row, reason)

    async def get(self, refund_id: str) -> Refund:
        """Read a refund.

        Raises:
            LookupError: it was never opened.
        """
        async with self._database.transaction() as session:
            row = await session.get(RefundRow, refund_id)
            if row is None:
                raise LookupError(f"there is no refund {refund_id}")
            return refund(row)

    async def find(self, operation_id: str, purpose: RefundPurpose) -> Refund | None:
        """Answer a deposit's refund for a purpose; None where it was never opened."""
        async with self._database.transaction() as session:
            row = await session.get(RefundRow, id_of(operation_id, purpose))
            return refund(row) if row else None

    async def _begin(
        self, session: AsyncSession, locked: Locked, row: RefundRow, hold: str | None
    ) -> None:
        """Give the order back, or hold the refund where a policy says so or the provider has contradicted itself."""
        clock = self._database.clock
        tell_of(session, clock, row, "refund_opened", row.reason)
        if row.purpose == RefundPurpose.WHOLE:
            await move(session, clock, locked, BillStatus.REFUND_INITIATED, row.reason)
        reason = await sold_after_all(session, locked, row) or hold
        if reason is not None:
            await hold_locked(session, clock, locked, row, reason)

    async def _let_go(
        self, session: AsyncSession, locked: Locked, row: RefundRow, actor: str, reason: str
    ) -> None:
        if row.status != RefundStatus.HELD:
            return
        clock = self._database.clock
        row.status, row.held_reason = RefundStatus.OPEN, None
        row.approved_by, row.approved_at = actor, clock()
        tell_of(session, clock, row, "refund_reopened", reason, actor=actor)
        if row.purpose == RefundPurpose.WHOLE:
            locked.deposit.disposition = Disposition.PENDING
            await move(session, clock, locked, BillStatus.REFUND_INITIATED, reason, actor=actor)


def _require_sound_memo(memo: str | None, memo_type: MemoKind | None) -> None:
    if (memo is None) != (memo_type is None):
        raise RefusedError("a memo and its type come together")
    if memo is not None and memo_type is not None:
        try:
            require_memo(memo, memo_type)
        except ValueError as error:
            raise RefusedError(str(error)) from error


async def _is_alive(session: AsyncSession, row: RefundRow) -> bool:
    alive = (
        select(col(RefundEnvelopeRow.transaction_hash))
        .where(col(RefundEnvelopeRow.refund_id) == row.refund_id)
        .where(col(RefundEnvelopeRow.state).in_(_ALIVE))
    )
    return (await session.execute(alive)).first() is not None


async def _require_allowed(
    session: AsyncSession, locked: Locked, row: RefundRow, amount: Stroops
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
