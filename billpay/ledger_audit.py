"""Reading the ledger again: what the first reading missed is taken in, and what two servers tell differently is told.

The cursor is never moved, and what comes behind it is the watcher's (`billpay.intake`); only what its server keeps from
it there is taken in, from a second one. Where all is well
nothing is written but how far the re-reading has come. Nothing that is recorded is ever changed or taken back: who
disagrees with it makes a case for a person (I12).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain

from billpay.clock import Clock
from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Credit
from billpay.domain.ledger_audits import (
    ABSENCE_GRACE,
    DIFFERENCES_AT_ONCE,
    PAGES_AT_ONCE,
    REREADINGS,
    RUN_LASTS,
    LedgerAuditReport,
    Rereading,
    RereadingState,
)
from billpay.domain.money import spoken_cngn
from billpay.failures import Misconfigured, Unavailable
from billpay.intake import CLOCK_MARGIN, NamedSource, place_of
from billpay.ledger.base import CreditPage, LedgerTip
from billpay.ledger.positions import ledger_of, position_of, require_network
from billpay.ledger_differences import described, disagreement
from billpay.ledger_silence import SilenceWatch
from billpay.ledger_stretches import Stretch, Tally
from billpay.store import Store

PAGE_LIMIT = 200
"""As many as any server gives at once."""

log = logging.getLogger(__name__)


class LedgerAudit:
    """Listens to every source, tells of silence, and reads again what is due."""

    def __init__(
        self,
        *,
        first: NamedSource,
        second: NamedSource | None,
        store: Store,
        wallet: str,
        network_passphrase: str,
        silence: timedelta,
        clock: Clock,
    ) -> None:
        self._first = first
        self._second = second
        self._store = store
        self._wallet = wallet
        self._network_passphrase = network_passphrase
        self._clock = clock
        self._silence = SilenceWatch(store=store, wallet=wallet, silence=silence, clock=clock)

    async def run(self, *, is_stopping: Callable[[], bool] = lambda: False) -> LedgerAuditReport:
        """Do one bounded run, and answer what it came to.

        Safe to repeat: a credit is recorded once, a case opened once, and what was not read again comes next time. A
        source that gives no answer is passed over, and told of once it has been silent for too long.

        Raises:
            Unavailable: our records gave no answer.
        """
        tally = Tally(ends_at=self._clock() + RUN_LASTS, is_stopping=is_stopping)
        sources = [self._first, *([self._second] if self._second else [])]
        heard = [(source, await self._listen(source, tally)) for source in sources]
        silent = await self._silence.look([source.name for source in sources])
        for source, tip in heard:
            if tip is not None:
                for rereading in REREADINGS:
                    await self._read_again(source, tip, rereading, tally)
        if self._second is not None:
            await self._look_ahead(self._second, [tip for _, tip in heard], tally)
        return tally.report(silent)

    async def _listen(self, source: NamedSource, tally: Tally) -> LedgerTip | None:
        """Hear how far a source has read; None where it gave no answer, or reads another network."""
        try:
            tip = await require_network(source.source, self._network_passphrase)
        except (Unavailable, Misconfigured) as silence:
            tally.unanswered.append(f"{source.name}: {silence.detail}")
            return None
        await self._store.ledger_marks.keep(source.name, tip, self._wallet)
        return tip

    async def _read_again(
        self, source: NamedSource, tip: LedgerTip, rereading: Rereading, tally: Tally
    ) -> None:
        """Go on with one re-reading of one source, if it is due."""
        state = await self._state(source, rereading)
        if state is None or state.ended_at is not None:
            return
        # What its history has lost meanwhile cannot be read again; nothing that is recorded depends on it.
        state = replace(state, position=max(state.position, int(position_of(tip.oldest_ledger))))
        for _ in range(PAGES_AT_ONCE):
            if state.position >= state.until:
                state = replace(state, ended_at=self._clock())
                break
            stretch = await self._stretch(source, tip, state, tally)
            if stretch is None:
                break
            await self._compare(source, tip, stretch, tally)
            state = replace(state, position=stretch.through)
        if state.ended_at is None:
            tally.unfinished.append(f"a {rereading.span} back at {source.name}")
        await self._store.ledger_marks.save_rereading(
            self._wallet, source.name, rereading.span, state
        )

    async def _state(self, source: NamedSource, rereading: Rereading) -> RereadingState | None:
        """Answer how far a re-reading has come, or begin the next; None while nothing was read yet."""
        marks, now = self._store.ledger_marks, self._clock()
        state = await marks.rereading(self._wallet, source.name, rereading.span)
        if state is not None and not state.is_due(rereading, now):
            return state
        cursor = await self._store.deposits.cursor(self._wallet)
        begin = await marks.read_by(now - rereading.back)
        if begin is None:
            begin = await marks.first_position()
        if cursor is None or begin is None:
            return None
        if state is not None:
            begin = min(begin, state.until)
        return RereadingState(position=begin, until=int(cursor), begun_at=now)

    async def _stretch(
        self, source: NamedSource, tip: LedgerTip, state: RereadingState, tally: Tally
    ) -> Stretch | None:
        """Read the next page, up to the end; None where the run is over, or there is no more to read by now."""
        page = await self._page(source, str(state.position), tally)
        if page is None:
            return None
        tally.pages += 1
        # A page with nothing behind it tells everything, as far as the server had read before it was asked.
        is_whole = not page.is_full and tip.ledger >= ledger_of(str(state.until))
        through = state.until if is_whole else min(int(page.cursor), state.until)
        if through <= state.position:
            return None
        return Stretch(after=state.position, through=through, page=page)

    async def _page(self, source: NamedSource, cursor: str, tally: Tally) -> CreditPage | None:
        """Read a page; None where the run is over, or the source gave no answer."""
        if tally.is_stopping() or self._clock() >= tally.ends_at:
            return None
        try:
            return await source.source.credits_after(self._wallet, cursor, PAGE_LIMIT)
        except (Unavailable, Misconfigured) as silence:
            tally.unanswered.append(f"{source.name}: {silence.detail}")
            return None

    async def _look_ahead(
        self, second: NamedSource, tips: Sequence[LedgerTip | None], tally: Tally
    ) -> None:
        """Take in what the first server keeps from us behind the cursor, which a quiet wallet's follows a day later.

        That is what the second tells of, what closed a while ago by both their words, and what the first passes over on
        a page with nothing behind it. Where more is waiting there, the watcher is only not there yet.
        """
        cursor = await self._store.deposits.cursor(self._wallet)
        closed = [tip.closed_at for tip in tips if tip is not None]
        if cursor is None or len(closed) < len(tips):
            return
        ours = await self._page(self._first, cursor, tally)
        if ours is None or ours.is_full:
            return
        listed = {place_of(credit.operation_id) for credit in ours.credits}
        listed |= {place_of(record.operation_id) for record in ours.unreadable}
        after = cursor
        for _ in range(PAGES_AT_ONCE):
            page = await self._page(second, after, tally)
            if page is None or int(page.cursor) <= int(after):
                return
            kept = [
                credit
                for credit in page.credits
                if credit.closed_at <= min(closed) - ABSENCE_GRACE
                and place_of(credit.operation_id) not in listed
            ]
            page = replace(page, credits=kept, unreadable=())
            stretch = Stretch(after=int(after), through=int(page.cursor), page=page)
            await self._take_in(second, stretch, *await self._both(stretch), tally)
            if not page.is_full:
                return
            after = page.cursor

    async def _compare(
        self, source: NamedSource, tip: LedgerTip, stretch: Stretch, tally: Tally
    ) -> None:
        """Hold what a server tells of a stretch against what is recorded of it."""
        told, recorded = await self._both(stretch)
        tally.credits += len(told)
        await self._take_in(source, stretch, told, recorded, tally)
        for credit in told:
            await self._tell_difference(source, recorded.get(credit.operation_id), credit, tally)
        if source is self._second:
            await self._tell_absences(source, tip, stretch, list(recorded.values()), tally)

    async def _both(self, stretch: Stretch) -> tuple[Sequence[Credit], dict[str, Credit]]:
        """Answer what a server tells of a stretch, and what is recorded of it."""
        begin = await self._store.deposits.installed_at() - CLOCK_MARGIN
        told = [
            credit
            for credit in stretch.page.credits
            if stretch.holds(credit.operation_id) and credit.closed_at >= begin
        ]
        ledgers = ledger_of(str(stretch.after)), ledger_of(str(stretch.through))
        recorded = {
            credit.operation_id: credit
            for credit in await self._store.ledger_marks.recorded(self._wallet, *ledgers)
            if stretch.holds(credit.operation_id)
        }
        return told, recorded

    async def _take_in(
        self,
        source: NamedSource,
        stretch: Stretch,
        told: Sequence[Credit],
        recorded: dict[str, Credit],
        tally: Tally,
    ) -> None:
        """Record what the first reading missed, the case before the deposit: a crash in between repeats both.

        What cannot be read is parked, unless a deposit was made of it when another server told of it. What is parked
        under its operation's name may be all of that operation.
        """
        unknown = [credit for credit in told if credit.operation_id not in recorded]
        names = {c.operation_id: (c.operation_id, str(place_of(c.operation_id))) for c in unknown}
        parked = await self._store.ledger_marks.parked_among(chain(*names.values()))
        missed = [credit for credit in unknown if parked.isdisjoint(names[credit.operation_id])]
        places = {place_of(operation_id) for operation_id in recorded}
        unreadable = [
            record
            for record in stretch.page.unreadable
            if stretch.holds(record.operation_id) and place_of(record.operation_id) not in places
        ]
        for credit in missed:
            log.error("%s was missed by %s", credit.operation_id, self._first.name)
            await self._store.cases.open(
                CaseKind.MISSED_CREDIT,
                credit.operation_id,
                f"{_spoken(credit)}: {self._first.name} had left it out when it was read; {source.name} tells of it "
                "now, and it is taken in",
                operation_id=credit.operation_id,
            )
        if missed or unreadable:
            # The cursor only moves forward, and the end of the stretch is not beyond it.
            found = CreditPage(
                credits=missed, unreadable=unreadable, cursor=str(stretch.after), is_full=False
            )
            await self._store.deposits.record_page(self._wallet, found)
        tally.missed += len(missed)

    async def _tell_difference(
        self, source: NamedSource, recorded: Credit | None, told: Credit, tally: Tally
    ) -> None:
        """Call a person where a credit is told otherwise than it is recorded; the record stays."""
        if recorded is None:
            return
        parts = disagreement(recorded, told)
        if not parts:
            return
        tally.differing += 1
        is_told = await self._store.ledger_marks.was_told(CaseKind.MISSED_CREDIT, told.operation_id)
        if is_told or tally.told_differences >= DIFFERENCES_AT_ONCE:
            return
        tally.told_differences += 1
        await self._store.cases.open(
            CaseKind.MISSED_CREDIT,
            told.operation_id,
            f"{source.name} tells of {told.operation_id} with another {' and '.join(parts)} than it is recorded with: "
            f"recorded {described(recorded)}; told {described(told)}. The record stays",
            operation_id=told.operation_id,
        )

    async def _tell_absences(
        self,
        source: NamedSource,
        tip: LedgerTip,
        stretch: Stretch,
        recorded: Sequence[Credit],
        tally: Tally,
    ) -> None:
        """Call a person where the second server does not tell of what is recorded; the deposits stay.

        One case for each server: where it lacks one it may lack all. It must have that history, and what is young may
        only be late there.
        """
        named = {credit.operation_id for credit in stretch.page.credits}
        named |= {record.operation_id for record in stretch.page.unreadable}
        absent = [
            credit
            for credit in recorded
            if credit.operation_id not in named
            and credit.ledger >= tip.oldest_ledger
            and credit.closed_at <= tip.closed_at - ABSENCE_GRACE
        ]
        if not absent:
            return
        tally.absent += len(absent)
        more = f", nor of {len(absent) - 1} after it" if len(absent) > 1 else ""
        await self._store.cases.open(
            CaseKind.MISSED_CREDIT,
            source.name,
            f"{source.name} has read up to ledger {tip.ledger} and does not tell of {absent[0].operation_id} in ledger "
            f"{absent[0].ledger} ({_spoken(absent[0])}), which was read from {self._first.name}{more}",
        )


def _spoken(credit: Credit) -> str:
    return f"{spoken_cngn(credit.amount)} in transaction {credit.transaction_hash}"
