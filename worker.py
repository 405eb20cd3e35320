"""The composition root: settings, then clients, then activities, then the workers; nothing else constructs."""

import asyncio
import logging
import signal
import sys
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Worker

from activities.confirm import ConfirmActivities
from activities.heartbeat import HeartbeatInterceptor
from activities.notify import NotifyActivities
from activities.pay import PayActivities
from activities.refund import RefundActivities
from activities.store import StoreActivities
from activities.verify import VerifyActivities
from activities.watch import WatchActivities
from billpay.buying import Buyer
from billpay.clock import system_clock
from billpay.domain.ids import WATCHER_WORKFLOW_ID
from billpay.domain.steps import PaymentRules
from billpay.failures import Failure
from billpay.intake import Intake
from billpay.ledger.horizon import Horizon
from billpay.ledger.signing import SecretSigner
from billpay.ledger.treasury import Treasury
from billpay.notifications.channels import build_channel
from billpay.providers import build_providers
from billpay.settings import Settings, SettingsError, load_settings
from billpay.store import Store
from starter.connection import connect
from workflows import search_attributes
from workflows.bill_payment import BillPaymentWorkflow
from workflows.policies import LONGEST_MONEY_STEP
from workflows.resend_notification import ResendNotificationWorkflow
from workflows.return_deposit import ReturnDepositWorkflow
from workflows.watch_payments import WatchPaymentsWorkflow

GRACEFUL_STOP = LONGEST_MONEY_STEP + timedelta(seconds=10)
"""A stopping worker lets a running money step finish; container platforms must wait longer still before they kill."""

CORE_TEARDOWN_SECONDS = 0.3
"""A process that ends right after its worker may abort while the SDK's threads unwind (temporalio/sdk-python#300)."""

READY = "worker ready"
"""Printed once the worker polls; whoever started it waits for this line."""

log = logging.getLogger("worker")


async def register_search_attributes(client: Client) -> None:
    """Make the search attributes known to the namespace; adding what exists is not an error."""
    namespace = client.namespace
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=namespace)
    )
    missing = [key.name for key in search_attributes.ALL if key.name not in known.custom_attributes]
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=namespace,
                search_attributes=dict.fromkeys(
                    missing, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
                ),
            )
        )


async def start_watcher(client: Client, task_queue: str) -> None:
    """Make sure that the one watcher runs, whoever started it first."""
    await client.start_workflow(
        WatchPaymentsWorkflow.run,
        id=WATCHER_WORKFLOW_ID,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary="watches the treasury for deposits",
    )


async def compose(settings: Settings, client: Client, exits: AsyncExitStack) -> list[Worker]:
    """Build the two workers; whatever they hold open is released by `exits`.

    The watcher has a task queue of its own, so that no crowd of payments can keep it from a slot.
    """
    store = await Store.open(
        settings.required(settings.database_url),
        sealing_key=settings.sealing_key(),
        clock=system_clock,
    )
    exits.push_async_callback(store.close)
    await store.require_current_schema()
    providers = build_providers(settings)
    for provider in providers.values():
        exits.push_async_callback(provider.close)
