"""The double-entry journal, withdrawals and reconciliations."""

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SCRIPTS = ("0007_journal.sql", "0007_postings.sql")


def upgrade() -> None:
    for name in _SCRIPTS:
        script = (Path(__file__).parent / name).read_text(encoding="utf-8")
        # Without parameters a percent sign means itself, and one call may hold many statements.
        op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def downgrade() -> None:
    raise NotImplementedError("money records are not migrated backwards; restore a backup")
