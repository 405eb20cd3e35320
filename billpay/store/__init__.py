"""What this service knows for good: PostgreSQL, reached through one `Store`.

Every method is one transaction: what it says is true after its commit, and it may be called again when the outcome of
the commit is unknown. Guards that money depends on are kept twice: here, under the lock of the order's bill, and as
constraints of the schema (`migrations/versions`), whoever writes.
"""

from billpay.clock import Clock
from billpay.domain.deposits import DepositPolicy
from billpay.store.attempts import AttemptStore
from billpay.store.breakers import BreakerStore
from billpay.store.cases import CaseStore
from billpay.store.catalogue import CatalogueStore
from billpay.store.channels import ChannelStore
from billpay.store.claimables import ClaimableStore
from billpay.store.database import Database, RefusedError
from billpay.store.deposits import DepositStore
from billpay.store.flutterwave_codes import FlutterwaveCodes
from billpay.store.follow_ups import FollowUpStore
from billpay.store.journal import JournalStore
from billpay.store.ledger_marks import LedgerMarkStore
from billpay.store.messages import MessageStore
from billpay.store.orders import OrderStore
from billpay.store.payments import PaymentStore
from billpay.store.reconciliation import ReconciliationStore
from billpay.store.refunds import RefundStore
from billpay.store.schema import require_current_schema
from billpay.store.sealing import Sealer
from billpay.store.withdrawals import WithdrawalStore

__all__ = ["RefusedError", "Store"]

_USUAL_POLICY = DepositPolicy()


class Store:
    """Everything that is durable, by what it is about."""

    def __init__(self, database: Database, deposit_policy: DepositPolicy) -> None:
        self._database = database
        self.orders = OrderStore(database)
        self.deposits = DepositStore(database, deposit_policy)
        self.attempts = AttemptStore(database)
        self.refunds = RefundStore(database)
        self.channels = ChannelStore(database)
        self.claimables = ClaimableStore(database)
        self.messages = MessageStore(database)
        self.payments = PaymentStore(database)
        self.catalogue = CatalogueStore(database)
        self.flutterwave_codes = FlutterwaveCodes(database)
        self.breakers = BreakerStore(database)
        self.cases = CaseStore(database)
        self.follow_ups = FollowUpStore(database)
        self.ledger_marks = LedgerMarkStore(database)
        self.journal = JournalStore(database)
        self.withdrawals = WithdrawalStore(database)
        self.reconciliations = ReconciliationStore(database)

    @classmethod
    async def open(
        cls,
        database_url: str,
        *,
        sealing_key: bytes,
        clock: Clock,
        deposit_policy: DepositPolicy = _USUAL_POLICY,
    ) -> "Store":
        """Get ready to work on a database; connections are made when they are needed.

        Only who records deposits needs to know the policy that they are matched by.

        Raises:
            Misconfigured: the sealing key has the wrong length.
        """
        database = Database(database_url, sealer=Sealer(sealing_key), clock=clock)
        return cls(database, deposit_policy)

    async def require_current_schema(self) -> None:
        """Make sure that the database has the schema this code was written for.

        Raises:
            Misconfigured: it has not; names both revisions and the command that helps.
            Unavailable: the database cannot be reached.
        """
        await require_current_schema(self._database.engine)

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()
