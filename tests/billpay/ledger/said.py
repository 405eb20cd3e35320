"""A ledger's server that says what a test wants, and money that is owed back on it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from billpay.domain.deposits import Credit
from billpay.domain.money import Stroops
from billpay.domain.refunds import RefundPurpose
from billpay.failures import Ambiguous
from billpay.ledger.base import (
    AppliedTransaction,
    Capabilities,
    CreditPage,
    FeeStats,
    LedgerAccount,
    LedgerTip,
)
from tests.billpay.ledger import wire

AMOUNT = Stroops(1_000_000_000)
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TIP = LedgerTip(ledger=1_000, closed_at=NOW, oldest_ledger=2, network_passphrase=wire.PASSPHRASE)
LOST, LOSES_IT = "lost", "loses it"


@dataclass
class SaidLedger:
    """A ledger server that says what the test wants."""

    tip_said: LedgerTip = TIP
    sequence: int = 7
    as_of_ledger: int | None = 1_000
    treasury_exists: bool = True
    applied: dict[str, AppliedTransaction] = field(default_factory=dict)
    submitted: list[str] = field(default_factory=list)
    answer: str | AppliedTransaction | Exception = LOST
    """To the next submissions: lost before the ledger, lost behind it, or this."""

    fees: FeeStats | None = None

    async def tip(self):
        return self.tip_said

    async def account(self, address):
        is_treasury = address == wire.WALLET
        if is_treasury and not self.treasury_exists:
            return None
        return LedgerAccount(
            address=address,
            sequence=self.sequence if is_treasury else 1,
            can_receive=True,
            demands_memo=False,
            balance=AMOUNT,
            holding=AMOUNT,
            native_balance=AMOUNT,
            as_of_ledger=self.as_of_ledger,
        )

    async def transaction(self, transaction_hash):
        return self.applied.get(transaction_hash)

    async def capabilities(self):
        return Capabilities(fee_stats=True, claimable_balances=True, asynchronous_submission=False)

    async def fee_stats(self):
        return self.fees

    async def submit(self, envelope_xdr, transaction_hash):
        self.submitted.append(transaction_hash)
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer == LOST:
            raise Ambiguous("no answer")
        self.apply(transaction_hash)
        if self.answer == LOSES_IT:
            raise Ambiguous("no answer")
        return self.applied[transaction_hash]

    def apply(self, transaction_hash, *codes, uses_number=True):
        """Put a transaction into the ledger; with codes, without effect."""
        self.applied[transaction_hash] = AppliedTransaction(
            transaction_hash=transaction_hash,
            ledger=1_001,
            successful=not codes,
            result_codes=codes,
        )
        self.sequence += uses_number

    def close(self, *, after: timedelta):
        """Let the newest ledger be one that closed so long after the beginning."""
        ledger = self.tip_said.ledger + 10
        self.tip_said = replace(self.tip_said, ledger=ledger, closed_at=NOW + after)
        self.as_of_ledger = ledger


async def owe(store, position=wire.FIRST):
    credit = Credit(
        operation_id=str(position),
        paging_token=str(position),
        transaction_hash=wire.HASH,
        ledger=1_000,
        closed_at=NOW,
        payer=wire.PAYER,
        amount=AMOUNT,
        memo=None,
        memo_type="none",
    )
    page = CreditPage(credits=[credit], cursor=str(position), is_full=False)
    await store.deposits.record_page(wire.WALLET, page)
    return await store.refunds.open(
        operation_id=credit.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=AMOUNT,
        reason="nothing was sold",
    )
