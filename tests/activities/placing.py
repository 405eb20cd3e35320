"""Orders that somebody has paid, made through the store as the watcher makes them."""

import hashlib
import itertools
from datetime import timedelta

from billpay.clock import Clock
from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.deposits import Credit
from billpay.domain.ids import bill_workflow_id, request_id
from billpay.domain.money import Kobo, Stroops, cngn
from billpay.domain.orders import Order
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import PurchaseStep
from billpay.ledger.base import CreditPage
from billpay.sandbox import identities
from billpay.store import Store
from billpay.store.orders import NewOrder

TREASURY = identities.treasury().public_key
CUSTOMER = identities.payer(1).public_key
_positions = itertools.count(4_294_971_393, 4_096)


def new_order(
    account: str = "08011111111",
    bill_type: BillType = BillType.AIRTIME,
    biller: str = "mtn",
    amount: int = 500_00,
    **more,
) -> NewOrder:
    """Want 500 naira of MTN airtime, unless told otherwise."""
    return NewOrder(
        wallet_address=CUSTOMER,
        bill_type=bill_type,
        biller=BillerCode(biller),
        account_number=account,
        bill_amount=Kobo(amount),
        **more,
    )


def meter_order(account: str = "1111111111111", biller: str = "ikedc", **more) -> NewOrder:
    """Want 5,000 naira of prepaid electricity, unless told otherwise."""
    facts = {"meter_type": MeterType.PREPAID, "amount": 5_000_00, "contact_phone": "08011111111"}
    return new_order(account, BillType.ELECTRICITY, biller, **facts | more)


async def deposit_into(
    store: Store,
    clock: Clock,
    amount: Stroops,
    memo: str | None,
    *,
    payer: str = CUSTOMER,
    late_by: timedelta = timedelta(0),
) -> Credit:
    """Let cNGN arrive, as a page of the ledger that holds nothing else."""
    position = str(next(_positions))
    credit = Credit(
        operation_id=position,
        paging_token=position,
        transaction_hash=hashlib.sha256(position.encode()).hexdigest(),
        ledger=int(position) >> 32,
        closed_at=clock() + late_by,
        payer=payer,
        amount=amount,
        memo=memo.encode() if memo else None,
        memo_type="text" if memo else "none",
    )
    page = CreditPage(credits=[credit], cursor=position, is_full=False)
    await store.deposits.record_page(TREASURY, page)
    return credit


async def paid(store: Store, clock: Clock, new: NewOrder, amount: str | None = None) -> Order:
    """Place an order and pay what it asks for, or another amount."""
    order = await store.orders.place(new)
    due = order.due if amount is None else cngn(amount)
    await deposit_into(store, clock, due, order.memo)
    return await store.orders.get(order.transaction_id)


async def verified(store: Store, clock: Clock, new: NewOrder, amount: str | None = None) -> Order:
    """Place and pay an order, up to where its purchase begins."""
    order = await paid(store, clock, new, amount)
    await store.orders.change_status(
        order.transaction_id, BillStatus.VERIFYING_ACCOUNT, detail="the account was asked about"
    )
    return order


def purchase_step(order: Order, clock: Clock, number: int = 1) -> PurchaseStep:
    """Name an attempt as the order's workflow does."""
    workflow_id = bill_workflow_id(order.transaction_id)
    return PurchaseStep(
        transaction_id=order.transaction_id,
        provider=ProviderName.VTPASS,
        number=number,
        request_id=request_id(workflow_id, number, clock()),
    )
