"""The tables of the journal, of withdrawals and of reconciliations, as migration 0007 has made them."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from billpay.domain.journal import CNGN_ACCOUNTS, NAIRA_ACCOUNTS, EntryKind
from billpay.store.columns import (
    LARGEST_AMOUNT,
    Words,
    cngn,
    key,
    legal_amount,
    moment,
    one_of,
    reference,
    words,
)


def _ledger(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(BigInteger, nullable=nullable))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


class JournalEntryRow(SQLModel, table=True):
    """One event that moved money from one place to another; written by triggers, never changed."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        one_of("journal_entries_kind", "kind", EntryKind),
        Index("journal_entries_of_deposit", "operation_id"),
    )

    entry_id: int = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    event: str = words(unique=True)
    """Names the event, so that it is posted once (I11)."""

    kind: str = words()
    at: datetime = moment()
    operation_id: str | None = words(nullable=True)
    transaction_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    refund_id: str | None = words(nullable=True)
    request_id: str | None = words(nullable=True)
    ledger: int | None = _ledger(nullable=True)
    """In which ledger it happened; None for what happened in our records alone."""

    detail: str = words()


class JournalPostingRow(SQLModel, table=True):
    """One side of an entry, in stroops of cNGN or kobo of NGN; an entry's sides add up to zero (I6)."""

    __tablename__ = "journal_postings"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="journal_postings_amount"),
        CheckConstraint(
            f"CASE currency WHEN 'cNGN' THEN account IN ({_listed(CNGN_ACCOUNTS)})"
            f" WHEN 'NGN' THEN account IN ({_listed(NAIRA_ACCOUNTS)}) OR account LIKE 'float:%'"
            " ELSE false END",
            name="journal_postings_account",
        ),
    )

    entry_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("journal_entries.entry_id"), primary_key=True)
    )
    account: str = key()
    currency: str = Field(sa_column=Column(Words, primary_key=True))
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))


class JournalOpeningRow(SQLModel, table=True):
    """What the wallet held when the journal was opened; one row."""

    __tablename__ = "journal_opening"
    __table_args__ = (
        CheckConstraint("id = 1", name="journal_opening_once"),
        CheckConstraint(f"holding BETWEEN 0 AND {LARGEST_AMOUNT}", name="journal_opening_holding"),
    )

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    wallet: str = words()
    ledger: int = _ledger()
    holding: Decimal = cngn()
    opened_at: datetime = moment()


class WithdrawalRow(SQLModel, table=True):
    """cNGN that people took out of the wallet, by the ledger's name for it."""

    __tablename__ = "withdrawals"
    __table_args__ = (legal_amount("withdrawals_amount", "amount"),)

    operation_id: str = key()
    transaction_hash: str = words()
    ledger: int = _ledger()
    closed_at: datetime = moment()
    destination: str | None = words(nullable=True)
    amount: Decimal = cngn()
    recorded_at: datetime = moment()
    actor: str = words()
    reason: str = words()
    settles: str | None = reference("deposits.operation_id", nullable=True, unique=True)
    """The deposit whose payer got by it what was taken back for them; None for everything else."""


class ReconciliationRow(SQLModel, table=True):
    """One comparison of ledger, records and workflows, as it was made."""

    __tablename__ = "reconciliations"
    __table_args__ = (CheckConstraint("differences >= 0", name="reconciliations_differences"),)

    reconciliation_id: int = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    made_at: datetime = moment()
    ledger: int = _ledger()
    differences: int = Field(sa_column=Column(Integer, nullable=False))
    report: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
