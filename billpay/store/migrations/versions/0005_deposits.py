"""The numeric alias, policies and nets of deposits."""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SCRIPTS = ("0005_deposits.sql", "0005_ledger_marks.sql")


def upgrade() -> None:
    for name in _SCRIPTS:
        script = (Path(__file__).parent / name).read_text(encoding="utf-8")
        # Without parameters a percent sign means itself, and one call may hold many statements.
        op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def downgrade() -> None:
    raise NotImplementedError("money records are not migrated backwards; restore a backup")
