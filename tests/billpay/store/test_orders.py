import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from billpay.domain.accounts import AccountOk, AccountRefused
from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import Kobo
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import SUCCESSORS, BillStatus
from billpay.failures import Invalid
from billpay.store.orders import PAYABLE_FOR

NOBODYS = UUID(int=7)
AIRTIME = {
    "bill_type": BillType.AIRTIME,
    "biller": BillerCode("mtn"),
    "account_number": "08031234567",
    "bill_amount": Kobo(50_000),
    "meter_type": None,
}


async def test_a_placed_order_is_read_back_as_it_was_placed(till):
    placed = await till.order(provider=ProviderName.VTPASS)
    assert await till.store.orders.get(placed.transaction_id) == placed
    assert placed.requested_provider == "vtpass"
    assert placed.status is BillStatus.PENDING_PAYMENT
    assert (placed.created_at, placed.expires_at) == (till.clock(), till.clock() + PAYABLE_FOR)


async def test_an_order_that_names_nobody_wishes_for_the_usual_provider(till):
    assert (await till.order()).requested_provider == "flutterwave"
    assert (await till.order(**AIRTIME)).requested_provider == "vtpass"


async def test_every_timeline_begins_with_the_order(till):
    order = await till.order()
    (event,) = (await till.store.payments.record(order.transaction_id)).events
    assert (event.at, event.status_from, event.status_to) == (
        order.created_at,
        None,
        "pending_payment",
    )


IMPOSSIBLE = [
    {"account_number": "12a"},
    {"bill_amount": Kobo(0)},
    {"bill_amount": Kobo(-1)},
    {"bill_amount": Kobo(10**14)},
    {"bill_amount": Kobo(10**40)},
    {"biller": BillerCode("nobody")},
    {"bill_type": BillType.DATA, "biller": BillerCode("mtn")},
]


async def test_an_impossible_order_is_refused_before_anything_is_stored(till):
    for flaw in IMPOSSIBLE:
        with pytest.raises(Invalid):
            await till.order(**flaw)
    assert await till.store.payments.transaction_ids() == []


async def test_an_order_that_is_not_there_is_not_found(store):
    orders = store.orders
    for reading in (orders.get, orders.row, store.payments.record):
        with pytest.raises(LookupError):
            await reading(NOBODYS)
    with pytest.raises(LookupError):
        await orders.change_status(NOBODYS, BillStatus.EXPIRED, detail="")


async def test_a_status_is_mirrored_and_told_in_one_commit(till, sql):
    order = await till.order()
    later = till.clock.advance(timedelta(seconds=5))
    for _ in range(2):
        await till.store.orders.change_status(
            order.transaction_id, BillStatus.EXPIRED, detail="why", actor="ada"
        )
    assert await sql.rows("SELECT status, updated_at FROM bill_payments") == [("expired", later)]
    assert await sql.rows("SELECT status, updated_at FROM transactions") == [("expired", later)]
    _, event = (await till.store.payments.record(order.transaction_id)).events
    assert (
        event.at,
        event.kind,
        event.status_from,
        event.status_to,
        event.detail,
        event.actor,
    ) == (
        later,
        "status",
        "pending_payment",
        "expired",
        "why",
        "ada",
    )


async def test_two_workers_change_a_status_once(till):
    order = await till.order()
    await asyncio.gather(*(till.move(order, BillStatus.EXPIRED) for _ in range(4)))
    assert await till.kinds(order.transaction_id) == ["pending_payment", "expired"]


async def test_only_what_may_follow_follows(till):
    """Fault 58: a step that is repeated after a reset shows nothing new, and does not stop the payment."""
    order = await till.order()
    for status in set(BillStatus) - SUCCESSORS[BillStatus.PENDING_PAYMENT]:
        await till.move(order, status)
    assert await till.kinds(order.transaction_id) == ["pending_payment"]


async def test_a_completed_order_absorbs(till):
    """I12."""
    order, _ = await till.completed()
    for status in BillStatus:
        await till.move(order, status)
    assert await till.status(order) is BillStatus.COMPLETED


async def test_a_note_is_told_without_a_change(till):
    order = await till.order()
    await till.store.orders.note(
        kind="rerouted", detail="a \x00 word", transaction_id=order.transaction_id, actor="ada"
    )
    event = (await till.store.payments.record(order.transaction_id)).events[-1]
    assert (event.kind, event.detail, event.actor) == ("rerouted", "a \ufffd word", "ada")
    assert event.status_to is None


@pytest.mark.parametrize(
    "verdict", [AccountOk(holder="ADA \x00 OBI", minimum=Kobo(90_000)), AccountRefused(reason="no")]
)
async def test_what_a_provider_says_of_an_account_is_kept_and_its_holder_is_not_told(
    till, sql, verdict
):
    """I18."""
    order = await till.order()
    for _ in range(2):
        await till.store.orders.record_verification(
            order.transaction_id, verdict, ProviderName.VTPASS
        )
    document = await sql.value("SELECT verification_data FROM bill_payments")
    assert (document["provider"], document["kind"]) == ("vtpass", verdict.kind)
    timeline = repr((await till.store.payments.record(order.transaction_id)).events)
    assert "OBI" not in timeline


async def test_orders_expire_at_their_time_and_once(till):
    early = await till.order()
    till.clock.advance(timedelta(minutes=30))
    late = await till.order()
    assert await till.store.orders.expire_unpaid() == 0
    till.clock.advance(PAYABLE_FOR - timedelta(minutes=30) + timedelta(microseconds=1))
    assert await till.store.orders.expire_unpaid() == 1
    assert await till.store.orders.expire_unpaid() == 0
    assert await till.status(early) is BillStatus.EXPIRED
    assert await till.status(late) is BillStatus.PENDING_PAYMENT


async def test_two_watchers_expire_each_order_once(till):
    orders = [await till.order() for _ in range(5)]
    till.clock.advance(PAYABLE_FOR * 2)
    counts = await asyncio.gather(*(till.store.orders.expire_unpaid() for _ in range(3)))
    assert sum(counts) == len(orders)


async def test_an_order_placed_by_sql_waits_as_long_as_one_of_ours(sql):
    """Two places say how long an order waits: this keeps them the same."""
    default = "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'bill_payments'::regclass"
    expressions = [expression for (expression,) in await sql.rows(default)]
    (interval,) = [e for e in expressions if "interval" in e]
    assert await sql.value(f"SELECT {interval} - now()") == PAYABLE_FOR
