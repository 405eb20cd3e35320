from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.attempts import GRACE, Attempt
from billpay.domain.outcomes import (
    Declined,
    Delivered,
    NeverSeen,
    NotSold,
    Postponed,
    Processing,
    Settled,
    TokenAwaited,
    Whose,
)
from billpay.domain.routing import ProviderName
from billpay.store.answers import Sale, contradicts, outcome_after

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OUTCOMES = [
    Delivered(provider_reference="VT-1"),
    TokenAwaited(provider_reference="VT-1"),
    Processing(),
    Postponed(reason="too soon", retry_after_seconds=30),
    Declined(reason="off", whose=Whose.PROVIDER),
    NeverSeen(),
    NotSold(),
]
outcomes = st.sampled_from(OUTCOMES)


def attempt(outcome, sent_at=NOW - GRACE):
    return Attempt(
        transaction_id=UUID(int=1),
        number=1,
        provider=ProviderName.VTPASS,
        request_id="1",
        opened_at=NOW - GRACE,
        sent_at=sent_at,
        outcome=outcome,
    )


@given(st.lists(outcomes, min_size=1, max_size=12))
def test_the_first_certain_outcome_stays_whatever_is_said_later(said):
    """I12."""
    history = []
    for outcome in said:
        kept = history[-1] if history else None
        history.append(outcome_after(attempt(kept), outcome, NOW))
    certain = [outcome for outcome in history if isinstance(outcome, Settled)]
    assert len(set(map(repr, certain))) <= 1
    assert not certain or history[-1] == certain[0]


@given(st.lists(outcomes, min_size=1, max_size=12))
def test_a_sale_is_never_unsold(said):
    """I3: from the first word of a sale to the end, unless the attempt was settled before it."""
    kept = None
    for outcome in said:
        following = outcome_after(attempt(kept), outcome, NOW)
        if isinstance(kept, Sale):
            assert isinstance(following, Sale)
        kept = following


@given(outcomes)
def test_the_first_word_counts(said):
    assert outcome_after(attempt(None), said, NOW) == said


@given(st.sampled_from([None, *OUTCOMES]), outcomes)
def test_ignorance_replaces_nothing(kept, said):
    """Fault 39."""
    if kept is not None:
        assert outcome_after(attempt(kept), NeverSeen(), NOW) == kept
    assert outcome_after(attempt(Processing()), NotSold(), NOW) == Processing()


@given(st.timedeltas(min_value=GRACE * 0, max_value=GRACE * 2))
def test_a_proof_counts_once_the_latest_sending_is_old_enough(age):
    following = outcome_after(attempt(None, sent_at=NOW - age), NotSold(), NOW)
    assert following == (NotSold() if age >= GRACE else NeverSeen())


def test_a_proof_counts_for_what_was_never_sent():
    assert outcome_after(attempt(None, sent_at=None), NotSold(), NOW) == NotSold()


SOLD = {"delivered", "token_awaited"}
UNSOLD = {"postponed", "declined", "not_sold"}


@pytest.mark.parametrize("kept", OUTCOMES, ids=lambda outcome: outcome.kind)
@pytest.mark.parametrize("said", OUTCOMES, ids=lambda outcome: outcome.kind)
def test_only_sold_and_not_sold_contradict_each_other(kept, said):
    pair = {kept.kind, said.kind}
    assert contradicts(kept, said) == bool(pair & SOLD and pair & UNSOLD)
    assert not contradicts(None, said)
