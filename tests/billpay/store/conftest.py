"""Customers, payers and a raw connection: what the store's tests live in."""

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from psycopg import AsyncConnection

from billpay.domain.attempts import Attempt
from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.deposits import Credit, Deposit
from billpay.domain.money import Kobo, Stroops
from billpay.domain.orders import Order
from billpay.domain.outcomes import Answer, Delivered, Receipt
from billpay.domain.refunds import EnvelopeState, Refund, RefundEnvelope, RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token
from billpay.ledger.base import CreditPage
from billpay.store import Store
from billpay.store.orders import NewOrder

WALLET = "treasury"
PAYER = "payer"
TOKEN = Token("01234567890123456789")
DELIVERED = Delivered(provider_reference="VT-1")


@dataclass
class Till:
    """Plays everybody around the store: customers, payers, workflows."""

    store: Store
    clock: Any
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def order(self, **changes: Any) -> Order:
        """A customer's order of 5,000 naira of prepaid electricity."""
        facts = {
            "wallet_address": PAYER,
            "bill_type": BillType.ELECTRICITY,
            "biller": BillerCode("ekedc"),
            "account_number": "1111111111111",
            "bill_amount": Kobo(500_000),
            "meter_type": MeterType.PREPAID,
        }
        return await self.store.orders.place(NewOrder(**facts | changes))

    def credit(self, order: Order | None = None, **changes: Any) -> Credit:
        """A credit of what an order is due, with its memo."""
        operation_id = str((1 << 40) + next(self.numbers))
        facts = {
            "operation_id": operation_id,
            "paging_token": operation_id,
            "transaction_hash": hashlib.sha256(operation_id.encode()).hexdigest(),
            "ledger": 256,
            "closed_at": self.clock(),
            "payer": PAYER,
            "amount": order.due if order else Stroops(20_000_000),
            "memo": order.memo.encode() if order else None,
            "memo_type": "text" if order else "none",
        }
        return Credit(**facts | changes)

    def page(self, *found: Credit, cursor: str | None = None, **changes: Any) -> CreditPage:
        """A page that ends behind its last credit."""
        end = cursor or (found[-1].paging_token if found else "0")
        return CreditPage(**{"credits": found, "cursor": end, "is_full": False} | changes)

    async def record(self, *found: Credit) -> list[Deposit]:
        """Let the watcher see these credits on one page."""
        return list(await self.store.deposits.record_page(WALLET, self.page(*found)))

    async def deposit(self, order: Order | None = None, **changes: Any) -> str:
        """A recorded deposit's operation id."""
        credit = self.credit(order, **changes)
        await self.record(credit)
        return credit.operation_id

    async def paid(self, **changes: Any) -> tuple[Order, str]:
        """An order that is paid and about to be bought, and its deposit."""
        order = await self.order()
        operation_id = await self.deposit(order, **changes)
        await self.move(order, BillStatus.VERIFYING_ACCOUNT)
        return order, operation_id

    async def move(self, order: Order, *statuses: BillStatus) -> None:
        """Lead an order through these statuses."""
        for status in statuses:
            await self.store.orders.change_status(order.transaction_id, status, detail="a test")

    async def attempt(
        self, order: Order, number: int = 1, provider: ProviderName = ProviderName.VTPASS
    ) -> Attempt:
        """An opened attempt."""
        return await self.store.attempts.open(
            transaction_id=order.transaction_id,
            number=number,
            provider=provider,
            request_id=f"request-{number}-{order.transaction_id}",
        )

    async def sent(self, order: Order, number: int = 1) -> Attempt:
        """An attempt that its provider may have heard of."""
        opened = await self.attempt(order, number)
        await self.store.attempts.mark_sent(opened.request_id)
        return opened

    async def sold(self) -> tuple[Order, str, Attempt]:
        """A paid order that its provider has delivered, not yet completed."""
        order, operation_id = await self.paid()
        opened = await self.sent(order)
        attempt = await self.store.attempts.save_answer(opened.request_id, self.delivery())
        return order, operation_id, attempt

    async def completed(self, **changes: Any) -> tuple[Order, str]:
        """A delivered order and its deposit."""
        order, operation_id = await self.paid(**changes)
        opened = await self.sent(order)
        await self.store.attempts.save_answer(opened.request_id, self.delivery())
        await self.store.attempts.complete(order.transaction_id, detail="delivered")
        return order, operation_id

    def delivery(self, **changes: Any) -> Answer:
        """A provider's word that it has sold, with the token in its body."""
        facts = {"outcome": DELIVERED, "receipt": self.receipt(), "body": f"token {TOKEN}"}
        return Answer(**facts | changes)

    def receipt(self, **changes: Any) -> Receipt:
        """A receipt for prepaid electricity."""
        facts = {"provider_reference": "VT-1", "token": TOKEN, "units": "79.9 kWh"}
        return Receipt(**facts | changes)

    async def given_up(self) -> tuple[Order, str]:
        """A paid order whose only provider has sold nothing."""
        order, operation_id = await self.paid()
        await self.attempt(order)
        await self.store.attempts.settle_unsold(order.transaction_id, 1, "nothing was sold")
        return order, operation_id

    async def whole(self, operation_id: str) -> Refund:
        """The refund of everything a deposit brought."""
        deposit = await self.store.deposits.get(operation_id)
        return await self.store.refunds.open(
            operation_id=operation_id,
            purpose=RefundPurpose.WHOLE,
            amount=deposit.credit.amount,
            reason="nothing was sold",
        )

    async def channels(self, *numbers: int) -> None:
        """Accounts that refunds may own; 0 is the treasury's own."""
        for number in numbers:
            await self.store.channels.add(number, f"channel {number}" if number else WALLET)

    async def envelope(self, refund: Refund, **changes: Any) -> RefundEnvelope:
        """A signed transaction that pays a refund, for the account and number that it owns.

        Where no account is free one is made.
        """
        number = next(self.numbers)
        await self.channels(0)
        owned = await self.store.channels.claim(refund.refund_id)
        if owned is None:
            await self.channels(number)
            owned = await self.store.channels.claim(refund.refund_id)
        facts = {
            "transaction_hash": hashlib.sha256(f"envelope {number}".encode()).hexdigest(),
            "refund_id": refund.refund_id,
            "source_account": owned.address,
            "sequence": await self.store.channels.reserve(refund.refund_id, number),
            "envelope_xdr": "signed",
            "valid_until": self.clock() + timedelta(minutes=5),
            "state": EnvelopeState.IN_FLIGHT,
        }
        return RefundEnvelope(**facts | changes)

    async def signed(self, operation_id: str) -> tuple[Refund, RefundEnvelope]:
        """A refund whose transaction is in flight."""
        refund = await self.whole(operation_id)
        envelope = await self.envelope(refund)
        await self.store.refunds.save_envelope(envelope)
        return refund, envelope

    async def status(self, order: Order) -> BillStatus:
        """Where an order stands."""
        return (await self.store.orders.row(order.transaction_id)).status

    async def kinds(self, transaction_id: UUID) -> list[str]:
        """What an order's timeline is made of, statuses by their name."""
        record = await self.store.payments.record(transaction_id)
        return [event.status_to or event.kind for event in record.events]


@pytest.fixture
def till(store: Store, clock: Any) -> Till:
    """Everybody around the store."""
    return Till(store, clock)


@dataclass(frozen=True)
class Sql:
    """A connection of somebody who writes plain SQL; each statement is its own transaction unless told otherwise."""

    connection: AsyncConnection

    async def rows(self, query: str, *parameters: Any) -> list[Any]:
        """Run a statement and answer its rows."""
        cursor = await self.connection.execute(query, parameters)
        return await cursor.fetchall() if cursor.description else []

    async def value(self, query: str, *parameters: Any) -> Any:
        """Run a statement and answer the first column of its only row."""
        ((value, *_),) = await self.rows(query, *parameters)
        return value

    async def until_somebody_waits(self) -> str:
        """Answer what another connection is running, once it waits for a lock that somebody holds."""
        waiting = """
            SELECT query FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
        """
        async with asyncio.timeout(30):
            while True:
                # Inside a transaction the view would stay as it was first looked at.
                await self.rows("SELECT pg_stat_clear_snapshot()")
                for (query,) in await self.rows(waiting):
                    return query
                await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def sql(database_url: str) -> AsyncIterator[Sql]:
    """Plain SQL on the test's database."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield Sql(connection)


@pytest_asyncio.fixture
async def other_sql(database_url: str) -> AsyncIterator[Sql]:
    """Plain SQL by somebody else."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield Sql(connection)


@pytest.fixture
def refused() -> type[Exception]:
    """What plain SQL is told when it would break a promise."""
    return psycopg.errors.CheckViolation
