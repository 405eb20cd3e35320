"""Which settled attempts are asked about again, and when; the rows are made by a trigger with the first sending."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.follow_ups import SOLD_AGES, UNSOLD_AGES, FollowUp
from billpay.domain.routing import ProviderName
from billpay.store.case_tables import FollowUpRow
from billpay.store.database import Database
from billpay.store.status import tell
from billpay.store.tables import AttemptRow

UNANSWERED = "follow_up_unanswered"
"""Kind of the event that tells of a last question that its provider never answered."""

_SOLD = "delivered"
"""The one settled kind of outcome that says that something was sold."""


class FollowUpStore:
    """The questions about attempts that were ever sent and are settled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, provider: ProviderName, limit: int) -> Sequence[FollowUp]:
        """List the attempts whose next question to this provider is due, those that wait longest first.

        Only what a question needs is read, so that no attempt is here that cannot be.
        """
        due_at = _due_at()
        wanted = (
            select(AttemptRow)
            .join(FollowUpRow, col(FollowUpRow.request_id) == col(AttemptRow.request_id))
            .where(col(FollowUpRow.ended_at).is_(None))
            .where(col(AttemptRow.provider) == provider)
            .where(col(AttemptRow.settled_at).is_not(None))
            .where(due_at <= self._database.clock())
            .order_by(due_at, col(AttemptRow.request_id))
            .limit(limit)
        )
        async with self._database.transaction() as session:
            return [_read(row) for row in (await session.execute(wanted)).scalars()]

    async def plan(
        self, follow_up: FollowUp, next_question_at: datetime | None, *, was_answered: bool
    ) -> None:
        """Write down that a question was asked, and when the next one is due; None ends them.

        Safe to repeat. Where the last one was left unanswered, the order's timeline says so.
        """
        async with self._database.transaction() as session:
            row = await _locked(session, follow_up.request_id)
            if row.ended_at is not None:
                return
            row.asked_at, row.next_question_at = self._database.clock(), next_question_at
            if next_question_at is not None:
                return
            row.ended_at = row.asked_at
            if not was_answered:
                tell(
                    session,
                    self._database.clock,
                    kind=UNANSWERED,
                    detail=f"{follow_up.provider} gives no answer about {follow_up.request_id};"
                    " it is asked no more",
                    transaction_id=follow_up.transaction_id,
                )


def _due_at() -> ColumnElement[datetime]:
    """The planned moment, or the first age after the attempt was settled."""
    first_age = case((col(AttemptRow.outcome_kind) == _SOLD, SOLD_AGES[0]), else_=UNSOLD_AGES[0])
    return func.coalesce(col(FollowUpRow.next_question_at), col(AttemptRow.settled_at) + first_age)


async def _locked(session: AsyncSession, request_id: str) -> FollowUpRow:
    wanted = select(FollowUpRow).where(col(FollowUpRow.request_id) == request_id)
    return (await session.execute(wanted.with_for_update())).scalar_one()


def _read(row: AttemptRow) -> FollowUp:
    if row.settled_at is None:
        raise LookupError(f"{row.request_id} is not settled")
    return FollowUp(
        request_id=row.request_id,
        transaction_id=row.transaction_id,
        provider=ProviderName(row.provider),
        provider_reference=(row.outcome or {}).get("provider_reference"),
        was_sold=row.outcome_kind == _SOLD,
        settled_at=row.settled_at,
    )
