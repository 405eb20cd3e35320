from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.attempts import GRACE, PROOF_DISTANCE, Attempt, counts_as_denial, weigh_denial
from billpay.domain.outcomes import NeverSeen, NotSold, Processing, TokenAwaited
from billpay.domain.routing import ProviderName

SENT = datetime(2026, 11, 23, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def attempt(**changes):
    facts = {
        "transaction_id": UUID(int=1),
        "number": 1,
        "provider": ProviderName.VTPASS,
        "request_id": "202611231300abc",
        "opened_at": SENT,
        "sent_at": SENT,
    }
    return Attempt(**facts | changes)


@pytest.mark.parametrize(
    ("later", "counts"), [(timedelta(0), False), (GRACE - TICK, False), (GRACE, True)]
)
def test_a_denial_inside_the_grace_time_counts_for_nothing(later, counts):
    """Fault 39: the purchase may still be on its way."""
    assert counts_as_denial(attempt(), SENT + later) is counts


def test_what_was_never_sent_is_denied_at_once():
    assert counts_as_denial(attempt(sent_at=None), SENT)


@pytest.mark.parametrize(
    "outcome", [Processing(), TokenAwaited(provider_reference="VT-1")], ids=lambda o: o.kind
)
def test_a_purchase_accepted_once_is_never_denied_into_not_sold(outcome):
    """I4, fault 38: what contradicts itself proves nothing."""
    accepted = attempt(outcome=outcome)
    assert accepted.is_accepted
    assert not counts_as_denial(accepted, SENT + timedelta(days=1))


def test_the_first_denial_is_evidence_only():
    """I13."""
    assert weigh_denial(attempt(), SENT + timedelta(days=365)) == NeverSeen()


@pytest.mark.parametrize(
    ("apart", "verdict"),
    [(timedelta(0), NeverSeen), (PROOF_DISTANCE - TICK, NeverSeen), (PROOF_DISTANCE, NotSold)],
)
def test_a_second_denial_two_minutes_later_is_proof(apart, verdict):
    first = SENT + GRACE
    assert type(weigh_denial(attempt(first_denied_at=first), first + apart)) is verdict


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)))
def test_no_proof_is_older_than_three_minutes_after_the_sending(later):
    """I4: grace and distance together: nothing is proven sooner, whatever the rhythm of asking."""
    now = SENT + later
    first = now if counts_as_denial(attempt(), now) else None
    denied = attempt(first_denied_at=first)
    for again in (now, now + PROOF_DISTANCE - TICK, now + PROOF_DISTANCE):
        if isinstance(weigh_denial(denied, again), NotSold):
            assert again - SENT >= GRACE + PROOF_DISTANCE
