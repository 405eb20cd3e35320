"""Servers that tell of one scripted ledger, each in its own way: what they leave out, forget, or have not read yet."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from billpay.domain.deposits import Credit
from billpay.domain.money import Stroops
from billpay.ledger.base import CreditPage, LedgerTip, UnreadableRecord
from billpay.ledger.positions import ledger_of, movement_id, operation_position, position_of
from tests.billpay.ledger import wire
from tests.fixtures.postgres import START

LEDGER_SECONDS = 5
FIRST_LEDGER = 1_000
"""Closes when the tests' records begin."""


def closed_at(ledger: int) -> datetime:
    """Answer when a ledger closes."""
    return START.astimezone(UTC) + timedelta(seconds=LEDGER_SECONDS * (ledger - FIRST_LEDGER))


def credit(ledger: int, transaction: int = 1, **changes) -> Credit:
    """A stranger's cNGN in this ledger, without a memo."""
    position = operation_position(ledger, transaction, 1)
    facts = {
        "operation_id": movement_id(position, 0),
        "paging_token": position,
        "transaction_hash": f"{ledger:08x}{transaction:08x}" * 4,
        "ledger": ledger,
        "closed_at": closed_at(ledger),
        "payer": wire.PAYER,
        "amount": Stroops(50_000_000),
        "memo": None,
        "memo_type": "none",
    }
    return Credit(**facts | changes)


def unreadable(ledger: int, transaction: int = 1) -> UnreadableRecord:
    """What may be a credit in this ledger, in no shape we know."""
    position = operation_position(ledger, transaction, 1)
    return UnreadableRecord(
        operation_id=position, transaction_hash=None, reason="of an unknown shape", body="{}"
    )


@dataclass
class Told:
    """A `LedgerSource` as far as reading goes; like Horizon, it moves a cursor up that lies before its history."""

    credits: list[Credit] = field(default_factory=list)
    unreadable: list[UnreadableRecord] = field(default_factory=list)
    newest: int = FIRST_LEDGER
    oldest: int = 1
    closed_at: datetime | None = None
    """When the newest ledger closed, where it is not the usual moment."""

    passphrase: str = wire.PASSPHRASE
    fails: list[Exception] = field(default_factory=list)
    """Raised by the next questions, in order."""

    page_limit: int = 200
    asked: list[str] = field(default_factory=list)
    """The cursors of the pages it was asked for."""

    tips: int = 0

    async def tip(self) -> LedgerTip:
        self._meet()
        self.tips += 1
        return LedgerTip(
            ledger=self.newest,
            closed_at=self.closed_at or closed_at(self.newest),
            oldest_ledger=self.oldest,
            network_passphrase=self.passphrase,
        )

    async def credits_after(self, wallet: str, cursor: str, limit: int) -> CreditPage:
        self.asked.append(cursor)
        self._meet()
        after = max(int(cursor), int(position_of(self.oldest)))
        found = sorted(
            (
                record
                for record in (*self.credits, *self.unreadable)
                if after < self._place(record) and self._ledger(record) <= self.newest
            ),
            key=self._place,
        )[: min(limit, self.page_limit)]
        return CreditPage(
            credits=[record for record in found if isinstance(record, Credit)],
            unreadable=[record for record in found if isinstance(record, UnreadableRecord)],
            cursor=str(max([int(cursor), *map(self._place, found)])),
            is_full=len(found) == min(limit, self.page_limit),
        )

    def _meet(self) -> None:
        if self.fails:
            raise self.fails.pop(0)

    @staticmethod
    def _place(record) -> int:
        return int(record.operation_id.partition("-")[0])

    def _ledger(self, record) -> int:
        return ledger_of(str(self._place(record)))
