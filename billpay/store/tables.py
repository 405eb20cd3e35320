"""The tables, as the migrations have made them. Rows have no behaviour and never leave this package.

Amounts of cNGN are `NUMERIC(20,7)`, exactly the ledger's scale; they become whole stroops at this package's door. The
guards that are no constraints (what excludes what, what is never changed) are triggers of the migration.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlmodel import Field, SQLModel

from billpay.domain.bills import BillType
from billpay.domain.deposits import Disposition
from billpay.domain.refunds import EnvelopeKind, EnvelopeState, RefundPurpose, RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.store.columns import (
    Words,
    at_most_one,
    cngn,
    document,
    fresh_id,
    key,
    legal_amount,
    legal_moments,
    moment,
    one_of,
    order,
    reference,
    sealed,
    words,
)


class TransactionRow(SQLModel, table=True):
    """What an application inserts first: who pays, how much, for what (in `metadata`)."""

    __tablename__ = "transactions"
    __table_args__ = (
        CheckConstraint("type = 'bill_payment'", name="transactions_type"),
        one_of("transactions_status", "status", BillStatus),
        legal_amount("transactions_amount", "cngn_amount"),
        CheckConstraint("jsonb_typeof(metadata) = 'object'", name="transactions_metadata"),
        legal_moments("transactions_moments", "created_at", "updated_at"),
    )

    transaction_id: UUID = fresh_id()
    wallet_address: str = words()
    type: str = words()
    from_amount: Decimal = cngn(default="0")
    to_amount: Decimal = cngn(default="0")
    cngn_amount: Decimal = cngn()
    status: str = words(default=BillStatus.PENDING_PAYMENT)
    details: dict[str, Any] = document("metadata", nullable=False)
    created_at: datetime = moment(default="now()")
    updated_at: datetime = moment(default="now()")


class BillPaymentRow(SQLModel, table=True):
    """The bill of a transaction: its account, its memo and where it stands."""

    __tablename__ = "bill_payments"
    __table_args__ = (
        one_of("bill_payments_status", "status", BillStatus),
        one_of("bill_payments_bill_type", "bill_type", BillType),
        legal_moments("bill_payments_moments", "created_at", "updated_at", "expires_at"),
        Index("bill_payments_by_status", "status"),
        Index("bill_payments_by_age", "created_at"),
    )

    id: UUID = fresh_id()
    transaction_id: UUID = order(unique=True)
    provider_name: str = words()
    """Who served it, once somebody was asked; until then who is wished for."""

    requested_provider_name: str | None = words(nullable=True)
    """Who was wished for; kept by a trigger when the row is inserted."""

    account_number: str = words()
    bill_type: str = words()
    status: str = words(default=BillStatus.PENDING_PAYMENT)
    memo: str = Field(
        default=None,
        sa_column=Column(Words, Computed("bill_memo(transaction_id)", persisted=True), unique=True),
    )
    alias: int = Field(
        default=None,
        sa_column=Column(
            BigInteger, Computed("bill_alias(transaction_id)", persisted=True), unique=True
        ),
    )
    """The number that names the order to payers who cannot send text."""

    expires_at: datetime = moment(default="now() + '01:00:00'::interval")
    claimed_by: str | None = reference("deposits.operation_id", nullable=True, unique=True)
    """The deposit that pays the order; set once."""

    provider_reference: str | None = words(nullable=True)
    refund_tx_hash: str | None = words(nullable=True)
    verification_data: dict[str, Any] | None = document()
    created_at: datetime = moment(default="now()")
    updated_at: datetime = moment(default="now()")


class DepositRow(SQLModel, table=True):
    """One credit of cNGN to the treasury; its key is the ledger's own (I1)."""

    __tablename__ = "deposits"
    __table_args__ = (
        legal_amount("deposits_amount", "amount"),
        one_of("deposits_disposition", "disposition", Disposition),
        legal_moments("deposits_moments", "closed_at", "recorded_at"),
        Index("deposits_of_order", "transaction_id"),
        Index("deposits_by_ledger", "wallet", "ledger"),
        CheckConstraint(
            "disposition <> 'kept' OR (coalesce(stray_reason, '') = 'dust' AND workflow_id IS NULL)",
            name="deposits_kept",
        ),
        Index(
            "deposits_unstarted",
            "recorded_at",
            "ledger",
            "operation_id",
            postgresql_where=text("workflow_id IS NULL AND disposition <> 'kept'"),
        ),
    )

    operation_id: str = key()
    wallet: str = words()
    paging_token: str = words()
    transaction_hash: str = words()
    ledger: int = Field(sa_column=Column(BigInteger, nullable=False))
    closed_at: datetime = moment()
    payer: str = words()
    amount: Decimal = cngn()
    memo: bytes | None = sealed(nullable=True)
    memo_type: str = words()
    alias: int | None = Field(default=None, sa_column=Column(Numeric(20, 0), nullable=True))
    transaction_id: UUID | None = order(nullable=True)
    stray_reason: str | None = words(nullable=True)
    disposition: str = words(default="pending")
    workflow_id: str | None = words(nullable=True)
    """Null until its workflow was started: the outbox of the watcher. Dust that is kept has none and is not in it."""

    recorded_at: datetime = moment(default="now()")


class ParkedCreditRow(SQLModel, table=True):
    """What may be a credit and could not be made a deposit; written out for a person, so that it blocks nobody."""

    __tablename__ = "parked_credits"

    operation_id: str = key()
    wallet: str = words()
    body: str = words()
    reason: str = words()
    parked_at: datetime = moment()


class CursorRow(SQLModel, table=True):
    """How far the history of a wallet has been read; only ever moves forward (I11)."""

    __tablename__ = "ledger_cursors"

    wallet: str = key()
    position: int = Field(sa_column=Column(Numeric, nullable=False))
    read_at: datetime = moment(default="now()")
    """When the last page was read, whatever was on it."""


class AttemptRow(SQLModel, table=True):
    """One purchase under one request id, stored before the provider hears of it (I14)."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("transaction_id", "number", name="attempts_number"),
        CheckConstraint("number > 0", name="attempts_number_positive"),
        CheckConstraint("sendings >= 0", name="attempts_sendings"),
        CheckConstraint(
            "(settled_at IS NOT NULL) = (coalesce(outcome_kind, '')"
            " IN ('delivered', 'postponed', 'declined', 'not_sold'))",
            name="attempts_settled",
        ),
        # At most one sale, and nothing is bought while an earlier purchase is in doubt (I4).
        at_most_one(
            "attempts_one_sale",
            "transaction_id",
            where="outcome_kind IN ('delivered', 'token_awaited')",
        ),
        at_most_one("attempts_one_unsettled", "transaction_id", where="settled_at IS NULL"),
    )

    request_id: str = key()
    transaction_id: UUID = order()
    number: int = Field(sa_column=Column(SmallInteger, nullable=False))
    provider: str = words()
    opened_at: datetime = moment()
    sendings: int = Field(
        default=0, sa_column=Column(SmallInteger, nullable=False, server_default=text("0"))
    )
    """Sendings not known to have had no effect; `sent_at` is the latest one's."""

    sent_at: datetime | None = moment(nullable=True)
    first_denied_at: datetime | None = moment(nullable=True)
    settled_at: datetime | None = moment(nullable=True)
    given_up_at: datetime | None = moment(nullable=True)
    """When its provider was given up for the order."""

    contradicted_at: datetime | None = moment(nullable=True)
    """When the provider said that it was sold after all; no machine refunds the order then."""

    outcome_kind: str | None = words(nullable=True)
    outcome: dict[str, Any] | None = document()
    receipt: bytes | None = sealed(nullable=True)
    has_token: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    """Whether the sealed receipt holds the token; from then on it is never changed (I7)."""


class AnswerRow(SQLModel, table=True):
    """A provider's answer as it came, sealed; appended whenever it says something new."""

    __tablename__ = "provider_answers"

    request_id: str = Field(
        sa_column=Column(Words, ForeignKey("attempts.request_id"), primary_key=True)
    )
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    outcome_kind: str = words()
    body: bytes = sealed()
    received_at: datetime = moment()


class TokenRow(SQLModel, table=True):
    """What a completed order's customer got, sealed."""

    __tablename__ = "tokens"

    transaction_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("transactions.transaction_id"), primary_key=True)
    )
    receipt: bytes = sealed()
    has_token: bool = Field(sa_column=Column(Boolean, nullable=False))
    """Whether the token is in it; from then on the row is never changed (I7)."""

    stored_at: datetime = moment()


class RefundRow(SQLModel, table=True):
    """Money owed back (I9). A deposit has one at most: what goes back whole has no excess."""

    __tablename__ = "refunds"
    __table_args__ = (
        legal_amount("refunds_amount", "amount"),
        one_of("refunds_purpose", "purpose", RefundPurpose),
        one_of("refunds_status", "status", RefundStatus),
        CheckConstraint(
            "num_nulls(memo, memo_type) IN (0, 2)"
            " AND coalesce(memo_type, 'text') IN ('text', 'id', 'hash')",
            name="refunds_memo",
        ),
        CheckConstraint(
            "num_nulls(redirected_by, redirected_at) IN (0, 2)", name="refunds_redirected"
        ),
        CheckConstraint("num_nulls(approved_by, approved_at) IN (0, 2)", name="refunds_approved"),
        Index("refunds_of_order", "transaction_id"),
    )

    refund_id: str = key()
    operation_id: str = reference("deposits.operation_id", unique=True)
    transaction_id: UUID | None = order(nullable=True)
    """The order that the deposit pays; none for a stray deposit."""

    purpose: str = words()
    destination: str = words()
    amount: Decimal = cngn()
    reason: str = words()
    deposit_hash: str = words()
    status: str = words(default="open")
    held_reason: str | None = words(nullable=True)
    opened_at: datetime = moment()
    memo: str | None = words(nullable=True)
    memo_type: str | None = words(nullable=True)
    redirected_by: str | None = words(nullable=True)
    redirected_at: datetime | None = moment(nullable=True)
    approved_by: str | None = words(nullable=True)
    approved_at: datetime | None = moment(nullable=True)


class RefundEnvelopeRow(SQLModel, table=True):
    """A signed refund transaction, stored before anyone hears of it."""

    __tablename__ = "refund_envelopes"
    __table_args__ = (
        one_of("refund_envelopes_state", "state", EnvelopeState),
        one_of("refund_envelopes_kind", "kind", EnvelopeKind),
        CheckConstraint(
            "num_nulls(balance_id, reclaimable_at)"
            " = CASE kind WHEN 'claimable_balance' THEN 0 ELSE 2 END",
            name="refund_envelopes_set_aside",
        ),
        Index("refund_envelopes_by_signing", "signed_at"),
        # One at a time on an account, one that may still pay or has paid for a refund, and a sequence number is
        # consumed once (I9, I10).
        at_most_one(
            "refund_envelopes_one_in_flight", "source_account", where="state = 'in_flight'"
        ),
        at_most_one(
            "refund_envelopes_one_alive", "refund_id", where="state IN ('in_flight', 'applied')"
        ),
        at_most_one(
            "refund_envelopes_one_of_a_sequence",
            "source_account",
            "sequence",
            where="state IN ('applied', 'failed')",
        ),
    )

    transaction_hash: str = key()
    refund_id: str = reference("refunds.refund_id")
    source_account: str = words()
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    envelope_xdr: str = words()
    valid_until: datetime = moment()
    state: str = words()
    signed_at: datetime = moment()
    kind: str = words(default=EnvelopeKind.PAYMENT)
    balance_id: str | None = words(nullable=True)
    reclaimable_at: datetime | None = moment(nullable=True)
    applied_ledger: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    applied_hash: str | None = words(nullable=True)
    """Under which hash it stands in the ledger: the fee bump's, where one was needed."""

    result_codes: str | None = words(nullable=True)
    """Why it failed in a ledger, or while it is in flight why it was refused last; in Horizon's words."""


class MessageRow(SQLModel, table=True):
    """What a customer was told, sealed; the same message id exists once."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("notifications_of_order", "transaction_id"),
        Index("notifications_of_deposit", "operation_id"),
    )

    message_id: str = key()
    kind: str = words()
    transaction_id: UUID | None = order(nullable=True)
    operation_id: str | None = words(nullable=True)
    wallet_address: str = words()
    subject: str = words()
    body: bytes = sealed()
    written_at: datetime = moment()
    delivered_at: datetime | None = moment(nullable=True)


class EventRow(SQLModel, table=True):
    """The timeline: appended in the commit of what it tells, never changed."""

    __tablename__ = "payment_events"
    __table_args__ = (
        Index("payment_events_of_order", "transaction_id", "id"),
        Index("payment_events_of_deposit", "operation_id", "id"),
    )

    id: int = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    at: datetime = moment()
    kind: str = words()
    transaction_id: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))
    operation_id: str | None = words(nullable=True)
    status_from: str | None = words(nullable=True)
    status_to: str | None = words(nullable=True)
    detail: str = words()
    actor: str = words()


class InstallationRow(SQLModel, table=True):
    """When these records began; one row, written by the first migration."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="installation_once"),)

    id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    installed_at: datetime = moment(default="now()")
