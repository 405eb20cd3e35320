"""Cases for persons, and the questions that are asked again about settled purchases."""

from billpay.store.migrations import scripts

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    scripts.run("0004_cases.sql")


def downgrade() -> None:
    scripts.refuse_going_back()
