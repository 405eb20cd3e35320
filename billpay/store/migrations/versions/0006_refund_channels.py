"""Channel accounts, claimable balances, approvals and redirections of refunds."""

from billpay.store.migrations import scripts

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    scripts.run("0006_refund_channels.sql")


def downgrade() -> None:
    scripts.refuse_going_back()
