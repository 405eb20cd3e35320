from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from billpay.domain.attempts import Attempt
from billpay.domain.money import cngn
from billpay.domain.orders import OrderRow
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.store.payments import PaymentEvent, PaymentRecord
from starter.demo.board import Line, Step, line_of, waypoints_passed
from starter.demo.stories import STORIES
from starter.truth.books import Sale

S = BillStatus
OFFLINE = next(story for story in STORIES if story.title == "Provider offline")
FALLBACK = next(story for story in STORIES if story.title == "Second provider")
PLACED = datetime(2026, 11, 23, 12, tzinfo=UTC)


def line(*statuses, story=OFFLINE, bought_from=None):
    steps = [Step(status, timedelta(seconds=i), "so it is") for i, status in enumerate(statuses)]
    return Line(
        story=story,
        due=cngn("1000"),
        memo="BILL-2",
        bought_from=story.bought_from if bought_from is None else bought_from,
        steps=steps,
        elapsed=timedelta(seconds=len(steps)),
        request_ids=frozenset({"request-1"}),
    )


def sale(request_id="request-1", pay_calls=3, requeries=2):
    return Sale.model_validate(
        {
            "request_id": request_id,
            "account": "600000000000",
            "amount_kobo": 100_000,
            "happened": "never_created",
            "tokens": [],
            "pay_calls": pay_calls,
            "requeries": requeries,
        }
    )


def test_an_order_that_was_not_paid_yet_waits_for_its_payment():
    unpaid = line()
    assert (unpaid.status, unpaid.tries, unpaid.progress) == (S.PENDING_PAYMENT, 0, 0)
    assert not unpaid.is_over


def test_progress_grows_with_every_waypoint_and_ends_at_one():
    path = OFFLINE.path
    fractions = [line(*path[:passed]).progress for passed in range(len(path) + 1)]
    assert fractions == sorted(set(fractions))
    assert (fractions[0], fractions[-1]) == (0, 1)


def test_each_sending_of_the_purchase_counts_as_an_attempt():
    assert line(*OFFLINE.path).tries == 3


@pytest.mark.parametrize("status", [S.COMPLETED, S.REFUNDED, S.NEEDS_REVIEW])
def test_nothing_more_is_waited_for_where_a_payment_has_ended_or_is_parked(status):
    assert line(S.CNGN_RECEIVED, status).is_over


@pytest.mark.parametrize("status", sorted(set(S) - {S.COMPLETED, S.REFUNDED, S.NEEDS_REVIEW}))
def test_everything_else_is_still_on_its_way(status):
    assert not line(status).is_over


def complaints(told, *sales):
    return list(told.complaints(sales or [sale()]))


def test_a_story_that_went_as_planned_gives_no_reason_to_complain():
    assert complaints(line(*OFFLINE.path)) == []


def test_what_happened_in_between_is_no_reason_to_complain():
    """The last failed attempt is shown as a scheduled retry too, before the provider is given up."""
    statuses = list(OFFLINE.path)
    statuses.insert(statuses.index(S.PROVIDER_FAILED), S.RETRY_SCHEDULED)
    assert complaints(line(*statuses)) == []


def test_another_end_than_the_planned_one_is_complained_about():
    told = line(*OFFLINE.path[:3], S.COMPLETED)
    assert complaints(told) == ["is completed instead of refunded"]


def test_a_missed_waypoint_is_complained_about():
    statuses = [status for status in OFFLINE.path if status is not S.RETRY_SCHEDULED]
    assert complaints(line(*statuses)) == ["never came to retry_scheduled"]


@pytest.mark.parametrize("sent", [0, 1, 2, 4])
def test_any_other_number_of_purchases_at_the_provider_is_complained_about(sent):
    """A story may end well in the records and still have bought twice."""
    assert complaints(line(*OFFLINE.path), sale(pay_calls=sent)) == [
        f"its purchase was heard {sent} times instead of 3"
    ]


def test_fewer_questions_than_planned_are_complained_about_and_more_are_not():
    assert complaints(line(*OFFLINE.path), sale(requeries=7)) == []
    assert complaints(line(*OFFLINE.path), sale(requeries=1)) == [
        "it was asked about 1 times instead of 2"
    ]


@pytest.mark.parametrize(
    ("bought_from", "said"),
    [
        ((ProviderName.FLUTTERWAVE,), "flutterwave"),
        ((ProviderName.VTPASS, ProviderName.FLUTTERWAVE), "vtpass, then flutterwave"),
        ((), "nobody"),
    ],
)
def test_a_purchase_that_was_tried_elsewhere_than_planned_is_complained_about(bought_from, said):
    told = line(*FALLBACK.path, story=FALLBACK, bought_from=bought_from)
    assert complaints(told, sale(pay_calls=2)) == [
        f"was tried at {said} instead of flutterwave, then vtpass"
    ]


def test_a_line_names_the_provider_that_was_asked_last():
    assert line(story=FALLBACK).provider is ProviderName.VTPASS
    assert line(story=FALLBACK, bought_from=()).provider is None


def test_only_its_own_purchases_count():
    assert complaints(line(*OFFLINE.path), sale(), sale("request-2", 1, 1)) == []


def test_waypoints_are_passed_in_their_order_only():
    path = (S.CNGN_RECEIVED, S.PROCESSING_BILL, S.COMPLETED)
    assert waypoints_passed(path, [S.COMPLETED, S.PROCESSING_BILL, S.CNGN_RECEIVED]) == 1
    assert waypoints_passed(path, [S.CNGN_RECEIVED, S.VERIFYING_ACCOUNT, S.PROCESSING_BILL]) == 2


def record(moves):
    """What the store says of an order that went through these statuses."""
    attempt = Attempt(
        transaction_id=UUID(int=1),
        number=1,
        provider=ProviderName.VTPASS,
        request_id="request-1",
        opened_at=PLACED,
    )
    events = [
        PaymentEvent(
            at=PLACED + timedelta(seconds=seconds),
            kind="status",
            status_from=before,
            status_to=after,
            detail="so it is",
            actor="service",
        )
        for seconds, before, after in moves
    ]
    order = OrderRow(
        transaction_id=UUID(int=1),
        wallet_address="customer",
        bill_type="cable_tv",
        account_number="600000000000",
        requested_provider="vtpass",
        due=cngn("1000"),
        metadata={},
        status=S.PENDING_PAYMENT,
        created_at=PLACED,
        expires_at=PLACED,
    )
    return PaymentRecord(
        order=order,
        memo="BILL-2",
        provider_name="vtpass",
        provider_reference=None,
        refund_tx_hash=None,
        deposits=[],
        attempts=[attempt],
        refunds=[],
        receipt=None,
        messages=[],
        events=events,
    )


def test_a_line_is_read_from_the_records_and_its_clock_stops_when_it_is_over():
    unpaid = record([(0, None, S.PENDING_PAYMENT)])
    assert line_of(OFFLINE, unpaid, PLACED + timedelta(seconds=9)).elapsed.seconds == 9
    paid = record(
        [
            (0, None, S.PENDING_PAYMENT),
            (2, S.PENDING_PAYMENT, S.CNGN_RECEIVED),
            (5, S.CNGN_RECEIVED, S.NEEDS_REVIEW),
        ]
    )
    told = line_of(OFFLINE, paid, PLACED + timedelta(seconds=60))
    assert list(told.statuses) == [S.CNGN_RECEIVED, S.NEEDS_REVIEW]
    assert told.elapsed.seconds == 5
    assert (told.memo, told.provider, told.request_ids) == ("BILL-2", "vtpass", {"request-1"})
