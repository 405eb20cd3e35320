"""Orders: placed, read, moved from status to status, expired."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.accounts import AccountVerdict
from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.ids import new_transaction_id
from billpay.domain.money import Kobo, Stroops, cngn, naira_amount, spoken_cngn
from billpay.domain.orders import Order, OrderRow, due_for, read_order
from billpay.domain.routing import PREFERENCE, ProviderName
from billpay.domain.statuses import BillStatus, may_follow
from billpay.failures import Invalid
from billpay.store.catalogue_tables import OrderPriceRow
from billpay.store.columns import LARGEST_AMOUNT
from billpay.store.database import Database
from billpay.store.exclusions import require_not_sold
from billpay.store.reading import numeric, order_row
from billpay.store.status import SERVICE, change_status, lock_bill, tell
from billpay.store.tables import BillPaymentRow, TransactionRow

_VERDICTS: TypeAdapter[Any] = TypeAdapter(AccountVerdict)

PAYABLE_FOR = timedelta(hours=1)
"""How long an order waits for its payment; the schema's default for orders placed by plain SQL is the same."""

_LARGEST_DUE = cngn(LARGEST_AMOUNT)
_EXPIRED_AT_ONCE = 200

_ORDERS = (
    select(TransactionRow, BillPaymentRow, OrderPriceRow)
    .join(
        BillPaymentRow,
        col(BillPaymentRow.transaction_id) == col(TransactionRow.transaction_id),
    )
    .outerjoin(
        OrderPriceRow,
        col(OrderPriceRow.transaction_id) == col(TransactionRow.transaction_id),
    )
)
"""An order's two rows, and its price where that fell since."""


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """What a customer wants paid."""

    wallet_address: str
    bill_type: BillType
    biller: BillerCode
    account_number: str
    bill_amount: Kobo
    meter_type: MeterType | None = None
    product_code: str | None = None
    product_name: str | None = None
    """What its provider calls it."""

    contact_phone: str | None = None
    provider: ProviderName | None = None
    """Whom to ask first; None for the usual order of the bill type."""

    def metadata(self) -> dict[str, str]:
        """Write the details in the words of an application's `metadata`."""
        words = {
            "bill_type": self.bill_type.value,
            "provider_code": self.biller,
            "account_number": self.account_number,
            "account_type": self.meter_type.upper() if self.meter_type else None,
            "variation_code": self.product_code,
            "product_name": self.product_name,
            # The price as it was ordered, so that another one is noticed whatever the fee becomes.
            "amount_ngn": naira_amount(self.bill_amount) if self.product_code else None,
            "phone": self.contact_phone,
        }
        return {name: word for name, word in words.items() if word}


class OrderStore:
    """The orders of all customers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def place(self, new: NewOrder) -> Order:
        """Store a new order, payable from now until it expires.

        Not safe to repeat: every call places another order. One too many is harmless, since nobody pays it.

        Raises:
            Invalid: it could never be served; nothing is stored.
        """
        due, now = due_for(new.bill_type, new.bill_amount), self._database.clock()
        if due > _LARGEST_DUE:
            raise Invalid(f"{spoken_cngn(due)} is more than the ledger can carry")
        transaction = TransactionRow(
            transaction_id=new_transaction_id(),
            wallet_address=new.wallet_address,
            type="bill_payment",
            cngn_amount=numeric(due),
            details=new.metadata(),
            created_at=now,
            updated_at=now,
        )
        bill = BillPaymentRow(
            transaction_id=transaction.transaction_id,
            provider_name=new.provider or PREFERENCE[new.bill_type][0],
            account_number=new.account_number,
            bill_type=new.bill_type,
            expires_at=now + PAYABLE_FOR,
            created_at=now,
            updated_at=now,
        )
        order = read_order(order_row(transaction, bill))
        async with self._database.transaction() as session:
            session.add(transaction)
            await session.flush()
            session.add(bill)
        return order

    async def row(self, transaction_id: UUID) -> OrderRow:
        """Read an order as its rows say it.

        Raises:
            LookupError: there is no such order.
        """
        async with self._database.transaction() as session:
            order, _ = await row_of(session, transaction_id)
            return order

    async def rows(self, transaction_ids: Collection[UUID]) -> Mapping[UUID, OrderRow]:
        """Read these orders as their rows say them; whoever is not there is left out."""
        async with self._database.transaction() as session:
            wanted = _ORDERS.where(col(TransactionRow.transaction_id).in_(transaction_ids))
            found = await session.execute(wanted) if transaction_ids else ()
            return {
                bill.transaction_id: order_row(paid, bill, price) for paid, bill, price in found
            }

    async def get(self, transaction_id: UUID) -> Order:
        """Read an order.

        Raises:
            LookupError: there is no such order.
            Invalid: it can never be served as it stands.
        """
        return read_order(await self.row(transaction_id))

    async def change_status(
        self,
        transaction_id: UUID,
        to: BillStatus,
        *,
        detail: str,
        actor: str = SERVICE,
        only_from: BillStatus | None = None,
    ) -> None:
        """Show where an order stands; with `only_from`, only where it still stands there.

        Safe to repeat: one that is further on, or over, stays where it is. A step that is repeated after a crash or a
        reset shows nothing new; whether money may move is never read from what is shown.
        """
        async with self._database.transaction() as session:
            bill = await lock_bill(session, transaction_id)
            current = BillStatus(bill.status)
            if may_follow(current, to) and only_from in (None, current):
                clock = self._database.clock
                await change_status(session, clock, bill, to, detail=detail, actor=actor)

    async def note(
        self,
        *,
        kind: str,
        detail: str,
        actor: str = SERVICE,
        transaction_id: UUID | None = None,
        operation_id: str | None = None,
    ) -> None:
        """Append to the timeline what happened without a change of status."""
        async with self._database.transaction() as session:
            tell(
                session,
                self._database.clock,
                kind=kind,
                detail=detail,
                actor=actor,
                transaction_id=transaction_id,
                operation_id=operation_id,
            )

    async def record_verification(
        self, transaction_id: UUID, verdict: AccountVerdict, provider: ProviderName
    ) -> None:
        """Keep what the provider says of the account; the timeline learns only that it was asked."""
        async with self._database.transaction() as session:
            bill = await lock_bill(session, transaction_id)
            document = _VERDICTS.dump_python(verdict, mode="json")
            bill.verification_data = {"provider": provider.value, **document}
            tell(
                session,
                self._database.clock,
                kind="account_verified",
                detail=f"{provider} says {verdict.kind}",
                transaction_id=transaction_id,
            )

    async def reprice(
        self, transaction_id: UUID, price: Kobo, provider: ProviderName, *, detail: str
    ) -> None:
        """Buy an order at another price than before; what its deposit holds above it is excess from now on.

        Safe to repeat: a price that the order has already changes and tells nothing.

        Raises:
            RefusedError: the order is or may be sold, at the price it had then (I17).
        """
        async with self._database.transaction() as session:
            await lock_bill(session, transaction_id)
            row = await session.get(OrderPriceRow, transaction_id)
            if row is not None and row.price_kobo == price:
                return
            await require_not_sold(session, transaction_id)
            row = row or OrderPriceRow(transaction_id=transaction_id)
            row.price_kobo, row.provider = price, provider
            row.seen_at = self._database.clock()
            session.add(row)
            tell(
                session,
                self._database.clock,
                kind="price_changed",
                detail=detail,
                transaction_id=transaction_id,
            )

    async def expire_unpaid(self) -> int:
        """Expire the orders whose time to be paid has passed; answers how many."""
        async with self._database.transaction() as session:
            overdue = (
                select(BillPaymentRow)
                .where(col(BillPaymentRow.status) == BillStatus.PENDING_PAYMENT)
                .where(col(BillPaymentRow.expires_at) < self._database.clock())
                .limit(_EXPIRED_AT_ONCE)
                .with_for_update(skip_locked=True)
            )
            bills = (await session.execute(overdue)).scalars().all()
            for bill in bills:
                await change_status(
                    session,
                    self._database.clock,
                    bill,
                    BillStatus.EXPIRED,
                    detail="no payment came in time",
                )
            return len(bills)


async def row_of(session: AsyncSession, transaction_id: UUID) -> tuple[OrderRow, BillPaymentRow]:
    """Read an order as its rows say it, and the row that says where it stands.

    Raises:
        LookupError: there is no such order.
    """
    wanted = _ORDERS.where(col(TransactionRow.transaction_id) == transaction_id)
    found = (await session.execute(wanted)).one_or_none()
    if found is None:
        raise LookupError(f"there is no order {transaction_id}")
    transaction, bill, price = found
    return order_row(transaction, bill, price), bill


async def due_now(session: AsyncSession, transaction_id: UUID) -> Stroops:
    """Answer what is due for an order at the price it has now; what came above it is excess.

    Raises:
        LookupError: there is no such order.
    """
    order, _ = await row_of(session, transaction_id)
    return order.due if order.price is None else read_order(order).due
