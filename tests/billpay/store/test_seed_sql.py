"""The guide's own SQL, word for word: applications that write it must not have to change."""

import pytest
from psycopg.types.json import Jsonb

from billpay.domain.bills import BillType, MeterType
from billpay.domain.ids import memo_of
from billpay.domain.money import Kobo, cngn
from billpay.domain.orders import Order
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.failures import Invalid
from billpay.store.orders import PAYABLE_FOR

TRANSACTION = """
INSERT INTO transactions (
    wallet_address,
    type,
    from_amount,
    to_amount,
    cngn_amount,
    status,
    metadata
)
VALUES (
    'G...',
    'bill_payment',
    0,
    0,
    5030,
    'pending_payment',
    jsonb_build_object(
        'bill_type', 'electricity',
        'provider_code', 'ekedc',
        'account_number', '1234567890',
        'account_type', 'PREPAID'
    )
)
RETURNING transaction_id;
"""

BILL = """
INSERT INTO bill_payments (
    transaction_id,
    provider_name,
    account_number,
    bill_type
)
VALUES (transaction_id, 'flutterwave', '1234567890', 'electricity');
"""

ACTIVE_PAYMENTS = """
SELECT status, COUNT(*)
FROM bill_payments
WHERE created_at > NOW() - INTERVAL '24 hours'
GROUP BY status;
"""

SUCCESS_RATES = """
SELECT
    bill_type,
    COUNT(*) as total,
    COUNT(CASE WHEN status = 'completed' THEN 1 END) as completed,
    COUNT(CASE WHEN status = 'completed' THEN 1 END)::float / COUNT(*) as success_rate
FROM bill_payments
WHERE created_at > NOW() - INTERVAL '24 hours'
GROUP BY bill_type;
"""

PROVIDER_PERFORMANCE = """
SELECT
    provider_name,
    COUNT(CASE WHEN status = 'completed' THEN 1 END) as successful,
    COUNT(CASE WHEN status != 'completed' THEN 1 END) as failed,
    COUNT(CASE WHEN status = 'completed' THEN 1 END)::float / COUNT(*) as success_rate
FROM bill_payments
WHERE created_at > NOW() - INTERVAL '24 hours'
GROUP BY provider_name;
"""

WALLET = "GD6WU64OEP5C4LRBH6NK3MHYIA2ADN6K6II6EXPNVUR3ERBXT4AN4ACD"


async def place(sql, bill=BILL):
    """Run both statements as the guide says: a real wallet, and the returned id for `transaction_id`."""
    transaction_id = await sql.value(TRANSACTION.replace("G...", WALLET))
    await sql.rows(bill.replace("VALUES (transaction_id", f"VALUES ('{transaction_id}'"))
    return transaction_id


async def test_the_two_statements_make_a_payable_order(store, sql):
    transaction_id = await place(sql)
    memo = await sql.value(
        "SELECT memo FROM bill_payments WHERE transaction_id = %s", transaction_id
    )
    assert memo == memo_of(transaction_id)
    assert len(memo.encode()) == 27
    order = await store.orders.get(transaction_id)
    assert order == Order(
        transaction_id=transaction_id,
        wallet_address=WALLET,
        bill_type=BillType.ELECTRICITY,
        biller="ekedc",
        account_number="1234567890",
        meter_type=MeterType.PREPAID,
        due=cngn("5030"),
        bill_amount=Kobo(500_000),
        contact_phone="",
        requested_provider="flutterwave",
        status=BillStatus.PENDING_PAYMENT,
        created_at=order.created_at,
        expires_at=order.created_at + PAYABLE_FOR,
    )


async def test_an_order_placed_by_sql_is_paid_by_its_memo(till, sql):
    order = await till.store.orders.get(await place(sql))
    (deposit,) = await till.record(till.credit(order))
    assert (deposit.transaction_id, deposit.stray_reason) == (order.transaction_id, None)
    assert await till.kinds(order.transaction_id) == ["pending_payment", "cngn_received"]
    mirrored = "SELECT status FROM transactions WHERE transaction_id = %s"
    assert await sql.value(mirrored, order.transaction_id) == "cngn_received"


async def test_the_monitoring_queries_are_right_about_what_became_of_orders(till, sql):
    """One delivered by the fallback, one refunded, one still to be paid; and one of the day before."""
    delivered, refunded, _, old = [await till.store.orders.get(await place(sql)) for _ in range(4)]
    await sql.rows(
        "UPDATE bill_payments SET created_at = now() - interval '25 hours' WHERE transaction_id = %s",
        old.transaction_id,
    )
    for order in (delivered, refunded):
        await till.record(till.credit(order))
        await till.move(order, BillStatus.VERIFYING_ACCOUNT)
        await till.attempt(order, 1, ProviderName.FLUTTERWAVE)
        await till.store.attempts.settle_unsold(order.transaction_id, 1, "offline")
    opened = await till.attempt(delivered, 2, ProviderName.VTPASS)
    await till.store.attempts.save_answer(opened.request_id, till.delivery())
    await till.store.attempts.complete(delivered.transaction_id, detail="delivered")
    record = await till.store.payments.record(refunded.transaction_id)
    refund, envelope = await till.signed(record.deposits[0].credit.operation_id)
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)

    assert dict(await sql.rows(ACTIVE_PAYMENTS)) == {
        "completed": 1,
        "refunded": 1,
        "pending_payment": 1,
    }
    assert await sql.rows(SUCCESS_RATES) == [("electricity", 3, 1, pytest.approx(1 / 3))]
    assert sorted(await sql.rows(PROVIDER_PERFORMANCE)) == [
        ("flutterwave", 0, 2, 0.0),
        ("vtpass", 1, 0, 1.0),
    ]


async def test_who_was_wished_for_is_still_known_after_somebody_else_has_served(till, sql):
    order = await till.store.orders.get(await place(sql, BILL.replace("flutterwave", "paystack")))
    await till.record(till.credit(order))
    await till.move(order, BillStatus.VERIFYING_ACCOUNT)
    await till.attempt(order, 1, ProviderName.VTPASS)
    record = await till.store.payments.record(order.transaction_id)
    assert (record.order.requested_provider, record.provider_name) == ("paystack", "vtpass")


ANYTHING = [
    {},
    {"provider_code": None, "account_type": []},
    {"provider_code": {"a": 1}, "account_type": 7},
    {"provider_code": "ekedc", "amount_ngn": 1e300},
    {"provider_code": "ekedc", "amount_ngn": "NaN"},
    {"provider_code": "ekedc", "amount_ngn": -5},
    {"provider_code": "\u202eekedc", "phone": ["0803"]},
    {"provider_code": "e" * 100_000},
    {"provider_code": "kedc"},
]


async def test_whatever_an_application_writes_is_an_order_or_an_invalid_one(till, sql):
    """Fault 67: the watcher asks for the order of every deposit, and lives."""
    for metadata in ANYTHING:
        transaction_id = await place(sql)
        await sql.rows(
            "UPDATE transactions SET metadata = %s WHERE transaction_id = %s",
            Jsonb(metadata),
            transaction_id,
        )
        with pytest.raises(Invalid):
            await till.store.orders.get(transaction_id)
        (deposit,) = await till.record(till.credit(memo=memo_of(transaction_id).encode()))
        assert deposit.transaction_id == transaction_id
        assert (await till.store.payments.record(transaction_id)).memo == memo_of(transaction_id)


async def test_an_amount_in_the_metadata_is_as_exact_as_it_was_written(store, sql):
    """I5: it never becomes a float, which would round what is too fine to be paid."""
    transaction_id = await place(sql)
    amount = "UPDATE transactions SET metadata = metadata || '{\"amount_ngn\": %s}'"
    await sql.rows(amount.replace("%s", "4999.90"))
    assert (await store.orders.get(transaction_id)).bill_amount == Kobo(499_990)
    await sql.rows(amount.replace("%s", "4999.9000000000000001"))
    with pytest.raises(Invalid, match="finer"):
        await store.orders.get(transaction_id)


UNREADABLE = [
    "transactions SET cngn_amount = 'NaN'",
    "transactions SET cngn_amount = 0",
    "transactions SET cngn_amount = -5030",
    "transactions SET cngn_amount = 9999999999999",
    "transactions SET metadata = '[]'",
    "transactions SET metadata = 'null'",
    "transactions SET status = 'paid'",
    "transactions SET type = 'onramp'",
    "transactions SET created_at = 'infinity'",
    "bill_payments SET expires_at = 'infinity'",
    "bill_payments SET created_at = '-infinity'",
    "bill_payments SET updated_at = '20000-01-01'",
    "bill_payments SET bill_type = 'water'",
    "bill_payments SET status = 'done'",
]


async def test_what_nobody_could_read_is_not_stored(sql, refused):
    await place(sql)
    for change in UNREADABLE:
        with pytest.raises(refused):
            await sql.rows(f"UPDATE {change}")


async def test_an_order_that_is_over_by_hand_is_no_longer_paid(till, sql):
    """An imported order's memo is used again: its money goes back, and the watcher lives."""
    order = await till.store.orders.get(await place(sql))
    await sql.rows("UPDATE bill_payments SET status = 'needs_review'")
    (deposit,) = await till.record(till.credit(order))
    assert deposit.stray_reason == "duplicate"


async def test_a_transaction_without_its_bill_is_nobodys_order(till, sql):
    transaction_id = await sql.value(TRANSACTION)
    (deposit,) = await till.record(till.credit(memo=memo_of(transaction_id).encode()))
    assert (deposit.transaction_id, deposit.stray_reason) == (None, "unknown_memo")
