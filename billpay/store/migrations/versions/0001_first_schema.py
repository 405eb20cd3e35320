"""The first schema: orders, deposits, attempts, tokens, refunds, notifications, their timeline and their guards."""

from billpay.store.migrations import scripts

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    scripts.run("0001_first_schema.sql", "0001_first_guards.sql")


def downgrade() -> None:
    scripts.refuse_going_back()
