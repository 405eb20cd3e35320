"""Taking credits in: from a server that says what it is told, and from the whole sandbox."""

import logging
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from stellar_sdk import Asset

from billpay.domain.cases import CaseKind
from billpay.domain.deposits import StrayReason
from billpay.domain.money import cngn
from billpay.failures import Misconfigured, Unavailable
from billpay.intake import QUIET_PAGES_BEFORE_CHECK, SETTLED_LEDGERS, Intake
from billpay.ledger.horizon import Horizon
from billpay.ledger.positions import position_of
from billpay.sandbox import identities
from tests.billpay.ledger import wire
from tests.billpay.ledger.wire import NOT_FOUND, page, payment, root, serving

PAYMENTS = f"/accounts/{wire.WALLET}/payments"
TREASURY = identities.treasury().public_key


def intake(store, source, **changes):
    facts = {"wallet": wire.WALLET, "network_passphrase": wire.PASSPHRASE, "batch_size": 50}
    return Intake(source=source, store=store, **facts | changes)


@asynccontextmanager
async def horizon_saying(*payments, roots=None):
    """Say these pages of payments, and the root documents, one after the other."""
    answers = {PAYMENTS: list(payments), "/": roots or root()}
    async with serving(answers) as server:
        source = Horizon(base_url=server.url, asset_code="cNGN", asset_issuer=wire.ISSUER)
        try:
            yield source, server
        finally:
            await source.close()


async def deposits(store):
    return [deposit.credit.operation_id for deposit in await store.deposits.unstarted()]


async def gaps(store):
    return [case for case in await store.cases.all() if case.kind is CaseKind.LEDGER_GAP]


async def test_reading_begins_where_the_servers_history_begins(store):
    """An order may have been paid before the first look: never at "now"."""
    async with horizon_saying(page(payment()), roots=root(history_elder_ledger=900)) as told:
        source, server = told
        assert not await intake(store, source).read_page()
    (asked,) = [asked for asked in server.asked if asked.path == PAYMENTS]
    assert asked.query["cursor"] == position_of(900)
    assert await deposits(store) == [str(wire.FIRST)]
    assert await store.deposits.cursor(wire.WALLET) == str(wire.FIRST)


async def test_the_cursor_is_stored_even_where_nothing_has_happened_yet(store):
    async with horizon_saying(NOT_FOUND) as (source, _):
        assert not await intake(store, source).read_page()
    assert await store.deposits.cursor(wire.WALLET) == position_of(2)


async def test_a_full_page_is_followed_by_the_next_and_the_cursor_moves_with_what_was_read(store):
    """I11: an operation that is not ours moves the cursor as well."""
    pages = [page(payment(), payment(wire.FIRST + 1, to=wire.STRANGER)), page(), page()]
    async with horizon_saying(*pages) as (source, server):
        reading = intake(store, source, batch_size=2)
        assert await reading.read_page()
        assert not await reading.read_page()
    cursors = [asked.query["cursor"] for asked in server.asked if asked.path == PAYMENTS]
    assert cursors == [position_of(2), str(wire.FIRST + 1)]


async def test_reading_again_changes_nothing(store):
    """Faults 1 and 4, I1: also by a second watcher, also after a crash before the commit."""
    async with horizon_saying(page(payment(), payment(wire.FIRST + 1))) as (source, _):
        for reading in (intake(store, source), intake(store, source)):
            await reading.read_page()
            await reading.read_page()
    assert await deposits(store) == [str(wire.FIRST), str(wire.FIRST + 1)]


async def test_what_arrived_before_this_database_existed_is_left_alone(store):
    """No order of ours can have asked for it; the records of these tests begin at nine."""
    old = payment(created_at="2026-03-02T08:49:59Z")
    recent = payment(wire.FIRST + 1, created_at="2026-03-02T08:50:01Z")
    async with horizon_saying(page(old, recent)) as (source, _):
        await intake(store, source).read_page()
    assert await deposits(store) == [str(wire.FIRST + 1)]


async def test_another_network_is_refused_at_the_start(store):
    """Fault 11."""
    async with horizon_saying(page()) as (source, _):
        with pytest.raises(Misconfigured, match="network"):
            await intake(store, source, network_passphrase="another").check()


async def test_a_gap_is_refused_at_the_start_and_named(store):
    """Fault 10."""
    roots = [root(), root(), root(), root(history_elder_ledger=1_001)]
    async with horizon_saying(page(payment()), page(), roots=roots) as (source, _):
        reading = intake(store, source)
        await reading.check()
        await reading.read_page()
        with pytest.raises(Misconfigured, match=r"ledger 1001, ours ends in ledger 1000"):
            await intake(store, source).check()
    (case,) = await gaps(store)
    assert (case.subject, "ledgers 1000 to 1000" in case.detail) == (wire.WALLET, True)


async def test_a_gap_that_opens_while_running_is_found_before_the_cursor_passes_it(store):
    """Fault 10: the server moves an old cursor up without a word, so the page looks like any other."""
    later = payment((1_150 << 32) + 4_097)
    roots = [root(), root(), root(history_elder_ledger=1_100)]
    async with horizon_saying(page(payment()), page(later), roots=roots) as (source, _):
        reading = intake(store, source)
        await reading.read_page()
        with pytest.raises(Misconfigured, match="missed"):
            await reading.read_page()
    assert await deposits(store) == [str(wire.FIRST)]
    assert await store.deposits.cursor(wire.WALLET) == str(wire.FIRST)


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        (root(network_passphrase="another"), Misconfigured),
        (root(history_latest_ledger=17), Unavailable),
        (root(history_elder_ledger=1_001), Misconfigured),
    ],
    ids=["another network", "reset", "gap"],
)
async def test_a_quiet_wallets_server_is_checked_now_and_then(store, then, kind):
    """Faults 10 and 11: a network that was reset would be quiet for ever."""
    pages = [page(payment()), page()]
    async with horizon_saying(*pages, roots=[root(), root(), then]) as (source, server):
        reading = intake(store, source)
        await reading.read_page()
        for _ in range(QUIET_PAGES_BEFORE_CHECK - 1):
            await reading.read_page()
        assert server.paths().count("GET /") == 2, "quiet pages cost no second question"
        with pytest.raises(kind):
            await reading.read_page()


async def test_a_quiet_wallets_cursor_follows_the_ledger_a_day_behind(store):
    """Otherwise a server's history would outgrow it one day, and look like a gap where nothing was missed."""
    grown = root(history_latest_ledger=1_000 + SETTLED_LEDGERS + 77, history_elder_ledger=1_000)
    shrunk = root(history_latest_ledger=1_200 + SETTLED_LEDGERS, history_elder_ledger=1_077)
    pages = [page(payment()), page()]
    async with horizon_saying(*pages, roots=[root(), root(), grown, shrunk]) as (source, _):
        reading = intake(store, source)
        for _ in range(QUIET_PAGES_BEFORE_CHECK + 1):
            await reading.read_page()
        assert await store.deposits.cursor(wire.WALLET) == position_of(1_077)
        await reading.check()


async def test_a_record_that_cannot_be_read_is_parked_and_told_aloud(store, caplog):
    """Fault 67: those behind it go on, and it is parked once, whoever reads it how often."""
    poison = payment(amount="much", created_at="2020-01-01T00:00:00Z")
    async with horizon_saying(page(poison, payment(wire.FIRST + 1))) as (source, _):
        with caplog.at_level(logging.ERROR, logger="billpay.intake"):
            for _ in range(2):
                await intake(store, source).read_page()
    (parked,) = await store.deposits.parked()
    assert parked.operation_id == str(wire.FIRST)
    assert "amount" in parked.reason
    assert str(wire.FIRST) in caplog.text
    assert await deposits(store) == [str(wire.FIRST + 1)]
    assert await store.deposits.cursor(wire.WALLET) == str(wire.FIRST + 1)


OF_THE_SANDBOX = {
    "wallet": TREASURY,
    "network_passphrase": identities.NETWORK_PASSPHRASE,
    "batch_size": 2,
}


def horizon(sandbox):
    return Horizon(
        base_url=sandbox.horizon_url,
        asset_code=identities.ASSET_CODE,
        asset_issuer=identities.issuer().public_key,
    )


@pytest.fixture
async def watched(sandbox, store):
    """An intake of the sandbox's treasury, in pages of two."""
    source = horizon(sandbox)
    yield intake(store, source, **OF_THE_SANDBOX)
    await source.close()


async def drain(watched):
    while await watched.read_page():
        pass


async def test_every_credit_of_the_sandbox_becomes_one_deposit(sandbox, store, watched):
    """I1, I5 and I23: what came in is what was recorded, to the last stroop."""
    sandbox.pay("BILL-nobody", "5030.0000001", 1)
    sandbox.pay(None, "0.0000001", 2)
    sandbox.pay(b"\xff\x00", "7", 3)
    sandbox.pay("BILL-x", "9", 4, asset=Asset.native())
    await watched.check()
    await drain(watched)
    recorded = await store.ledger_marks.recorded(TREASURY, 0, 1 << 31)
    assert [(credit.payer, credit.amount) for credit in recorded] == [
        (identities.payer(1).public_key, cngn("5030.0000001")),
        (identities.payer(2).public_key, 1),
        (identities.payer(3).public_key, cngn("7")),
    ]
    assert [credit.memo for credit in recorded] == [b"BILL-nobody", None, b"\xff\x00"]
    assert [deposit.stray_reason for deposit in await store.deposits.unstarted()] == [
        StrayReason.UNKNOWN_MEMO,
        StrayReason.UNKNOWN_MEMO,
    ], "dust starts nothing"
    assert (
        sum(credit.amount for credit in recorded) == (sandbox.truth_ledger()["balances"][TREASURY])
    )


@pytest.mark.parametrize("fault", ["payments_503", "payments_html", "payments_truncated"])
async def test_a_page_that_fails_loses_nothing(sandbox, store, watched, fault):
    """Faults 8 and 9."""
    paid = [sandbox.pay(None, "5", number) for number in (1, 2)]
    sandbox.ledger_faults(calls={fault: 1})
    with pytest.raises(Unavailable):
        await watched.read_page()
    assert await deposits(store) == []
    await drain(watched)
    assert await deposits(store) == [one.operation_id for one in paid]


async def test_records_that_are_repeated_across_pages_are_recorded_once(sandbox, store, watched):
    """Faults 1 and 9."""
    paid = [sandbox.pay(None, "5", number) for number in (1, 2, 3)]
    await watched.read_page()
    sandbox.ledger_faults(calls={"payments_repeated": 3})
    await drain(watched)
    await drain(watched)
    sandbox.ledger_faults(calls={"payments_repeated": 0})
    await drain(watched)
    assert await deposits(store) == [one.operation_id for one in paid]


async def test_a_server_that_lags_behind_shows_everything_in_the_end(sandbox, store, watched):
    """Fault 6: what is not there yet is not skipped."""
    paid = [sandbox.pay(None, "5", 1)]
    await drain(watched)
    paid.append(sandbox.pay(None, "5", 2))
    sandbox.ledger_faults(lag_ledgers=100)
    await drain(watched)
    assert await deposits(store) == [paid[0].operation_id]
    sandbox.ledger_faults(lag_ledgers=0)
    await drain(watched)
    assert await deposits(store) == [one.operation_id for one in paid]


async def test_a_server_that_asks_us_to_slow_down_is_let_alone_as_long(sandbox, store, clock):
    """Fault 8: the watch goes on meanwhile, and the server is not asked even once."""
    paid = sandbox.pay(None, "5", 1)
    source = horizon(sandbox)
    reading = intake(store, source, clock=clock, **OF_THE_SANDBOX)
    sandbox.ledger_faults(calls={"payments_429": 1}, retry_after_seconds=40)
    assert not await reading.read_page()
    clock.advance(timedelta(seconds=39))
    assert not await reading.read_page()
    assert await deposits(store) == []
    clock.advance(timedelta(seconds=1))
    await drain(reading)
    assert await deposits(store) == [paid.operation_id]
    await source.close()
