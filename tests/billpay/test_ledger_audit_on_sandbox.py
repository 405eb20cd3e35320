"""Reading again, from both real servers of one sandbox: what they tell must be the same to the last name."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from billpay.domain.cases import CaseKind
from billpay.failures import Misconfigured
from billpay.intake import Intake, NamedSource
from billpay.ledger.horizon import Horizon
from billpay.ledger.rpc import StellarRpc
from billpay.ledger_audit import LedgerAudit
from billpay.sandbox import identities

TREASURY = identities.treasury().public_key
ASSET = {
    "asset_code": identities.ASSET_CODE,
    "asset_issuer": identities.issuer().public_key,
}
OURS = {"wallet": TREASURY, "network_passphrase": identities.NETWORK_PASSPHRASE}


@dataclass
class Pair:
    """The two servers, and whoever reads them; the first is the watcher's."""

    store: object
    clock: object
    first: NamedSource
    second: NamedSource

    def intake(self) -> Intake:
        return Intake(
            source=self.first.source,
            source_name=self.first.name,
            second=self.second,
            store=self.store,
            batch_size=3,
            clock=self.clock,
            **OURS,
        )

    async def watch(self) -> None:
        reading = self.intake()
        await reading.check()
        while await reading.read_page():
            pass

    async def audit(self):
        audit = LedgerAudit(
            first=self.first,
            second=self.second,
            store=self.store,
            silence=timedelta(minutes=5),
            clock=self.clock,
            **OURS,
        )
        return await audit.run()

    async def recorded(self):
        return await self.store.ledger_marks.recorded(TREASURY, 0, 1 << 31)


@pytest.fixture
async def sources(sandbox):
    horizon = Horizon(base_url=sandbox.horizon_url, **ASSET)
    rpc = StellarRpc(
        base_url=f"{sandbox.url}/rpc", network_passphrase=identities.NETWORK_PASSPHRASE, **ASSET
    )
    yield NamedSource(name="horizon", source=horizon), NamedSource(name="rpc", source=rpc)
    await horizon.close()
    await rpc.close()


@pytest.fixture(params=["horizon first", "rpc first"])
def pair(request, sources, store, clock) -> Pair:
    horizon, rpc = sources
    first, second = (horizon, rpc) if request.param == "horizon first" else (rpc, horizon)
    return Pair(store, clock, first, second)


def pay_in_every_way(sandbox) -> list[str]:
    """Text, bytes, nothing, a multiplexed destination, a contract's wallet; answers the operations in order."""
    paid = [
        sandbox.pay("BILL-nobody", "5030.0000001", 1),
        sandbox.pay(b"\xff\x00", "7", 2),
        sandbox.pay(None, "9", 3),
    ]
    sandbox.send_from_wallet(1, amount="11", more=["12"], destination_id=7)
    paid.append(sandbox.pay("BILL-last", "13", 4))
    return [one.operation_id for one in paid]


async def test_two_servers_that_tell_the_same_leave_nothing_to_do(sandbox, pair):
    """Faults 1 and 4, I1: a second source is the same ledger once more, under the same names."""
    await pair.watch()
    pay_in_every_way(sandbox)
    await pair.watch()
    before = await pair.recorded()
    assert len(before) == 6
    report = await pair.audit()
    assert report.credits >= 2 * len(before)
    assert (report.missed, report.differing, report.absent) == (0, 0, 0)
    assert (report.unanswered, report.silent, report.unfinished) == ((), (), ())
    assert await pair.recorded() == before
    assert await pair.store.cases.all() == []


async def test_whatever_the_watcher_has_missed_is_found(sandbox, pair):
    """Fault 5: the cursor stands behind payments that no deposit was made of."""
    await pair.watch()
    pay_in_every_way(sandbox)
    page = await pair.second.source.credits_after(TREASURY, "0", 200)
    await pair.store.deposits.record_page(TREASURY, replace(page, credits=page.credits[:1]))
    report = await pair.audit()
    assert report.missed == 5
    assert await pair.recorded() == list(page.credits)
    kinds = [case.kind for case in await pair.store.cases.all()]
    assert kinds == [CaseKind.MISSED_CREDIT] * 5
    truth = sandbox.truth_ledger()["balances"][TREASURY]
    assert sum(credit.amount for credit in await pair.recorded()) == truth


async def test_a_gap_of_the_one_is_read_from_the_other(sandbox, pair):
    """Fault 10: Horizon skips what it has forgotten without a word, RPC refuses it."""
    await pair.watch()
    missed = [sandbox.pay(None, "5", number) for number in (1, 2, 3, 4)]
    forget(sandbox, pair.first.name, up_to=missed[-1].ledger + 1)
    later = sandbox.pay(None, "6", 5)
    await pair.watch()
    assert [credit.operation_id for credit in await pair.recorded()] == [
        one.operation_id for one in (*missed, later)
    ]
    assert await pair.store.cases.all() == []


async def test_a_gap_of_both_is_told_and_ends_when_one_has_its_history_back(sandbox, pair):
    """Fault 10, I19."""
    await pair.watch()
    missed = sandbox.pay(None, "5", 1)
    later = sandbox.pay(None, "5", 2)
    for name in ("horizon", "rpc"):
        forget(sandbox, name, up_to=later.ledger)
    with pytest.raises(Misconfigured, match="missed"):
        await pair.watch()
    (case,) = await pair.store.cases.all()
    assert case.kind is CaseKind.LEDGER_GAP
    assert str(later.ledger - 1) in case.detail
    forget(sandbox, pair.second.name, up_to=1)
    await pair.watch()
    assert await pair.store.cases.all() == []
    assert [credit.operation_id for credit in await pair.recorded()] == [
        missed.operation_id,
        later.operation_id,
    ]


async def test_a_server_that_is_rewound_is_waited_for(sandbox, sources, store, clock):
    """Fault 6: it tells of less than it did, and nothing is called absent or read twice."""
    pair = Pair(store, clock, *sources)
    await pair.watch()
    paid = [sandbox.pay(None, "5", number) for number in (1, 2)]
    await pair.watch()
    sandbox.ledger_faults(rewind_to_ledger=paid[0].ledger)
    reading = pair.intake()
    assert not await reading.read_page()
    swapped = Pair(store, clock, *reversed(sources))
    report = await swapped.audit()
    assert (report.absent, report.missed) == (0, 0)
    sandbox.ledger_faults(rewind_to_ledger=None)
    paid.append(sandbox.pay(None, "5", 3))
    await pair.watch()
    assert [credit.operation_id for credit in await pair.recorded()] == [
        one.operation_id for one in paid
    ]


def forget(sandbox, name: str, *, up_to: int) -> None:
    """Let a server's history begin with this ledger."""
    if name == "horizon":
        sandbox.ledger_faults(elder_ledger=up_to)
    else:
        sandbox.tell("/world/rpc/faults", {"oldest_ledger": up_to})
