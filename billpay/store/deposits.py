"""Deposits and the cursor, in one commit; matching; the watcher's outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from billpay.domain.deposits import Credit, Deposit, DepositPolicy, Disposition
from billpay.failures import Unavailable
from billpay.ledger.base import CreditPage
from billpay.store.claims import NamedBills
from billpay.store.columns import storable
from billpay.store.database import Database
from billpay.store.reading import deposit, numeric
from billpay.store.status import tell
from billpay.store.tables import (
    CursorRow,
    DepositRow,
    InstallationRow,
    ParkedCreditRow,
)

_DEPOSITS: Table = SQLModel.metadata.tables["deposits"]


@dataclass(frozen=True)
class ParkedCredit:
    """What may be a credit and could not be made a deposit, as it came, for a person to look after."""

    operation_id: str
    wallet: str
    body: str
    reason: str
    parked_at: datetime


class _OvertakenError(Exception):
    """Somebody else has recorded a credit between our look and our insert."""


class DepositStore:
    """Everything that ever came in."""

    def __init__(self, database: Database, policy: DepositPolicy) -> None:
        self._database = database
        self._policy = policy

    async def installed_at(self) -> datetime:
        """Answer when these records began."""
        async with self._database.transaction() as session:
            return (await session.get_one(InstallationRow, 1)).installed_at

    async def cursor(self, wallet: str) -> str | None:
        """Answer how far the wallet's history has been recorded; None before its first page."""
        async with self._database.transaction() as session:
            row = await session.get(CursorRow, wallet)
            return str(int(row.position)) if row else None

    async def record_page(self, wallet: str, page: CreditPage) -> Sequence[Deposit]:
        """Record a page's credits and move the cursor behind it, in one commit; answers what was new.

        Safe to repeat, also by two at once: a credit is recorded once, and the cursor never moves back (I1, I11). A
        credit that names an order which nobody has paid yet, by its memo or its alias, claims it in the same commit.
        What cannot be read, or made a deposit of, is parked for a person instead of stopping everybody behind it
        (fault 67).
        """
        try:
            async with self._database.transaction() as session:
                new = await self._record(session, wallet, page.credits)
                await self._finish(session, wallet, page)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  whichever credit it was, the others are recorded one by one
            return await self._record_one_by_one(wallet, page)
        return new

    async def parked(self) -> Sequence[ParkedCredit]:
        """List what may be credits and could not be made deposits, oldest first."""
        async with self._database.transaction() as session:
            wanted = select(ParkedCreditRow).order_by(
                col(ParkedCreditRow.parked_at), col(ParkedCreditRow.operation_id)
            )
            return [
                ParkedCredit(row.operation_id, row.wallet, row.body, row.reason, row.parked_at)
                for row in (await session.execute(wanted)).scalars()
            ]

    async def unstarted(self, limit: int = 500, *, behind: str | None = None) -> Sequence[Deposit]:
        """List the deposits whose workflow was not started yet, oldest first; `behind` one of them, or from the start.

        Dust that is kept has no workflow and is never among them.
        """
        place = col(DepositRow.recorded_at), col(DepositRow.ledger), col(DepositRow.operation_id)
        wanted = (
            select(DepositRow)
            .where(col(DepositRow.workflow_id).is_(None))
            .where(col(DepositRow.disposition) != Disposition.KEPT)
            .order_by(*place)
            .limit(limit)
        )
        async with self._database.transaction() as session:
            if behind is not None:
                last = await session.get_one(DepositRow, behind)
                reached = last.recorded_at, last.ledger, last.operation_id
                wanted = wanted.where(tuple_(*place) > tuple_(*reached))
            return [deposit(row) for row in (await session.execute(wanted)).scalars()]

    async def mark_started(self, workflows: Mapping[str, str]) -> None:
        """Note which workflow each of these deposits has, by operation id. Safe to repeat."""
        if not workflows:
            return
        async with self._database.transaction() as session:
            await session.execute(
                update(DepositRow),
                [
                    {"operation_id": operation_id, "workflow_id": workflow_id}
                    # In one order, or two watchers of a moment would wait for each other.
                    for operation_id, workflow_id in sorted(workflows.items())
                ],
            )

    async def get(self, operation_id: str) -> Deposit:
        """Read a deposit.

        Raises:
            LookupError: it was never recorded.
        """
        async with self._database.transaction() as session:
            row = await session.get(DepositRow, operation_id)
            if row is None:
                raise LookupError(f"there is no deposit {operation_id}")
            return deposit(row)

    async def _record(
        self, session: AsyncSession, wallet: str, credits_: Sequence[Credit]
    ) -> Sequence[Deposit]:
        """Record what is not known yet of some credits, in the ledger's order, and let it claim its orders.

        Raises:
            _OvertakenError: somebody else has recorded one of them in this moment, so what was decided may be wrong.
        """
        unknown = await _unknown(session, wallet, credits_)
        if not unknown:
            return []
        # Locked before anything is decided: whoever else has a claim on one of these orders waits, or is waited for.
        bills = await NamedBills.lock(session, unknown)
        new = [bills.match(credit, self._policy) for credit in unknown]
        now = self._database.clock()
        saved = await session.execute(
            insert(_DEPOSITS)
            .on_conflict_do_nothing(index_elements=["operation_id"])
            .returning(_DEPOSITS.c.operation_id),
            [_values(one) | {"wallet": wallet, "recorded_at": now} for one in new],
        )
        if len(saved.all()) != len(new):
            raise _OvertakenError
        for one in new:
            await bills.write(session, self._database.clock, one)
        await session.flush()
        return new

    async def _record_one_by_one(self, wallet: str, page: CreditPage) -> Sequence[Deposit]:
        """Record what can be recorded of a page and park the rest, in one commit with the cursor."""
        new: list[Deposit] = []
        async with self._database.transaction() as session:
            for credit in page.credits:
                try:
                    async with session.begin_nested():
                        new += await self._record(session, wallet, [credit])
                except (OperationalError, InterfaceError):
                    raise
                except _OvertakenError:
                    continue
                except Exception as poison:  # noqa: BLE001  parked and told, whatever it is
                    reason = repr(getattr(poison, "orig", None) or poison)
                    await self._park(session, wallet, credit.operation_id, repr(credit), reason)
            await self._finish(session, wallet, page)
        return new

    async def _finish(self, session: AsyncSession, wallet: str, page: CreditPage) -> None:
        """Park what was unreadable on a page, and move the cursor behind it."""
        for record in page.unreadable:
            await self._park(session, wallet, record.operation_id, record.body, record.reason)
        await _advance(session, wallet, int(page.cursor), self._database.clock())

    async def _park(
        self, session: AsyncSession, wallet: str, operation_id: str, body: str, reason: str
    ) -> None:
        """Write out once what is no deposit and may be money, and tell it."""
        parked = await session.execute(
            insert(ParkedCreditRow)
            .values(
                operation_id=operation_id,
                wallet=wallet,
                body=body,
                reason=reason,
                parked_at=self._database.clock(),
            )
            .on_conflict_do_nothing(index_elements=["operation_id"])
            .returning(col(ParkedCreditRow.operation_id))
        )
        if parked.scalar_one_or_none() is not None:
            tell(
                session,
                self._database.clock,
                kind="credit_parked",
                detail=f"no deposit can be made of it: {reason[:_REASON_LIMIT]}",
                operation_id=operation_id,
            )


_REASON_LIMIT = 500
"""Characters of a reason that the timeline repeats; the whole is parked beside it."""


async def _unknown(
    session: AsyncSession, wallet: str, credits_: Sequence[Credit]
) -> Sequence[Credit]:
    """Leave out what is recorded already, and what a server told twice.

    Before revision 0005 a contract's credits were counted with all else that its call moved, from `-0` on. Where an
    operation has a counted name and not its plain one it was recorded then, whole, and is known by any name (I1).
    """
    by_name = {storable(credit.operation_id): credit for credit in reversed(credits_)}
    if not by_name:
        return []
    plain = {name: name.partition("-")[0] for name in by_name}
    is_counted = and_(
        col(DepositRow.wallet) == wallet,
        col(DepositRow.ledger).in_({credit.ledger for credit in credits_}),
        col(DepositRow.operation_id).contains("-"),
    )
    is_named = col(DepositRow.operation_id).in_({*by_name, *plain.values()})
    recorded = select(col(DepositRow.operation_id)).where(or_(is_named, is_counted))
    known = set((await session.execute(recorded)).scalars())
    counted = {name.partition("-")[0] for name in known if "-" in name}
    return [
        credit
        for name, credit in reversed(by_name.items())
        if name not in known and (plain[name] in known or plain[name] not in counted)
    ]


def _values(new: Deposit) -> dict[str, Any]:
    facts = new.model_dump(exclude={"credit"}) | new.credit.model_dump()
    return facts | {"amount": numeric(new.credit.amount)}


async def _advance(session: AsyncSession, wallet: str, position: int, now: datetime) -> None:
    statement = insert(CursorRow).values(wallet=wallet, position=position, read_at=now)
    given = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["wallet"],
            set_={
                "position": func.greatest(col(CursorRow.position), given.position),
                "read_at": given.read_at,
            },
        )
    )
