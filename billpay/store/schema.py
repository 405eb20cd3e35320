"""Bringing a database to the present schema, and refusing to work on another one."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from billpay.failures import Misconfigured
from billpay.store.database import driver_url, failures_of_the_database

_MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 0x62696C6C
"""Key of the advisory lock under which migrations run ("bill")."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def migrate(database_url: str) -> None:
    """Bring the database to the present schema; on a present one nothing happens, and two at once take turns.

    Raises:
        Misconfigured: the database was made by a later version of this service.
        Unavailable: the database cannot be reached; nothing or everything was done.
    """
    engine = create_async_engine(driver_url(database_url))
    try:
        with failures_of_the_database():
            async with engine.begin() as connection:
                await connection.run_sync(_upgrade)
    except CommandError as unknown:
        raise Misconfigured(
            f"this version does not know the database's schema: {unknown}"
        ) from None
    finally:
        await engine.dispose()


async def require_current_schema(engine: AsyncEngine) -> None:
    """Make sure that the database has the schema this code was written for.

    Raises:
        Misconfigured: it has not; names both revisions and the command that helps.
        Unavailable: the database cannot be reached.
    """
    expected = ScriptDirectory.from_config(_config()).get_current_head()
    with failures_of_the_database():
        async with engine.connect() as connection:
            found = await connection.run_sync(
                lambda sync: MigrationContext.configure(sync).get_current_revision()
            )
    if found != expected:
        raise Misconfigured(
            f"the database has schema {found or 'none'}, this version needs {expected}: "
            "run `python -m starter migrate`"
        )
