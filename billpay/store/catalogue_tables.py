"""The catalogue's tables, as migration 0003 has made them. Prices are whole kobo; null is an open amount."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Index, Uuid
from sqlmodel import Field, SQLModel

from billpay.domain.catalogue import Seen
from billpay.store.columns import document, key, moment, one_of, words


def _kobo(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(BigInteger, nullable=nullable))


class PriceListRow(SQLModel, table=True):
    """One biller's list at one provider: when it was last read, or why it could not be."""

    __tablename__ = "price_lists"

    provider: str = key()
    bill_type: str = key()
    biller: str = key()
    is_sold: bool = Field(sa_column=Column(Boolean, nullable=False))
    read_at: datetime | None = moment(nullable=True)
    failure: str | None = words(nullable=True)


class ProductRow(SQLModel, table=True):
    """One product as it was last seen; withdrawn ones stay."""

    __tablename__ = "products"
    __table_args__ = (CheckConstraint("price_kobo > 0", name="products_price"),)

    provider: str = key()
    bill_type: str = key()
    biller: str = key()
    code: str = key()
    name: str = words()
    price_kobo: int | None = _kobo(nullable=True)
    listed_at: datetime = moment()
    withdrawn_at: datetime | None = moment(nullable=True)


class ProductHistoryRow(SQLModel, table=True):
    """One difference that was seen; appended, never changed."""

    __tablename__ = "product_history"
    __table_args__ = (
        one_of("product_history_seen", "seen", Seen),
        Index("product_history_of_product", "provider", "bill_type", "biller", "code", "id"),
    )

    id: int = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    provider: str = words()
    bill_type: str = words()
    biller: str = words()
    code: str = words()
    seen: str = words()
    name: str = words()
    price_kobo: int | None = _kobo(nullable=True)
    seen_at: datetime = moment()


class FlutterwaveListingRow(SQLModel, table=True):
    """A biller's items at Flutterwave as they were discovered."""

    __tablename__ = "flutterwave_listings"

    bill_type: str = key()
    biller: str = key()
    items: dict[str, Any] = document(nullable=False)
    read_at: datetime = moment()


class FlutterwaveOverrideRow(SQLModel, table=True):
    """What an operator says is behind a code of Flutterwave's."""

    __tablename__ = "flutterwave_overrides"

    bill_type: str = key()
    biller: str = key()
    stands_for: str = key()
    biller_code: str = words()
    item_code: str = words()
    actor: str = words()
    reason: str = words()
    set_at: datetime = moment()


class OrderPriceRow(SQLModel, table=True):
    """The price an order is bought at, where it fell since the order."""

    __tablename__ = "order_prices"
    __table_args__ = (CheckConstraint("price_kobo > 0", name="order_prices_price"),)

    transaction_id: UUID = Field(
        sa_column=Column(Uuid, ForeignKey("transactions.transaction_id"), primary_key=True)
    )
    price_kobo: int = _kobo()
    provider: str = words()
    seen_at: datetime = moment()
