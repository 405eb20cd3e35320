"""The double-entry journal, withdrawals and reconciliations."""

from billpay.store.migrations import scripts

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    scripts.run("0007_journal.sql", "0007_postings.sql")


def downgrade() -> None:
    scripts.refuse_going_back()
