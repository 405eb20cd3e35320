"""Alembic's entry: runs the revisions on the connection that `billpay.store.schema` hands over."""

from alembic import context
from sqlmodel import SQLModel

from billpay.store import (
    breaker_tables,
    case_tables,
    catalogue_tables,
    journal_tables,
    ledger_mark_tables,
    refund_tables,
    tables,
)

__all__ = [
    "breaker_tables",
    "case_tables",
    "catalogue_tables",
    "journal_tables",
    "ledger_mark_tables",
    "refund_tables",
    "tables",
]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
