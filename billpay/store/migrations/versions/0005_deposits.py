"""The numeric alias, policies and nets of deposits."""

from billpay.store.migrations import scripts

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    scripts.run("0005_deposits.sql", "0005_ledger_marks.sql")


def downgrade() -> None:
    scripts.refuse_going_back()
