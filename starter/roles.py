"""The roles that a worker plays, and how they are asked for on a command line."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from billpay.domain.ids import refund_task_queue, watcher_task_queue


class Role(StrEnum):
    """What a worker may do."""

    PAYMENTS = "payments"
    """Carries payments out: verifies, buys, asks, tells. Any number of processes."""

    WATCHER = "watcher"
    """Watches the treasury. One watch runs at a time; a second process takes over where the first one ends."""

    REFUNDS = "refunds"
    """Sends money back: the one role that signs."""


_QUEUES: Mapping[Role, Callable[[str], str]] = {
    Role.PAYMENTS: str,
    Role.WATCHER: watcher_task_queue,
    Role.REFUNDS: refund_task_queue,
}


def task_queue_of(role: Role, task_queue: str) -> str:
    """Name the queue that a role is served on."""
    return _QUEUES[role](task_queue)


def roles_asked(arguments: Sequence[str] | None, purpose: str) -> tuple[Role, ...]:
    """Read `--role`, each once and in our order; none given is all of them."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument(
        "--role",
        dest="roles",
        action="append",
        type=Role,
        choices=list(Role),
        metavar="|".join(Role),
        help="what to do; may be given again for several, none means all of them",
    )
    asked = parser.parse_args(arguments).roles
    return tuple(role for role in Role if asked is None or role in asked)
