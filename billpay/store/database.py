"""The connection to PostgreSQL, and the one place that says what its failures mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from billpay.clock import Clock
from billpay.failures import Unavailable
from billpay.store.sealing import Sealer

_DRIVER = "postgresql+psycopg://"
_RETRYABLE_STATES = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: PostgreSQL asks for the same transaction again."""


def driver_url(database_url: str) -> str:
    """Name our driver in a plain PostgreSQL URL, unix sockets included."""
    for plain in ("postgresql://", "postgres://"):
        if database_url.startswith(plain):
            return _DRIVER + database_url.removeprefix(plain)
    return database_url


class Database:
    """What every part of the store works with: transactions, a clock and the sealer."""

    def __init__(self, database_url: str, *, sealer: Sealer, clock: Clock) -> None:
        self.engine: AsyncEngine = create_async_engine(
            driver_url(database_url), pool_size=10, max_overflow=10, pool_pre_ping=True
        )
        self.sealer = sealer
        self.clock = clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open one transaction, committed when the block ends well.

        Raises:
            Unavailable: the database was lost, or asks for the transaction again. Whether the commit happened is
                unknown then, so every transaction of the store is repeatable.
        """
        try:
            async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (OperationalError, InterfaceError, PoolTimeoutError) as lost:
            raise Unavailable(f"the database gave no answer: {type(lost).__name__}") from lost
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) in _RETRYABLE_STATES:
                raise Unavailable("the database asks for the transaction again") from error
            raise

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
