"""What is kept of when the ledger was heard, and of how far it was read."""

from datetime import timedelta

import pytest

from billpay.domain.cases import CaseKind
from billpay.domain.ledger_audits import MARKS_KEPT, REREADINGS, RereadingState, Span
from billpay.ledger.base import CreditPage, LedgerTip, UnreadableRecord
from billpay.ledger.positions import position_of

WALLET = "treasury"
MINUTE = timedelta(minutes=1)
HOUR, _ = REREADINGS


@pytest.fixture
def hear(store, clock):
    """Let a server be heard right now."""

    async def heard(ledger, source="horizon", **changes):
        tip = LedgerTip(
            **{
                "ledger": ledger,
                "closed_at": clock.now,
                "oldest_ledger": 1,
                "network_passphrase": "a network",
            }
            | changes
        )
        await store.ledger_marks.keep(source, tip, WALLET)

    return heard


@pytest.fixture
def read_to(store):
    """Let the watcher have read so far."""

    async def read(position):
        page = CreditPage(credits=(), cursor=str(position), is_full=False)
        await store.deposits.record_page(WALLET, page)

    return read


async def test_how_far_was_read_at_a_moment_is_remembered(store, clock, hear, read_to):
    begin = clock.now
    for number in range(3):
        await read_to(1_000 + number)
        await hear(50 + number)
        clock.advance(10 * MINUTE)
    marks = store.ledger_marks
    assert await marks.read_by(begin) == 1_000
    assert await marks.read_by(begin + 19 * MINUTE) == 1_001
    assert await marks.read_by(clock.now) == 1_002
    assert await marks.read_by(begin - MINUTE) is None
    assert await marks.first_position() == 1_000


async def test_before_the_first_page_it_is_where_the_ledger_was(store, hear):
    """What came before these records began is nobody's order."""
    assert await store.ledger_marks.first_position() is None
    await hear(77)
    assert await store.ledger_marks.first_position() == int(position_of(77))


async def test_a_minute_keeps_what_was_heard_last_and_how_far_was_read_first(
    store, clock, hear, read_to, sql
):
    await read_to(1_000)
    await hear(50)
    clock.advance(timedelta(seconds=30))
    await read_to(2_000)
    await hear(55)
    rows = await sql.rows("SELECT ledger, position, read_at FROM ledger_marks")
    assert [tuple(row) for row in rows] == [(55, 1_000, clock.now)]


async def test_the_best_that_was_heard_since_counts(store, clock, hear):
    """Fault 6: one of several machines behind an address has read less."""
    begin = clock.now
    await hear(50)
    clock.advance(MINUTE)
    newest = clock.now
    await hear(60)
    clock.advance(MINUTE)
    await hear(40, closed_at=begin)
    best = await store.ledger_marks.heard_since("horizon", begin)
    assert (best.ledger, best.closed_at) == (60, newest)
    assert await store.ledger_marks.heard_since("horizon", clock.now) is None
    assert await store.ledger_marks.heard_since("rpc", begin - MINUTE) is None


async def test_who_was_never_heard_is_silent_since_these_records_began(store, clock, hear):
    begin = await store.deposits.installed_at()
    clock.advance(MINUTE)
    await hear(50)
    assert await store.ledger_marks.last_heard_at("horizon") == clock.now
    assert await store.ledger_marks.last_heard_at("rpc") == begin


async def test_marks_go_when_nobody_looks_back_so_far(store, clock, hear, sql):
    await hear(50)
    clock.advance(MARKS_KEPT)
    await hear(60)
    assert await sql.rows("SELECT count(*) FROM ledger_marks") == [(2,)]
    clock.advance(MINUTE)
    await hear(61)
    assert await sql.rows("SELECT min(ledger) FROM ledger_marks") == [(60,)]


async def test_every_page_says_when_it_was_read(store, clock, read_to):
    begin = await store.deposits.installed_at()
    assert await store.ledger_marks.page_read_at(WALLET) == begin
    for _ in range(2):
        clock.advance(MINUTE)
        await read_to(1_000)
        assert await store.ledger_marks.page_read_at(WALLET) == clock.now


async def test_a_rereading_goes_on_where_it_was_left(store, clock):
    marks = store.ledger_marks
    assert await marks.rereading(WALLET, "horizon", Span.HOUR) is None
    state = RereadingState(position=5, until=9, begun_at=clock.now)
    await marks.save_rereading(WALLET, "horizon", Span.HOUR, state)
    assert await marks.rereading(WALLET, "horizon", Span.HOUR) == state
    assert await marks.rereading(WALLET, "horizon", Span.DAY) is None
    assert await marks.rereading(WALLET, "rpc", Span.HOUR) is None
    ended = RereadingState(position=9, until=9, begun_at=clock.now, ended_at=clock.now)
    await marks.save_rereading(WALLET, "horizon", Span.HOUR, ended)
    assert await marks.rereading(WALLET, "horizon", Span.HOUR) == ended


def test_a_rereading_is_due_when_the_last_has_ended_and_is_long_ago(clock):
    going = RereadingState(position=5, until=9, begun_at=clock.now)
    ended = RereadingState(position=9, until=9, begun_at=clock.now, ended_at=clock.now)
    assert not going.is_due(HOUR, clock.now + HOUR.back)
    assert not ended.is_due(HOUR, clock.now + HOUR.every - timedelta(seconds=1))
    assert ended.is_due(HOUR, clock.now + HOUR.every)


async def test_what_is_recorded_of_some_ledgers_is_answered_as_it_was_told(store, till):
    credits_ = [
        till.credit(operation_id=str((ledger << 32) + 1), ledger=ledger) for ledger in (7, 8, 9, 10)
    ]
    await till.record(*credits_)
    assert await store.ledger_marks.recorded(WALLET, 8, 9) == credits_[1:3]
    assert await store.ledger_marks.recorded("another", 8, 9) == []


async def test_what_is_parked_is_known(store):
    record = UnreadableRecord(operation_id="12", transaction_hash=None, reason="odd", body="{}")
    page = CreditPage(credits=(), cursor="12", is_full=False, unreadable=[record])
    await store.deposits.record_page(WALLET, page)
    assert await store.ledger_marks.parked_among(["11", "12"]) == {"12"}
    assert await store.ledger_marks.parked_among([]) == frozenset()


async def test_what_was_told_once_is_remembered_after_its_case_was_closed(store):
    kind = CaseKind.MISSED_CREDIT
    assert not await store.ledger_marks.was_told(kind, "12")
    await store.cases.open(kind, "12", "a test")
    await store.cases.end(kind, "12", "settled")
    assert await store.ledger_marks.was_told(kind, "12")
    assert not await store.ledger_marks.was_told(CaseKind.LEDGER_GAP, "12")
