"""Cases for persons, and the questions that are asked again about settled purchases."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SCRIPTS = ("0004_cases.sql",)


def upgrade() -> None:
    for name in _SCRIPTS:
        script = (Path(__file__).parent / name).read_text(encoding="utf-8")
        # Without parameters a percent sign means itself, and one call may hold many statements.
        op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def downgrade() -> None:
    raise NotImplementedError("money records are not migrated backwards; restore a backup")
