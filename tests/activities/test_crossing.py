"""The border between our failures and Temporal's errors, there and back."""

from datetime import timedelta

import pytest
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ApplicationErrorCategory,
    RetryState,
    TimeoutType,
)
from temporalio.exceptions import TimeoutError as TemporalTimeoutError

from activities.crossing import (
    HANDOVER,
    STILL_CONFIRMING,
    crossing,
    failures_cross,
    handover,
    still_confirming,
)
from billpay.domain.outcomes import NeverSeen, Processing
from billpay.failures import (
    Ambiguous,
    Evidence,
    Failure,
    Invalid,
    Misconfigured,
    Unavailable,
)
from workflows import policies
from workflows.steps import step_failed

FAILURES = [Invalid, Unavailable, Ambiguous, Misconfigured]


def as_the_workflow_sees(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="",
        activity_type="pay_bill",
        activity_id="1",
        retry_state=RetryState.MAXIMUM_ATTEMPTS_REACHED,
    )
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failure_crosses_and_comes_back_as_the_same_word(kind):
    failure = kind("for the operator", customer="for the customer", evidence=Evidence(code="018"))
    back = step_failed(as_the_workflow_sees(crossing(failure)))
    assert (back.word, back.detail, back.customer) == (
        kind.__name__,
        "for the operator",
        "for the customer",
    )


def test_every_word_of_ours_is_in_the_table():
    assert {kind.__name__ for kind in Failure.__subclasses__()} == {
        kind.__name__ for kind in FAILURES
    }


@pytest.mark.parametrize(
    "cause",
    [
        TemporalTimeoutError("no heartbeat", type=TimeoutType.HEARTBEAT, last_heartbeat_details=[]),
        ApplicationError("a bug", type="KeyError"),
        ApplicationError("a bug without a type"),
        ApplicationError("not certain", type=STILL_CONFIRMING),
    ],
)
def test_what_has_no_word_of_ours_may_have_been_done(cause):
    """Whoever may have bought is asked, never told to buy again (I13, fault 57)."""
    assert step_failed(as_the_workflow_sees(cause)).word == "Ambiguous"


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("moves_money", [True, False])
def test_a_failure_keeps_its_word_whether_or_not_money_moves(kind, moves_money):
    with pytest.raises(ApplicationError) as crossed, failures_cross(moves_money=moves_money):
        raise kind("no")
    assert crossed.value.type == kind.__name__


@pytest.mark.parametrize("bug", [KeyError("x"), TypeError("x"), ConnectionError("x"), OSError("x")])
def test_a_bug_where_money_moves_counts_as_doubt(bug):
    """The money may have moved before it struck."""
    with pytest.raises(ApplicationError) as crossed, failures_cross(moves_money=True):
        raise bug
    assert crossed.value.type == "Ambiguous"
    assert type(bug).__name__ in crossed.value.message


def test_a_bug_elsewhere_stays_a_bug():
    with pytest.raises(KeyError), failures_cross():
        raise KeyError("x")


def test_a_bug_tells_its_kind_and_nothing_of_what_it_held():
    """I18: a bug's own text may hold a token or a key."""
    with pytest.raises(ApplicationError) as crossed, failures_cross(moves_money=True):
        raise ValueError("1234-5678-9012-3456-7890")
    assert "1234" not in crossed.value.message


def test_what_already_speaks_temporals_language_passes_unchanged():
    error = still_confirming(Processing(provider_reference=None))
    with pytest.raises(ApplicationError) as crossed, failures_cross(moves_money=True):
        raise error
    assert crossed.value is error


def test_a_wish_to_be_asked_later_becomes_the_delay_of_the_retry():
    """Fault 51."""
    assert crossing(Unavailable("slow down", retry_after_seconds=90)).next_retry_delay == (
        timedelta(seconds=90)
    )
    assert crossing(Unavailable("down")).next_retry_delay is None


def test_no_failure_is_final_by_itself():
    """Whether a failure is repeated is decided by the policies alone."""
    assert [kind for kind in FAILURES if crossing(kind("no")).non_retryable] == []


def test_policies_name_only_words_of_ours():
    listed = [
        name
        for policy in vars(policies).values()
        if isinstance(policy, dict) and "retry_policy" in policy
        for name in policy["retry_policy"].non_retryable_error_types or ()
    ]
    assert set(listed) <= {kind.__name__ for kind in FAILURES}
    assert "Ambiguous" in listed


def test_waiting_for_certainty_and_handing_over_are_no_alarms():
    waiting, leaving = still_confirming(NeverSeen()), handover()
    assert (waiting.type, leaving.type) == (STILL_CONFIRMING, HANDOVER)
    assert waiting.category is leaving.category is ApplicationErrorCategory.BENIGN
    assert leaving.next_retry_delay == timedelta(milliseconds=1)
    assert not waiting.non_retryable
