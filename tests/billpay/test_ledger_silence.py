"""The silence watchdog: who is told of silence, when, and that it ends by itself."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from billpay.domain.cases import CaseKind
from billpay.failures import Unavailable
from billpay.intake import Intake, NamedSource
from billpay.ledger_audit import LedgerAudit
from tests.billpay.ledger import wire
from tests.billpay.told_ledger import FIRST_LEDGER, LEDGER_SECONDS, Told, closed_at, credit

SILENCE = timedelta(minutes=5)
AWAY = Unavailable("away")


@dataclass
class Night:
    """A watcher and the audit, each of which may be dead, on two servers, each of which may be silent."""

    store: object
    clock: object
    first: Told
    second: Told

    async def pass_minutes(
        self, minutes: int, *, watcher: bool = True, first: bool = True, second: bool = True
    ) -> tuple[str, ...]:
        """Let time pass, two minutes between two audits; answers what the last one found silent."""
        silent: tuple[str, ...] = ()
        for _ in range(0, minutes, 2):
            now = self.clock.advance(timedelta(minutes=2))
            ledgers = int((now - closed_at(FIRST_LEDGER)).total_seconds()) // LEDGER_SECONDS
            self.first.newest = self.second.newest = FIRST_LEDGER + ledgers
            self.first.fails = [] if first else [AWAY] * 9
            self.second.fails = [] if second else [AWAY] * 9
            if watcher and first:
                await self.reader().read_page()
            silent = await self.audit()
        return silent

    def reader(self) -> Intake:
        return Intake(
            source=self.first,
            store=self.store,
            wallet=wire.WALLET,
            network_passphrase=wire.PASSPHRASE,
            batch_size=50,
            source_name="first",
            clock=self.clock,
        )

    async def audit(self) -> tuple[str, ...]:
        """Run the audit as a process that has just begun: nothing is remembered but what is recorded."""
        audit = LedgerAudit(
            first=NamedSource(name="first", source=self.first),
            second=NamedSource(name="second", source=self.second),
            store=self.store,
            wallet=wire.WALLET,
            network_passphrase=wire.PASSPHRASE,
            silence=SILENCE,
            clock=self.clock,
        )
        return (await audit.run()).silent

    async def cases(self):
        return {
            case.subject: case.detail
            for case in await self.store.cases.all()
            if case.kind is CaseKind.LEDGER_SILENT
        }


@pytest.fixture
def night(store, clock) -> Night:
    return Night(store, clock, Told(), Told())


async def test_what_is_heard_and_read_is_no_alarm(night):
    assert await night.pass_minutes(30) == ()
    assert await night.cases() == {}


async def test_a_fresh_installation_is_given_its_time(night):
    assert await night.pass_minutes(4, first=False, second=False) == ()
    assert await night.pass_minutes(2, first=False, second=False) == ("first", "second")


async def test_a_server_without_an_answer_is_told_of_once_and_ended_when_it_answers(night):
    """Fault 3, I19."""
    await night.pass_minutes(10)
    heard = night.clock.now
    assert await night.pass_minutes(4, first=False) == ()
    assert await night.pass_minutes(20, first=False) == ("first",)
    cases = await night.cases()
    assert list(cases) == ["first"]
    assert f"no answer since {heard:%Y-%m-%d %H:%M}" in cases["first"]
    assert await night.pass_minutes(2) == ()
    assert await night.cases() == {}
    (closed,) = await night.store.cases.all(with_closed=True)
    assert closed.resolution == "it is heard again"


async def test_the_second_server_is_listened_to_as_well(night):
    """What nobody hears cannot cross-check anything."""
    await night.pass_minutes(10)
    assert await night.pass_minutes(6, second=False) == ("second",)


async def test_a_dead_watcher_is_noticed_without_its_help(night):
    """Faults 3 and 56: the ledger is heard, and nobody reads it."""
    await night.pass_minutes(10)
    assert await night.pass_minutes(4, watcher=False) == ()
    assert await night.pass_minutes(4, watcher=False) == (wire.WALLET,)
    assert "the watcher is not running" in (await night.cases())[wire.WALLET]
    assert await night.pass_minutes(2) == ()
    assert await night.cases() == {}


async def test_a_silent_server_is_not_blamed_on_the_watcher(night):
    await night.pass_minutes(10)
    assert await night.pass_minutes(12, first=False) == ("first",)
    assert list(await night.cases()) == ["first"]


async def test_a_network_that_stands_still_is_told_although_its_server_answers(night):
    """Faults 3 and 6: it answers, and always the same."""
    await night.pass_minutes(10)
    stood_still = night.first.closed_at = closed_at(night.first.newest)
    assert await night.pass_minutes(4) == ()
    assert await night.pass_minutes(2) == ("first",)
    assert f"closed at {stood_still:%Y-%m-%d %H:%M}" in (await night.cases())["first"]
    night.first.closed_at = None
    assert await night.pass_minutes(2) == ()


@pytest.mark.parametrize("ahead", [timedelta(seconds=60), timedelta(seconds=-60)])
async def test_a_ledgers_clock_that_differs_from_ours_is_no_alarm(night, ahead):
    """Fault 12."""
    for _ in range(10):
        night.first.closed_at = night.clock.now + timedelta(minutes=2) + ahead
        assert await night.pass_minutes(2) == ()


class Stale(Told):
    """One address with two machines behind it, one of which has stood still long ago."""

    async def tip(self):
        tip = await super().tip()
        if self.tips % 2:
            return tip
        return type(tip)(
            ledger=FIRST_LEDGER,
            closed_at=closed_at(FIRST_LEDGER),
            oldest_ledger=tip.oldest_ledger,
            network_passphrase=tip.network_passphrase,
        )


async def test_one_machine_of_several_that_lags_is_outvoted(night):
    """Fault 6."""
    night.second = Stale()
    assert await night.pass_minutes(30) == ()
    assert night.second.tips == 15


async def test_a_network_that_was_reset_is_told_as_what_it_is(night):
    """Fault 11: the same passphrase, ledgers that close in time, and numbers we had passed long ago."""
    night.first.credits.append(credit(FIRST_LEDGER + 10))
    await night.pass_minutes(10)
    for _ in range(3):
        now = night.clock.advance(timedelta(minutes=2))
        night.first.newest, night.first.closed_at = 5, now
        night.second.closed_at = now
        silent = await night.audit()
    assert silent == ("first",)
    assert "the network was reset" in (await night.cases())["first"]


async def test_a_second_server_a_few_ledgers_behind_a_busy_wallet_is_no_reset(night):
    """Fault 6: it is where we had been a while ago."""
    for _ in range(10):
        night.first.credits.append(credit(night.first.newest + 24))
        await night.pass_minutes(2)
        night.second.newest -= 20
        night.second.closed_at = night.clock.now - timedelta(seconds=100)
        assert await night.audit() == ()
