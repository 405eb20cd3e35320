"""What this service knows for good: PostgreSQL, reached through one `Store`.

Every method is one transaction: what it says is true after its commit, and it may be called again when the outcome of
the commit is unknown. Guards that money depends on are kept twice: here, under the lock of the order's bill, and as
constraints of the schema (`migrations/versions`), whoever writes.
"""

from billpay.clock import Clock
from billpay.store.attempts import AttemptStore
from billpay.store.breakers import BreakerStore
from billpay.store.cases import CaseStore
from billpay.store.catalogue import CatalogueStore
from billpay.store.database import Database, RefusedError
from billpay.store.deposits import DepositStore
from billpay.store.flutterwave_codes import FlutterwaveCodes
from billpay.store.follow_ups import FollowUpStore
from billpay.store.messages import MessageStore
from billpay.store.orders import OrderStore
from billpay.store.payments import PaymentStore
from billpay.store.refunds import RefundStore
from billpay.store.schema import require_current_schema
from billpay.store.sealing import Sealer

__all__ = ["RefusedError", "Store"]


class Store:
    """Everything that is durable, by what it is about."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.orders = OrderStore(database)
        self.deposits = DepositStore(database)
        self.attempts = AttemptStore(database)
        self.refunds = RefundStore(database)
        self.messages = MessageStore(database)
        self.payments = PaymentStore(database)
        self.catalogue = CatalogueStore(database)
        self.flutterwave_codes = FlutterwaveCodes(database)
        self.breakers = BreakerStore(database)
        self.cases = CaseStore(database)
        self.follow_ups = FollowUpStore(database)

    @classmethod
    async def open(cls, database_url: str, *, sealing_key: bytes, clock: Clock) -> "Store":
        """Get ready to work on a database; connections are made when they are needed.

        Raises:
            Misconfigured: the sealing key has the wrong length.
        """
        return cls(Database(database_url, sealer=Sealer(sealing_key), clock=clock))

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
