"""When the ledger was heard, how far it had been read by then, and how far it has been read again.

Kept here rather than in a worker's memory, so that "an hour ago" means a place in the ledger without assuming how long
a ledger takes, and silence is noticed although whoever kept silent is dead.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Credit
from billpay.domain.ledger_audits import MARKS_KEPT, RereadingState, Span
from billpay.ledger.base import LedgerTip
from billpay.ledger.positions import position_of
from billpay.store.case_tables import CaseRow
from billpay.store.database import Database
from billpay.store.ledger_mark_tables import LedgerMarkRow, RereadingRow
from billpay.store.reading import deposit
from billpay.store.tables import CursorRow, DepositRow, InstallationRow, ParkedCreditRow


@dataclass(frozen=True, kw_only=True)
class Heard:
    """The best that was heard of a source since some moment: a machine behind its address that lags is outvoted."""

    ledger: int
    closed_at: datetime


class LedgerMarkStore:
    """What was heard, and how far it was read again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, source: str, tip: LedgerTip, wallet: str) -> None:
        """Note that a source was heard, and how far the wallet's history is read by now.

        One mark a minute stays: what was heard last in it, and how far was read by its beginning. What is older than
        `MARKS_KEPT` goes.
        """
        now = self._database.clock()
        async with self._database.transaction() as session:
            cursor = await session.get(CursorRow, wallet)
            mark = insert(LedgerMarkRow).values(
                source=source,
                minute=now.replace(second=0, microsecond=0),
                read_at=now,
                ledger=tip.ledger,
                closed_at=tip.closed_at,
                position=int(cursor.position if cursor else position_of(tip.ledger)),
            )
            given = mark.excluded
            renewed = {name: given[name] for name in ("read_at", "ledger", "closed_at")}
            first_of_minute = func.least(col(LedgerMarkRow.position), given.position)
            await session.execute(
                mark.on_conflict_do_update(
                    index_elements=["source", "minute"],
                    set_=renewed | {"position": first_of_minute},
                )
            )
            await session.execute(
                delete(LedgerMarkRow).where(col(LedgerMarkRow.read_at) < now - MARKS_KEPT)
            )

    async def read_by(self, moment: datetime) -> int | None:
        """Answer how far the wallet's history was read at a moment; None before the first mark."""
        wanted = (
            select(col(LedgerMarkRow.position))
            .where(col(LedgerMarkRow.read_at) <= moment)
            .order_by(col(LedgerMarkRow.read_at).desc())
        )
        return await self._position(wanted)

    async def first_position(self) -> int | None:
        """Answer how far the wallet's history was read when the marks that are kept begin."""
        return await self._position(
            select(col(LedgerMarkRow.position)).order_by(col(LedgerMarkRow.read_at))
        )

    async def heard_since(self, source: str, moment: datetime) -> Heard | None:
        """Answer the best that was heard of a source since a moment; None where it kept silent."""
        wanted = select(
            func.max(col(LedgerMarkRow.ledger)), func.max(col(LedgerMarkRow.closed_at))
        ).where(col(LedgerMarkRow.source) == source, col(LedgerMarkRow.read_at) > moment)
        async with self._database.transaction() as session:
            ledger, closed_at = (await session.execute(wanted)).one()
            return None if ledger is None else Heard(ledger=ledger, closed_at=closed_at)

    async def last_heard_at(self, source: str) -> datetime:
        """Answer when a source was heard last; where it never was, when these records began."""
        wanted = select(func.max(col(LedgerMarkRow.read_at))).where(
            col(LedgerMarkRow.source) == source
        )
        async with self._database.transaction() as session:
            heard_at: datetime | None = (await session.execute(wanted)).scalar_one()
            begin = await session.get_one(InstallationRow, 1)
            return heard_at or begin.installed_at

    async def page_read_at(self, wallet: str) -> datetime:
        """Answer when a page of the wallet's history was read last; before the first, when these records began."""
        async with self._database.transaction() as session:
            cursor = await session.get(CursorRow, wallet)
            begin = await session.get_one(InstallationRow, 1)
            return cursor.read_at if cursor else begin.installed_at

    async def rereading(self, wallet: str, source: str, span: Span) -> RereadingState | None:
        """Answer how far a re-reading has come; None before the first."""
        async with self._database.transaction() as session:
            row = await session.get(RereadingRow, (wallet, source, span))
            if row is None:
                return None
            return RereadingState(
                position=int(row.position),
                until=int(row.until),
                begun_at=row.begun_at,
                ended_at=row.ended_at,
            )

    async def save_rereading(
        self, wallet: str, source: str, span: Span, state: RereadingState
    ) -> None:
        """Note how far a re-reading has come."""
        values = {
            "position": state.position,
            "until": state.until,
            "begun_at": state.begun_at,
            "ended_at": state.ended_at,
        }
        saved = insert(RereadingRow).values(wallet=wallet, source=source, span=span, **values)
        async with self._database.transaction() as session:
            await session.execute(
                saved.on_conflict_do_update(
                    index_elements=["wallet", "source", "span"], set_=values
                )
            )

    async def recorded(self, wallet: str, first_ledger: int, last_ledger: int) -> Sequence[Credit]:
        """List the credits that are recorded of these ledgers, both included, in their order."""
        wanted = (
            select(DepositRow)
            .where(col(DepositRow.wallet) == wallet)
            .where(col(DepositRow.ledger).between(first_ledger, last_ledger))
            .order_by(col(DepositRow.ledger), col(DepositRow.operation_id))
        )
        async with self._database.transaction() as session:
            return [deposit(row).credit for row in (await session.execute(wanted)).scalars()]

    async def parked_among(self, operation_ids: Iterable[str]) -> frozenset[str]:
        """Answer which of these are parked: known, and in a person's hands."""
        wanted = select(col(ParkedCreditRow.operation_id)).where(
            col(ParkedCreditRow.operation_id).in_(list(operation_ids))
        )
        async with self._database.transaction() as session:
            return frozenset((await session.execute(wanted)).scalars())

    async def was_told(self, kind: CaseKind, subject: str) -> bool:
        """Whether there was ever a case of this kind about it, closed or not."""
        wanted = select(col(CaseRow.case_id)).where(
            col(CaseRow.kind) == kind, col(CaseRow.subject) == subject
        )
        async with self._database.transaction() as session:
            return (await session.execute(wanted.limit(1))).scalar_one_or_none() is not None

    async def _position(self, wanted: Select[int]) -> int | None:
        async with self._database.transaction() as session:
            position = (await session.execute(wanted.limit(1))).scalar_one_or_none()
            return None if position is None else int(position)
