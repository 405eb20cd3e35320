"""The tables of the breakers, as their migration has made them: a ring of counted minutes, and one row per breaker."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Integer, PrimaryKeyConstraint, SmallInteger, Uuid
from sqlmodel import Field, SQLModel

from billpay.domain.breaker import Question
from billpay.store.columns import moment, one_of, words

RING = 64
"""Minutes that are kept of every line: more than the longest window has. A minute overwrites the one before it in the
same place, so nothing has to be cleared away."""


class CallsRow(SQLModel, table=True):
    """How many calls of one question were made in one minute, and how many of them failed."""

    __tablename__ = "provider_calls"
    __table_args__ = (
        PrimaryKeyConstraint("provider", "line", "question", "place"),
        one_of("provider_calls_question", "question", Question),
        CheckConstraint(
            "in_a_row BETWEEN 0 AND failures AND failures <= calls", name="provider_calls_failures"
        ),
        CheckConstraint(f"place BETWEEN 0 AND {RING - 1}", name="provider_calls_place"),
    )

    provider: str = words()
    line: str = words()
    question: str = words()
    place: int = Field(sa_column=Column(SmallInteger, nullable=False))
    minute: datetime = moment()
    calls: int = Field(sa_column=Column(Integer, nullable=False))
    failures: int = Field(sa_column=Column(Integer, nullable=False))
    in_a_row: int = Field(sa_column=Column(Integer, nullable=False))
    """Failures since the last answer of this minute."""


class BreakerRow(SQLModel, table=True):
    """One breaker; a line that never failed has none."""

    __tablename__ = "breakers"
    __table_args__ = (
        PrimaryKeyConstraint("provider", "line"),
        CheckConstraint("opened_at IS NOT NULL OR probing IS NULL", name="breakers_probing"),
    )

    provider: str = words()
    line: str = words()
    opened_at: datetime | None = moment(nullable=True)
    reason: str | None = words(nullable=True)
    next_probe_at: datetime | None = moment(nullable=True)
    probing: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    last_failure_at: datetime | None = moment(nullable=True)
    last_failure: str | None = words(nullable=True)
