"""Reading the ledger again: what was missed is taken in, what is told differently is told, all else is left alone."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from stellar_sdk import MuxedAccount

from billpay.domain.cases import CaseKind
from billpay.domain.ledger_audits import (
    ABSENCE_GRACE,
    DIFFERENCES_AT_ONCE,
    PAGES_AT_ONCE,
    REREADINGS,
    LedgerAuditReport,
    Span,
)
from billpay.domain.money import Stroops
from billpay.failures import Misconfigured, Unavailable
from billpay.intake import Intake, NamedSource
from billpay.ledger.positions import movement_id
from billpay.ledger_audit import LedgerAudit
from billpay.ledger_differences import disagreement
from tests.activities.placing import meter_order
from tests.billpay.ledger import wire
from tests.billpay.told_ledger import FIRST_LEDGER, LEDGER_SECONDS, Told, closed_at, credit
from tests.billpay.told_ledger import unreadable as unreadable_in

SILENCE = timedelta(minutes=5)
HOUR, DAY = REREADINGS


@dataclass
class Town:
    """A ledger, two servers that tell of it, a watcher and the audit, all by one clock."""

    store: object
    clock: object
    first: Told = field(default_factory=Told)
    second: Told = field(default_factory=Told)
    has_second: bool = True

    def audit(self) -> LedgerAudit:
        second = NamedSource(name="second", source=self.second)
        return LedgerAudit(
            first=NamedSource(name="first", source=self.first),
            second=second if self.has_second else None,
            store=self.store,
            wallet=wire.WALLET,
            network_passphrase=wire.PASSPHRASE,
            silence=SILENCE,
            clock=self.clock,
        )

    async def run(self, **facts) -> LedgerAuditReport:
        return await self.audit().run(**facts)

    async def watch(self) -> None:
        """Let the watcher read whatever its server tells of."""
        reading = Intake(
            source=self.first,
            store=self.store,
            wallet=wire.WALLET,
            network_passphrase=wire.PASSPHRASE,
            batch_size=50,
            source_name="first",
            clock=self.clock,
        )
        while await reading.read_page():
            pass

    def pass_time(self, **by: int) -> int:
        """Let time pass and ledgers close; answers the newest ledger, which both servers have read."""
        now = self.clock.advance(timedelta(**by))
        newest = (
            FIRST_LEDGER + int((now - closed_at(FIRST_LEDGER)).total_seconds()) // LEDGER_SECONDS
        )
        self.first.newest = self.second.newest = newest
        return newest

    async def live(self, *, minutes: int, step: int = 5) -> None:
        """Let customers pay, and watcher and audit do what they do, for some time."""
        for _ in range(0, minutes, step):
            self.pays(self.pass_time(minutes=step))
            await self.watch()
            await self.run()

    def pays(self, ledger: int, *, to=None, **changes):
        """A payment in this ledger, of which these servers tell."""
        paid = credit(ledger, **changes)
        for server in to or (self.first, self.second):
            server.credits.append(paid)
        return paid

    async def recorded(self) -> list[str]:
        found = await self.store.ledger_marks.recorded(wire.WALLET, 0, 1 << 31)
        return [one.operation_id for one in found]

    async def cases(self, kind=CaseKind.MISSED_CREDIT, **facts):
        return [case for case in await self.store.cases.all(**facts) if case.kind is kind]

    async def cursor(self) -> str:
        return await self.store.deposits.cursor(wire.WALLET)


@pytest.fixture
async def town(store, clock) -> Town:
    """Half an hour old, with some payments that everybody has told of."""
    town = Town(store, clock)
    await town.watch()
    for _ in range(3):
        town.pays(town.pass_time(minutes=10))
        await town.watch()
    return town


def last_ledger(town) -> int:
    return town.first.newest


async def test_where_all_is_well_reading_again_changes_nothing(town):
    """Faults 1 and 4, I1 and I11."""
    before = await town.recorded(), await town.cursor()
    report = await town.run()
    assert (report.pages, report.credits) == (4, 12), "an hour and a day back, at two servers"
    assert report == LedgerAuditReport(pages=4, credits=12)
    assert (await town.recorded(), await town.cursor()) == before
    assert await town.store.cases.all() == []


async def test_without_a_second_server_the_first_is_read_again_all_the_same(town):
    town.has_second = False
    assert (await town.run()).pages == 2
    assert town.second.asked == []


async def test_what_is_put_in_behind_the_cursor_is_taken_in_and_told(town):
    """Fault 5, I1: a server that takes a range in anew puts rows where nobody looks any more."""
    late = town.pays(last_ledger(town) - 20, to=[town.first], transaction=7)
    cursor = await town.cursor()
    town.has_second = False
    report = await town.run()
    assert report.missed == 1
    assert late.operation_id in await town.recorded()
    assert await town.cursor() == cursor
    (case,) = await town.cases()
    assert (case.subject, case.operation_id) == (late.operation_id, late.operation_id)
    assert "first had left it out" in case.detail
    assert [d.credit for d in await town.store.deposits.unstarted()].count(late) == 1


async def test_what_the_first_server_never_tells_of_is_found_at_the_second(town):
    """I1, fault 6: which server left it out stands in the case."""
    hidden = town.pays(last_ledger(town) - 20, to=[town.second], transaction=7)
    assert (await town.run()).missed == 1
    assert hidden.operation_id in await town.recorded()
    (case,) = await town.cases()
    assert "first had left it out" in case.detail
    assert "second tells of it now" in case.detail
    town.pass_time(minutes=5)
    assert (await town.run()).missed == 0
    assert len(await town.cases(with_closed=True)) == 1


async def test_a_credit_that_was_missed_pays_its_order_like_any_other(town):
    order = await town.store.orders.place(meter_order())
    town.pays(
        last_ledger(town) - 20,
        to=[town.second],
        transaction=7,
        memo=order.memo.encode(),
        memo_type="text",
        amount=order.due,
    )
    await town.run()
    claims = [d.transaction_id for d in await town.store.deposits.unstarted()]
    assert order.transaction_id in claims


async def test_a_crash_between_the_case_and_the_deposit_loses_neither(town):
    """I1: the case comes first, so whoever comes next finds the credit unrecorded still."""
    hidden = town.pays(last_ledger(town) - 20, to=[town.second], transaction=7)
    await town.store.cases.open(CaseKind.MISSED_CREDIT, hidden.operation_id, "died right here")
    assert (await town.run()).missed == 1
    assert hidden.operation_id in await town.recorded()
    assert len(await town.cases()) == 1


async def test_what_the_watcher_has_not_read_yet_is_the_watchers(town):
    """I11: a second server that is ahead does not make the audit read ahead."""
    ahead = town.pays(town.pass_time(minutes=1))
    report = await town.run()
    assert (report.missed, ahead.operation_id in await town.recorded()) == (0, False)
    await town.watch()
    assert ahead.operation_id in await town.recorded()
    assert await town.cases() == []


@pytest.mark.parametrize("page_limit", [1, 200])
async def test_what_is_hidden_behind_the_cursor_of_a_quiet_wallet_is_taken_in(town, page_limit):
    """I1: the cursor would pass it a day later only; the second server tells of it now."""
    town.second.page_limit = page_limit
    cursor = await town.cursor()
    hidden = town.pays(town.pass_time(minutes=1), to=[town.second])
    town.second.unreadable.append(unreadable_in(last_ledger(town), 7))
    town.pass_time(seconds=int(ABSENCE_GRACE.total_seconds()) - LEDGER_SECONDS)
    assert (await town.run()).missed == 0, "what is young may only be late at the first"
    town.pass_time(seconds=LEDGER_SECONDS)
    other = town.pays(last_ledger(town))
    assert (await town.run()).missed == 1
    assert hidden.operation_id in await town.recorded()
    assert (await town.cursor(), await town.store.deposits.parked()) == (cursor, [])
    (case,) = await town.cases()
    assert case.subject == hidden.operation_id
    town.pass_time(minutes=1)
    assert (await town.run()).missed == 0
    await town.watch()
    assert (await town.recorded())[-2:] == [hidden.operation_id, other.operation_id]


async def test_what_waits_for_a_watcher_that_is_down_is_not_hidden(town):
    """I11: the first server tells of it, or has more than a page behind the cursor."""
    paid = [town.pays(town.pass_time(minutes=1)) for _ in range(3)]
    hidden = town.pays(last_ledger(town), to=[town.second], transaction=2)
    town.first.page_limit = 3
    town.pass_time(hours=1)
    assert (await town.run()).missed == 0
    town.first.page_limit = 200
    town.first.newest = paid[0].ledger
    assert (await town.run()).missed == 0, "a first server that lags is waited for"
    town.pass_time(minutes=1)
    assert (await town.run()).missed == 1
    assert set(await town.recorded()).isdisjoint(one.operation_id for one in paid)
    assert hidden.operation_id in await town.recorded()


async def test_what_was_hidden_is_looked_for_at_a_server_that_answers(town):
    town.pays(town.pass_time(minutes=1), to=[town.second])
    town.pass_time(hours=1)
    await town.run(is_stopping=lambda: True)
    town.first.fails = [Unavailable("away")]
    assert (await town.run()).missed == 0
    assert (await town.run()).missed == 1


async def test_what_arrived_before_these_records_began_stays_left_alone(town):
    town.pays(last_ledger(town) - 20, transaction=7, closed_at=closed_at(FIRST_LEDGER - 1_000))
    assert (await town.run()).missed == 0


# What cannot be read


async def test_what_cannot_be_read_is_parked_by_whoever_meets_it(town):
    """Fault 67."""
    record = unreadable_in(last_ledger(town) - 20, 7)
    town.second.unreadable.append(record)
    await town.run()
    assert [one.operation_id for one in await town.store.deposits.parked()] == [record.operation_id]


async def test_what_one_server_could_tell_is_not_parked_because_the_other_cannot(town):
    known = town.first.credits[1]
    town.second.credits.remove(known)
    town.second.unreadable.append(unreadable_in(known.ledger))
    report = await town.run()
    assert await town.store.deposits.parked() == []
    assert (report.missed, report.absent) == (0, 0)


async def test_what_is_parked_is_in_a_persons_hands(town):
    """Nothing is recorded beside it: they may have settled it by now."""
    ledger = last_ledger(town) - 20
    town.first.unreadable.append(unreadable_in(ledger, 7))
    town.has_second = False
    await town.run()
    town.has_second = True
    readable = town.pays(ledger, to=[town.second], transaction=7)
    town.pass_time(minutes=5)
    assert (await town.run()).missed == 0
    assert readable.operation_id not in await town.recorded()


async def test_an_operation_that_is_parked_whole_is_not_taken_in_by_parts(town):
    """I1: nobody knows which of its credits the person has settled."""
    ledger = last_ledger(town) - 20
    town.first.unreadable.append(unreadable_in(ledger, 7))
    town.has_second = False
    await town.run()
    town.has_second = True
    whole = credit(ledger, 7)
    second = whole.model_copy(update={"operation_id": movement_id(whole.operation_id, 1)})
    town.second.credits += [whole, second]
    town.pass_time(minutes=5)
    assert (await town.run()).missed == 0
    assert second.operation_id not in await town.recorded()


# What the second server does not tell of


async def test_a_deposit_that_the_second_server_does_not_tell_of_stays_and_is_told_once(town):
    """Fault 52's twin on the ledger: two servers disagree, and nothing that is recorded is taken back (I12)."""
    gone = town.second.credits.pop(0)
    town.second.credits.pop(0)
    report = await town.run()
    assert report.absent == 4, "two deposits, by the hour and by the day"
    (case,) = await town.cases()
    assert case.subject == "second"
    for words in ("second", "first", gone.operation_id, "nor of 1 after it"):
        assert words in case.detail
    assert gone.operation_id in await town.recorded()


@pytest.mark.parametrize("age", [ABSENCE_GRACE - timedelta(seconds=LEDGER_SECONDS), ABSENCE_GRACE])
async def test_what_is_young_may_only_be_late_there(town, age):
    """Fault 6: nothing is called absent that may be read by another machine behind the same address."""
    paid = town.pays(town.pass_time(minutes=1), to=[town.first])
    await town.watch()
    town.pass_time(seconds=int(age.total_seconds()))
    assert (paid.operation_id in await town.recorded(), (await town.run()).absent > 0) == (
        True,
        age >= ABSENCE_GRACE,
    )


async def test_a_second_server_that_lags_is_waited_for(town):
    """Fault 6: what it has not read yet is not absent there; the re-reading goes on when it has."""
    last = town.first.credits[-1]
    town.pass_time(minutes=15)
    town.second.newest = last.ledger - 1
    report = await town.run()
    assert report.absent == 0
    assert any("second" in one for one in report.unfinished)
    town.pass_time(minutes=2)
    report = await town.run()
    assert (report.absent, report.unfinished) == (0, ())


async def test_what_the_second_server_has_forgotten_is_not_missed_there(town):
    """Fault 10: histories differ in length."""
    forgotten = town.second.credits.pop(0)
    town.second.oldest = forgotten.ledger + 1
    assert (await town.run()).absent == 0


# What is told differently


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"amount": Stroops(1)}, "amount"),
        ({"payer": wire.STRANGER}, "payer"),
        ({"memo": b"BILL-x", "memo_type": "text"}, "memo"),
        ({"transaction_hash": "ab" * 32}, "transaction"),
        ({"alias": 7}, None),
        ({"payer": MuxedAccount(wire.PAYER, 7).account_muxed}, None),
        ({"memo": b"", "memo_type": "text"}, None),
        ({"memo_type": "hash"}, None),
    ],
)
def test_to_tell_less_is_not_to_contradict(changes, part):
    """An event shows no multiplexed payer, and the number of a destination in the place of a memo."""
    recorded = credit(1_001)
    told = recorded.model_copy(update=changes)
    assert disagreement(recorded, told) == ((part,) if part else ())
    assert disagreement(told, recorded) == ((part,) if part else ())


def test_two_numbers_or_two_memos_contradict():
    recorded = credit(1_001, alias=7, memo=b"one", memo_type="text")
    assert disagreement(recorded, recorded.model_copy(update={"alias": 8})) == ("number",)
    assert disagreement(recorded, recorded.model_copy(update={"memo": b"two"})) == ("memo",)
    hidden = recorded.model_copy(update={"memo": None})
    assert disagreement(recorded, hidden) == ()


async def test_a_credit_that_is_told_differently_stays_as_it_was_recorded(town):
    """I12: told once, even after a person has closed the case, and never edited."""
    known = town.second.credits[1]
    town.second.credits[1] = known.model_copy(update={"amount": Stroops(1)})
    assert (await town.run()).differing == 2
    (case,) = await town.cases()
    assert case.subject == known.operation_id
    assert "another amount" in case.detail
    kept = await town.store.deposits.get(known.operation_id)
    assert kept.credit.amount == known.amount
    await town.store.cases.close(case.case_id, actor="ada", reason="the second server is wrong")
    town.pass_time(minutes=5)
    assert (await town.run()).differing == 1
    assert await town.cases() == []


async def test_a_server_that_tells_everything_differently_does_not_flood_anybody(town):
    ledger = last_ledger(town)
    for number in range(DIFFERENCES_AT_ONCE + 5):
        town.pays(ledger, to=[town.first], transaction=number + 10)
    await town.watch()
    town.second.credits = [
        one.model_copy(update={"amount": Stroops(1)}) for one in town.first.credits
    ]
    assert (await town.run()).differing > DIFFERENCES_AT_ONCE
    assert len(await town.cases()) == DIFFERENCES_AT_ONCE


# How far, how often, how much


async def test_an_hour_is_read_again_every_few_minutes_and_a_day_twice_a_day(town):
    pages = []
    await town.run()
    for _ in range(4):
        town.pays(town.pass_time(minutes=3))
        await town.watch()
        pages.append((await town.run()).pages)
    assert pages == [0, 2, 0, 2], "of two servers, each hour's"
    town.pays(town.pass_time(days=1))
    await town.watch()
    assert (await town.run()).pages == 4


async def test_a_quiet_wallet_costs_no_page(town):
    """Nothing was read within the hour, so nothing was missed; what comes next is the watcher's to read."""
    await town.run()
    town.pass_time(hours=2)
    await town.watch()
    assert (await town.run()).pages == 0


async def test_an_hour_back_means_what_was_read_within_the_last_hour(town):
    """No ledger's length is assumed: how far we had read by then is in the records."""
    await town.live(minutes=120)
    town.second.asked.clear()
    await town.live(minutes=5)
    asked, ahead = town.second.asked
    read_by_then = [one.operation_id for one in town.first.credits][-13]
    assert (asked, ahead) == (read_by_then, await town.cursor())


async def test_the_day_finds_what_is_older_than_an_hour(town):
    await town.live(minutes=180)
    late = town.pays(last_ledger(town) - 1_800, to=[town.first], transaction=7)
    await town.live(minutes=60)
    assert late.operation_id not in await town.recorded(), "the hour does not reach so far"
    await town.live(minutes=24 * 60, step=240)
    assert late.operation_id in await town.recorded()


async def test_a_standstill_of_the_audit_leaves_nothing_out(town):
    """It goes on where it ended, however long ago that was."""
    await town.run()
    late = town.pays(town.pass_time(minutes=5), to=[town.second])
    for _ in range(30):
        town.pays(town.pass_time(hours=1))
        await town.watch()
    assert late.operation_id not in await town.recorded()
    assert (await town.run()).missed == 1


async def test_a_run_is_bounded_and_the_next_goes_on_where_it_stopped(town):
    ledger = last_ledger(town)
    paid = [town.pays(ledger, transaction=number + 10) for number in range(PAGES_AT_ONCE + 5)]
    await town.watch()
    town.has_second = False
    town.first.page_limit = 1
    late = town.pays(ledger, to=[town.first], transaction=len(paid) + 9, amount=Stroops(1))
    town.first.credits.remove(paid[-1])
    report = await town.run()
    assert report.pages == 2 * PAGES_AT_ONCE
    assert set(report.unfinished) == {"a hour back at first", "a day back at first"}
    town.pass_time(minutes=2)
    report = await town.run()
    assert (report.unfinished, report.differing) == ((), 2), f"{late} is told differently"


async def test_a_stopping_worker_leaves_the_rest_for_the_next(town):
    report = await town.run(is_stopping=lambda: True)
    assert (report.pages, len(report.unfinished)) == (0, 4)
    report = await town.run()
    assert (report.pages, report.unfinished) == (4, ())


@pytest.mark.parametrize("failure", [Unavailable("away"), Misconfigured("the address is wrong")])
async def test_a_server_without_an_answer_is_passed_over_and_named(town, failure):
    """Fault 8: the other one is read all the same."""
    town.second.fails = [failure]
    report = await town.run()
    assert (report.pages, report.unanswered) == (2, (f"second: {failure.detail}",))
    town.second.fails = []
    report = await town.run()
    assert (report.pages, report.unanswered) == (2, ())


async def test_a_page_that_fails_in_the_middle_loses_nothing_of_what_was_read(town):
    """Faults 8 and 9."""
    hidden = town.pays(last_ledger(town) - 20, to=[town.second], transaction=7)
    answer = town.second.credits_after
    town.second.page_limit = 1

    async def failing_later(*facts):
        if len(town.second.asked) == 2:
            town.second.fails.append(Unavailable("away"))
        return await answer(*facts)

    town.second.credits_after = failing_later
    report = await town.run()
    assert report.unanswered[0].startswith("second")
    assert "a hour back at second" in report.unfinished
    await town.run()
    assert hidden.operation_id in await town.recorded()


async def test_another_network_is_never_compared_with(town):
    """Fault 11."""
    town.second.passphrase = "another"
    town.second.credits.clear()
    report = await town.run()
    assert (report.absent, len(report.unanswered)) == (0, 1)
    assert town.second.asked == []


async def test_before_the_first_page_there_is_nothing_to_read_again(store, clock):
    town = Town(store, clock)
    assert await town.run() == LedgerAuditReport()
    assert town.first.asked == []


def test_what_a_run_came_to_is_said_in_words():
    report = LedgerAuditReport(
        pages=3,
        credits=5,
        missed=1,
        unanswered=("second: away",),
        silent=("first",),
        unfinished=("a day back at first",),
    )
    assert report.summary.splitlines() == [
        "3 pages read again, 5 credits compared",
        "1 missed: look at `cases`",
        "no answer from second: away",
        "silent for too long: first",
        "to be continued: a day back at first",
    ]
    idle = LedgerAuditReport(silent=("first",))
    assert idle.summary.splitlines() == [
        "nothing was due to be read again",
        "silent for too long: first",
    ]


def test_spans_reach_further_back_than_they_are_apart():
    """Overlapping: what was read is read again several times."""
    assert HOUR.span is Span.HOUR
    assert DAY.span is Span.DAY
    for rereading in REREADINGS:
        assert rereading.back >= 2 * rereading.every
