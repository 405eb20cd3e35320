"""Looking at a real ledger and real records: what fits, what does not, and what becomes of it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import event

from billpay.clock import system_clock
from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Credit
from billpay.domain.ids import deposit_workflow_id
from billpay.domain.money import Stroops, cngn
from billpay.domain.reconciliation import DifferenceKind
from billpay.domain.refunds import RefundPurpose, RefundRules
from billpay.failures import Misconfigured, Unavailable
from billpay.intake import Intake
from billpay.ledger.base import CreditPage, LedgerAccount, LedgerSource, LedgerTip
from billpay.ledger.claimables import Claimables
from billpay.ledger.positions import ledger_of, operation_position
from billpay.ledger.signing import SecretSigner
from billpay.ledger.sources import SourceKind, build_source
from billpay.ledger.treasury import Treasury
from billpay.reconciler import OVERLAP_LEDGERS, Reconciler
from billpay.sandbox import identities
from billpay.sandbox.journal import Journal
from billpay.settings import load_settings
from billpay.store import Store
from tests.fixtures.postgres import SEALING_KEY

WALLET = identities.treasury().public_key
ISSUER = identities.issuer().public_key
PASSPHRASE = identities.NETWORK_PASSPHRASE
CLAIM_WINDOW = timedelta(minutes=5)


@dataclass
class Lists:
    """What Temporal would list."""

    running_ids: set[str] = field(default_factory=set)
    failed_ids: set[str] = field(default_factory=set)

    async def running(self):
        return frozenset(self.running_ids)

    async def failed(self):
        return frozenset(self.failed_ids)


@dataclass
class JumpingClock:
    """The system's clock, and what it was set ahead by."""

    ahead: timedelta = timedelta()

    def __call__(self):
        return system_clock() + self.ahead


@dataclass
class Office:
    """A wallet, its records, and everybody who works on them."""

    world: object
    store: Store
    source: LedgerSource
    clock: JumpingClock
    lists: Lists = field(default_factory=Lists)
    waits: list = field(default_factory=list)
    """What happens between two looks, one after the other."""

    looked_again: int = 0

    async def _wait(self, _):
        self.looked_again += 1
        if self.waits:
            await self.waits.pop(0)()

    def reconciler(self, **changes) -> Reconciler:
        facts = {
            "source": self.source,
            "store": self.store,
            "workflows": self.lists,
            "wallet": WALLET,
            "network_passphrase": PASSPHRASE,
            "clock": self.clock,
            "wait": self._wait,
        }
        return Reconciler(**facts | changes)

    async def report(self, **how):
        report, summary = await self.reconciler().reconcile(**how)
        assert summary.differences == len(report.differences)
        return report

    async def kinds(self, **how) -> list[DifferenceKind]:
        return [one.kind for one in (await self.report(**how)).differences]

    async def cases(self) -> list[str]:
        found = await self.store.cases.all()
        return [case.subject for case in found if case.kind is CaseKind.RECONCILIATION]

    async def pay(self, amount: str = "100", payer: int = 1) -> str:
        """A stray deposit that is paid, read and being decided."""
        paid = self.world.pay(None, amount, payer)
        await self.take_in()
        return paid.operation_id

    async def take_in(self):
        intake = Intake(
            source=self.source,
            store=self.store,
            wallet=WALLET,
            network_passphrase=PASSPHRASE,
            batch_size=200,
        )
        while await intake.read_page():
            pass
        for deposit in await self.store.deposits.unstarted():
            name = deposit_workflow_id(deposit.credit.operation_id)
            await self.store.deposits.mark_started({deposit.credit.operation_id: name})
            self.lists.running_ids.add(name)

    async def give_back(self, operation_id: str, *, refunds=None):
        """The refund of a deposit, as far as the treasury comes with it; its workflow ends."""
        deposit = await self.store.deposits.get(operation_id)
        refund = await self.store.refunds.open(
            operation_id=operation_id,
            purpose=RefundPurpose.WHOLE,
            amount=deposit.credit.amount,
            reason="it names no order",
        )
        treasury = Treasury(
            source=self.source,
            signer=SecretSigner(SecretStr(identities.treasury().secret)),
            refunds=refunds or self.store.refunds,
            channels=self.store.channels,
            cases=self.store.cases,
            asset_code=identities.ASSET_CODE,
            asset_issuer=ISSUER,
            network_passphrase=PASSPHRASE,
            rules=RefundRules(claim_window=CLAIM_WINDOW),
        )
        answer = await treasury.pay(refund)
        self.lists.running_ids.discard(deposit_workflow_id(operation_id))
        return answer

    def claimables(self, **changes) -> Claimables:
        """Build who follows what was set aside."""
        facts = {
            "source": self.source,
            "signer": SecretSigner(SecretStr(identities.treasury().secret)),
            "store": self.store.claimables,
            "channels": self.store.channels,
            "network_passphrase": PASSPHRASE,
        }
        return Claimables(**facts | changes)

    def withdraw(self, amount: str, to: int = 99) -> str:
        """Somebody takes cNGN out of the wallet by hand; answers the transaction's hash."""
        destination = identities.payer(to).public_key
        envelope = self.world.build(None, amount, payer=identities.treasury(), to=destination)
        return self.world.submit(envelope).raise_for_status().json()["hash"]

    async def debits(self, transaction_hash: str):
        page = await self.source.credits_after(WALLET, "0", 200)
        return [one for one in page.debits if one.transaction_hash == transaction_hash]


@pytest.fixture
def kind():
    """From which kind of server the ledger is read; both must come to the same."""
    return SourceKind.HORIZON


both_kinds = pytest.mark.parametrize("kind", list(SourceKind))


@pytest_asyncio.fixture
async def office(sandbox, database_url, kind):
    clock = JumpingClock()
    world = replace(sandbox, clock=clock, journal=Journal(None), ledger_seconds=0.05)
    world.start()
    source = build_source(load_settings(world.environment), kind)
    store = await Store.open(database_url, sealing_key=SEALING_KEY, clock=clock)
    yield Office(world, store, source, clock)
    await store.close()
    await source.close()


# What fits


@both_kinds
async def test_every_way_of_a_deposit_fits(office):
    """I1, I2, I5, I6, I9: at a named ledger, for money that came, went back, was set aside and waits."""
    await office.report()
    await office.pay("70", 1)
    await office.give_back(await office.pay("80.5", 2))
    operation_id = await office.pay("90", 3)
    office.world.fund(identities.payer(3).public_key, trustline=False)
    await office.give_back(operation_id)
    await office.pay("0.5", 4)
    report = await office.report()
    assert report.differences == ()
    assert await office.cases() == []
    assert report.holding == cngn("70.5")
    assert report.equation.expected == report.journal == report.holding
    assert report.equation.refunded == cngn("170.5")
    assert {one.account: one.balance for one in report.books if one.balance} == {
        "treasury": cngn("70.5"),
        "pending": -cngn("70"),
        "kept": -cngn("0.5"),
        "claimable": cngn("90"),
        "unclaimed": -cngn("90"),
    }
    assert office.looked_again == 0


@both_kinds
async def test_what_was_set_aside_fits_when_it_is_claimed_and_when_it_is_taken_back(office):
    await office.report()
    claimables = office.claimables()
    for payer in (3, 4):
        operation_id = await office.pay("90", payer)
        office.world.fund(identities.payer(payer).public_key, trustline=False)
        await office.give_back(operation_id)
    claimed, unclaimed = await office.store.claimables.all()
    office.world.fund(identities.payer(3).public_key, trustline=True)
    office.world.claim(claimed.balance_id, 3)
    office.clock.ahead = 2 * CLAIM_WINDOW
    await claimables.check()
    await claimables.take_back(unclaimed.balance_id)
    report = await office.report()
    assert report.differences == ()
    assert (report.holding, report.equation.reclaimed) == (cngn("90"), cngn("90"))
    assert {one.account: one.balance for one in report.books if one.balance} == {
        "treasury": cngn("90"),
        "held": -cngn("90"),
    }


class DyingBeforeTheNote:
    """Records whose worker dies when the ledger has applied something, before it is written down."""

    def __init__(self, records):
        self._records = records

    def __getattr__(self, name):
        return getattr(self._records, name)

    async def mark_paid(self, *_, **__):
        raise ConnectionError("killed")

    async def mark_reclaimed(self, *_, **__):
        raise ConnectionError("killed")


@both_kinds
@pytest.mark.parametrize("has_trustline", [True, False])
async def test_a_worker_that_dies_before_it_notes_a_refund_is_no_difference(office, has_trustline):
    """Fault 28: also where the ledger's server does not list it among the wallet's payments."""
    await office.report()
    operation_id = await office.pay("90", 3)
    office.world.fund(identities.payer(3).public_key, trustline=has_trustline)
    with pytest.raises(ConnectionError):
        await office.give_back(operation_id, refunds=DyingBeforeTheNote(office.store.refunds))
    office.lists.running_ids.add(deposit_workflow_id(operation_id))
    report = await office.report()
    assert report.differences == ()
    assert (report.holding, report.on_the_way) == (0, -cngn("90"))
    await office.give_back(operation_id)
    assert (await office.report()).is_clean


@both_kinds
async def test_a_command_that_dies_before_it_notes_what_it_took_back_is_no_difference(office):
    """Fault 28: no server lists it among the wallet's payments."""
    await office.report()
    operation_id = await office.pay("90", 3)
    office.world.fund(identities.payer(3).public_key, trustline=False)
    await office.give_back(operation_id)
    (waiting,) = await office.store.claimables.all()
    office.clock.ahead = 2 * CLAIM_WINDOW
    dying = office.claimables(store=DyingBeforeTheNote(office.store.claimables))
    with pytest.raises(ConnectionError):
        await dying.take_back(waiting.balance_id)
    report = await office.report()
    assert report.differences == ()
    assert (report.holding, report.on_the_way) == (cngn("90"), cngn("90"))
    await office.claimables().check()
    assert (await office.report()).is_clean


async def test_what_the_wallet_held_before_us_is_its_opening(office):
    office.world.fund(WALLET, cngn="1000")
    office.withdraw("1")
    first = await office.report()
    assert first.is_clean
    assert first.equation.opening == first.holding == cngn("999")
    await office.give_back(await office.pay("50"))
    later = await office.report()
    assert later.is_clean
    assert (later.opening_ledger, later.equation.opening) == (
        first.opening_ledger,
        first.equation.opening,
    )


async def test_a_deposit_from_before_the_first_comparison_is_not_counted_twice(office):
    await office.give_back(await office.pay("50"))
    await office.pay("60")
    for _ in range(2):
        report = await office.report()
        assert report.is_clean
        assert report.holding == cngn("60")
    assert (await office.report()).equation.credited == 0


async def test_only_what_is_new_is_compared_again_and_all_of_it_on_request(office):
    await office.pay("50")
    first = await office.report()
    assert (await office.report()).chain.first_ledger == max(
        first.ledger - OVERLAP_LEDGERS, first.chain.first_ledger
    )
    everything = await office.report(from_start=True)
    assert (everything.chain.first_ledger, everything.chain.credits) == (
        first.chain.first_ledger,
        1,
    )


# What does not


@both_kinds
async def test_money_that_left_by_hand_is_missed_until_it_is_recorded(office):
    """I5, I16: a case opens, and ends by itself with the withdrawal's record."""
    await office.pay("50")
    await office.report()
    taken = office.withdraw("20")
    report = await office.report()
    (difference,) = report.differences
    assert difference.kind is DifferenceKind.DEBIT_UNEXPLAINED
    assert office.looked_again == 1
    assert await office.cases() == [difference.subject]
    await office.report()
    assert await office.cases() == [difference.subject]
    await office.store.withdrawals.record(
        await office.debits(taken), actor="ada", reason="to the bank"
    )
    after = await office.report()
    assert after.is_clean
    assert (after.equation.withdrawn, after.holding) == (cngn("20"), cngn("30"))
    assert await office.cases() == []
    (closed,) = [
        case
        for case in await office.store.cases.all(with_closed=True)
        if case.kind is CaseKind.RECONCILIATION
    ]
    assert closed.closed_by == "service"


async def test_a_credit_that_was_passed_over_is_found(office):
    """I1, I11: exactly what an observer that saves its cursor too early loses."""
    await office.report()
    office.world.pay(None, "70")
    page = await office.source.credits_after(WALLET, "0", 200)
    await office.store.deposits.record_page(
        WALLET, CreditPage(credits=(), cursor=page.cursor, is_full=False)
    )
    assert await office.kinds() == [DifferenceKind.CREDIT_UNRECORDED]
    await office.store.deposits.record_page(WALLET, page)
    await office.take_in()
    assert await office.kinds() == []
    assert await office.cases() == []


async def test_a_credit_that_the_watcher_has_not_come_to_is_on_its_way(office):
    await office.report()
    office.world.pay(None, "70")
    report = await office.report()
    assert report.is_clean
    assert report.on_the_way == report.holding == cngn("70")
    office.clock.ahead = timedelta(minutes=10)
    assert await office.kinds() == [DifferenceKind.CREDIT_UNRECORDED]


async def test_a_difference_that_is_gone_at_the_second_look_was_none(office):
    await office.pay("50")
    await office.report()
    taken = office.withdraw("20")

    async def somebody_records_it():
        debits = await office.debits(taken)
        await office.store.withdrawals.record(debits, actor="ada", reason="to the bank")

    office.waits = [somebody_records_it]
    assert await office.kinds() == []
    assert office.looked_again == 1
    assert await office.cases() == []


async def test_what_once_did_not_fit_is_looked_at_until_it_fits(office):
    """A difference is not forgotten because time has gone on."""
    await office.pay("50")
    first = await office.report()
    office.withdraw("20")
    assert await office.kinds() == [DifferenceKind.DEBIT_UNEXPLAINED]
    dirty = await office.report()
    assert dirty.chain.first_ledger == first.chain.first_ledger
    assert [one.kind for one in dirty.differences] == [DifferenceKind.DEBIT_UNEXPLAINED]


async def test_an_undecided_deposit_without_its_workflow_is_found(office):
    """I19."""
    operation_id = await office.pay("50")
    office.lists.running_ids.clear()
    assert await office.kinds() == []
    office.clock.ahead = timedelta(minutes=10)
    assert await office.kinds() == [DifferenceKind.WORKFLOW_MISSING]
    office.lists.failed_ids.add(deposit_workflow_id(operation_id))
    assert await office.kinds() == [DifferenceKind.WORKFLOW_FAILED]


async def test_a_workflow_that_runs_on_long_after_its_deposit_is_decided_is_found(office):
    operation_id = await office.pay("50")
    await office.give_back(operation_id)
    office.lists.running_ids.add(deposit_workflow_id(operation_id))
    assert await office.kinds() == []
    office.clock.ahead = timedelta(hours=30)
    assert await office.kinds() == [DifferenceKind.WORKFLOW_LINGERS]


# What our records say against each other

MISPLACED = """
    SELECT post_entry('forged', 'held', ARRAY['pending', 'held'], ARRAY[7, -7], 'forged', operation_id => '{}')
"""
OFF = "INSERT INTO journal_postings SELECT max(entry_id), 'kept', 'cNGN', -5 FROM journal_entries"
PAID_UNPROVEN = "UPDATE refunds SET status = 'paid'"
DELIVERED_TOO = "UPDATE deposits SET disposition = 'delivered'"


async def forge(sql, statement: str) -> None:
    """Write what the schema's guards would refuse."""
    await sql.execute("SET session_replication_role = replica")
    await sql.execute(statement)


@pytest_asyncio.fixture
async def forger(database_url):
    from psycopg import AsyncConnection  # noqa: PLC0415  whoever forges writes plain SQL

    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


async def test_a_deposit_whose_money_is_in_two_places_is_found(office, forger):
    """I2."""
    operation_id = await office.pay("50")
    await office.report()
    await forge(forger, MISPLACED.format(operation_id))
    assert await office.kinds() == [DifferenceKind.MISPLACED_DEPOSIT]


async def test_an_entry_that_does_not_add_up_is_found(office, forger):
    """I6, however it came to be."""
    await office.pay("50")
    await office.report()
    await forge(forger, OFF)
    assert DifferenceKind.UNBALANCED_ENTRY in await office.kinds()


async def test_a_deposit_that_is_delivered_and_goes_back_is_found(office, forger):
    """I3."""
    await office.give_back(await office.pay("50"))
    await office.report()
    await forge(forger, DELIVERED_TOO)
    assert DifferenceKind.DELIVERED_AND_REFUNDED in await office.kinds()


async def test_a_refund_that_counts_as_paid_without_a_transaction_is_found(office, forger):
    """I9."""
    operation_id = await office.pay("50")
    await office.store.refunds.open(
        operation_id=operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=cngn("50"),
        reason="it names no order",
    )
    await office.report()
    await forge(forger, PAID_UNPROVEN)
    assert await office.kinds() == [DifferenceKind.REFUND_UNPROVEN]


# What cannot be compared


async def test_another_wallet_than_the_journals_is_refused(office):
    await office.report()
    other = office.reconciler(wallet=identities.payer(1).public_key)
    with pytest.raises(Misconfigured, match="another wallet"):
        await other.reconcile()


async def test_another_network_is_refused(office):
    with pytest.raises(Misconfigured, match="reads the network"):
        await office.reconciler(network_passphrase="another").reconcile()


async def test_a_wallet_that_is_not_there_is_refused(office):
    with pytest.raises(Misconfigured, match="does not exist"):
        await office.reconciler(wallet=nobody()).reconcile()


def nobody() -> str:
    from stellar_sdk import Keypair  # noqa: PLC0415  only for an address that nobody has

    return Keypair.from_raw_ed25519_seed(bytes(32)).public_key


async def test_a_server_that_is_behind_itself_is_waited_for(office):
    """Fault 6: history that lags behind the balance would look like lost money."""

    class Behind:
        def __getattr__(self, name):
            return getattr(office.source, name)

        async def tip(self):
            tip = await office.source.tip()
            return replace(tip, ledger=tip.ledger - 5)

    with pytest.raises(Unavailable, match="as of ledger"):
        await office.reconciler(source=Behind()).reconcile()


async def test_the_last_report_is_read_as_it_was_written(office):
    assert await office.store.reconciliations.last() is None
    await office.pay("50")
    report = await office.report()
    assert await office.store.reconciliations.last() == report


@dataclass
class Told:
    """A server that tells a wallet which nothing but deposits ever came to."""

    deposits: int

    @property
    def holding(self):
        return Stroops(self.deposits * 50_000_000)

    async def account(self, address):
        return LedgerAccount(
            address=address,
            sequence=1,
            can_receive=True,
            demands_memo=False,
            balance=self.holding,
            holding=self.holding,
            native_balance=Stroops(0),
            as_of_ledger=self.deposits + 10,
        )

    async def tip(self):
        return LedgerTip(
            ledger=self.deposits + 10,
            closed_at=system_clock(),
            oldest_ledger=1,
            network_passphrase=PASSPHRASE,
        )

    async def credits_after(self, wallet, cursor, limit):
        first = max(ledger_of(cursor), 1)
        ledgers = range(first + 1, min(first + limit, self.deposits + 1) + 1)
        return CreditPage(
            credits=[told_credit(ledger) for ledger in ledgers],
            cursor=operation_position(ledgers[-1], 1, 1) if ledgers else cursor,
            is_full=len(ledgers) == limit,
        )


def told_credit(ledger):
    name = operation_position(ledger, 1, 1)
    return Credit(
        operation_id=name,
        paging_token=name,
        transaction_hash="h",
        ledger=ledger,
        closed_at=system_clock(),
        payer="payer",
        amount=Stroops(50_000_000),
        memo=None,
        memo_type="none",
    )


TEN_THOUSAND = """
    INSERT INTO deposits (operation_id, wallet, paging_token, transaction_hash, ledger, closed_at, payer, amount,
        memo_type, workflow_id)
    SELECT name, '{wallet}', name, 'h', ledger, now(), 'payer', 5, 'none', 'deposit-' || name
    FROM generate_series(2, {deposits} + 1) AS ledger, CAST((ledger::bigint << 32) + 4097 AS text) AS name
    ON CONFLICT DO NOTHING
"""


async def test_ten_thousand_deposits_are_compared_by_as_few_questions_as_ten(office, forger):
    """No question is asked of each deposit: all of them at once."""
    asked = []
    engine = office.store._database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *_: asked.append(1))
    await office.store.journal.open(WALLET, ledger=1, holding=Stroops(0))
    counts = []
    for deposits in (10, 10_000):
        await forger.execute(TEN_THOUSAND.format(wallet=WALLET, deposits=deposits))
        office.lists.running_ids = {
            f"deposit-{told_credit(ledger).operation_id}" for ledger in range(2, deposits + 2)
        }
        asked.clear()
        report, _ = await office.reconciler(source=Told(deposits)).reconcile(from_start=True)
        assert report.differences == ()
        assert report.chain.credits == deposits
        counts.append(len(asked))
    assert counts[0] == counts[1]
