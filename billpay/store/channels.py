"""Whose sequence numbers are used, and by what.

A refund owns an account and its next number from before anything is signed for it until that number is used, or until
the refund is held with every envelope of it proven dead. So whatever is signed for a refund has one number, and the
ledger itself allows one of it at most (I9, I10). The treasury's errands own its account likewise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col

from billpay.domain.refunds import EnvelopeState, RefundStatus
from billpay.failures import Unavailable
from billpay.store.channel_owners import owned_by, owned_where
from billpay.store.database import RefusedError
from billpay.store.errands import MISSED_AFTER, ErrandEnvelopes
from billpay.store.refund_tables import ChannelRow, ErrandRow
from billpay.store.tables import RefundEnvelopeRow, RefundRow

OWN_ACCOUNT = 0
"""The number of the treasury's own account."""

_USED = (EnvelopeState.APPLIED, EnvelopeState.FAILED)


@dataclass(frozen=True)
class Reservation:
    """An account that something owns, and the sequence number it must use there."""

    number: int
    address: str
    sequence: int | None
    """None until it is fixed, once and before anything is signed."""


@dataclass(frozen=True)
class ChannelRecord:
    """A channel as our records have it."""

    number: int
    address: str
    owner: str | None
    """The refund or the errand that uses it; None where it is free."""

    claimed_at: datetime | None


class ChannelStore(ErrandEnvelopes):
    """The accounts that our transactions take their sequence numbers from, and what the treasury signs for itself."""

    async def add(self, number: int, address: str) -> None:
        """Make an account known. Safe to repeat.

        Raises:
            RefusedError: the number is another account's: the treasury's key was changed.
        """
        async with self._database.transaction() as session:
            made = insert(ChannelRow).values(number=number, address=address)
            await session.execute(made.on_conflict_do_nothing())
            known = select(col(ChannelRow.address)).where(col(ChannelRow.number) == number)
            if (await session.execute(known)).scalar_one_or_none() != address:
                raise RefusedError(f"channel {number} is another account than {address}")

    async def all(self) -> Sequence[ChannelRecord]:
        """List every known account, the treasury's own first."""
        async with self._database.snapshot() as session:
            rows = await session.execute(select(ChannelRow).order_by(col(ChannelRow.number)))
            return [
                ChannelRecord(row.number, row.address, row.refund_id or row.errand, row.claimed_at)
                for row in rows.scalars()
            ]

    async def claim(self, refund_id: str) -> Reservation | None:
        """Answer the account that a refund owns from now on; None where none is free. Safe to repeat.

        The treasury's own account is given away only where there is no other: it is what channels are made and filled
        from, and a crowd of refunds must not keep that waiting.

        Raises:
            RefusedError: the refund is held or paid.
        """
        async with self._database.transaction() as session:
            refund = await session.get(RefundRow, refund_id, with_for_update=True)
            status = "not there" if refund is None else refund.status
            if status != RefundStatus.OPEN:
                raise RefusedError(f"{refund_id} is {status}: nothing is signed for it")
            owned = await owned_where(session, col(ChannelRow.refund_id) == refund_id)
            if owned is None:
                owned = await _free(session, _is_given_to_refunds())
                if owned is None:
                    return None
                owned.refund_id, owned.claimed_at = refund_id, self._database.clock()
            return _reservation(owned)

    async def has_room(self, refund_id: str) -> bool:
        """Whether a refund owns an account, or might get one now; of one that needs none any more the answer is yes.

        Only looks, so that whoever waits costs little: `claim` decides.
        """
        async with self._database.snapshot() as session:
            is_owed = exists().where(
                col(RefundRow.refund_id) == refund_id, col(RefundRow.status) == RefundStatus.OPEN
            )
            is_owner = exists().where(col(ChannelRow.refund_id) == refund_id)
            is_one_free = exists().where(
                _is_given_to_refunds(), col(ChannelRow.claimed_at).is_(None)
            )
            is_none_known = ~exists(select(col(ChannelRow.number)))
            found = select(or_(~is_owed, is_owner, is_one_free, is_none_known))
            return bool((await session.execute(found)).scalar_one())

    async def crowd(self) -> int:
        """Count the refunds that are owed and not held."""
        async with self._database.snapshot() as session:
            owed = select(func.count()).where(col(RefundRow.status) == RefundStatus.OPEN)
            return int((await session.execute(owed)).scalar_one())

    async def claim_own(self, errand: str) -> Reservation | None:
        """Let an errand own the treasury's account; None where something else does. Safe to repeat."""
        async with self._database.transaction() as session:
            owned = await owned_where(session, col(ChannelRow.errand) == errand)
            if owned is None:
                owned = await _free(session, col(ChannelRow.number) == OWN_ACCOUNT)
                if owned is None:
                    return None
                owned.errand, owned.claimed_at = errand, self._database.clock()
            return _reservation(owned)

    async def reserve(self, owner: str, sequence: int) -> int:
        """Fix the number that a refund or an errand uses in its account; answers the one it has. Safe to repeat.

        Raises:
            Unavailable: the number, or a later one, is known to be used: whoever read it read too early.
            RefusedError: it owns no account.
        """
        async with self._database.transaction() as session:
            owned = await self._required(session, owner)
            if owned.sequence is None:
                await _require_unused(session, owned.address, sequence)
                owned.sequence = sequence
            return owned.sequence

    async def renumber(self, owner: str, used: int, sequence: int) -> int:
        """Fix another number where the reserved one was used by a stranger and nothing of ours is in flight.

        Safe to repeat: what has another number than `used` already keeps it.

        Raises:
            Unavailable: the new number is used as well.
            RefusedError: it owns no account, or something signed for the old number may still be applied.
        """
        async with self._database.transaction() as session:
            owned = await self._required(session, owner)
            if owned.sequence == used:
                await _require_unused(session, owned.address, sequence)
                owned.sequence = sequence
            return owned.sequence or sequence

    async def oldest_missed(self, closed_at: datetime) -> str | None:
        """Name the refund that has blocked its account longest and that nobody looks after; None where all is well.

        That is one whose envelope was valid until before this moment of the ledger, or that has none for a while.
        """
        in_flight = (
            select(col(RefundEnvelopeRow.valid_until))
            .where(col(RefundEnvelopeRow.refund_id) == col(ChannelRow.refund_id))
            .where(col(RefundEnvelopeRow.state) == EnvelopeState.IN_FLIGHT)
            .correlate(ChannelRow)
            .scalar_subquery()
        )
        missed_since = self._database.clock() - MISSED_AFTER
        wanted = (
            select(col(ChannelRow.refund_id))
            .where(col(ChannelRow.refund_id).is_not(None))
            .where(
                or_(
                    in_flight < closed_at,
                    in_flight.is_(None) & (col(ChannelRow.claimed_at) < missed_since),
                )
            )
            .order_by(col(ChannelRow.claimed_at))
            .limit(1)
        )
        async with self._database.transaction() as session:
            return (await session.execute(wanted)).scalar_one_or_none()

    @staticmethod
    async def _required(session: AsyncSession, owner: str) -> ChannelRow:
        owned = await owned_by(session, owner)
        if owned is None:
            raise RefusedError(f"{owner} owns no channel")
        return owned


def _is_given_to_refunds() -> ColumnElement[bool]:
    """Any but the treasury's own account, unless there is no other."""
    other = aliased(ChannelRow)
    return or_(
        col(ChannelRow.number) > OWN_ACCOUNT,
        ~exists().where(col(other.number) > OWN_ACCOUNT),
    )


async def _free(session: AsyncSession, is_wanted: ColumnElement[bool]) -> ChannelRow | None:
    """Lock a free account that nobody else is just taking."""
    wanted = (
        select(ChannelRow)
        .where(is_wanted, col(ChannelRow.claimed_at).is_(None))
        .order_by(col(ChannelRow.number))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def _require_unused(session: AsyncSession, address: str, sequence: int) -> None:
    for row in (RefundEnvelopeRow, ErrandRow):
        used = (
            select(col(row.transaction_hash))
            .where(col(row.source_account) == address, col(row.sequence) >= sequence)
            .where(col(row.state).in_(_USED))
            .limit(1)
        )
        if (await session.execute(used)).first() is not None:
            raise Unavailable(f"sequence number {sequence} of {address} was used meanwhile")


def _reservation(owned: ChannelRow) -> Reservation:
    return Reservation(owned.number, owned.address, owned.sequence)
