"""The price an order is bought at, where it fell since the order."""

import pytest

from billpay.domain.bills import BillerCode, BillType
from billpay.domain.money import Kobo, cngn, naira
from billpay.domain.outcomes import Answer, Declined, Whose
from billpay.domain.refunds import RefundPurpose
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.store import RefusedError

VTPASS = ProviderName.VTPASS
PLAN = {
    "bill_type": BillType.DATA,
    "biller": BillerCode("mtn"),
    "account_number": "08031234567",
    "meter_type": None,
    "bill_amount": naira("300"),
    "product_code": "mtn-1gb",
    "product_name": "N300 1GB - 30 days",
}
LOWER = naira("250")


@pytest.fixture
async def order(till):
    """A paid order of a plan, about to be bought."""
    order = await till.order(**PLAN)
    await till.deposit(order)
    await till.move(order, BillStatus.VERIFYING_ACCOUNT)
    return order


async def reprice(store, order, price=LOWER):
    await store.orders.reprice(order.transaction_id, price, VTPASS, detail=f"{price} now")
    return await store.orders.get(order.transaction_id)


async def test_name_and_price_are_stored_with_the_order(store, order):
    row = await store.orders.row(order.transaction_id)
    assert row.metadata["product_name"] == "N300 1GB - 30 days"
    assert row.metadata["amount_ngn"] == "300.00"
    assert (order.product_name, order.bill_amount) == ("N300 1GB - 30 days", naira("300"))


async def test_an_open_amount_has_no_price_of_its_own(store, till):
    row = await store.orders.row((await till.order()).transaction_id)
    assert "amount_ngn" not in row.metadata


async def test_a_lower_price_is_what_the_order_costs_from_now_on(store, till, order):
    repriced = await reprice(store, order)
    assert (repriced.bill_amount, repriced.due) == (LOWER, cngn("250"))
    assert repriced.ordered_amount == naira("300")
    assert await reprice(store, order) == repriced
    assert (await till.kinds(order.transaction_id)).count("price_changed") == 1


async def test_the_ordered_price_may_be_taken_again(store, till, order):
    await reprice(store, order)
    assert await reprice(store, order, naira("300")) == await store.orders.get(order.transaction_id)
    again = await store.orders.get(order.transaction_id)
    assert (again.bill_amount, again.price_fell_by) == (naira("300"), 0)


async def test_what_may_be_sold_keeps_the_price_it_was_sold_at(store, till, order, sql, refused):
    """I17: by us, and by whoever writes."""
    await till.attempt(order)
    with pytest.raises(RefusedError):
        await reprice(store, order)
    with pytest.raises(refused):
        await sql.rows(
            "INSERT INTO order_prices VALUES (%s, 25000, 'vtpass', now())", order.transaction_id
        )
    assert (await store.orders.get(order.transaction_id)).bill_amount == naira("300")


async def test_a_price_that_stands_is_confirmed_again_even_after_the_sale(store, till, order):
    """Fault 56: the step may be repeated, whatever has happened since."""
    await reprice(store, order)
    await till.attempt(order)
    assert (await reprice(store, order)).bill_amount == LOWER


async def test_after_a_refusal_the_next_provider_may_have_another_price(store, till, order):
    await reprice(store, order)
    sent = await till.sent(order)
    refusal = Answer(outcome=Declined(reason="off", whose=Whose.PROVIDER))
    await store.attempts.save_answer(sent.request_id, refusal)
    assert (await reprice(store, order, Kobo(26_000))).bill_amount == Kobo(26_000)


@pytest.mark.parametrize(("amount", "is_allowed"), [("50", True), ("50.0000001", False)])
async def test_what_the_lower_price_leaves_goes_back_and_not_a_stroop_more(
    store, till, order, amount, is_allowed
):
    """I2 and I9."""
    await reprice(store, order)
    sent = await till.sent(order)
    await store.attempts.save_answer(sent.request_id, till.delivery())
    await store.attempts.complete(order.transaction_id, detail="delivered")
    deposit = (await store.payments.record(order.transaction_id)).deposits[0]
    wish = store.refunds.open(
        operation_id=deposit.credit.operation_id,
        purpose=RefundPurpose.EXCESS,
        amount=cngn(amount),
        reason="the price fell",
    )
    if is_allowed:
        assert (await wish).amount == cngn(amount)
        return
    with pytest.raises(RefusedError):
        await wish


async def test_the_running_package_is_read_from_the_verification(store, till, sql):
    renewal = PLAN | {"bill_type": BillType.CABLE_TV, "biller": BillerCode("dstv")}
    order = await till.order(**renewal | {"product_code": None, "account_number": "1212121212"})
    await sql.rows(
        """UPDATE bill_payments SET verification_data = '{"current_package": "DStv Compact"}'"""
    )
    assert (await store.orders.row(order.transaction_id)).current_package == "DStv Compact"
