import asyncio

import psycopg
import pytest
from sqlalchemy import text

from billpay.clock import system_clock
from billpay.domain.statuses import BillStatus
from billpay.failures import Misconfigured, Unavailable
from billpay.store import RefusedError, Store
from billpay.store.database import Database, driver_url
from billpay.store.sealing import Sealer

KEY = bytes(32)
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


COMMITS_SLOWLY = """
    CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'
"""


@pytest.fixture
async def database(database_url):
    opened = Database(database_url, sealer=Sealer(KEY), clock=system_clock)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("plain", "named"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:***@h/d"),
        ("postgres://h/d", "postgresql+psycopg://h/d"),
        ("postgresql://u@/d?host=/tmp", "postgresql+psycopg://u@/d?host=%2Ftmp"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
    ],
)
def test_a_plain_url_is_given_our_driver(plain, named):
    assert repr(driver_url(plain)) == named


async def test_a_key_of_the_wrong_length_is_misconfigured():
    with pytest.raises(Misconfigured, match="31 bytes"):
        await Store.open("postgresql://h/d", sealing_key=bytes(31), clock=system_clock)


async def test_a_connection_lost_in_a_transaction_is_unavailable_and_changes_nothing(
    till, database, sql
):
    """Fault 59."""
    order = await till.order()

    async def expire() -> None:
        async with database.transaction() as session:
            await session.execute(text("UPDATE bill_payments SET status = 'expired'"))
            await sql.rows(f"SELECT pg_terminate_backend(pid) {OTHERS} AND xact_start IS NOT NULL")
            await session.execute(text("SELECT 1"))

    with pytest.raises(Unavailable, match="AdminShutdown"):
        await expire()
    assert await till.status(order) is BillStatus.PENDING_PAYMENT


async def test_a_connection_lost_on_its_commit_is_unavailable_and_may_be_repeated(till, sql):
    """Fault 59: the step cannot know whether it was committed; its repetition ends in the same."""
    order, _ = await till.paid()
    await sql.rows(COMMITS_SLOWLY)
    await sql.rows(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON attempts DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION commit_slowly()"
    )
    async with sql.connection.transaction():
        await sql.rows("SELECT pg_advisory_xact_lock(1)")
        opening = asyncio.create_task(till.attempt(order))
        assert await sql.until_somebody_waits() == "COMMIT"
        await sql.rows(f"SELECT pg_terminate_backend(pid) {OTHERS}")
        with pytest.raises(Unavailable):
            await opening
    assert (await till.attempt(order)) == (await till.attempt(order))
    assert (await till.kinds(order.transaction_id)).count("processing_bill") == 1


async def test_a_connection_lost_while_resting_is_replaced_unnoticed(till, sql):
    await till.order()
    await sql.rows(f"SELECT pg_terminate_backend(pid) {OTHERS}")
    await till.order()


async def test_a_deadlock_asks_for_the_transaction_again(database, till, sql, other_sql):
    """Fault 59: one of the two goes on, the other is Unavailable or waits its turn."""
    for _ in range(2):
        await till.order()
    first, second = await till.store.payments.transaction_ids()
    update = "UPDATE bill_payments SET updated_at = now() WHERE transaction_id = '{}'"
    both = asyncio.Barrier(2)

    async def cross(one, other):
        async with database.transaction() as session:
            await session.execute(text(update.format(one)))
            await both.wait()
            await session.execute(text(update.format(other)))

    results = await asyncio.gather(
        cross(first, second), cross(second, first), return_exceptions=True
    )
    assert sum(isinstance(result, Unavailable) for result in results) == 1


async def test_a_server_that_became_a_standby_is_unavailable(database):
    """Fault 59: after a failover the old primary is read-only."""

    async def expire() -> None:
        async with database.transaction() as session:
            await session.execute(text("SET TRANSACTION READ ONLY"))
            await session.execute(text("UPDATE bill_payments SET status = 'expired'"))

    with pytest.raises(Unavailable, match="ReadOnlySqlTransaction"):
        await expire()


async def test_a_lock_that_is_never_released_is_unavailable(database, till, sql):
    """A worker that hangs with a bill in its hand does not hang the others with it."""
    await till.order()

    async def update() -> None:
        async with database.transaction() as session:
            await session.execute(text("SET LOCAL lock_timeout = '10ms'"))
            await session.execute(text("UPDATE bill_payments SET updated_at = now()"))

    async with sql.connection.transaction():
        await sql.rows("SELECT FROM bill_payments FOR UPDATE")
        with pytest.raises(Unavailable, match="LockNotAvailable"):
            await update()


async def test_options_of_an_address_are_kept_beside_ours(database_url):
    named = f"{database_url}&options=-c%20search_path%3Delsewhere"
    opened = Database(named, sealer=Sealer(KEY), clock=system_clock)
    async with opened.transaction() as session:
        assert await session.scalar(text("SHOW search_path")) == "elsewhere"
        assert await session.scalar(text("SHOW statement_timeout")) == "15s"
        assert await session.scalar(text("SHOW lock_timeout")) == "10s"
        assert await session.scalar(text("SHOW transaction_isolation")) == "read committed"
    await opened.close()


async def test_what_the_schema_refuses_is_refused_in_our_words(database, till):
    await till.order()
    with pytest.raises(RefusedError, match="bill_payments_status"):
        async with database.transaction() as session:
            await session.execute(text("UPDATE bill_payments SET status = 'done'"))


async def test_a_bug_stays_a_bug(database):
    with pytest.raises(Exception, match="nothing_like_this") as bug:
        async with database.transaction() as session:
            await session.execute(text("SELECT * FROM nothing_like_this"))
    assert isinstance(bug.value.orig, psycopg.errors.UndefinedTable)


async def test_a_failure_names_no_address(database_url):
    """I18: the password of an address is in nobody's history."""
    secret = "postgresql://ada:opensesame@127.0.0.1:1/nothing"
    store = await Store.open(secret, sealing_key=KEY, clock=system_clock)
    with pytest.raises(Unavailable) as failure:
        await store.payments.transaction_ids()
    assert "opensesame" not in failure.value.detail
    await store.close()


async def test_a_snapshot_sees_one_moment_and_writes_nothing(database, till):
    await till.order()
    async with database.snapshot() as session:
        count = text("SELECT count(*) FROM bill_payments")
        before = await session.scalar(count)
        await till.order()
        assert await session.scalar(count) == before
    with pytest.raises(Unavailable):
        async with database.snapshot() as session:
            await session.execute(text("UPDATE bill_payments SET updated_at = now()"))
