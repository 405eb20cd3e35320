"""How a reconciler is put together: the same one in a worker and under a person's hands."""

from temporalio.client import Client

from activities.reconcile import TemporalWorkflows
from billpay.clock import system_clock
from billpay.ledger.base import LedgerSource
from billpay.reconciler import Reconciler
from billpay.settings import Settings
from billpay.store import Store


def build_reconciler(
    settings: Settings, *, store: Store, source: LedgerSource, temporal: Client
) -> Reconciler:
    """Build what compares ledger, records and workflows; it needs the wallet's address and no key.

    Raises:
        SettingsError: a variable that it needs is not set.
    """
    return Reconciler(
        source=source,
        store=store,
        workflows=TemporalWorkflows(temporal),
        wallet=settings.required("system_wallet_address"),
        network_passphrase=settings.required("stellar_network_passphrase"),
        clock=system_clock,
    )
