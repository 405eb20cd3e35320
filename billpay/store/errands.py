"""What the treasury signs for itself: kept before anyone hears of it, like a refund, under a number it owns.

An errand is named by what it is about, so that whoever comes again finds what was signed for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.refunds import EnvelopeState
from billpay.failures import Unavailable
from billpay.store.channel_owners import give_up, owns
from billpay.store.database import Database, RefusedError
from billpay.store.refund_tables import ChannelRow, ErrandRow

MISSED_AFTER = timedelta(minutes=2)
"""How long after its claim whatever has signed nothing for its account counts as something that nobody carries on."""


@dataclass(frozen=True, kw_only=True)
class ErrandEnvelope:
    """A transaction that the treasury signed for itself."""

    transaction_hash: str
    errand: str
    source_account: str
    sequence: int
    envelope_xdr: str
    valid_until: datetime
    """By the ledger's clock; after a ledger closed later than this it can never be applied."""


class ErrandEnvelopes:
    """All that the treasury signed for itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def errand_in_flight(self, errand: str) -> ErrandEnvelope | None:
        """Answer the envelope by which an errand may be done, or may have been."""
        async with self._database.transaction() as session:
            row = await errand_in_flight(session, errand)
            return None if row is None else _envelope(row)

    async def missed_errand(self, closed_at: datetime) -> ErrandEnvelope | None:
        """Find an errand's envelope that was valid until before this moment of the ledger and that nobody looked up."""
        wanted = (
            select(ErrandRow)
            .where(col(ErrandRow.state) == EnvelopeState.IN_FLIGHT)
            .where(col(ErrandRow.valid_until) < closed_at)
            .limit(1)
        )
        async with self._database.transaction() as session:
            row = (await session.execute(wanted)).scalar_one_or_none()
            return None if row is None else _envelope(row)

    async def free_missed_errand(self) -> bool:
        """Free the account of an errand that has owned it for a while and has nothing in flight; whether there was one.

        Whoever comes again claims it anew: nothing that was signed for it can be applied any more.
        """
        in_flight = (
            exists()
            .where(col(ErrandRow.errand) == col(ChannelRow.errand))
            .where(col(ErrandRow.state) == EnvelopeState.IN_FLIGHT)
        )
        wanted = (
            select(ChannelRow)
            .where(col(ChannelRow.claimed_at) < self._database.clock() - MISSED_AFTER)
            .where(col(ChannelRow.errand).is_not(None), ~in_flight)
            .with_for_update(skip_locked=True)
        )
        async with self._database.transaction() as session:
            owned = (await session.execute(wanted)).scalar_one_or_none()
            if owned is not None and owned.errand is not None:
                await give_up(session, owned.errand)
            return owned is not None

    async def save_errand(self, envelope: ErrandEnvelope) -> None:
        """Keep a signed transaction before anyone hears of it. Safe to repeat: it is known by its hash.

        Raises:
            Unavailable: the errand has another envelope in flight, or does not own the account and number (any more).
        """
        async with self._database.transaction() as session:
            if await session.get(ErrandRow, envelope.transaction_hash) is not None:
                return
            owned = await owns(session, envelope.errand, envelope.source_account, envelope.sequence)
            if not owned or await errand_in_flight(session, envelope.errand) is not None:
                raise Unavailable(f"another run of {envelope.errand} was faster")
            session.add(
                ErrandRow(
                    transaction_hash=envelope.transaction_hash,
                    errand=envelope.errand,
                    source_account=envelope.source_account,
                    sequence=envelope.sequence,
                    envelope_xdr=envelope.envelope_xdr,
                    valid_until=envelope.valid_until,
                    state=EnvelopeState.IN_FLIGHT,
                    signed_at=self._database.clock(),
                )
            )

    async def settle_errand(
        self, transaction_hash: str, state: EnvelopeState, *, ledger: int | None = None
    ) -> None:
        """Write down what became of an envelope; the account is free again. Safe to repeat.

        Raises:
            RefusedError: something else is certain about it already.
        """
        async with self._database.transaction() as session:
            await settle_errand(session, transaction_hash, state, ledger=ledger)


async def errand_in_flight(session: AsyncSession, errand: str) -> ErrandRow | None:
    """Find the envelope by which an errand may be done, or may have been."""
    wanted = (
        select(ErrandRow)
        .where(col(ErrandRow.errand) == errand)
        .where(col(ErrandRow.state) == EnvelopeState.IN_FLIGHT)
    )
    return (await session.execute(wanted)).scalar_one_or_none()


def _envelope(row: ErrandRow) -> ErrandEnvelope:
    return ErrandEnvelope(
        transaction_hash=row.transaction_hash,
        errand=row.errand,
        source_account=row.source_account,
        sequence=row.sequence,
        envelope_xdr=row.envelope_xdr,
        valid_until=row.valid_until,
    )


async def settle_errand(
    session: AsyncSession, transaction_hash: str, state: EnvelopeState, *, ledger: int | None = None
) -> bool:
    """Write down what became of an envelope, in the commit of what follows from it; whether this is the first time."""
    row = await session.get(ErrandRow, transaction_hash, with_for_update=True)
    if row is None:
        raise LookupError(f"there is no envelope {transaction_hash}")
    if row.state == state:
        return False
    if row.state != EnvelopeState.IN_FLIGHT:
        raise RefusedError(f"{transaction_hash} is {row.state}: it cannot be {state}")
    row.state, row.applied_ledger = state, ledger
    await give_up(session, row.errand)
    return True
