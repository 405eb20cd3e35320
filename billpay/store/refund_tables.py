"""The tables around refunds that migration 0006 has made: channels, fee bumps, errands, and money set aside."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer
from sqlmodel import Field, SQLModel

from billpay.domain.refunds import BalanceState, EnvelopeState
from billpay.store.columns import (
    at_most_one,
    cngn,
    key,
    moment,
    one_of,
    reference,
    words,
)


class ChannelRow(SQLModel, table=True):
    """An account whose sequence numbers our transactions use; number 0 is the treasury's own.

    Whoever owns it keeps it and its number for as long as anything signed for them may be applied (I9, I10).
    """

    __tablename__ = "refund_channels"
    __table_args__ = (
        CheckConstraint("number >= 0", name="refund_channels_number"),
        CheckConstraint(
            "num_nonnulls(refund_id, errand) = num_nonnulls(claimed_at)",
            name="refund_channels_owner",
        ),
        CheckConstraint(
            "sequence IS NULL OR claimed_at IS NOT NULL", name="refund_channels_sequence"
        ),
    )

    address: str = key()
    number: int = Field(sa_column=Column(Integer, nullable=False, unique=True))
    refund_id: str | None = reference("refunds.refund_id", nullable=True, unique=True)
    errand: str | None = words(nullable=True, unique=True)
    """What else of ours uses it: channels that are made, a balance that is taken back."""

    sequence: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    claimed_at: datetime | None = moment(nullable=True)


class FeeBumpRow(SQLModel, table=True):
    """A higher bid for a signed refund, stored before anyone hears of it; never changed."""

    __tablename__ = "refund_fee_bumps"
    __table_args__ = (Index("refund_fee_bumps_of_envelope", "inner_hash"),)

    transaction_hash: str = key()
    inner_hash: str = reference("refund_envelopes.transaction_hash")
    envelope_xdr: str = words()
    fee: int = Field(sa_column=Column(BigInteger, nullable=False))
    signed_at: datetime = moment()


class ErrandRow(SQLModel, table=True):
    """A transaction that the treasury signed for itself, stored before anyone hears of it."""

    __tablename__ = "treasury_envelopes"
    __table_args__ = (
        one_of("treasury_envelopes_state", "state", EnvelopeState),
        at_most_one(
            "treasury_envelopes_one_in_flight", "source_account", where="state = 'in_flight'"
        ),
        at_most_one(
            "treasury_envelopes_one_of_a_sequence",
            "source_account",
            "sequence",
            where="state IN ('applied', 'failed')",
        ),
    )

    transaction_hash: str = key()
    errand: str = words()
    source_account: str = words()
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    envelope_xdr: str = words()
    valid_until: datetime = moment()
    state: str = words()
    signed_at: datetime = moment()
    applied_ledger: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))


class BalanceRow(SQLModel, table=True):
    """A refund that was set aside on the ledger, and what became of it."""

    __tablename__ = "claimable_balances"
    __table_args__ = (one_of("claimable_balances_state", "state", BalanceState),)

    balance_id: str = key()
    refund_id: str = reference("refunds.refund_id", unique=True)
    claimant: str = words()
    amount: Decimal = cngn()
    created_ledger: int = Field(sa_column=Column(BigInteger, nullable=False))
    reclaimable_at: datetime = moment()
    state: str = words(default="open")
    settled_at: datetime | None = moment(nullable=True)
    settled_ledger: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
