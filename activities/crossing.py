"""The one table from our failures to Temporal's errors.

Only the type string of an error crosses from activity to workflow, so the failure's class name is that string;
whether it is retried is the workflow's business (`workflows.policies`). The way back is `workflows.steps.step_failed`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from billpay.domain.outcomes import Outcome
from billpay.failures import Ambiguous, Failure

STILL_CONFIRMING = "StillConfirming"
"""Type of the error by which a confirmation asks to be repeated; no alarm."""

HANDOVER = "Handover"
"""Type of the error by which the watcher leaves a stopping worker for the next one."""


def crossing(failure: Failure) -> ApplicationError:
    """Turn a failure into what Temporal carries; details are the customer's words and the evidence."""
    delay = failure.retry_after_seconds
    return ApplicationError(
        failure.detail,
        failure.customer,
        failure.evidence.code,
        type=type(failure).__name__,
        next_retry_delay=None if delay is None else timedelta(seconds=delay),
    )


@contextmanager
def failures_cross(*, moves_money: bool = False) -> Iterator[None]:
    """Let failures leave an activity in Temporal's form.

    Where money moves, anything unforeseen counts as `Ambiguous`: the money may have moved before it struck.
    Elsewhere a bug stays a bug and is retried as one.
    """
    try:
        yield
    except ApplicationError:
        raise
    except Failure as failure:
        raise crossing(failure) from failure
    except Exception as bug:
        if not moves_money:
            raise
        unforeseen = Ambiguous(f"unforeseen {type(bug).__name__} while money may have moved")
        raise crossing(unforeseen) from bug


def still_confirming(outcome: Outcome) -> ApplicationError:
    """Say that the provider is not certain yet: an ordinary state, so neither an alarm nor a failure metric."""
    return ApplicationError(
        f"the provider says {outcome.kind}",
        type=STILL_CONFIRMING,
        category=ApplicationErrorCategory.BENIGN,
    )


def handover() -> ApplicationError:
    """Leave at once for the next worker."""
    return ApplicationError(
        "this worker is stopping",
        type=HANDOVER,
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=timedelta(milliseconds=1),
    )
