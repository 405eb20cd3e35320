"""Every timeout and retry policy, named, with its reason.

`Policy` is what an activity call is given; the words in `non_retryable_error_types` are our failures' class names
(`billpay.failures`), since only an error's type string crosses from an activity.
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy


class Policy(TypedDict, total=False):
    """Keyword arguments of `workflow.execute_activity`."""

    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


WORKER_LOST_AFTER = timedelta(seconds=15)
"""A step whose worker was killed is noticed after this long without a heartbeat (`activities.heartbeat` beats three
times as often). Noticing too early is harmless: a second run of any step asks before it repeats."""

PURCHASE_RHYTHM = RetryPolicy(
    initial_interval=timedelta(seconds=10),
    backoff_coefficient=6.0,
    maximum_interval=timedelta(seconds=60),
    maximum_attempts=3,
    non_retryable_error_types=["Invalid", "Ambiguous", "Misconfigured"],
)
"""Three attempts, 10 s and 60 s apart. Safe for money only because every attempt after the first asks the provider
before it buys, under one request id; a lost answer is `Ambiguous` and is not repeated here but confirmed."""

PAY_BILL: Policy = {
    # Above the provider's read timeout (60 s) plus a requery before it, so that the HTTP client gives up first.
    "start_to_close_timeout": timedelta(seconds=100),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    "retry_policy": PURCHASE_RHYTHM,
}

VERIFY_ACCOUNT: Policy = {
    "start_to_close_timeout": timedelta(seconds=45),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # A question about a meter moves nothing: the same rhythm, then the next provider.
    "retry_policy": PURCHASE_RHYTHM,
}

FIRST_QUESTION_AFTER = timedelta(seconds=10)
"""How long after an uncertain purchase the provider is first asked about it."""

CONFIRM_PAYMENT: Policy = {
    "start_to_close_timeout": timedelta(seconds=45),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # The first question comes after FIRST_QUESTION_AFTER, the second 60 s later, then ever slower, without end:
    # time alone never decides (I13). Retries add nothing to the history; operators see and pause them in the Web UI.
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=60),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(minutes=15),
    ),
}

ASK_ONCE: Policy = {
    "start_to_close_timeout": timedelta(seconds=45),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # A person waits for the answer; three quick tries, then they decide without it.
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=2), maximum_attempts=3),
}

OUR_OWN_RECORDS: Policy = {
    "start_to_close_timeout": timedelta(seconds=20),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # Our database: it comes back. Every write is repeatable, so nothing else may happen before it has been made.
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=["Invalid", "Ambiguous"],
    ),
}

REFUND_PAYMENT: Policy = {
    # Above Horizon's own 30 s wait for a ledger, with the look-ups around it.
    "start_to_close_timeout": timedelta(seconds=90),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # Unlimited and without schedule_to_close: a refund is owed until it is paid. Safe to repeat since the envelope is
    # stored before it is submitted and its hash is looked up before anything is signed again. Short at first, for who
    # waits for a ledger to close; the treasury itself says how long a free channel, funds or a surge take.
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2),
        backoff_coefficient=1.5,
        maximum_interval=timedelta(seconds=60),
    ),
}

NOTIFY_CUSTOMER: Policy = {
    "start_to_close_timeout": timedelta(seconds=30),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # A day of trying; afterwards the message still waits in the store, and money is never touched by it (I8).
    "schedule_to_close_timeout": timedelta(days=1),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=10)
    ),
}

WATCH_PAYMENTS: Policy = {
    # One activity that never ends, so that the history of the watcher does not grow.
    "start_to_close_timeout": timedelta(days=3650),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)
    ),
}

READ_PRICE_LISTS: Policy = {
    # Some thirty lists, one after the other, each of which may take half a minute to be answered.
    "start_to_close_timeout": timedelta(minutes=15),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # Three tries, then the next refresh of the schedule: an old list is shown as old, and prices are checked again
    # before anything is bought.
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=30),
        backoff_coefficient=4.0,
        maximum_attempts=3,
        non_retryable_error_types=["Misconfigured"],
    ),
}

FOLLOW_UP: Policy = {
    # Above the time after which a run begins no new question (three minutes), with the longest question behind it.
    "start_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # What fails here is our database. After three tries the next run of the schedule finds the same questions due.
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=10), maximum_attempts=3),
}

AUDIT_LEDGER: Policy = {
    # Above the time after which a run asks for no more pages (two minutes), with the slowest page behind it.
    "start_to_close_timeout": timedelta(minutes=4),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # What fails here is our database: a silent ledger is a finding. After three tries the next run of the schedule
    # goes on where this one stopped.
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=10), maximum_attempts=3),
}

CHECK_CLAIMABLES: Policy = {
    # A question and a half for each balance, one after the other: room for some thousand of them.
    "start_to_close_timeout": timedelta(minutes=20),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # It only asks and writes down. After three tries the next run of the schedule finds the same balances open.
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=10), maximum_attempts=3),
}

RECONCILE: Policy = {
    # Two looks at everything, the whole history of the wallet page by page where something once did not fit.
    "start_to_close_timeout": timedelta(minutes=30),
    "heartbeat_timeout": WORKER_LOST_AFTER,
    # It only compares. After three tries the next run of the schedule compares what this one would have.
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=10),
        maximum_attempts=3,
        non_retryable_error_types=["Misconfigured"],
    ),
}

LONGEST_MONEY_STEP = timedelta(seconds=100)
"""The longest start_to_close of a step that moves money; a stopping worker waits longer than this for it."""

POSTPONEMENTS = 3
"""How often a purchase refused for reasons of timing is opened again before the provider is given up."""
