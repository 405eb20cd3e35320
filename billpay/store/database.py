"""The connection to PostgreSQL, and the one place that says what its failures mean."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from functools import partial

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from billpay.clock import Clock
from billpay.failures import Unavailable
from billpay.store.sealing import Sealer

_DRIVER = "postgresql+psycopg"
_PLAIN_DRIVERS = frozenset({"postgres", "postgresql"})

_RETRYABLE_STATES = frozenset({"40001", "40P01", "25006"})
"""Serialization failure, deadlock, and a server that has become a read-only standby: the same transaction again."""

_CHECK_VIOLATION = "23514"
"""What constraints and the guards of the first migration answer."""

_SESSION_OPTIONS = (
    "-c lock_timeout=10s -c statement_timeout=15s -c idle_in_transaction_session_timeout=60s"
)
"""A worker that hangs with a bill's lock in its hand must not stop the others; all of it ends as Unavailable."""

_SECONDS_TO_CONNECT = 10
_INT_DIGITS = 100


class RefusedError(Exception):
    """The records say no: what was asked for would break a promise. Never a retry; a bug, or two who disagree."""


def driver_url(database_url: str) -> URL:
    """Name our driver in a plain PostgreSQL URL, unix sockets included."""
    url = make_url(database_url)
    return url.set(drivername=_DRIVER) if url.drivername in _PLAIN_DRIVERS else url


@contextmanager
def failures_of_the_database() -> Iterator[None]:
    """Let the database's failures pass in our words.

    Raises:
        Unavailable: it was lost, or asks for the transaction again.
        RefusedError: a constraint or a guard of the schema says no.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as lost:
        raise Unavailable(f"the database gave no answer: {_cause(lost)}") from lost
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _CHECK_VIOLATION:
            raise RefusedError(str(error.orig)) from error
        raise
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _RETRYABLE_STATES:
            raise Unavailable(f"the database asks for it again: {_cause(error)}") from error
        raise


def _cause(error: Exception) -> str:
    """Name what happened without its text, which may hold an address or a value."""
    return type(getattr(error, "orig", None) or error).__name__


def _read_int(digits: str) -> int | str:
    """Read a whole number; one that Python would refuse to read stays text, so that one row stops nobody (fault 67)."""
    return int(digits) if len(digits) <= _INT_DIGITS else digits


class Database:
    """What every part of the store works with: transactions, a clock and the sealer."""

    def __init__(self, database_url: str, *, sealer: Sealer, clock: Clock) -> None:
        url = driver_url(database_url)
        self.engine: AsyncEngine = create_async_engine(
            url,
            # The locks and guards are written for it: what was waited for is seen.
            isolation_level="READ COMMITTED",
            pool_size=10,
            max_overflow=10,
            pool_timeout=_SECONDS_TO_CONNECT,
            pool_pre_ping=True,
            # Errors travel: to logs, and into workflow histories.
            hide_parameters=True,
            # An amount in an application's metadata is as exact as it was written.
            json_deserializer=partial(json.loads, parse_float=Decimal, parse_int=_read_int),
            connect_args={
                "connect_timeout": _SECONDS_TO_CONNECT,
                "options": f"{url.query.get('options', '')} {_SESSION_OPTIONS}",
            },
        )
        self.sealer = sealer
        self.clock = clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction, committed when the block ends well.

        Raises:
            Unavailable: the database was lost, or asks for the transaction again. Whether the commit happened is
                unknown then, so every transaction of the store is repeatable.
            RefusedError: a constraint or a guard of the schema says no; nothing was committed.
        """
        with failures_of_the_database():
            async with (
                AsyncSession(self.engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction for reading only, in which every question sees the same moment.

        Raises:
            Unavailable: the database was lost.
        """
        async with self.transaction() as session:
            same_moment = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            await session.connection(execution_options=same_moment)
            yield session

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
