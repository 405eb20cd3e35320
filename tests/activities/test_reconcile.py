"""Comparing, as a worker runs it: with the lists of a real Temporal server."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from activities.reconcile import ReconcileActivities, TemporalWorkflows
from billpay.clock import system_clock
from billpay.domain.ids import deposit_workflow_id
from billpay.ledger.horizon import Horizon
from billpay.reconciler import Reconciler
from billpay.sandbox import identities
from workflows import search_attributes

WALLET = identities.treasury().public_key
OTHERS = "watch-payments"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server; its workflows wait, since no worker runs."""
    binary = Path(sys.executable).with_name("temporal")
    environment = await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(binary) if binary.exists() else shutil.which("temporal"),
        search_attributes=list(search_attributes.ALL),
    )
    yield environment
    await environment.shutdown()


@pytest_asyncio.fixture
async def source(sandbox):
    horizon = Horizon(
        base_url=sandbox.horizon_url,
        asset_code=identities.ASSET_CODE,
        asset_issuer=identities.issuer().public_key,
    )
    yield horizon
    await horizon.close()


async def test_only_the_workflows_of_deposits_are_listed_and_each_where_it_stands(temporal):
    """I19."""
    client, lists = temporal.client, TemporalWorkflows(temporal.client)
    running, ended = deposit_workflow_id("11"), deposit_workflow_id("12")
    for workflow, name in (
        ("ReturnDepositWorkflow", running),
        ("BillPaymentWorkflow", ended),
        ("WatchPaymentsWorkflow", OTHERS),
    ):
        await client.start_workflow(workflow, id=name, task_queue="nobody-works-here")
    await client.get_workflow_handle(ended).terminate("the test ends it")

    async def until_listed():
        # Lists follow what happens after a moment.
        while (await lists.running(), await lists.failed()) != ({running}, {ended}):
            await asyncio.sleep(0.05)

    await asyncio.wait_for(until_listed(), timeout=30)
    for name in (running, OTHERS):
        await client.get_workflow_handle(name).terminate("the test ends it")


async def test_a_run_compares_and_a_repetition_writes_another_report(temporal, store, source):
    reconciler = Reconciler(
        source=source,
        store=store,
        workflows=TemporalWorkflows(temporal.client),
        wallet=WALLET,
        network_passphrase=identities.NETWORK_PASSPHRASE,
        clock=system_clock,
    )
    activities = ReconcileActivities(reconciler)
    first = await ActivityEnvironment().run(activities.reconcile)
    again = await ActivityEnvironment().run(activities.reconcile)
    assert (first.differences, again.differences) == (0, 0)
    assert again.reconciliation_id > first.reconciliation_id
    assert (await store.reconciliations.last()).ledger == again.ledger


async def test_another_network_is_told_by_its_word(temporal, store, source):
    reconciler = Reconciler(
        source=source,
        store=store,
        workflows=TemporalWorkflows(temporal.client),
        wallet=WALLET,
        network_passphrase="another",
        clock=system_clock,
    )
    with pytest.raises(ApplicationError) as crossed:
        await ActivityEnvironment().run(ReconcileActivities(reconciler).reconcile)
    assert crossed.value.type == "Misconfigured"
