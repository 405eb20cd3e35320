"""The silence watchdog: a person is told when the ledger was not heard for too long, or what is heard stands still.

It reads what was noted (`billpay.store.ledger_marks`), so that it notices a watcher that is dead, and forgets nothing
when it dies itself. It decides nothing about money: the times it compares are those of an alarm.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from billpay.clock import Clock
from billpay.domain.cases import CaseKind
from billpay.ledger.positions import ledger_of
from billpay.store import Store

HEARD_AGAIN = "it is heard again"


class SilenceWatch:
    """Opens and ends the cases of what keeps silent: each server by its name, the watcher by its wallet."""

    def __init__(self, *, store: Store, wallet: str, silence: timedelta, clock: Clock) -> None:
        self._store = store
        self._wallet = wallet
        self._silence = silence
        self._clock = clock

    async def look(self, names: Sequence[str]) -> tuple[str, ...]:
        """Answer what has been silent for too long; the first name is the server that the watcher reads.

        Safe to repeat: a case is opened once, and ended by itself. While the watcher's own server is silent nothing is
        said of the watcher: it has nothing to read.

        Raises:
            Unavailable: our records gave no answer.
        """
        silent = [name for name in names if await self._tell(name, await self._of_source(name))]
        if names[0] not in silent and await self._tell(self._wallet, await self._of_watcher()):
            silent.append(self._wallet)
        return tuple(silent)

    async def _tell(self, subject: str, why: str | None) -> bool:
        """Open the case about a subject, or end it where there is nothing to say; True where it is silent."""
        if why is None:
            await self._store.cases.end(CaseKind.LEDGER_SILENT, subject, HEARD_AGAIN)
        else:
            await self._store.cases.open(CaseKind.LEDGER_SILENT, subject, why)
        return why is not None

    async def _of_source(self, name: str) -> str | None:
        """Answer why a server counts as silent; None where it does not.

        The best it has said within the time counts, since one of several machines behind its address may lag. A ledger
        that closed ahead of our clock is as good as any.
        """
        begin = self._clock() - self._silence
        heard = await self._store.ledger_marks.heard_since(name, begin)
        if heard is None:
            last = await self._store.ledger_marks.last_heard_at(name)
            if last > begin:
                return None
            return f"{name} gave no answer since {_time(last)}"
        if heard.closed_at <= begin:
            return (
                f"the newest ledger that {name} tells of is {heard.ledger}, which closed at {_time(heard.closed_at)}: "
                "the server lags, or the network stands still"
            )
        # Where we had been by then it must be by now; busy wallets are read up to the newest ledger all the time.
        reached = await self._store.ledger_marks.read_by(begin)
        if reached is not None and heard.ledger < ledger_of(str(reached)):
            return (
                f"{name} tells of new ledgers up to {heard.ledger}, but we had read up to ledger "
                f"{ledger_of(str(reached))} before: the network was reset under the same passphrase, "
                "or this is another one"
            )
        return None

    async def _of_watcher(self) -> str | None:
        """Answer why the watcher counts as silent; None where it does not."""
        read_at = await self._store.ledger_marks.page_read_at(self._wallet)
        if read_at > self._clock() - self._silence:
            return None
        return (
            f"no page of the treasury's history was read since {_time(read_at)}, although the ledger is heard: the "
            "watcher is not running, or refuses to read on"
        )


def _time(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
