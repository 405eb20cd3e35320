import pytest

from billpay.domain.statuses import SUCCESSORS, BillStatus, may_follow

S = BillStatus


def reachable_from(start):
    seen, ahead = {start}, [start]
    while ahead:
        following = SUCCESSORS[ahead.pop()] - seen
        seen |= following
        ahead += following
    return seen


def test_every_status_has_a_row():
    assert SUCCESSORS.keys() == set(BillStatus)


def test_every_status_can_be_reached_from_a_new_order():
    assert reachable_from(S.PENDING_PAYMENT) == set(BillStatus)


def test_exactly_two_statuses_are_terminal():
    assert {status for status in BillStatus if status.is_terminal} == {S.COMPLETED, S.REFUNDED}


@pytest.mark.parametrize("terminal", [S.COMPLETED, S.REFUNDED])
def test_terminal_statuses_absorb(terminal):
    """I12."""
    assert reachable_from(terminal) == {terminal}
    assert not any(may_follow(terminal, other) for other in set(BillStatus) - {terminal})


@pytest.mark.parametrize("status", [s for s in BillStatus if not s.is_terminal])
def test_every_payment_can_come_to_an_end(status):
    """I19: from wherever it stands, delivery or refund is ahead."""
    assert reachable_from(status) & {S.COMPLETED, S.REFUNDED}


@pytest.mark.parametrize("status", BillStatus)
def test_staying_put_is_always_allowed(status):
    """A step that is repeated changes nothing."""
    assert may_follow(status, status)


def test_no_delivery_is_ever_refunded():
    """I3: delivered XOR refunded."""
    assert S.REFUNDED not in reachable_from(S.COMPLETED)
    assert S.COMPLETED not in SUCCESSORS[S.REFUND_INITIATED] | SUCCESSORS[S.REFUND_PROCESSING]


def test_doubt_is_left_by_certainty_or_a_person_only():
    """I13: a provider that may have sold it never leads straight to a refund."""
    assert S.REFUND_INITIATED not in SUCCESSORS[S.PROVIDER_PROCESSING]
    assert S.REFUND_INITIATED not in SUCCESSORS[S.PROCESSING_BILL] | SUCCESSORS[S.RETRY_SCHEDULED]


def test_every_status_with_money_in_it_can_wait_for_a_person():
    """Promise 1: held is better than lost."""
    without_money = {S.PENDING_PAYMENT, S.EXPIRED}
    for status in set(BillStatus) - without_money - {S.NEEDS_REVIEW}:
        assert status.is_terminal or S.NEEDS_REVIEW in SUCCESSORS[status]
