"""The catalogue: what each provider lists, what its prices were, and what operators say of Flutterwave's codes."""

from billpay.store.migrations import scripts

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    scripts.run("0003_catalogue.sql")


def downgrade() -> None:
    scripts.refuse_going_back()
