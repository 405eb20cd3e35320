"""The tables of what was heard of the ledger and when, as migration 0005 has made them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Numeric
from sqlmodel import Field, SQLModel

from billpay.domain.ledger_audits import Span
from billpay.store.columns import key, moment, one_of


def _place() -> Any:
    return Field(sa_column=Column(Numeric(20, 0), nullable=False))


class LedgerMarkRow(SQLModel, table=True):
    """The last that was heard of a source in one minute."""

    __tablename__ = "ledger_marks"
    __table_args__ = (Index("ledger_marks_by_age", "read_at"),)

    source: str = key()
    minute: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    read_at: datetime = moment()
    ledger: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Its newest ledger."""

    closed_at: datetime = moment()
    """When that ledger closed, by the network's own clock."""

    position: int = _place()
    """How far the wallet's history had been read by then."""


class RereadingRow(SQLModel, table=True):
    """How far one re-reading of a wallet's history from one source has come."""

    __tablename__ = "ledger_rereads"
    __table_args__ = (one_of("ledger_rereads_span", "span", Span),)

    wallet: str = key()
    source: str = key()
    span: str = key()
    position: int = _place()
    until: int = _place()
    begun_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)
