"""The tables of cases and of questions asked again, as migration 0004 has made them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from billpay.domain.cases import CaseKind
from billpay.store.columns import Words, at_most_one, moment, one_of, order, words


class CaseRow(SQLModel, table=True):
    """What waits, or has waited, for a person; closed once and never changed otherwise."""

    __tablename__ = "cases"
    __table_args__ = (
        one_of("cases_kind", "kind", CaseKind),
        CheckConstraint("loss_kobo >= 0", name="cases_loss"),
        CheckConstraint(
            "num_nulls(closed_at, closed_by, resolution) IN (0, 3)", name="cases_closed"
        ),
        at_most_one("cases_one_open", "kind", "subject", where="closed_at IS NULL"),
        at_most_one(
            "cases_one_contradiction",
            "kind",
            "subject",
            where="kind IN ('sold_after_all', 'reversed', 'other_tokens')",
        ),
        Index("cases_of_order", "transaction_id"),
    )

    case_id: int = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    kind: str = words()
    subject: str = words()
    transaction_id: UUID | None = order(nullable=True)
    operation_id: str | None = words(nullable=True)
    loss_kobo: int = Field(sa_column=Column(BigInteger, nullable=False))
    detail: str = words()
    opened_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    closed_by: str | None = words(nullable=True)
    resolution: str | None = words(nullable=True)


class FollowUpRow(SQLModel, table=True):
    """The questions about an attempt that was ever sent; a trigger makes it with the first sending."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        Index("follow_ups_going_on", "request_id", postgresql_where=sql("ended_at IS NULL")),
    )

    request_id: str = Field(
        sa_column=Column(Words, ForeignKey("attempts.request_id"), primary_key=True)
    )
    asked_at: datetime | None = moment(nullable=True)
    next_question_at: datetime | None = moment(nullable=True)
    """None until the first question after the attempt was settled was asked."""

    ended_at: datetime | None = moment(nullable=True)
