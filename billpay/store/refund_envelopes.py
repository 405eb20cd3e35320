"""What was signed for refunds: kept before anyone hears of it, and settled by the ledger's word alone."""

from collections.abc import Sequence
from typing import NoReturn

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.refunds import (
    EnvelopeKind,
    EnvelopeState,
    FeeBump,
    Refund,
    RefundCeilings,
    RefundEnvelope,
    RefundPast,
    RefundPurpose,
    RefundStatus,
)
from billpay.domain.statuses import BillStatus
from billpay.failures import Unavailable
from billpay.store.cases import end_case
from billpay.store.ceilings import above_ceiling
from billpay.store.channel_owners import give_up, owns
from billpay.store.database import Database, RefusedError
from billpay.store.reading import envelope
from billpay.store.refund_locks import (
    Locked,
    hold_locked,
    lock_refund,
    move,
    sold_after_all,
    tell_of,
)
from billpay.store.refund_tables import BalanceRow, FeeBumpRow
from billpay.store.tables import RefundEnvelopeRow, RefundRow

TREASURY_SUBJECT = "treasury"
"""What the case of a treasury that cannot pay is about: there is one of it."""

BURIED_LATELY = 20
"""How many dead transactions of a refund are looked up again before it is signed anew on a person's word."""


class RefundEnvelopes:
    """All that was signed to send money back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_flight(self, refund_id: str) -> RefundEnvelope | None:
        """Answer the envelope by which a refund may still be paid, or may have been."""
        return await self._envelope_in(refund_id, EnvelopeState.IN_FLIGHT)

    async def applied(self, refund_id: str) -> RefundEnvelope | None:
        """Answer the envelope by which a refund was paid."""
        return await self._envelope_in(refund_id, EnvelopeState.APPLIED)

    async def past(self, refund_id: str) -> RefundPast:
        """Answer what was tried for a refund at its present destination, and moved nothing."""
        tried = (
            select(RefundEnvelopeRow)
            .join(RefundRow, col(RefundRow.refund_id) == col(RefundEnvelopeRow.refund_id))
            .where(col(RefundEnvelopeRow.refund_id) == refund_id)
            .where(
                col(RefundEnvelopeRow.signed_at)
                >= func.coalesce(col(RefundRow.redirected_at), col(RefundRow.opened_at))
            )
            .order_by(col(RefundEnvelopeRow.signed_at))
        )
        async with self._database.transaction() as session:
            rows = (await session.execute(tried)).scalars().all()
        return RefundPast(
            failures=[
                tuple((row.result_codes or "").split())
                for row in rows
                if row.state == EnvelopeState.FAILED
            ],
            deaths=sum(row.state == EnvelopeState.DEAD for row in rows),
        )

    async def buried(self, refund_id: str) -> Sequence[str]:
        """Name the latest transactions of a refund that were believed dead, and the bids around them, newest first."""
        signed = (
            select(col(RefundEnvelopeRow.transaction_hash))
            .where(col(RefundEnvelopeRow.refund_id) == refund_id)
            .where(col(RefundEnvelopeRow.state) == EnvelopeState.DEAD)
            .order_by(col(RefundEnvelopeRow.signed_at).desc())
            .limit(BURIED_LATELY)
        )
        async with self._database.transaction() as session:
            hashes = (await session.execute(signed)).scalars().all()
            bids = select(col(FeeBumpRow.transaction_hash)).where(
                col(FeeBumpRow.inner_hash).in_(hashes)
            )
            return [*hashes, *(await session.execute(bids)).scalars()]

    async def save_envelope(
        self,
        envelope: RefundEnvelope,
        *,
        signed_for: Refund | None = None,
        ceilings: RefundCeilings | None = None,
    ) -> str | None:
        """Keep a signed transaction before anyone hears of it; from now on it may pay.

        Where the refund is above a ceiling it is held instead, and nothing is kept: answers why. `signed_for` is the
        refund as the signer knew it: one that was redirected since is not paid the old way. Safe to repeat: an
        envelope is known by its hash.

        Raises:
            RefusedError: the refund is held or paid.
            Unavailable: another envelope of it is in flight, or its account and number are not the ones it owns (any
                more): another run of the same refund was faster. Or it goes elsewhere by now.
        """
        async with self._database.transaction() as session:
            locked, row = await lock_refund(session, envelope.refund_id)
            if await session.get(RefundEnvelopeRow, envelope.transaction_hash) is not None:
                return None
            if row.status != RefundStatus.OPEN:
                raise RefusedError(f"{row.refund_id} is {row.status}: nothing is signed for it")
            if signed_for is not None and _goes_elsewhere(row, signed_for):
                raise Unavailable(f"{row.refund_id} was redirected meanwhile")
            if await _envelope_of(session, row.refund_id, EnvelopeState.IN_FLIGHT) is not None:
                raise Unavailable(f"another envelope of {row.refund_id} is in flight")
            if not await owns(session, row.refund_id, envelope.source_account, envelope.sequence):
                raise Unavailable(
                    f"{row.refund_id} does not own number {envelope.sequence} of {envelope.source_account}"
                )
            above = ceilings and await above_ceiling(session, self._database.clock, row, ceilings)
            if above:
                await hold_locked(session, self._database.clock, locked, row, above)
                return above
            await self._keep(session, locked, row, envelope)
            return None

    async def save_bump(self, bump: FeeBump) -> None:
        """Keep a higher bid for an envelope before anyone hears of it. Safe to repeat: it is known by its hash.

        Raises:
            Unavailable: what it wraps is not in flight any more.
        """
        async with self._database.transaction() as session:
            owner = await _envelope(session, bump.inner_hash)
            _, row = await lock_refund(session, owner.refund_id)
            if (await _envelope(session, bump.inner_hash)).state != EnvelopeState.IN_FLIGHT:
                raise Unavailable(f"{bump.inner_hash} is settled: nothing more is bid for it")
            saved = insert(FeeBumpRow).values(**bump.model_dump(), signed_at=self._database.clock())
            is_new = saved.on_conflict_do_nothing().returning(col(FeeBumpRow.transaction_hash))
            if (await session.execute(is_new)).scalar_one_or_none() is not None:
                detail = f"bid {bump.fee} stroops for each operation, as {bump.transaction_hash}"
                tell_of(session, self._database.clock, row, "refund_outbid", detail)

    async def note_refusal(self, transaction_hash: str, codes: Sequence[str]) -> None:
        """Keep why the network refused what is in flight, for when it is proven dead. Safe to repeat."""
        async with self._database.transaction() as session:
            signed = await session.get(RefundEnvelopeRow, transaction_hash, with_for_update=True)
            if signed is not None and signed.state == EnvelopeState.IN_FLIGHT:
                signed.result_codes = " ".join(codes) or None

    async def bumps(self, transaction_hash: str) -> Sequence[FeeBump]:
        """List the higher bids for an envelope, lowest first."""
        wanted = (
            select(FeeBumpRow)
            .where(col(FeeBumpRow.inner_hash) == transaction_hash)
            .order_by(col(FeeBumpRow.fee))
        )
        async with self._database.transaction() as session:
            rows = (await session.execute(wanted)).scalars()
            return [FeeBump(**row.model_dump(exclude={"signed_at"})) for row in rows]

    async def settle_envelope(
        self,
        transaction_hash: str,
        state: EnvelopeState,
        *,
        hold: str | None = None,
        codes: Sequence[str] = (),
    ) -> None:
        """Write down that an envelope has moved nothing and never will (`FAILED` or `DEAD`). Safe to repeat.

        What failed has used its number, so its account is free again; after a death the number is kept for the next
        envelope. With a reason to `hold` its refund, both are one commit: nobody can sign anew between the two. A
        refund of what was sold after all while the envelope was in flight is held likewise (I3).

        Raises:
            RefusedError: something else is certain about it already.
        """
        if state not in (EnvelopeState.FAILED, EnvelopeState.DEAD):
            raise RefusedError(f"an envelope is not settled as {state}")
        async with self._database.transaction() as session:
            owner = await _envelope(session, transaction_hash)
            locked, row = await lock_refund(session, owner.refund_id)
            signed = await _envelope(session, transaction_hash)
            if signed.state == state:
                return
            if signed.state != EnvelopeState.IN_FLIGHT:
                _refuse(signed, state)
            signed.state = state
            signed.result_codes = " ".join(codes) or signed.result_codes
            said = f" ({' '.join(codes)})" if codes else ""
            tell_of(
                session,
                self._database.clock,
                row,
                f"refund_{state}",
                f"{transaction_hash} has moved nothing{said}",
            )
            if state is EnvelopeState.FAILED:
                await give_up(session, row.refund_id)
            reason = hold or await sold_after_all(session, locked, row)
            if reason is not None:
                await hold_locked(session, self._database.clock, locked, row, reason)

    async def mark_paid(
        self,
        refund_id: str,
        transaction_hash: str,
        *,
        ledger: int | None = None,
        applied_hash: str | None = None,
    ) -> None:
        """Write down that the ledger has applied a refund: envelope, refund, deposit and order in one commit.

        In the same commit its account is free for the next one, what was set aside is followed from now on, and the
        case of a treasury that could not pay ends. `applied_hash` is the hash under which it stands in the ledger,
        where that is a fee bump's. Safe to repeat: a refund is paid once.

        Raises:
            RefusedError: the envelope is another refund's, or is known to have moved nothing.
        """
        async with self._database.transaction() as session:
            locked, row = await lock_refund(session, refund_id)
            signed = await _envelope(session, transaction_hash)
            if signed.refund_id != refund_id:
                raise RefusedError(f"{transaction_hash} pays {signed.refund_id}, not {refund_id}")
            if signed.state == EnvelopeState.APPLIED:
                return
            if signed.state != EnvelopeState.IN_FLIGHT:
                _refuse(signed, EnvelopeState.APPLIED)
            signed.state, signed.applied_ledger = EnvelopeState.APPLIED, ledger
            signed.applied_hash = None if applied_hash == transaction_hash else applied_hash
            row.status, row.held_reason = RefundStatus.PAID, None
            await give_up(session, refund_id)
            _follow_what_was_set_aside(session, row, signed)
            await self._close(session, locked, row, signed)

    async def _keep(
        self, session: AsyncSession, locked: Locked, row: RefundRow, envelope: RefundEnvelope
    ) -> None:
        signed_at = self._database.clock()
        facts = envelope.model_dump(exclude={"state", "refused"}) | {
            "state": EnvelopeState.IN_FLIGHT
        }
        session.add(RefundEnvelopeRow(**facts, signed_at=signed_at))
        await session.flush()
        how = "" if envelope.kind is EnvelopeKind.PAYMENT else ", to be claimed by its payer"
        signed = f"signed as {envelope.transaction_hash}{how}"
        tell_of(session, self._database.clock, row, "refund_signed", signed)
        if row.purpose == RefundPurpose.WHOLE:
            await move(session, self._database.clock, locked, BillStatus.REFUND_PROCESSING, signed)

    async def _close(
        self, session: AsyncSession, locked: Locked, row: RefundRow, signed: RefundEnvelopeRow
    ) -> None:
        """Let deposit and order follow the refund that is paid."""
        clock, in_ledger = self._database.clock, signed.applied_hash or signed.transaction_hash
        paid = f"paid in {in_ledger}" + (
            f", set aside as claimable balance {signed.balance_id}" if signed.balance_id else ""
        )
        tell_of(session, clock, row, "refund_paid", paid)
        await end_case(
            session, clock, CaseKind.TREASURY, TREASURY_SUBJECT, f"{row.refund_id} is {paid}"
        )
        if locked.bill is not None:
            locked.bill.refund_tx_hash = in_ledger
        if row.purpose == RefundPurpose.EXCESS:
            return
        locked.deposit.disposition = Disposition.REFUNDED
        # The ledger has spoken: an order that was parked meanwhile takes the usual way to its end.
        await move(session, clock, locked, BillStatus.REFUND_PROCESSING, paid)
        await move(session, clock, locked, BillStatus.REFUNDED, paid)

    async def _envelope_in(self, refund_id: str, state: EnvelopeState) -> RefundEnvelope | None:
        async with self._database.transaction() as session:
            row = await _envelope_of(session, refund_id, state)
            return envelope(row) if row else None


def _follow_what_was_set_aside(
    session: AsyncSession, row: RefundRow, signed: RefundEnvelopeRow
) -> None:
    if signed.balance_id is None or signed.reclaimable_at is None:
        return
    session.add(
        BalanceRow(
            balance_id=signed.balance_id,
            refund_id=row.refund_id,
            claimant=row.destination,
            amount=row.amount,
            created_ledger=signed.applied_ledger or 0,
            reclaimable_at=signed.reclaimable_at,
        )
    )


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


def _goes_elsewhere(row: RefundRow, known: Refund) -> bool:
    return (row.destination, row.memo, row.memo_type) != (
        known.destination,
        known.memo,
        known.memo_type,
    )


def _refuse(signed: RefundEnvelopeRow, state: EnvelopeState) -> NoReturn:
    raise RefusedError(f"{signed.transaction_hash} is {signed.state}: it cannot be {state}")
