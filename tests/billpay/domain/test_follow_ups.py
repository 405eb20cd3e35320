from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.follow_ups import (
    GIVEN_UP_AFTER,
    REPEATED_AFTER,
    SOLD_AGES,
    UNSOLD_AGES,
    FollowUp,
)
from billpay.domain.routing import ProviderName

SETTLED = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def follow_up(*, was_sold: bool = False) -> FollowUp:
    return FollowUp(
        request_id="202603020900abc",
        transaction_id=UUID(int=1),
        provider=ProviderName.VTPASS,
        provider_reference=None,
        was_sold=was_sold,
        settled_at=SETTLED,
    )


def ages_asked(*, was_sold: bool) -> list[timedelta]:
    """Ask at every planned moment, answered at once."""
    asked, ages = follow_up(was_sold=was_sold), SOLD_AGES if was_sold else UNSOLD_AGES
    moments = [SETTLED + ages[0]]
    while (following := asked.next_question_at(moments[-1], was_answered=True)) is not None:
        moments.append(following)
    return [moment - SETTLED for moment in moments]


@pytest.mark.parametrize(("was_sold", "ages"), [(False, UNSOLD_AGES), (True, SOLD_AGES)])
def test_a_provider_that_answers_is_asked_at_each_age_and_then_no_more(was_sold, ages):
    assert ages_asked(was_sold=was_sold) == list(ages)
    assert ages[-1] == timedelta(hours=72)


def test_ages_that_have_passed_meanwhile_are_not_made_up_for():
    """Workers that were down for a day must not ask the same thing four times."""
    late = follow_up().next_question_at(SETTLED + timedelta(hours=25), was_answered=True)
    assert late == SETTLED + timedelta(hours=48)


def test_a_silent_provider_is_asked_again_within_the_hour_and_not_later_than_planned():
    asked = follow_up()
    first = SETTLED + UNSOLD_AGES[0]
    assert asked.next_question_at(first, was_answered=False) == SETTLED + HOUR
    long_ago = SETTLED + timedelta(hours=30)
    assert asked.next_question_at(long_ago, was_answered=False) == long_ago + REPEATED_AFTER


def test_the_last_question_is_repeated_for_a_day_and_then_given_up():
    asked, now, repeated = follow_up(), SETTLED + UNSOLD_AGES[-1], 0
    while (following := asked.next_question_at(now, was_answered=False)) is not None:
        now, repeated = following, repeated + 1
    assert repeated == 24
    assert now == SETTLED + GIVEN_UP_AFTER


@given(after=st.timedeltas(timedelta(0), timedelta(days=400)), answered=st.booleans())
def test_the_next_question_is_always_in_the_future_and_there_is_an_end(after, answered):
    """A question that is due again at once would crowd out all others."""
    now = SETTLED + after
    following = follow_up().next_question_at(now, was_answered=answered)
    assert following is None or now < following <= SETTLED + GIVEN_UP_AFTER
