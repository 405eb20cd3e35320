"""Step: compare ledger, records and workflows."""

from dataclasses import dataclass

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError

from activities import names
from activities.crossing import failures_cross
from billpay.domain.reconciliation import ReconciliationSummary
from billpay.failures import Unavailable
from billpay.reconciler import Reconciler

_OURS = "WorkflowType IN ('BillPaymentWorkflow', 'ReturnDepositWorkflow')"
_RUNNING = f"{_OURS} AND ExecutionStatus = 'Running'"
_FAILED = f"{_OURS} AND ExecutionStatus IN ('Failed', 'Terminated', 'Canceled', 'TimedOut')"
_PAGE = 1_000


@dataclass(frozen=True)
class TemporalWorkflows:
    """What Temporal's lists say of the deposits' workflows; none of them is asked one by one."""

    client: Client

    async def running(self) -> frozenset[str]:
        """Answer the ids of every workflow of a deposit that runs.

        Raises:
            Unavailable: Temporal gave no answer.
        """
        return await self._listed(_RUNNING)

    async def failed(self) -> frozenset[str]:
        """Answer the ids of those that ended without a result, as far back as Temporal remembers.

        Raises:
            Unavailable: Temporal gave no answer.
        """
        return await self._listed(_FAILED)

    async def _listed(self, query: str) -> frozenset[str]:
        try:
            found = self.client.list_workflows(query, page_size=_PAGE)
            return frozenset([execution.id async for execution in found])
        except RPCError as lost:
            raise Unavailable(f"Temporal gave no list of workflows: {lost.status.name}") from lost


@dataclass(frozen=True)
class ReconcileActivities:
    """Making sure that everything is where we say it is."""

    reconciler: Reconciler

    @activity.defn(name=names.RECONCILE)
    async def reconcile(self) -> ReconciliationSummary:
        """Compare everything as of one ledger; each difference becomes a case, and those that are gone end theirs.

        Safe to repeat: nothing but another report is written, and a difference has one case at a time.

        Raises:
            Unavailable: ledger, database or Temporal gave no answer; the policy repeats it.
            Misconfigured: another network or another wallet than ours.
        """
        with failures_cross():
            _, summary = await self.reconciler.reconcile()
            return summary
