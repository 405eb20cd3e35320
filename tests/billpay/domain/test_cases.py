from datetime import UTC, datetime
from uuid import UUID

import pytest

from billpay.domain.cases import Case, CaseKind, Standing, loss_of
from billpay.domain.money import naira

BILL = naira("5000")


def case(kind: CaseKind, standing: Standing | None = None) -> Case:
    return Case(
        case_id=1,
        kind=kind,
        subject="a request id",
        transaction_id=UUID(int=1),
        operation_id=None,
        loss=BILL,
        detail="it said so",
        opened_at=datetime(2026, 3, 2, tzinfo=UTC),
        standing=standing,
    )


@pytest.mark.parametrize(
    ("standing", "loss"),
    [
        (Standing.PAID_BACK, BILL),
        (Standing.BOUGHT_AGAIN, BILL),
        (Standing.HELD_BACK, 0),
        (Standing.UNDECIDED, 0),
        (Standing.COMPLETED, 0),
    ],
)
def test_what_was_sold_after_all_is_lost_once_the_money_has_left(standing, loss):
    assert loss_of(CaseKind.SOLD_AFTER_ALL, standing, BILL) == loss


@pytest.mark.parametrize("standing", Standing)
def test_what_was_reversed_is_what_the_customer_paid_for(standing):
    assert loss_of(CaseKind.REVERSED, standing, BILL) == BILL


@pytest.mark.parametrize("standing", Standing)
def test_another_token_costs_nothing_by_itself(standing):
    assert loss_of(CaseKind.OTHER_TOKENS, standing, BILL) == 0


@pytest.mark.parametrize("kind", CaseKind)
def test_every_case_says_what_may_be_done(kind):
    assert case(kind).advice


def test_what_was_sold_after_all_is_advised_by_where_the_money_is():
    advised = {case(CaseKind.SOLD_AFTER_ALL, standing).advice for standing in Standing}
    assert len(advised) == len(Standing)


def test_a_held_refund_of_a_sale_is_not_to_be_marked_delivered():
    """Delivered excludes refunded (I3): the way out that looks obvious is the one there is not."""
    held = case(CaseKind.SOLD_AFTER_ALL, Standing.HELD_BACK).advice
    assert "cannot be marked delivered" in held
    assert "leave the refund held" in held


def test_a_case_is_open_until_it_is_closed():
    waiting = case(CaseKind.PARKED_CREDIT)
    assert waiting.is_open
    assert not waiting.model_copy(update={"closed_at": waiting.opened_at}).is_open
