"""Taking credits in from servers that lag, go back in time, take turns, are busy, or forget; and from two of them."""

from datetime import timedelta

import pytest

from billpay.domain.cases import CaseKind
from billpay.failures import Misconfigured, Unavailable
from billpay.intake import LONGEST_WAIT_SECONDS, SETTLED_LEDGERS, Intake, NamedSource
from billpay.ledger.positions import position_of
from tests.billpay.ledger import wire
from tests.billpay.told_ledger import Told, credit, unreadable


def told(store, source, **changes):
    """An intake of a scripted ledger, in pages of two."""
    facts = {
        "source_name": "first",
        "wallet": wire.WALLET,
        "network_passphrase": wire.PASSPHRASE,
        "batch_size": 2,
    }
    return Intake(source=source, store=store, **facts | changes)


async def drain(reading):
    while await reading.read_page():
        pass


async def deposits(store):
    return [deposit.credit.operation_id for deposit in await store.deposits.unstarted()]


async def gaps(store):
    return [case for case in await store.cases.all() if case.kind is CaseKind.LEDGER_GAP]


async def test_no_server_keeps_us_waiting_for_ever(store, clock):
    source = Told([credit(1_001)], newest=1_001)
    reading = told(store, source, clock=clock)
    source.fails = [Unavailable("busy", retry_after_seconds=1e9)]
    assert not await reading.read_page()
    clock.advance(timedelta(seconds=LONGEST_WAIT_SECONDS))
    await drain(reading)
    assert await deposits(store) == [credit(1_001).operation_id]


async def test_a_failure_that_names_no_time_is_the_policys_business(store):
    """Fault 8: an outage is waited for with ever longer pauses, which are not this reader's."""
    with pytest.raises(Unavailable):
        await told(store, Told(fails=[Unavailable("away")])).read_page()


async def test_a_server_that_goes_back_in_time_is_waited_for(store):
    """Fault 6: nothing is read twice, the cursor stays, and what comes behind it is not missed."""
    source = Told([credit(1_001), credit(1_002)], newest=1_002)
    await drain(told(store, source))
    source.newest = 990
    for _ in range(3):
        assert not await told(store, source).read_page()
    with pytest.raises(Unavailable, match="lags behind"):
        await told(store, source).check()
    source.credits.append(credit(1_003))
    source.newest = 1_003
    await drain(told(store, source))
    assert await deposits(store) == [credit(n).operation_id for n in (1_001, 1_002, 1_003)]
    assert await gaps(store) == []


class Balancer(Told):
    """One address, and another machine behind it for every question."""

    def __init__(self, *machines):
        super().__init__()
        self.machines = machines
        self.turn = 0

    def _next(self):
        self.turn += 1
        return self.machines[self.turn % len(self.machines)]

    async def tip(self):
        return await self._next().tip()

    async def credits_after(self, wallet, cursor, limit):
        return await self._next().credits_after(wallet, cursor, limit)


@pytest.mark.parametrize("begins_with", [0, 1])
async def test_machines_behind_one_address_that_differ_lose_nothing(store, begins_with):
    """Faults 2 and 6: one of them has read less, whichever is asked for a page and whichever for its tip."""
    credits_ = [credit(ledger) for ledger in range(1_001, 1_008)]
    fresh, stale = Told(credits_, newest=1_010), Told(credits_, newest=1_003)
    balancer = Balancer(fresh, stale)
    balancer.turn = begins_with
    for _ in range(40):
        try:
            await told(store, balancer).read_page()
        except Unavailable:
            continue
    assert await deposits(store) == [one.operation_id for one in credits_]


async def test_a_page_that_leads_beyond_every_ledger_is_not_believed(store):
    """I11, fault 5: the cursor never moves back, so nothing up to there would ever be read."""
    source = Told([credit(1_001)], newest=1_001)
    await drain(told(store, source))
    cursor = await store.deposits.cursor(wire.WALLET)
    source.credits = [credit(1_001 + SETTLED_LEDGERS + 1)]
    reading = told(store, Balancer(source, Told(source.credits, newest=1 << 31)))
    for _ in range(2):
        with pytest.raises(Unavailable, match="leads to ledger"):
            await reading.read_page()
    assert await store.deposits.cursor(wire.WALLET) == cursor
    source.newest += 1
    source.credits = [credit(1_001 + SETTLED_LEDGERS + 1)]
    reading = told(store, Balancer(source, Told(source.credits, newest=1 << 31)))
    await reading.read_page()
    assert len(await deposits(store)) == 2, "a machine may lag by less"


async def test_a_network_that_was_reset_is_not_read(store):
    """Fault 11: same passphrase, other history; the old cursor lies beyond it."""
    await drain(told(store, Told([credit(1_001)], newest=1_001)))
    reset = Told([credit(7)], newest=9)
    with pytest.raises(Unavailable, match="the network was reset"):
        await told(store, reset).check()
    assert await deposits(store) == [credit(1_001).operation_id]


async def test_a_gap_that_the_second_server_has_is_read_from_there(store):
    """Fault 10: credits of the gap from the one, what follows from the other, each once."""
    all_of_them = [credit(ledger) for ledger in range(1_001, 1_011)]
    await drain(told(store, Told(all_of_them[:1], newest=1_001)))
    first = Told(all_of_them, newest=1_010, oldest=1_007)
    second = Told(all_of_them[:8], newest=1_008)
    reading = told(store, first, second=NamedSource(name="second", source=second))
    await reading.check()
    await drain(reading)
    assert await deposits(store) == [one.operation_id for one in all_of_them]
    assert await gaps(store) == []
    assert max(int(cursor) for cursor in second.asked) < int(position_of(1_007))


class Refusing(Told):
    """A server that refuses what it has forgotten, as RPC does, instead of moving the cursor up."""

    async def credits_after(self, wallet, cursor, limit):
        if int(cursor) < int(position_of(self.oldest)):
            raise Misconfigured("that is before its history")
        return await super().credits_after(wallet, cursor, limit)


async def test_a_server_that_refuses_what_it_has_forgotten_is_helped_over_it_as_well(store):
    """Fault 10: the watch begins anew with every refusal, and the check before it finds the gap."""
    all_of_them = [credit(ledger) for ledger in range(1_001, 1_011)]
    await drain(told(store, Told(all_of_them[:1], newest=1_001)))
    first = Refusing(all_of_them, newest=1_010, oldest=1_007)
    second = NamedSource(name="second", source=Told(all_of_them, newest=1_010))
    reading = told(store, first, second=second)
    with pytest.raises(Misconfigured):
        await reading.read_page()
    await reading.check()
    await drain(reading)
    assert await deposits(store) == [one.operation_id for one in all_of_them]


async def test_a_quiet_gap_is_passed_once_the_second_server_knows_it_to_be_quiet(store):
    """Fault 10: nothing came in it, and nobody but the second server can say so."""
    await drain(told(store, Told([credit(1_001)], newest=1_001)))
    first = Told([credit(1_020)], newest=1_021, oldest=1_010)
    second = Told(newest=1_021)
    reading = told(store, first, second=NamedSource(name="second", source=second))
    await reading.check()
    await drain(reading)
    assert await deposits(store) == [credit(1_001).operation_id, credit(1_020).operation_id]


async def test_what_cannot_be_read_in_a_gap_is_parked_as_everywhere(store):
    """Fault 67."""
    await drain(told(store, Told([credit(1_001)], newest=1_001)))
    second = Told(unreadable=[unreadable(1_003), unreadable(1_012)], newest=1_021)
    first = Told(newest=1_021, oldest=1_010)
    reading = told(store, first, second=NamedSource(name="second", source=second))
    await reading.check()
    await drain(reading)
    assert [one.operation_id for one in await store.deposits.parked()] == [
        unreadable(1_003).operation_id
    ], "behind the gap the first server is believed"


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (Told(newest=1_100, oldest=1_005), Misconfigured),
        (Told(newest=1_004), Unavailable),
        (Told(newest=1_100, passphrase="another"), Misconfigured),
    ],
    ids=["forgot it too", "has not come so far", "another network"],
)
async def test_a_gap_that_the_second_server_cannot_fill_stops_the_reading(store, second, kind):
    """Fault 10: the cursor does not move, whatever either of them tells."""
    await drain(told(store, Told([credit(1_001)], newest=1_001)))
    cursor = await store.deposits.cursor(wire.WALLET)
    first = Told([credit(1_050)], newest=1_100, oldest=1_010)
    reading = told(store, first, second=NamedSource(name="second", source=second))
    for attempt in (reading.check, reading.read_page):
        with pytest.raises(kind):
            await attempt()
    assert await store.deposits.cursor(wire.WALLET) == cursor


async def test_the_case_of_a_gap_is_opened_once_and_ends_when_somebody_has_the_history(store):
    """Fault 10, I19: a person is told which ledgers to look for, and need not close it."""
    await drain(told(store, Told([credit(1_001)], newest=1_001)))
    forgetful = Told([credit(1_005), credit(1_030)], newest=1_030, oldest=1_020)
    for _ in range(2):
        with pytest.raises(Misconfigured):
            await told(store, forgetful).check()
    (case,) = await gaps(store)
    assert "ledgers 1001 to 1019" in case.detail
    whole = Told(forgetful.credits, newest=1_030)
    reading = told(store, whole)
    await reading.check()
    await drain(reading)
    assert await gaps(store) == []
    assert await deposits(store) == [credit(n).operation_id for n in (1_001, 1_005, 1_030)]


async def test_the_case_ends_once_the_second_server_has_led_over_the_gap(store):
    await drain(told(store, Told([credit(1_001)], newest=1_001)))
    first = Told(newest=1_030, oldest=1_020)
    with pytest.raises(Misconfigured):
        await told(store, first).check()
    reading = told(store, first, second=NamedSource(name="second", source=Told(newest=1_030)))
    await reading.check()
    assert await gaps(store), "not before it was read"
    await drain(reading)
    assert await gaps(store) == []


# What is noted of it


async def test_the_server_is_noted_to_be_heard_once_a_minute(store, clock):
    source = Told([credit(n) for n in range(1_001, 1_004)], newest=1_010)
    reading = told(store, source, clock=clock, batch_size=1)
    await drain(reading)
    heard = await store.ledger_marks.heard_since("first", clock.now - timedelta(seconds=1))
    assert (heard.ledger, source.tips) == (1_010, 4)
    noted_at = clock.now
    source.credits.append(credit(1_004))
    clock.advance(timedelta(seconds=59))
    await drain(reading)
    assert await store.ledger_marks.last_heard_at("first") == noted_at
    source.credits.append(credit(1_005))
    clock.advance(timedelta(seconds=1))
    await drain(reading)
    assert await store.ledger_marks.last_heard_at("first") == clock.now


async def test_every_page_is_noted_with_its_time_even_an_empty_one(store, clock):
    source = Told(newest=1_010)
    for _ in range(2):
        clock.advance(timedelta(minutes=3))
        await told(store, source).read_page()
        assert await store.ledger_marks.page_read_at(wire.WALLET) == clock.now
