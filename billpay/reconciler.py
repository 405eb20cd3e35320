"""Looking at ledger, records and workflows as of one ledger, twice where they differ, and keeping what was found."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from billpay.clock import Clock
from billpay.domain.books import Books
from billpay.domain.deposits import Credit
from billpay.domain.journal import Opening
from billpay.domain.reconciliation import ReconciliationReport, ReconciliationSummary
from billpay.domain.refunds import EnvelopeKind, EnvelopeState
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import Debit, LedgerAccount, LedgerSource
from billpay.ledger.positions import ledger_of, position_of, require_network
from billpay.reconciliation import Chain, WorkflowsSeen, compare, persisting
from billpay.store import Store

OVERLAP_LEDGERS = 720
"""About an hour of ledgers that were compared before is compared again: servers have lost rows they had shown."""

PAGE_LIMIT = 200

LOOK_AGAIN_AFTER_SECONDS = 5.0
"""A difference that a second look after this does not find was on its way."""

DECIDED_LONG_AGO = timedelta(hours=26)
"""A customer is told for up to a day after everything else is done."""

log = logging.getLogger(__name__)


class Workflows(Protocol):
    """What Temporal says of our workflows. Every call is safe to repeat.

    Raises:
        Unavailable: Temporal gave no answer.
    """

    async def running(self) -> frozenset[str]:
        """Answer the ids of every workflow of a deposit that runs."""
        ...

    async def failed(self) -> frozenset[str]:
        """Answer the ids of those that ended without a result, as far back as Temporal remembers."""
        ...


class Reconciler:
    """Compares everything with everything."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        store: Store,
        workflows: Workflows,
        wallet: str,
        network_passphrase: str,
        clock: Clock,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._store = store
        self._workflows = workflows
        self._wallet = wallet
        self._network_passphrase = network_passphrase
        self._clock = clock
        self._wait = wait

    async def reconcile(
        self, *, from_start: bool = False
    ) -> tuple[ReconciliationReport, ReconciliationSummary]:
        """Compare now, keep the report and its cases, and answer both in full and in short.

        Movements are compared from the last ledger where everything fitted, less an overlap; with `from_start` from
        the beginning of the server's history. Safe to repeat: nothing but reports and cases is written.

        Raises:
            Unavailable: ledger, database or Temporal gave no answer, or the ledger's server lags behind itself.
            Misconfigured: the server reads another network, the wallet is not there, or it is another wallet than the
                journal was opened for.
        """
        report = await self._look(from_start=from_start)
        if not report.is_clean:
            await self._wait(LOOK_AGAIN_AFTER_SECONDS)
            report = persisting(report, await self._look(from_start=from_start))
        reconciliation_id = await self._store.reconciliations.save(report)
        for difference in report.differences:
            log.error("%s %s: %s", difference.kind, difference.about, difference.detail)
        return report, ReconciliationSummary(
            reconciliation_id=reconciliation_id,
            ledger=report.ledger,
            holding=report.holding,
            differences=len(report.differences),
            in_motion=len(report.in_motion),
        )

    async def _look(self, *, from_start: bool) -> ReconciliationReport:
        """Look once: the ledger first, so that whatever it shows can be in our records by then."""
        account, ledger = await self._account()
        opening = await self._opening(account, ledger)
        first = await self._first_ledger(ledger, from_start=from_start)
        credits_, debits = await self._movements(first, ledger)
        debited = {debit.transaction_hash for debit in debits}
        books = await self._store.reconciliations.books(
            opening,
            first_ledger=first,
            ledger=ledger,
            debited=debited,
        )
        chain = Chain(
            ledger=ledger,
            holding=account.holding,
            first_ledger=first,
            credits=credits_,
            debits=debits,
            found=await self._found(books, debited, ledger),
        )
        now = self._clock()
        return compare(books, chain, await self._seen(now), now=now)

    async def _account(self) -> tuple[LedgerAccount, int]:
        """Answer the wallet, and the ledger as of which the server tells it."""
        account = await self._source.account(self._wallet)
        if account is None:
            raise Misconfigured(
                f"the wallet {self._wallet} does not exist on the ledger: SYSTEM_WALLET_ADDRESS names another one"
            )
        if account.as_of_ledger is None:
            raise Unavailable(
                "the ledger's server does not say as of which ledger it knows the wallet"
            )
        return account, account.as_of_ledger

    async def _opening(self, account: LedgerAccount, ledger: int) -> Opening:
        opening = await self._store.journal.opening()
        opening = opening or await self._store.journal.open(
            self._wallet, ledger=ledger, holding=account.holding
        )
        if opening.wallet != self._wallet:
            raise Misconfigured(
                f"the journal is {opening.wallet}'s: SYSTEM_WALLET_ADDRESS names another wallet"
            )
        if ledger < opening.ledger:
            raise Unavailable("the ledger's server lags behind the journal's opening")
        return opening

    async def _first_ledger(self, ledger: int, *, from_start: bool) -> int:
        """Answer from where movements are compared: never behind what once did not fit, until it fits."""
        tip = await require_network(self._source, self._network_passphrase)
        if tip.ledger < ledger:
            raise Unavailable(
                f"the ledger's server tells the wallet as of ledger {ledger} and its history as of {tip.ledger}"
            )
        last = await self._store.reconciliations.last()
        if from_start or last is None:
            return tip.oldest_ledger
        first = last.ledger - OVERLAP_LEDGERS if last.is_clean else last.chain.first_ledger
        return max(first, tip.oldest_ledger)

    async def _movements(self, first: int, last: int) -> tuple[list[Credit], list[Debit]]:
        """Read the wallet's history again, page by page, from one ledger to another."""
        credits_: list[Credit] = []
        debits: list[Debit] = []
        cursor, is_more = position_of(first), True
        while is_more and ledger_of(cursor) <= last:
            page = await self._source.credits_after(self._wallet, cursor, PAGE_LIMIT)
            credits_ += [credit for credit in page.credits if credit.ledger <= last]
            debits += [debit for debit in page.debits if debit.ledger <= last]
            cursor, is_more = page.cursor, page.is_full
        return credits_, debits

    async def _found(
        self, books: Books, debited: Collection[str], ledger: int
    ) -> Mapping[str, int]:
        """Look up what was set aside or taken back: not every server lists it among the wallet's payments."""
        asked: list[Collection[str]] = [[name] for name in books.reclaims]
        for refund in books.refunds:
            is_aside = refund.kind is EnvelopeKind.CLAIMABLE_BALANCE
            if is_aside and refund.state in (EnvelopeState.APPLIED, EnvelopeState.IN_FLIGHT):
                asked.append(refund.hashes.difference(debited))
        found: dict[str, int] = {}
        for names in asked:
            for name in names:
                applied = await self._source.transaction(name)
                if applied is not None and applied.successful and applied.ledger <= ledger:
                    found[name] = applied.ledger
                    break
        return found

    async def _seen(self, now: datetime) -> WorkflowsSeen:
        running: Collection[str] = await self._workflows.running()
        return WorkflowsSeen(
            running=running,
            failed=await self._workflows.failed(),
            lingering=await self._store.reconciliations.lingering(running, now - DECIDED_LONG_AGO),
        )
