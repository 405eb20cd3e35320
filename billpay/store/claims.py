"""Which of our orders a page of credits names, and its claims on them; the bills are locked at once, in one order."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.clock import Clock
from billpay.domain.deposits import Credit, Deposit, DepositPolicy, Disposition, Named, match_credit
from billpay.domain.ids import transaction_id_from_memo
from billpay.domain.money import spoken_cngn
from billpay.domain.statuses import BillStatus, may_follow
from billpay.store.reading import stroops
from billpay.store.status import change_status, tell
from billpay.store.tables import BillPaymentRow, TransactionRow

_LARGEST_ALIAS = (1 << 63) - 1


class NamedBills:
    """The bills that some credits name, locked for the rest of the transaction."""

    def __init__(self, rows: Iterable[tuple[BillPaymentRow, TransactionRow]]) -> None:
        self._orders: dict[UUID, Named] = {}
        self._by_alias: dict[int, UUID] = {}
        self._rows: dict[UUID, tuple[BillPaymentRow, TransactionRow]] = {}
        """Both rows, though only the bill is looked up here: a status change needs the other one, and finds it in the
        session only while somebody holds it."""

        for bill, transaction in rows:
            self._rows[bill.transaction_id] = bill, transaction
            self._by_alias[bill.alias] = bill.transaction_id
            self._orders[bill.transaction_id] = Named(
                transaction_id=bill.transaction_id,
                due=stroops(transaction.cngn_amount),
                is_payable=bill.claimed_by is None
                and may_follow(BillStatus(bill.status), BillStatus.CNGN_RECEIVED),
            )

    @classmethod
    async def lock(cls, session: AsyncSession, credits_: Sequence[Credit]) -> "NamedBills":
        """Lock every bill that a memo or an alias of these credits names, always in the order of their ids."""
        memos = {_by_memo(credit) for credit in credits_} - {None}
        aliases = {credit.alias for credit in credits_ if _may_name(credit.alias)}
        if not memos and not aliases:
            return cls(())
        wanted = (
            select(BillPaymentRow, TransactionRow)
            .join(
                TransactionRow,
                col(TransactionRow.transaction_id) == col(BillPaymentRow.transaction_id),
            )
            .where(
                or_(
                    col(BillPaymentRow.transaction_id).in_(memos),
                    col(BillPaymentRow.alias).in_(aliases),
                )
            )
            .order_by(col(BillPaymentRow.transaction_id))
            .with_for_update(of=BillPaymentRow)
        )
        return cls((bill, paid) for bill, paid in await session.execute(wanted))

    def match(self, credit: Credit, policy: DepositPolicy) -> Deposit:
        """Decide what a credit is for; whatever comes behind it finds the order that it claims paid."""
        names = {_by_memo(credit), self._by_alias.get(credit.alias or 0)}
        named = [self._orders[name] for name in names if name in self._orders]
        found = match_credit(credit, named, policy)
        if found.stray_reason is None and found.transaction_id is not None:
            claimed = self._orders[found.transaction_id]
            self._orders[found.transaction_id] = claimed.model_copy(update={"is_payable": False})
        return Deposit(credit=credit, **found.model_dump())

    async def write(self, session: AsyncSession, clock: Clock, deposit: Deposit) -> None:
        """Let a recorded deposit claim its order, or say why it claims none."""
        credit = deposit.credit
        arrived = f"{spoken_cngn(credit.amount)} arrived in {credit.transaction_hash}"
        if deposit.stray_reason is not None or deposit.transaction_id is None:
            is_kept = deposit.disposition is Disposition.KEPT
            tell(
                session,
                clock,
                kind=f"stray_deposit_{deposit.stray_reason}",
                detail=f"{arrived} and is kept: it is dust" if is_kept else arrived,
                transaction_id=deposit.transaction_id,
                operation_id=credit.operation_id,
            )
            return
        bill, _ = self._rows[deposit.transaction_id]
        bill.claimed_by = credit.operation_id
        await change_status(session, clock, bill, BillStatus.CNGN_RECEIVED, detail=arrived)


def _by_memo(credit: Credit) -> UUID | None:
    return None if credit.memo is None else transaction_id_from_memo(credit.memo)


def _may_name(alias: int | None) -> bool:
    """Whether an order can have this number; any 64 bits may stand in a payment."""
    return alias is not None and 0 < alias <= _LARGEST_ALIAS
