"""The composition root: settings, then clients, then activities, then the workers; nothing else constructs.

A worker plays roles, each on a task queue of its own. Only `refunds` reads the wallet's key: its activities run in no
other worker, and a process without that role works without the key and forgets one that it was given.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.audit import AuditActivities
from activities.catalogue import CatalogueActivities
from activities.claimables import ClaimableActivities
from activities.confirm import ConfirmActivities
from activities.follow_up import FollowUpActivities
from activities.heartbeat import HeartbeatInterceptor
from activities.notify import NotifyActivities
from activities.pay import PayActivities
from activities.reconcile import ReconcileActivities
from activities.refund import HeldRefundActivities, RefundActivities
from activities.store import StoreActivities
from activities.verify import VerifyActivities
from activities.watch import WatchActivities
from billpay.breakers import Breakers
from billpay.buying import Buyer
from billpay.clock import system_clock
from billpay.domain.ids import (
    AUDIT_SCHEDULE_ID,
    CLAIMABLES_SCHEDULE_ID,
    FOLLOW_UP_SCHEDULE_ID,
    RECONCILE_SCHEDULE_ID,
    REFRESH_SCHEDULE_ID,
)
from billpay.domain.routing import ProviderName
from billpay.failures import Failure
from billpay.floats import Floats
from billpay.following_up import FollowUps
from billpay.intake import Intake, NamedSource
from billpay.ledger.base import LedgerSource
from billpay.ledger.sources import SourceKind, build_second_source, build_source
from billpay.ledger_audit import LedgerAudit
from billpay.notifications.channels import build_channel
from billpay.providers import build_providers
from billpay.providers.base import Provider
from billpay.providers.flutterwave_catalogue import Catalogue
from billpay.settings import Settings, SettingsError, load_settings
from billpay.store import Store
from billpay.store.flutterwave_codes import AskedAfresh
from starter.catalogue_schedule import refresh_schedule
from starter.connection import connect
from starter.preparing import register_search_attributes, start_watcher
from starter.reconciling import build_reconciler
from starter.roles import Role, roles_asked, task_queue_of
from starter.schedules import (
    Recurring,
    audit_schedule,
    claimables_schedule,
    follow_up_schedule,
    keep_schedule,
    reconcile_schedule,
)
from starter.wallet import build_signer, build_wallet
from workflows.audit_ledger import AuditLedgerWorkflow
from workflows.bill_payment import BillPaymentWorkflow
from workflows.follow_up import FollowUpWorkflow
from workflows.policies import LONGEST_MONEY_STEP, WORKER_LOST_AFTER
from workflows.reconcile import ReconcileWorkflow
from workflows.refresh_catalogue import RefreshCatalogueWorkflow
from workflows.resend_notification import ResendNotificationWorkflow
from workflows.return_deposit import ReturnDepositWorkflow
from workflows.track_claimables import TrackClaimablesWorkflow
from workflows.watch_payments import WatchPaymentsWorkflow

GRACEFUL_STOP = LONGEST_MONEY_STEP + timedelta(seconds=10)
"""A stopping worker lets a running money step finish; container platforms must wait longer still before they kill."""

BEAT_AT_LEAST_EVERY = WORKER_LOST_AFTER / 3
"""The SDK holds beats back for four fifths of their timeout, which would leave a busy worker a moment of grace only."""

CORE_TEARDOWN_SECONDS = 0.3
"""A process that ends right after its worker may abort while the SDK's threads unwind (temporalio/sdk-python#300)."""

READY = "worker ready"
"""Printed once the worker polls in every role it plays; whoever started it waits for this line."""

log = logging.getLogger("worker")

_SLOTS: Mapping[Role, int] = {
    # As many purchases wait for their provider's minute at once; the database's twenty connections keep up with them.
    Role.PAYMENTS: 100,
    # The watch, which never ends, and a few questions about the ledger's past.
    Role.WATCHER: 10,
    # A refund holds its slot while its ledger closes. Enough for fifty channel accounts, and as many that wait for one.
    Role.REFUNDS: 100,
}
"""How many activities of a role run in one process at once."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What every role stands on."""

    settings: Settings
    temporal: Client
    store: Store
    ledger: LedgerSource
    exits: AsyncExitStack
    """Releases whatever is opened, when the worker ends."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One role, ready to be played."""

    worker: Worker
    recurring: Sequence[Recurring] = ()


async def open_shared(settings: Settings, exits: AsyncExitStack) -> Shared:
    """Connect to what every role needs.

    Raises:
        Misconfigured: the database has another schema.
        Unavailable: Temporal or the database gave no answer.
    """
    temporal = await connect(settings)
    store = await Store.open(
        settings.required("database_url"),
        sealing_key=settings.sealing_key(),
        clock=system_clock,
        deposit_policy=settings.deposit_policy(),
    )
    exits.push_async_callback(store.close)
    await store.require_current_schema()
    ledger = build_source(settings)
    exits.push_async_callback(ledger.close)
    return Shared(settings=settings, temporal=temporal, store=store, ledger=ledger, exits=exits)


def _worker(shared: Shared, role: Role, *, workflows: Sequence[type], activities: Any) -> Worker:
    return Worker(
        shared.temporal,
        task_queue=task_queue_of(role, shared.settings.temporal_task_queue),
        workflows=workflows,
        activities=activities,
        interceptors=[HeartbeatInterceptor()],
        max_concurrent_activities=_SLOTS[role],
        graceful_shutdown_timeout=GRACEFUL_STOP,
        max_heartbeat_throttle_interval=BEAT_AT_LEAST_EVERY,
    )


def _providers(shared: Shared, codes: Catalogue) -> Mapping[ProviderName, Provider]:
    providers = build_providers(shared.settings, flutterwave_catalogue=codes)
    for provider in providers.values():
        shared.exits.push_async_callback(provider.close)
    return providers


def _buyer(shared: Shared, providers: Mapping[ProviderName, Provider], breakers: Breakers) -> Buyer:
    settings = shared.settings
    floats = Floats(
        providers=providers,
        reserve=settings.float_reserve(),
        ask_every=timedelta(seconds=settings.bill_processor_float_check_seconds),
        clock=system_clock,
    )
    return Buyer(
        store=shared.store,
        providers=providers,
        clock=system_clock,
        breakers=breakers,
        floats=floats,
    )


def payments(shared: Shared) -> Part:
    """Build what carries payments out.

    Raises:
        Misconfigured: a provider lacks some of its keys.
    """
    settings, store = shared.settings, shared.store
    codes = store.flutterwave_codes
    providers = _providers(shared, codes)
    # The same once more, for reading their lists: they ask afresh.
    listing = _providers(shared, AskedAfresh(codes))
    channel = build_channel(settings)
    shared.exits.push_async_callback(channel.close)
    breakers = Breakers(store=store.breakers, rules=settings.breaker_rules())
    buyer = _buyer(shared, providers, breakers)
    verify = VerifyActivities(
        store,
        providers,
        settings.deposit_policy(),
        breakers,
        settings.bill_processor_price_change,
    )
    pay, confirm = PayActivities(buyer, store), ConfirmActivities(buyer)
    results = StoreActivities(store)
    follow_ups = FollowUps(store=store, providers=providers, clock=system_clock)
    reconciler = build_reconciler(
        settings, store=store, source=shared.ledger, temporal=shared.temporal
    )
    worker = _worker(
        shared,
        Role.PAYMENTS,
        workflows=[
            BillPaymentWorkflow,
            ReturnDepositWorkflow,
            ResendNotificationWorkflow,
            RefreshCatalogueWorkflow,
            FollowUpWorkflow,
            ReconcileWorkflow,
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
            NotifyActivities(store, channel).notify_customer,
            HeldRefundActivities(store).retry_refund,
            CatalogueActivities(store, listing).read_price_lists,
            FollowUpActivities(follow_ups).follow_up,
            ReconcileActivities(reconciler).reconcile,
        ],
    )
    return Part(worker=worker, recurring=_recurring(settings, listing))


def _recurring(settings: Settings, listing: Iterable[ProviderName]) -> Sequence[Recurring]:
    """Answer what recurs on the payments' queue."""
    queue = settings.temporal_task_queue
    refresh = refresh_schedule(
        listing,
        task_queue=queue,
        every=timedelta(seconds=settings.bill_processor_catalogue_interval_seconds),
    )
    reconcile = reconcile_schedule(
        task_queue=queue,
        every=timedelta(seconds=settings.bill_processor_reconcile_interval_seconds),
    )
    return (
        Recurring(REFRESH_SCHEDULE_ID, refresh, begins_at_once=True),
        Recurring(FOLLOW_UP_SCHEDULE_ID, follow_up_schedule(task_queue=queue)),
        Recurring(RECONCILE_SCHEDULE_ID, reconcile, begins_at_once=True),
    )


def _sources(shared: Shared) -> tuple[NamedSource, NamedSource | None]:
    """Name the server that is read, and the one that checks it, if there is one."""
    first = SourceKind(shared.settings.ledger_source)
    other = build_second_source(shared.settings)
    if other is not None:
        shared.exits.push_async_callback(other.close)
    names = [kind for kind in SourceKind if kind is not first]
    second = None if other is None else NamedSource(name=names[0].value, source=other)
    return NamedSource(name=first.value, source=shared.ledger), second


def _nets(shared: Shared, first: NamedSource, second: NamedSource | None) -> AuditActivities:
    settings = shared.settings
    return AuditActivities(
        LedgerAudit(
            first=first,
            second=second,
            store=shared.store,
            wallet=settings.required("system_wallet_address"),
            network_passphrase=settings.required("stellar_network_passphrase"),
            silence=settings.silence(),
            clock=system_clock,
        )
    )


def watcher(shared: Shared) -> Part:
    """Build what watches the treasury, and the nets under it."""
    settings = shared.settings
    first, second = _sources(shared)
    watch = WatchActivities(
        client=shared.temporal,
        store=shared.store,
        intake=Intake(
            source=first.source,
            source_name=first.name,
            second=second,
            store=shared.store,
            wallet=settings.required("system_wallet_address"),
            network_passphrase=settings.required("stellar_network_passphrase"),
            batch_size=settings.bill_processor_batch_size,
            clock=system_clock,
        ),
        rules=settings.payment_rules(),
        deposit_policy=settings.deposit_policy(),
        task_queue=settings.temporal_task_queue,
        poll_interval=timedelta(seconds=settings.bill_processor_poll_interval_seconds),
    )
    return Part(
        worker=_worker(
            shared,
            Role.WATCHER,
            workflows=[WatchPaymentsWorkflow, AuditLedgerWorkflow],
            activities=[watch.watch_payments, _nets(shared, first, second).audit_ledger],
        ),
        recurring=(
            Recurring(AUDIT_SCHEDULE_ID, audit_schedule(task_queue=settings.temporal_task_queue)),
        ),
    )


def refunds(shared: Shared) -> Part:
    """Build what sends money back; the wallet's key is read here and nowhere else."""
    settings, store = shared.settings, shared.store
    signer = build_signer(settings)
    wallet = build_wallet(settings, store=store, source=shared.ledger, signer=signer)
    check = claimables_schedule(task_queue=settings.temporal_task_queue)
    return Part(
        worker=_worker(
            shared,
            Role.REFUNDS,
            workflows=[TrackClaimablesWorkflow],
            activities=[
                RefundActivities(store, wallet.treasury).refund_payment,
                ClaimableActivities(wallet.claimables).check_claimables,
            ],
        ),
        recurring=(Recurring(CLAIMABLES_SCHEDULE_ID, check),),
    )


_PARTS: Mapping[Role, Callable[[Shared], Part]] = {
    Role.PAYMENTS: payments,
    Role.WATCHER: watcher,
    Role.REFUNDS: refunds,
}


def settings_for(roles: Sequence[Role], settings: Settings) -> Settings:
    """Answer the settings without what none of these roles needs: the wallet's key, where nobody refunds."""
    if Role.REFUNDS in roles:
        return settings
    return settings.model_copy(update={"system_wallet_secret": None})


async def run(settings: Settings, roles: Sequence[Role]) -> None:
    """Work in these roles until a signal asks to stop; a running money step is let finish.

    Raises:
        Failure, SettingsError: what is wrong with the configuration, the database or Temporal.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as exits:
        shared = await open_shared(settings_for(roles, settings), exits)
        # All are built before one of them works: what is missing stops the process before it has begun anything.
        parts = [_PARTS[role](shared) for role in roles]
        await register_search_attributes(shared.temporal)
        for part in parts:
            await exits.enter_async_context(part.worker)
        if Role.WATCHER in roles:
            await start_watcher(shared.temporal, settings.temporal_task_queue)
        for recurring in (one for part in parts for one in part.recurring):
            await keep_schedule(
                shared.temporal,
                recurring.schedule_id,
                recurring.schedule,
                begins_at_once=recurring.begins_at_once,
            )
        print(READY, flush=True)
        await stop.wait()
        log.info("stopping: running steps may take up to %s to finish", GRACEFUL_STOP)
    await asyncio.sleep(CORE_TEARDOWN_SECONDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker; a configuration that cannot work is refused in plain lines."""
    roles = roles_asked(arguments, "Carry out payments, watch the treasury, send money back.")
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # It logs every request with its address at INFO; requests are the providers' and Horizon's business.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(run(load_settings(), roles))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except Failure as failure:
        print(f"the worker cannot start: {failure.detail}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
