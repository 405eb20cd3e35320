"""The nets under the watcher, as a worker runs them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.audit import AuditActivities
from billpay.intake import NamedSource
from billpay.ledger_audit import LedgerAudit
from billpay.store import Store
from tests.activities.placing import TREASURY
from tests.billpay.ledger import wire
from tests.billpay.told_ledger import Told, credit

SILENCE = timedelta(minutes=5)
NOBODY_LISTENS = "postgresql://127.0.0.1:1/nothing"


@pytest.fixture
def source() -> Told:
    return Told([credit(1_001), credit(1_002)], newest=1_002)


def nets_over(store, source, clock) -> AuditActivities:
    return AuditActivities(
        LedgerAudit(
            first=NamedSource(name="first", source=source),
            second=None,
            store=store,
            wallet=TREASURY,
            network_passphrase=wire.PASSPHRASE,
            silence=SILENCE,
            clock=clock,
        )
    )


@pytest.fixture
def nets(store, source, clock) -> AuditActivities:
    return nets_over(store, source, clock)


@pytest.fixture
async def half_read(store, source):
    """The watcher stands behind both credits and has missed the second."""
    tip, page = await source.tip(), await source.credits_after(TREASURY, "0", 200)
    await store.ledger_marks.keep("first", replace(tip, ledger=1_000), TREASURY)
    await store.deposits.record_page(TREASURY, replace(page, credits=page.credits[:1]))
    return page.cursor


async def audit(nets, environment=None):
    return await (environment or ActivityEnvironment()).run(nets.audit_ledger)


async def test_a_repetition_takes_nothing_in_twice_and_moves_no_cursor(nets, store, half_read):
    """I1 and I11."""
    first = await audit(nets)
    assert (first.missed, first.unfinished) == (1, ())
    again = await audit(nets)
    assert (again.missed, again.pages) == (0, 0)
    assert len(await store.deposits.unstarted()) == 2
    assert await store.deposits.cursor(TREASURY) == half_read


async def test_a_stopping_worker_leaves_the_pages_for_the_next_one(nets, half_read):
    stopping = ActivityEnvironment()
    stopping.worker_shutdown()
    left = await audit(nets, stopping)
    assert (left.pages, left.missed) == (0, 0)
    assert left.unfinished
    assert (await audit(nets)).missed == 1


async def test_without_our_records_the_policy_repeats_it(source, clock):
    """Fault 59."""
    nowhere = await Store.open(NOBODY_LISTENS, sealing_key=bytes(32), clock=clock)
    with pytest.raises(ApplicationError) as failed:
        await audit(nets_over(nowhere, source, clock))
    assert failed.value.type == "Unavailable"
    await nowhere.close()
