"""The composition root: settings, then clients, then activities, then the workers; nothing else constructs."""

import asyncio
import logging
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client, Schedule
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import Worker

from activities.catalogue import CatalogueActivities
from activities.confirm import ConfirmActivities
from activities.follow_up import FollowUpActivities
from activities.heartbeat import HeartbeatInterceptor
from activities.notify import NotifyActivities
from activities.pay import PayActivities
from activities.refund import RefundActivities
from activities.store import StoreActivities
from activities.verify import VerifyActivities
from activities.watch import WatchActivities
from billpay.breakers import Breakers
from billpay.buying import Buyer
from billpay.clock import system_clock
from billpay.domain.ids import (
    FOLLOW_UP_SCHEDULE_ID,
    REFRESH_SCHEDULE_ID,
    WATCHER_WORKFLOW_ID,
)
from billpay.domain.routing import ProviderName
from billpay.failures import Failure
from billpay.floats import Floats
from billpay.following_up import FollowUps
from billpay.intake import Intake
from billpay.ledger.base import LedgerSource
from billpay.ledger.horizon import Horizon
from billpay.ledger.signing import SecretSigner
from billpay.ledger.treasury import Treasury
from billpay.notifications.channels import Channel, build_channel
from billpay.providers import build_providers
from billpay.providers.base import Provider
from billpay.settings import Settings, SettingsError, load_settings
from billpay.store import Store
from billpay.store.flutterwave_codes import AskedAfresh
from starter.catalogue_schedule import refresh_schedule
from starter.connection import connect
from starter.schedules import follow_up_schedule, keep_schedule
from workflows import search_attributes
from workflows.bill_payment import BillPaymentWorkflow
from workflows.follow_up import FollowUpWorkflow
from workflows.policies import LONGEST_MONEY_STEP, WORKER_LOST_AFTER
from workflows.refresh_catalogue import RefreshCatalogueWorkflow
from workflows.resend_notification import ResendNotificationWorkflow
from workflows.return_deposit import ReturnDepositWorkflow
from workflows.watch_payments import WatchPaymentsWorkflow

GRACEFUL_STOP = LONGEST_MONEY_STEP + timedelta(seconds=10)
"""A stopping worker lets a running money step finish; container platforms must wait longer still before they kill."""

BEAT_AT_LEAST_EVERY = WORKER_LOST_AFTER / 3
"""The SDK holds beats back for four fifths of their timeout, which would leave a busy worker a moment of grace only."""

CORE_TEARDOWN_SECONDS = 0.3
"""A process that ends right after its worker may abort while the SDK's threads unwind (temporalio/sdk-python#300)."""

READY = "worker ready"
"""Printed once the worker polls; whoever started it waits for this line."""

log = logging.getLogger("worker")


def watcher_task_queue(task_queue: str) -> str:
    """Name the watcher's own queue, so that no crowd of payments can keep it from a slot."""
    return f"{task_queue}-watcher"


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
        task_queue=watcher_task_queue(task_queue),
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary="watches the treasury for deposits",
    )


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Whatever talks to the outside of this process."""

    temporal: Client
    store: Store
    providers: Mapping[ProviderName, Provider]
    listing: Mapping[ProviderName, Provider]
    """The same once more, for reading their lists: they ask afresh."""

    ledger: LedgerSource
    channel: Channel


async def open_clients(settings: Settings, exits: AsyncExitStack) -> Clients:
    """Connect to everything the worker needs; `exits` releases it.

    Raises:
        Misconfigured: the database has another schema, or a provider lacks some of its keys.
        Unavailable: Temporal or the database gave no answer.
    """
    temporal = await connect(settings)
    store = await Store.open(
        settings.required("database_url"), sealing_key=settings.sealing_key(), clock=system_clock
    )
    exits.push_async_callback(store.close)
    await store.require_current_schema()
    codes = store.flutterwave_codes
    providers = build_providers(settings, flutterwave_catalogue=codes)
    listing = build_providers(settings, flutterwave_catalogue=AskedAfresh(codes))
    for provider in (*providers.values(), *listing.values()):
        exits.push_async_callback(provider.close)
    ledger = Horizon(
        base_url=settings.required("horizon_url"),
        asset_code=settings.cngn_asset_code,
        asset_issuer=settings.required("cngn_asset_issuer"),
    )
    exits.push_async_callback(ledger.close)
    channel = build_channel(settings)
    exits.push_async_callback(channel.close)
    return Clients(
        temporal=temporal,
        store=store,
        providers=providers,
        listing=listing,
        ledger=ledger,
        channel=channel,
    )


def payment_worker(settings: Settings, clients: Clients) -> Worker:
    """Build the worker that carries payments out."""
    store, providers = clients.store, clients.providers
    treasury = Treasury(
        source=clients.ledger,
        signer=SecretSigner(SecretStr(settings.required("system_wallet_secret"))),
        refunds=store.refunds,
        asset_code=settings.cngn_asset_code,
        asset_issuer=settings.required("cngn_asset_issuer"),
        network_passphrase=settings.required("stellar_network_passphrase"),
    )
    breakers = Breakers(store=store.breakers, rules=settings.breaker_rules())
    floats = Floats(
        providers=providers,
        reserve=settings.float_reserve(),
        ask_every=timedelta(seconds=settings.bill_processor_float_check_seconds),
        clock=system_clock,
    )
    buyer = Buyer(
        store=store, providers=providers, clock=system_clock, breakers=breakers, floats=floats
    )
    verify = VerifyActivities(
        store,
        providers,
        settings.deposit_policy(),
        breakers,
        settings.bill_processor_price_change,
    )
    pay, confirm = PayActivities(buyer, store), ConfirmActivities(buyer)
    results = StoreActivities(store)
    catalogue = CatalogueActivities(store, clients.listing)
    notify = NotifyActivities(store, clients.channel)
    refund = RefundActivities(store, treasury)
    follow_ups = FollowUps(store=store, providers=providers, clock=system_clock)
    return Worker(
        clients.temporal,
        task_queue=settings.temporal_task_queue,
        workflows=[
            BillPaymentWorkflow,
            ReturnDepositWorkflow,
            ResendNotificationWorkflow,
            RefreshCatalogueWorkflow,
            FollowUpWorkflow,
        ],
        activities=[
            verify.verify_payment,
            verify.verify_account,
            pay.pay_bill,
            pay.abandon_attempt,
            confirm.confirm_payment,
            confirm.ask_provider,
            results.store_result,
            results.record_progress,
            notify.notify_customer,
            refund.refund_payment,
            refund.retry_refund,
            catalogue.read_price_lists,
            FollowUpActivities(follow_ups).follow_up,
        ],
        interceptors=[HeartbeatInterceptor()],
        graceful_shutdown_timeout=GRACEFUL_STOP,
        max_heartbeat_throttle_interval=BEAT_AT_LEAST_EVERY,
    )


def watching_worker(settings: Settings, clients: Clients) -> Worker:
    """Build the worker that watches the treasury, on a queue of its own."""
    watch = WatchActivities(
        client=clients.temporal,
        store=clients.store,
        intake=Intake(
            source=clients.ledger,
            store=clients.store,
            wallet=settings.required("system_wallet_address"),
            network_passphrase=settings.required("stellar_network_passphrase"),
            batch_size=settings.bill_processor_batch_size,
        ),
        rules=settings.payment_rules(),
        task_queue=settings.temporal_task_queue,
        poll_interval=timedelta(seconds=settings.bill_processor_poll_interval_seconds),
    )
    return Worker(
        clients.temporal,
        task_queue=watcher_task_queue(settings.temporal_task_queue),
        workflows=[WatchPaymentsWorkflow],
        activities=[watch.watch_payments],
        interceptors=[HeartbeatInterceptor()],
        graceful_shutdown_timeout=GRACEFUL_STOP,
        max_heartbeat_throttle_interval=BEAT_AT_LEAST_EVERY,
    )


def refreshes(settings: Settings, providers: Iterable[ProviderName]) -> Schedule:
    """Describe when the catalogue is read anew."""
    return refresh_schedule(
        providers,
        task_queue=settings.temporal_task_queue,
        every=timedelta(seconds=settings.bill_processor_catalogue_interval_seconds),
    )


async def run(settings: Settings) -> None:
    """Work until a signal asks to stop; a running money step is let finish.

    Raises:
        Failure, SettingsError: what is wrong with the configuration, the database or Temporal.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as exits:
        clients = await open_clients(settings, exits)
        await register_search_attributes(clients.temporal)
        await exits.enter_async_context(payment_worker(settings, clients))
        await exits.enter_async_context(watching_worker(settings, clients))
        await start_watcher(clients.temporal, settings.temporal_task_queue)
        await keep_schedule(
            clients.temporal,
            REFRESH_SCHEDULE_ID,
            refreshes(settings, clients.listing),
            begins_at_once=True,
        )
        await keep_schedule(
            clients.temporal,
            FOLLOW_UP_SCHEDULE_ID,
            follow_up_schedule(task_queue=settings.temporal_task_queue),
        )
        print(READY, flush=True)
        await stop.wait()
        log.info("stopping: running steps may take up to %s to finish", GRACEFUL_STOP)
    await asyncio.sleep(CORE_TEARDOWN_SECONDS)


def main() -> int:
    """Run the worker; a configuration that cannot work is refused in plain lines."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # It logs every request with its address at INFO; requests are the providers' and Horizon's business.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(run(load_settings()))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except Failure as failure:
        print(f"the worker cannot start: {failure.detail}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
