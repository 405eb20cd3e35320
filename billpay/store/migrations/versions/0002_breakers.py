"""Breakers: what happened lately at each provider and biller, and which of them are open."""

from billpay.store.migrations import scripts

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    scripts.run("0002_breakers.sql")


def downgrade() -> None:
    scripts.refuse_going_back()
