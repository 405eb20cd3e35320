"""What a reconciliation reads of the records: whatever is owed has a workflow, and an end in sight."""

from datetime import timedelta

import pytest

from billpay.domain.ids import refund_id
from billpay.domain.money import Stroops
from billpay.domain.reconciliation import DifferenceKind
from billpay.domain.refunds import RefundPurpose
from tests.billpay.store.bookkeeping import excess_back, paid_back

EXCESS = 20_000_000


@pytest.fixture
def books(till):
    """Read the records as a reconciliation does."""

    async def books():
        opening = await till.store.journal.open("treasury", ledger=1, holding=Stroops(0))
        return await till.store.reconciliations.books(
            opening, first_ledger=1, ledger=1_000, debited=[]
        )

    return books


async def overdue(books) -> list[str]:
    return [
        one.about
        for one in (await books()).contradictions
        if one.kind is DifferenceKind.REFUND_OVERDUE
    ]


async def test_an_excess_that_is_still_owed_wants_a_workflow(till, books):
    """I19: its deposit is delivered, so nothing else would miss the workflow that sends the rest back."""
    order = await till.order()
    operation_id = await till.deposit(order, amount=Stroops(order.due + EXCESS))
    _, delivered = await till.completed(amount=Stroops(order.due + EXCESS))
    assert [one.operation_id for one in (await books()).undecided] == [operation_id]
    await till.store.refunds.open(
        operation_id=delivered,
        purpose=RefundPurpose.EXCESS,
        amount=Stroops(EXCESS),
        reason="too much",
        hold="a person lets it go",
    )
    assert {one.operation_id for one in (await books()).undecided} == {operation_id, delivered}
    await till.store.refunds.reopen(
        refund_id(delivered, RefundPurpose.EXCESS), actor="ada", reason="go"
    )
    await excess_back(till, delivered, EXCESS)
    assert [one.operation_id for one in (await books()).undecided] == [operation_id]


async def test_a_refund_that_comes_to_no_end_is_overdue_after_a_day(till, clock, books):
    """I19: neither paid nor held, it would be retried in silence."""
    _, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    clock.advance(timedelta(hours=23))
    assert await overdue(books) == []
    clock.advance(timedelta(hours=2))
    assert await overdue(books) == [refund.refund_id]
    await till.store.refunds.hold(refund.refund_id, "a person looks")
    assert await overdue(books) == []
    await till.store.refunds.reopen(refund.refund_id, actor="ada", reason="go")
    assert await overdue(books) == [], "its day begins anew"
    await paid_back(till, operation_id)
    clock.advance(timedelta(days=3))
    assert await overdue(books) == []
