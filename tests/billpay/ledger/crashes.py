"""Workers that die at a chosen point of a refund."""

import pytest


class Crash(Exception):  # noqa: N818  it is no error of ours
    """The worker dies here."""


class CrashingAt:
    """Something that a worker dies in, just before or just after it was done."""

    def __init__(self, target, name, *, done):
        self._target, self._name, self._done = target, name, done

    def __getattr__(self, name):
        return getattr(self._target, name) if name != self._name else self._crash

    async def _crash(self, *arguments):
        if self._done:
            await getattr(self._target, self._name)(*arguments)
        raise Crash


async def crash(debts, refund, *, at, done):
    """Let a worker die in a call of the ledger or of the store."""
    holder = "source" if at in ("submit", "tip", "account", "transaction") else "refunds"
    target = CrashingAt(getattr(debts, holder), at, done=done)
    with pytest.raises(Crash):
        await debts.treasury(**{holder: target}).pay(refund)
