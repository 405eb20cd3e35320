"""The kinds of columns the tables are made of.

What comes from outside (a ledger, a provider, a person) may be any text at all, and PostgreSQL refuses two things in
it: NUL and halves of surrogate pairs. Both become U+FFFD on the way in, since text that cannot be stored would be lost,
and whoever repeats the step would fail for ever.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    Text,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

_UNSTORABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")

SMALLEST_AMOUNT = "0.0000001"
LARGEST_AMOUNT = "922337203685.4775807"
"""What one operation of the ledger can carry: 64 bits of stroops."""

EARLIEST = "2000-01-01 00:00:00+00"
LATEST = "9999-01-01 00:00:00+00"
"""`infinity` is a moment to PostgreSQL, but to nobody else."""


def storable(text: str) -> str:
    """Replace what PostgreSQL cannot hold."""
    return text.translate(_UNSTORABLE)


class Words(TypeDecorator[str]):
    """Text of any origin."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's shape
        """Make it storable, keys to look up included."""
        return storable(value) if isinstance(value, str) else value


class Document(TypeDecorator[Any]):
    """A JSON object of any origin."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's shape
        """Make every text in it storable."""
        return _storable_document(value)


def _storable_document(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(key): _storable_document(inner) for key, inner in value.items()}
        case list():
            return [_storable_document(inner) for inner in value]
        case _:
            return value


def legal_amount(name: str, column: str) -> CheckConstraint:
    """Demand an amount that the ledger can carry; `NaN` is above every bound."""
    return CheckConstraint(f"{column} BETWEEN {SMALLEST_AMOUNT} AND {LARGEST_AMOUNT}", name=name)


def legal_moments(name: str, *columns: str) -> CheckConstraint:
    """Demand moments that every program can read."""
    bounds = (f"{column} BETWEEN '{EARLIEST}' AND '{LATEST}'" for column in columns)
    return CheckConstraint(" AND ".join(bounds), name=name)


def one_of(name: str, column: str, values: Iterable[str]) -> CheckConstraint:
    """Demand one of these words."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


def at_most_one(name: str, *columns: str, where: str) -> Index:
    """Allow one row of these values among those that fit a condition."""
    return Index(name, *columns, unique=True, postgresql_where=sql(where))


def words(*, nullable: bool = False, default: str | None = None, unique: bool = False) -> Any:
    """A text column."""
    column: Column[str] = Column(Words, nullable=nullable, server_default=default, unique=unique)
    return Field(default=default, sa_column=column)


def key() -> Any:
    """A text column that is the primary key."""
    return Field(sa_column=Column(Words, primary_key=True))


def fresh_id() -> Any:
    """A UUID that is the primary key, made by the database where nobody brings one."""
    column = Column(Uuid, primary_key=True, server_default=sql("gen_random_uuid()"))
    return Field(default=None, sa_column=column)


def document(name: str | None = None, *, nullable: bool = True) -> Any:
    """A JSON column."""
    default = None if nullable else sql("'{}'::jsonb")
    column: Column[Any] = Column(name, Document, nullable=nullable, server_default=default)
    return Field(default=None, sa_column=column)


def moment(*, nullable: bool = False, default: str | None = None) -> Any:
    """A point in time; its default is an SQL expression."""
    column = Column(
        DateTime(timezone=True), nullable=nullable, server_default=sql(default) if default else None
    )
    return Field(default=None, sa_column=column)


def cngn(*, default: str | None = None) -> Any:
    """An amount of cNGN, exact to the ledger's seven decimals."""
    column = Column(
        Numeric(20, 7), nullable=False, server_default=sql(default) if default else None
    )
    return Field(default=None, sa_column=column)


def sealed(*, nullable: bool = False) -> Any:
    """Bytes: a sealed text, or a memo as it came."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


def order(*, nullable: bool = False, unique: bool = False) -> Any:
    """A reference to an order, by its transaction id."""
    target = ForeignKey("transactions.transaction_id")
    return Field(default=None, sa_column=Column(Uuid, target, nullable=nullable, unique=unique))


def reference(target: str, *, nullable: bool = False, unique: bool = False) -> Any:
    """A reference to another row by its text key."""
    column: Column[str] = Column(Words, ForeignKey(target), nullable=nullable, unique=unique)
    return Field(default=None, sa_column=column)
