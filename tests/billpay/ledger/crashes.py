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

    async def _crash(self, *arguments, **told):
        if self._done:
            await getattr(self._target, self._name)(*arguments, **told)
        raise Crash


async def crash(debts, refund, *, at, done):
    """Let a worker die in a call of the ledger or of the store."""
    if at in ("submit", "tip", "account", "transaction", "fee_stats"):
        holder, target = "source", debts.source
    elif at in ("claim", "reserve"):
        holder, target = "channels", debts.store.channels
    else:
        holder, target = "refunds", debts.refunds
    with pytest.raises(Crash):
        await debts.treasury(**{holder: CrashingAt(target, at, done=done)}).pay(refund)


class Countdown:
    """Lets a worker die in one of the calls that it makes, whichever it is: the so-manyeth of all it talks to."""

    def __init__(self, calls, *, done):
        self._left, self._done = calls, done
        self.has_struck = False

    def over(self, target):
        """Wrap something that the worker talks to."""
        return _Counted(target, self)

    async def call(self, method, *arguments, **told):
        self._left -= 1
        if self._left:
            return await method(*arguments, **told)
        self.has_struck = True
        if self._done:
            await method(*arguments, **told)
        raise Crash


class _Counted:
    def __init__(self, target, countdown):
        self._target, self._countdown = target, countdown

    def __getattr__(self, name):
        method = getattr(self._target, name)

        async def counted(*arguments, **told):
            return await self._countdown.call(method, *arguments, **told)

        return counted
