"""What a reconciliation reads of our records, at one moment, and what it leaves behind: a report and its cases."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.books import Books, RecordedDeposit, SignedRefund, Undecided
from billpay.domain.cases import CaseKind
from billpay.domain.journal import Opening, Withdrawal
from billpay.domain.money import Stroops
from billpay.domain.reconciliation import (
    Difference,
    DifferenceKind,
    DispositionTotal,
    Equation,
    ReconciliationReport,
)
from billpay.domain.refunds import EnvelopeKind, EnvelopeState
from billpay.store import reconciliation_queries as queries
from billpay.store.case_tables import CaseRow
from billpay.store.claimables import taking_back
from billpay.store.database import Database
from billpay.store.journal import balances_in
from billpay.store.journal_tables import ReconciliationRow, WithdrawalRow
from billpay.store.status import SERVICE
from billpay.store.tables import CursorRow, InstallationRow, ParkedCreditRow
from billpay.store.withdrawals import withdrawal

_TOLD = 200
"""Differences of one kind that are read, and cases that one reconciliation opens."""

_CONTRADICTIONS = {
    DifferenceKind.UNBALANCED_ENTRY: queries.UNBALANCED,
    DifferenceKind.MISPLACED_DEPOSIT: queries.MISPLACED,
    DifferenceKind.DELIVERED_AND_REFUNDED: queries.DELIVERED_AND_REFUNDED,
    DifferenceKind.REFUND_UNPROVEN: queries.UNPROVEN,
    DifferenceKind.REFUND_OVERDUE: queries.OVERDUE,
}

OVERDUE_AFTER = timedelta(days=1)
"""How long a refund may be on its way: what it usually waits for is a matter of minutes, and is told by other cases."""


class ReconciliationStore:
    """Every comparison that was ever made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def books(
        self, opening: Opening, *, first_ledger: int, ledger: int, debited: Collection[str]
    ) -> Books:
        """Read our records as they are at one moment, movements of these ledgers one by one.

        `debited` are transactions in which the ledger has taken something out, so that their refunds are found
        whatever we believe of them.
        """
        known = {
            "wallet": opening.wallet,
            "opened": opening.ledger,
            "opened_at": opening.opened_at,
            "first": first_ledger,
            "ledger": ledger,
            "debited": list(debited),
            "limit": _TOLD,
            "taking_back": taking_back(""),
            "overdue": self._database.clock() - OVERDUE_AFTER,
        }
        async with self._database.snapshot() as session:
            cursor = await session.get(CursorRow, opening.wallet)
            parked = await session.execute(select(col(ParkedCreditRow.operation_id)))
            return Books(
                installed_at=(await session.get_one(InstallationRow, 1)).installed_at,
                cursor=int(cursor.position) if cursor else 0,
                opening=opening,
                equation=await _equation(session, opening, known),
                journal=Stroops(await _number(session, queries.TREASURY, known)),
                accounts=await balances_in(session),
                totals=await _totals(session),
                deposits=await _deposits(session, known),
                parked=frozenset(parked.scalars()),
                refunds=await _refunds(session, known),
                reclaims=await _reclaims(session, known),
                withdrawals=await _withdrawals(session, first_ledger, ledger),
                undecided=[Undecided(**row) for row in await _rows(session, queries.UNDECIDED)],
                contradictions=await _contradictions(session, known),
            )

    async def lingering(self, running: Collection[str], long_ago: datetime) -> Sequence[str]:
        """Answer which of these workflows run although their deposit was decided before a moment, and owes nothing."""
        async with self._database.transaction() as session:
            asked = {"running": list(running), "long_ago": long_ago}
            found = await session.execute(text(queries.LINGERING), asked)
            return [str(workflow_id) for (workflow_id,) in found]

    async def save(self, report: ReconciliationReport) -> int:
        """Keep a report, open a case for each of its differences, and end those whose difference is gone.

        Safe to repeat: another row says the same, and a difference has one case at a time.
        """
        now = self._database.clock()
        async with self._database.transaction() as session:
            row = ReconciliationRow(
                made_at=report.made_at,
                ledger=report.ledger,
                differences=len(report.differences),
                report=report.model_dump(mode="json"),
            )
            session.add(row)
            await session.flush()
            subjects = {difference.subject for difference in report.differences}
            await session.execute(
                update(CaseRow)
                .where(col(CaseRow.kind) == CaseKind.RECONCILIATION)
                .where(col(CaseRow.closed_at).is_(None), col(CaseRow.subject).not_in(subjects))
                .values(
                    closed_at=now,
                    closed_by=SERVICE,
                    resolution=f"not found any more as of ledger {report.ledger}",
                )
            )
            for difference in report.differences[:_TOLD]:
                await _open_case(session, difference, now)
            return row.reconciliation_id

    async def last(self) -> ReconciliationReport | None:
        """Answer the latest report; None before the first."""
        newest = select(ReconciliationRow).order_by(col(ReconciliationRow.reconciliation_id).desc())
        async with self._database.transaction() as session:
            row = (await session.execute(newest.limit(1))).scalar_one_or_none()
            return ReconciliationReport.model_validate(row.report) if row else None


async def _open_case(session: AsyncSession, difference: Difference, now: datetime) -> None:
    opened = insert(CaseRow).values(
        kind=CaseKind.RECONCILIATION,
        subject=difference.subject,
        loss_kobo=0,
        detail=difference.detail,
        opened_at=now,
    )
    await session.execute(opened.on_conflict_do_nothing())


async def _rows(
    session: AsyncSession, query: str, known: dict[str, Any] | None = None
) -> Sequence[Any]:
    return (await session.execute(text(query), known or {})).mappings().all()


async def _number(session: AsyncSession, query: str, known: dict[str, Any]) -> int:
    return int((await session.execute(text(query), known)).scalar_one())


async def _equation(session: AsyncSession, opening: Opening, known: dict[str, Any]) -> Equation:
    return Equation(
        opening=opening.holding,
        credited=Stroops(await _number(session, queries.CREDITED, known)),
        refunded=Stroops(await _number(session, queries.REFUNDED, known)),
        reclaimed=Stroops(await _number(session, queries.RECLAIMED, known)),
        withdrawn=Stroops(await _number(session, queries.WITHDRAWN, known)),
    )


async def _totals(session: AsyncSession) -> Sequence[DispositionTotal]:
    found = (await session.execute(text(queries.TOTALS))).all()
    return [
        DispositionTotal(disposition=disposition, deposits=count, amount=amount)
        for disposition, count, amount in found
    ]


async def _deposits(session: AsyncSession, known: dict[str, Any]) -> dict[str, RecordedDeposit]:
    found = (await session.execute(text(queries.DEPOSITS), known)).all()
    return {
        operation_id: RecordedDeposit(
            operation_id=operation_id,
            transaction_hash=transaction_hash,
            ledger=ledger,
            payer=payer,
            amount=Stroops(amount),
        )
        for operation_id, transaction_hash, ledger, payer, amount in found
    }


async def _refunds(session: AsyncSession, known: dict[str, Any]) -> Sequence[SignedRefund]:
    found = (await session.execute(text(queries.REFUNDS), known)).all()
    return [
        SignedRefund(
            refund_id=refund_id,
            transaction_hash=transaction_hash,
            hashes=frozenset(hashes),
            state=EnvelopeState(state),
            kind=EnvelopeKind(kind),
            destination=destination,
            amount=Stroops(amount),
            ledger=ledger,
        )
        for refund_id, transaction_hash, hashes, state, kind, destination, amount, ledger in found
    ]


async def _reclaims(session: AsyncSession, known: dict[str, Any]) -> dict[str, Stroops]:
    found = (await session.execute(text(queries.RECLAIMS), known)).all()
    return {transaction_hash: Stroops(amount) for transaction_hash, amount in found}


async def _withdrawals(session: AsyncSession, first: int, last: int) -> dict[str, Withdrawal]:
    wanted = select(WithdrawalRow).where(col(WithdrawalRow.ledger).between(first, last))
    found = (await session.execute(wanted)).scalars()
    return {row.operation_id: withdrawal(row) for row in found}


async def _contradictions(session: AsyncSession, known: dict[str, Any]) -> Sequence[Difference]:
    return [
        Difference(kind=kind, about=about, detail=detail)
        for kind, query in _CONTRADICTIONS.items()
        for about, detail in (await session.execute(text(query), known)).all()
    ]
