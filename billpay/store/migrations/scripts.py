"""How every revision runs: its SQL scripts, in order. None goes back."""

from pathlib import Path
from typing import NoReturn

from alembic import op

_VERSIONS = Path(__file__).parent / "versions"


def run(*names: str) -> None:
    """Run the scripts of these names on the connection of the migration."""
    for name in names:
        script = (_VERSIONS / name).read_text(encoding="utf-8")
        # Without parameters a percent sign means itself, and one call may hold many statements.
        op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def refuse_going_back() -> NoReturn:
    """Refuse to go back: what was recorded since would be lost."""
    raise NotImplementedError("money records are not migrated backwards; restore a backup")
