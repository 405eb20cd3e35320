"""Breakers, shared by all workers: calls counted by the minute, and which providers are asked last for what.

Nothing here is about money: whoever cannot read or write it asks the providers in another order, and no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.breaker import (
    BUCKET,
    EVERYTHING,
    Breaker,
    BreakerRules,
    Call,
    Heard,
    Line,
    Tally,
    after,
    bucket_of,
    claimed,
    may_probe,
    window_begins,
)
from billpay.domain.routing import ProviderName
from billpay.store.breaker_tables import RING, BreakerRow, CallsRow
from billpay.store.database import Database
from billpay.store.status import tell

BREAKER_OPENED = "breaker_opened"
BREAKER_CLOSED = "breaker_closed"
"""Kinds of events that are about a provider, so they belong to no payment."""


_COUNTS = {
    Heard.ANSWERED: (1, 0),
    Heard.FAILED: (1, 1),
    # Trouble with our account says nothing about a line.
    Heard.OUR_ACCOUNT: (0, 0),
}
"""How each is counted: calls, failures."""


@dataclass(frozen=True)
class Change:
    """A breaker that opened or closed, in the words of its event."""

    kind: str
    detail: str


@dataclass(frozen=True)
class Recorded:
    """What has come of counting one call."""

    is_open: bool
    """Whether the provider is asked last for this line now."""

    changes: Sequence[Change] = ()


class BreakerStore:
    """Every breaker that ever opened, and what was counted lately."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, call: Call, rules: BreakerRules) -> Recorded:
        """Count a call, and open or close what it opens or closes; an operator is told of each change once.

        A call that was answered at a provider without an open breaker costs one statement.
        """
        concerned = await self._count(call)
        if call.heard is Heard.ANSWERED and not concerned:
            return Recorded(is_open=False)
        # In a second transaction: whoever counts never waits for somebody who decides.
        return await self._decide(call, rules)

    async def open_at(self, line: Line) -> frozenset[ProviderName]:
        """Name the providers that are asked last for this line."""
        wanted = select(col(BreakerRow.provider)).where(*_open_ones(line))
        async with self._database.transaction() as session:
            names = (await session.execute(wanted)).scalars().all()
            return frozenset(ProviderName(name) for name in names)

    async def claim_probe(self, provider: ProviderName, line: Line, transaction_id: UUID) -> bool:
        """Give an order the probe of everything that is open for this line at a provider, or of nothing.

        Safe to repeat: the order keeps it until something is heard or it lapses. Everybody else is told no meanwhile.
        """
        async with self._database.transaction() as session:
            now = self._database.clock()
            rows = await _locked(session, provider, line)
            breakers = [(row, _read(row)) for row in rows if row.opened_at is not None]
            if not all(may_probe(breaker, transaction_id, now) for _, breaker in breakers):
                return False
            for row, breaker in breakers:
                _write(row, claimed(breaker, transaction_id, now))
            return True

    async def all(self) -> Sequence[Breaker]:
        """List every breaker that has known a failure, by provider and line."""
        by_name = col(BreakerRow.provider), col(BreakerRow.line)
        async with self._database.transaction() as session:
            rows = (await session.execute(select(BreakerRow).order_by(*by_name))).scalars()
            return [_read(row) for row in rows]

    async def _count(self, call: Call) -> int:
        """Add a call to its minute; answers how many open breakers it concerns."""
        minute = bucket_of(self._database.clock())
        calls, failures = _COUNTS[call.heard]
        kept = 0 if call.heard is Heard.ANSWERED else 1
        fresh = insert(CallsRow).values(
            provider=call.provider,
            line=call.line,
            question=call.question,
            place=int(minute.timestamp() // BUCKET.total_seconds()) % RING,
            minute=minute,
            calls=calls,
            failures=failures,
            in_a_row=failures,
        )
        is_same = col(CallsRow.minute) >= fresh.excluded.minute
        concerned = select(func.count()).select_from(BreakerRow).where(*_open_ones(call.line))
        concerned = concerned.where(col(BreakerRow.provider) == call.provider)
        counted = fresh.on_conflict_do_update(
            index_elements=["provider", "line", "question", "place"],
            set_={
                "minute": func.greatest(col(CallsRow.minute), fresh.excluded.minute),
                "calls": case((is_same, col(CallsRow.calls)), else_=0) + calls,
                "failures": case((is_same, col(CallsRow.failures)), else_=0) + failures,
                "in_a_row": case((is_same, col(CallsRow.in_a_row)), else_=0) * kept + failures,
            },
        ).returning(concerned.scalar_subquery())
        async with self._database.transaction() as session:
            return int((await session.execute(counted)).scalar_one())

    async def _decide(self, call: Call, rules: BreakerRules) -> Recorded:
        async with self._database.transaction() as session:
            now = self._database.clock()
            if call.heard is not Heard.ANSWERED:
                await _ensure(session, call)
            rows = await _locked(session, call.provider, call.line)
            tally = await _tally(session, call, rules, now)
            changes, is_open = [], False
            for row in rows:
                before = _read(row)
                then = after(before, call, tally, rules, now)
                if then != before:
                    _write(row, then)
                if then.is_open != before.is_open:
                    change = _change(then, call)
                    tell(session, self._database.clock, kind=change.kind, detail=change.detail)
                    changes.append(change)
                    await _forget(session, then)
                is_open = is_open or then.is_open
            return Recorded(is_open, tuple(changes))


def _open_ones(line: Line) -> Sequence[ColumnElement[bool]]:
    return (col(BreakerRow.line).in_((line, EVERYTHING)), col(BreakerRow.opened_at).is_not(None))


def _change(breaker: Breaker, call: Call) -> Change:
    kind = BREAKER_OPENED if breaker.is_open else BREAKER_CLOSED
    why = breaker.reason if breaker.is_open else f"has answered order {call.transaction_id}"
    return Change(kind, f"{breaker.provider} {breaker.line}: {why}")


async def _forget(session: AsyncSession, breaker: Breaker) -> None:
    """Count anew from a change on: what led to it must not lead to it again."""
    forgotten = (
        update(CallsRow)
        .where(col(CallsRow.provider) == breaker.provider)
        .where(col(CallsRow.line) == breaker.line)
        .values(calls=0, failures=0, in_a_row=0)
    )
    await session.execute(forgotten)


async def _ensure(session: AsyncSession, call: Call) -> None:
    """Make sure that the breaker a failure concerns has a row to be locked."""
    line = EVERYTHING if call.heard is Heard.OUR_ACCOUNT else call.line
    row = insert(BreakerRow).values(provider=call.provider, line=line)
    await session.execute(row.on_conflict_do_nothing(index_elements=["provider", "line"]))


async def _locked(
    session: AsyncSession, provider: ProviderName, line: Line
) -> Sequence[BreakerRow]:
    """Read the breakers that concern a line for the rest of this transaction; everyone else waits."""
    wanted = (
        select(BreakerRow)
        .where(col(BreakerRow.provider) == provider)
        .where(col(BreakerRow.line).in_((line, EVERYTHING)))
        .order_by(col(BreakerRow.line))
        .with_for_update()
    )
    return (await session.execute(wanted)).scalars().all()


async def _tally(session: AsyncSession, call: Call, rules: BreakerRules, now: datetime) -> Tally:
    """Add up what was counted inside the window; a clock that ran ahead has counted nothing yet."""
    minute = bucket_of(now)
    of_this_minute = func.sum(col(CallsRow.in_a_row)).filter(col(CallsRow.minute) == minute)
    inside = (
        select(
            func.coalesce(func.sum(col(CallsRow.calls)), 0),
            func.coalesce(func.sum(col(CallsRow.failures)), 0),
            func.coalesce(of_this_minute, 0),
        )
        .where(col(CallsRow.provider) == call.provider)
        .where(col(CallsRow.line) == call.line)
        .where(col(CallsRow.question) == call.question)
        .where(col(CallsRow.minute).between(window_begins(now, rules), minute))
    )
    calls, failures, in_a_row = (await session.execute(inside)).one()
    return Tally(calls=calls, failures=failures, in_a_row=in_a_row)


def _read(row: BreakerRow) -> Breaker:
    return Breaker(
        provider=ProviderName(row.provider),
        line=Line(row.line),
        opened_at=row.opened_at,
        reason=row.reason,
        next_probe_at=row.next_probe_at,
        probing=row.probing,
        last_failure_at=row.last_failure_at,
        last_failure=row.last_failure,
    )


def _write(row: BreakerRow, breaker: Breaker) -> None:
    row.opened_at, row.reason = breaker.opened_at, breaker.reason
    row.next_probe_at, row.probing = breaker.next_probe_at, breaker.probing
    row.last_failure_at, row.last_failure = breaker.last_failure_at, breaker.last_failure
