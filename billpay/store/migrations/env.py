"""Alembic's entry: runs the revisions on the connection that `billpay.store.schema` hands over."""

from alembic import context
from sqlmodel import SQLModel

from billpay.store import tables

__all__ = ["tables"]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
