import asyncio
from contextlib import AsyncExitStack
from importlib.resources import files
from uuid import UUID

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

from billpay.clock import system_clock
from billpay.domain.ids import alias_of, memo_of, transaction_id_from_memo
from billpay.failures import Misconfigured, Unavailable
from billpay.store import Store
from billpay.store.database import driver_url
from billpay.store.schema import migrate

KEY = bytes(32)
NOBODY_LISTENS = "postgresql://127.0.0.1:1/nothing"


NEWEST = ScriptDirectory(str(files("billpay.store") / "migrations")).get_current_head()


@pytest.fixture
async def opened():
    async with AsyncExitStack() as stack:

        async def opened(database_url):
            store = await Store.open(database_url, sealing_key=KEY, clock=system_clock)
            stack.push_async_callback(store.close)
            return store

        yield opened


async def test_a_database_without_a_schema_is_refused_by_name(empty_database_url, opened):
    store = await opened(empty_database_url)
    with pytest.raises(Misconfigured, match=f"schema none, this version needs {NEWEST}") as refusal:
        await store.require_current_schema()
    assert "python -m starter migrate" in str(refusal.value)


async def test_a_later_schema_is_refused_by_both_names(database_url, sql, opened):
    await sql.rows("UPDATE alembic_version SET version_num = '9999'")
    store = await opened(database_url)
    with pytest.raises(Misconfigured, match=f"schema 9999, this version needs {NEWEST}"):
        await store.require_current_schema()
    with pytest.raises(Misconfigured, match="9999"):
        await migrate(database_url)


async def test_migrating_twice_changes_nothing(empty_database_url, opened):
    await migrate(empty_database_url)
    await migrate(empty_database_url)
    store = await opened(empty_database_url)
    await store.require_current_schema()
    first = await store.deposits.installed_at()
    await migrate(empty_database_url)
    assert await store.deposits.installed_at() == first


async def test_two_migrations_at_once_take_turns(empty_database_url, opened):
    """Two workers start on a fresh database in the same moment."""
    async with asyncio.timeout(60):
        await asyncio.gather(*(migrate(empty_database_url) for _ in range(3)))
    store = await opened(empty_database_url)
    await store.require_current_schema()


async def test_a_database_that_is_not_there_is_unavailable(opened):
    store = await opened(NOBODY_LISTENS)
    with pytest.raises(Unavailable):
        await store.require_current_schema()
    with pytest.raises(Unavailable):
        await migrate(NOBODY_LISTENS)


async def test_tables_and_migrations_agree(database_url):
    engine = create_async_engine(driver_url(database_url))

    def differences(connection):
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, SQLModel.metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_tables_and_migrations_demand_the_same(sql):
    """Alembic does not compare checks and the conditions of indexes."""
    checks = await sql.rows(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    conditions = await sql.rows(
        "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indpred IS NOT NULL"
    )
    tables = SQLModel.metadata.tables.values()
    assert {name for (name,) in checks} == {
        check.name
        for table in tables
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }
    assert {name for (name,) in conditions} == {
        index.name
        for table in tables
        for index in table.indexes
        if index.dialect_options["postgresql"]["where"] is not None
    }


EXTREMES = [UUID(int=0), UUID(int=1), UUID(int=57), UUID(int=58), UUID(int=(1 << 128) - 1)]


@given(st.lists(st.uuids(), max_size=200))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_and_python_write_the_same_memo(database_url, transaction_ids):
    """An order placed by plain SQL is found by its memo."""
    ids = EXTREMES + transaction_ids
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT bill_memo(id) FROM unnest(%s::uuid[]) AS id", [ids])
        memos = [memo for (memo,) in rows]
    assert memos == [memo_of(one) for one in ids]
    assert [transaction_id_from_memo(memo.encode()) for memo in memos] == ids


@given(st.lists(st.uuids(), max_size=200))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_and_python_give_an_order_the_same_number(database_url, transaction_ids):
    """An order placed by plain SQL is found by its alias."""
    ids = EXTREMES + transaction_ids
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT bill_alias(id) FROM unnest(%s::uuid[]) AS id", [ids])
        assert [alias for (alias,) in rows] == [alias_of(one) for one in ids]
