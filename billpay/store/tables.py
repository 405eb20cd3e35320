"""The tables, as the migrations have made them. Rows have no behaviour and never leave this package.

Amounts of cNGN are `NUMERIC(20,7)`, exactly the ledger's scale; they become whole stroops at this package's door.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from billpay.domain.statuses import BillStatus

_CNGN = Numeric(20, 7)
_STATUSES = ", ".join(f"'{status}'" for status in BillStatus)


def _text(*, nullable: bool = False, default: str | None = None) -> Any:
    return Field(
        default=default, sa_column=Column(Text, nullable=nullable, server_default=default)
    )


def _key() -> Any:
    return Field(sa_column=Column(Text, primary_key=True))


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=nullable))


def _now() -> Any:
    column: Column[datetime] = Column(
        DateTime(timezone=True), nullable=False, server_default=text("now()")
    )
    return Field(default=None, sa_column=column)


def _order(*, nullable: bool = False, unique: bool = False) -> Any:
    """A reference to the order, by its transaction id."""
    target = ForeignKey("transactions.transaction_id")
    return Field(default=None, sa_column=Column(Uuid, target, nullable=nullable, unique=unique))


def _cngn(*, default: bool = False) -> Any:
    column: Column[Decimal] = Column(
        _CNGN, nullable=False, server_default=text("0") if default else None
    )
    return Field(default=None, sa_column=column)


def _sealed(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(LargeBinary, nullable=nullable))


class TransactionRow(SQLModel, table=True):
    """What an application inserts first: who pays, how much, for what (in `metadata`)."""

    __tablename__ = "transactions"
    __table_args__ = (
        CheckConstraint("type = 'bill_payment'", name="transactions_type"),
        CheckConstraint(f"status IN ({_STATUSES})", name="transactions_status"),
        CheckConstraint(
            "cngn_amount > 0 AND from_amount >= 0 AND to_amount >= 0", name="transactions_amounts"
        ),
    )

    transaction_id: UUID = Field(
        default=None,
        sa_column=Column(Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    )
    wallet_address: str = _text()
    type: str = _text()
    from_amount: Decimal = _cngn(default=True)
    to_amount: Decimal = _cngn(default=True)
    cngn_amount: Decimal = _cngn()
    status: str = _text(default=BillStatus.PENDING_PAYMENT)
    details: dict[str, Any] = Field(
        sa_column=Column("metadata", JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    created_at: datetime = _now()
    updated_at: datetime = _now()


class BillPaymentRow(SQLModel, table=True):
    """The bill of a transaction: its account, its memo and where it stands."""

    __tablename__ = "bill_payments"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATUSES})", name="bill_payments_status"),
        CheckConstraint(
            "bill_type IN ('electricity', 'airtime', 'data', 'cable_tv')",
            name="bill_payments_bill_type",
        ),
        Index("bill_payments_by_status", "status"),
        Index("bill_payments_by_age", "created_at"),
    )

    id: UUID = Field(
        default=None,
        sa_column=Column(Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    )
    transaction_id: UUID = _order(unique=True)
    provider_name: str = _text()
    """Who served it, once somebody was asked; until then who is wished for."""

    requested_provider_name: str | None = _text(nullable=True)
    """Who was wished for; kept by a trigger when the row is inserted."""

    account_number: str = _text()
    bill_type: str = _text()
    status: str = _text(default=BillStatus.PENDING_PAYMENT)
    memo: str = Field(
        default=None,
        sa_column=Column(Text, Computed("bill_memo(transaction_id)", persisted=True), unique=True),
    )
    expires_at: datetime = Field(
        default=None,
        sa_column=Column(
            DateTime(timezone=True),
            nullable=False,
            server_default=text("now() + '01:00:00'::interval"),
        ),
    )
    claimed_by: str | None = Field(
        default=None, sa_column=Column(Text, nullable=True, unique=True)
    )
    """The operation id of the deposit that claims the order."""

    provider_reference: str | None = _text(nullable=True)
    refund_tx_hash: str | None = _text(nullable=True)
    verification_data: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB, nullable=True)
    )
    created_at: datetime = _now()
    updated_at: datetime = _now()


class DepositRow(SQLModel, table=True):
    """One credit of cNGN to the treasury; its key is the ledger's own (I1)."""

    __tablename__ = "deposits"
    __table_args__ = (
        CheckConstraint("amount > 0", name="deposits_amount"),
        CheckConstraint(
            "disposition IN ('pending', 'delivered', 'refunded', 'held')",
            name="deposits_disposition",
        ),
        Index(
            "deposits_unstarted",
            "recorded_at",
            postgresql_where=text("workflow_id IS NULL"),
        ),
    )

    operation_id: str = _key()
    wallet: str = _text()
    paging_token: str = _text()
    transaction_hash: str = _text()
    ledger: int = Field(sa_column=Column(BigInteger, nullable=False))
    closed_at: datetime = _moment()
    payer: str = _text()
    amount: Decimal = _cngn()
    memo: bytes | None = _sealed(nullable=True)
    memo_type: str = _text()
    transaction_id: UUID | None = _order(nullable=True)
    stray_reason: str | None = _text(nullable=True)
    disposition: str = _text(default="pending")
    workflow_id: str | None = _text(nullable=True)
    """Null until its workflow was started: the outbox of the watcher."""

    recorded_at: datetime = _now()


class CursorRow(SQLModel, table=True):
    """How far the history of a wallet has been read; only ever moves forward (I11)."""

    __tablename__ = "ledger_cursors"

    wallet: str = _key()
    position: int = Field(sa_column=Column(Numeric(20, 0), nullable=False))


class AttemptRow(SQLModel, table=True):
    """One purchase under one request id, stored before the provider hears of it (I14)."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("transaction_id", "number", name="attempts_number"),
        CheckConstraint("number > 0", name="attempts_number_positive"),
        Index(
            "attempts_one_sale",
            "transaction_id",
            unique=True,
            postgresql_where=text("outcome_kind IN ('delivered', 'token_awaited')"),
        ),
        Index(
            "attempts_one_unsettled",
            "transaction_id",
            unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    request_id: str = _key()
    transaction_id: UUID = _order()
    number: int = Field(sa_column=Column(SmallInteger, nullable=False))
    provider: str = _text()
    opened_at: datetime = _moment()
    sent_at: datetime | None = _moment(nullable=True)
    first_denied_at: datetime | None = _moment(nullable=True)
    settled_at: datetime | None = _moment(nullable=True)
    outcome_kind: str | None = _text(nullable=True)
    outcome: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    receipt: bytes | None = _sealed(nullable=True)
    body: bytes | None = _sealed(nullable=True)


class TokenRow(SQLModel, table=True):
    """What a completed order's customer got, sealed; written once and never changed (I7)."""

    __tablename__ = "tokens"

    transaction_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("transactions.transaction_id"), primary_key=True)
    )
    receipt: bytes = _sealed()
    stored_at: datetime = _moment()


class RefundRow(SQLModel, table=True):
    """Money owed back, once for each purpose (I9)."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("operation_id", "purpose", name="refunds_purpose"),
        CheckConstraint("amount > 0", name="refunds_amount"),
        CheckConstraint("purpose IN ('whole', 'excess')", name="refunds_known_purpose"),
        CheckConstraint("status IN ('open', 'paid', 'held')", name="refunds_status"),
    )

    refund_id: str = _key()
    operation_id: str = Field(
        sa_column=Column(Text, ForeignKey("deposits.operation_id"), nullable=False)
    )
    transaction_id: UUID | None = _order(nullable=True)
    purpose: str = _text()
    destination: str = _text()
    amount: Decimal = _cngn()
    reason: str = _text()
    deposit_hash: str = _text()
    status: str = _text(default="open")
    held_reason: str | None = _text(nullable=True)
    opened_at: datetime = _moment()


class RefundEnvelopeRow(SQLModel, table=True):
    """A signed refund transaction, stored before anyone hears of it."""

    __tablename__ = "refund_envelopes"
    __table_args__ = (
        CheckConstraint(
            "state IN ('in_flight', 'applied', 'failed', 'dead')", name="refund_envelopes_state"
        ),
        Index(
            "refund_envelopes_one_in_flight",
            "source_account",
            unique=True,
            postgresql_where=text("state = 'in_flight'"),
        ),
    )

    transaction_hash: str = _key()
    refund_id: str = Field(
        sa_column=Column(Text, ForeignKey("refunds.refund_id"), nullable=False)
    )
    source_account: str = _text()
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    envelope_xdr: str = _text()
    valid_until: datetime = _moment()
    state: str = _text()
    signed_at: datetime = _moment()


class MessageRow(SQLModel, table=True):
    """What a customer was told, sealed; the same message id exists once."""

    __tablename__ = "notifications"

    message_id: str = _key()
    kind: str = _text()
    transaction_id: UUID | None = _order(nullable=True)
    operation_id: str | None = _text(nullable=True)
    wallet_address: str = _text()
    subject: str = _text()
    body: bytes = _sealed()
    written_at: datetime = _moment()
    delivered_at: datetime | None = _moment(nullable=True)


class EventRow(SQLModel, table=True):
    """The timeline: appended in the commit of what it tells, never changed."""

    __tablename__ = "payment_events"
    __table_args__ = (Index("payment_events_of_order", "transaction_id", "id"),)

    id: int = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    at: datetime = _moment()
    kind: str = _text()
    transaction_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    operation_id: str | None = _text(nullable=True)
    status_from: str | None = _text(nullable=True)
    status_to: str | None = _text(nullable=True)
    detail: str = _text()
    actor: str = _text()


class InstallationRow(SQLModel, table=True):
    """When these records began; one row, written by the first migration."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="installation_once"),)

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    installed_at: datetime = _now()
