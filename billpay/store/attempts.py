"""Attempts: stored before the provider hears of them, answered once for good, and the delivery they may end in.

Every method locks the order's bill first, so two workers in the same step take turns and the second finds what the
first has written.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.domain.attempts import Attempt, counts_as_denial
from billpay.domain.outcomes import Answer, Delivered, Outcome, Processing, TokenAwaited
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.store.answers import Sale, outcome_after
from billpay.store.database import Database, RefusedError
from billpay.store.delivery import deliver, keep_late_token
from billpay.store.exclusions import (
    GIVEN_UP,
    NEVER_SENT,
    SALES,
    contradicted_attempt,
    possible_sale,
    require_not_given_back,
    require_not_sold,
    whole_refund,
)
from billpay.store.late_truth import notice_late_truth
from billpay.store.reading import attempt, set_outcome
from billpay.store.receipts import (
    body_of,
    contradict,
    fuller,
    put_body,
    put_receipt,
    receipt_in,
)
from billpay.store.status import SERVICE, change_status, lock_bill
from billpay.store.tables import AnswerRow, AttemptRow, BillPaymentRow

_BUYING = frozenset({BillStatus.PROCESSING_BILL, BillStatus.RETRY_SCHEDULED})
"""Where an order stands while its provider is waited for; one that waits for a person goes on waiting."""

_GIVEN_UP_FROM = _BUYING | {
    BillStatus.VERIFYING_ACCOUNT,
    BillStatus.PROVIDER_PROCESSING,
    BillStatus.NEEDS_REVIEW,
}


class AttemptStore:
    """Every purchase that was ever meant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, *, transaction_id: UUID, number: int, provider: ProviderName, request_id: str
    ) -> Attempt:
        """Store an attempt before its provider hears of it, and show the order as being bought there (I14).

        Safe to repeat: an attempt of this number that was opened before is answered as it is, with its own request
        id, whatever id is offered now.

        Raises:
            RefusedError: an earlier attempt is sold or unsettled (I4), or the order is unpaid, over or given back.
        """
        async with self._database.transaction() as session:
            bill = await lock_bill(session, transaction_id)
            row = await _numbered(session, transaction_id, number)
            is_new = row is None
            if row is None:
                await require_not_given_back(session, bill)
                await require_not_sold(session, transaction_id)
                row = AttemptRow(
                    request_id=request_id,
                    transaction_id=transaction_id,
                    number=number,
                    provider=provider,
                    opened_at=self._database.clock(),
                )
                session.add(row)
                bill.provider_name = provider
            # After a reset the order goes through its beginning again, and meets attempts that are there already.
            if is_new or bill.status == BillStatus.VERIFYING_ACCOUNT:
                await self._move(
                    session,
                    bill,
                    BillStatus.PROCESSING_BILL,
                    f"attempt {number}, by {row.provider}",
                )
            return attempt(row)

    async def possible_sale(self, transaction_id: UUID) -> Attempt | None:
        """Answer the attempt by which an order was bought, or may have been; None where there is certainly none."""
        async with self._database.transaction() as session:
            row = await possible_sale(session, transaction_id)
            return attempt(row) if row else None

    async def mark_sent(self, request_id: str) -> None:
        """Note, before the first byte leaves, that the provider may hear of the attempt from now on.

        Denials from before this sending say nothing about it and are forgotten.

        Raises:
            RefusedError: the attempt is settled; it is not sent any more.
        """
        async with self._database.transaction() as session:
            _, row = await _locked(session, request_id)
            if row.settled_at is not None:
                raise RefusedError(f"{request_id} is settled as {row.outcome_kind}: it is not sent")
            row.sendings += 1
            row.sent_at, row.first_denied_at = self._database.clock(), None

    async def mark_unsent(self, request_id: str) -> None:
        """Note that one sending is known to have had no effect; the attempt stays sent while another may have had one.

        To be called once for a sending: a second call would speak for another worker's.
        """
        async with self._database.transaction() as session:
            _, row = await _locked(session, request_id)
            if row.settled_at is None:
                row.sendings = max(row.sendings - 1, 0)
                row.sent_at = row.sent_at if row.sendings else None

    async def close_unsent(self, request_id: str) -> Attempt:
        """Settle an attempt that was never sent, so that nobody can send it any more; a sent one stays as it is."""
        async with self._database.transaction() as session:
            _, row = await _locked(session, request_id)
            if row.sent_at is None and row.settled_at is None:
                set_outcome(row, NEVER_SENT, self._database.clock())
            return attempt(row)

    async def record_denial(self, request_id: str) -> None:
        """Note that the provider denies knowing the attempt; the first denial is kept.

        One that came too soon after the latest sending, perhaps another worker's, is none.
        """
        async with self._database.transaction() as session:
            _, row = await _locked(session, request_id)
            now = self._database.clock()
            if row.settled_at is None and counts_as_denial(attempt(row), now):
                row.first_denied_at = row.first_denied_at or now

    async def save_answer(self, request_id: str, answer: Answer) -> Attempt:
        """Keep all that a provider said, sealed, and answer what the attempt has come to by it (I7).

        Safe to repeat. The first certain outcome stays, and a token seen once stays; whoever contradicts them is told
        in the timeline as `late_truth`, and what they said is kept sealed beside it (I12).
        """
        async with self._database.transaction() as session:
            bill, row = await _locked(session, request_id)
            now, before = self._database.clock(), attempt(row)
            await self._append(session, row, answer)
            await notice_late_truth(
                session,
                self._database.clock,
                bill,
                row,
                answer.outcome,
                names_other_tokens=self._keep_receipt(row, answer),
            )
            after = outcome_after(before, answer.outcome, now)
            if after != before.outcome:
                set_outcome(row, after, now)
            await self._follow(session, bill, row, after)
            return attempt(row)

    async def settle_unsold(
        self, transaction_id: UUID, number: int, detail: str, *, actor: str = SERVICE
    ) -> None:
        """Settle an attempt without a sale and give its provider up for this order.

        Safe to repeat: a provider is given up once. An attempt that was never opened is given up likewise.

        Raises:
            RefusedError: the attempt is known as sold; or it was sent, its provider is not certain, and no person
                (`actor`) vouches for there being no sale.
        """
        async with self._database.transaction() as session:
            bill = await lock_bill(session, transaction_id)
            row = await _numbered(session, transaction_id, number)
            if row is not None and row.given_up_at is None:
                self._settle_unsold(row, actor)
            elif row is not None and not await self._is_met_again(session, bill, number):
                return
            is_given_back = await whole_refund(session, bill) is not None
            if BillStatus(bill.status) in _GIVEN_UP_FROM and not is_given_back:
                await self._move(session, bill, BillStatus.PROVIDER_FAILED, detail, actor)

    async def complete(
        self,
        transaction_id: UUID,
        *,
        detail: str,
        actor: str = SERVICE,
        provider_reference: str | None = None,
    ) -> None:
        """Make the delivery final: token, provider reference, deposit and status in one commit.

        Safe to repeat: a completed order stays as it is. Where a person (`actor`) vouches for it, an unsettled attempt
        is settled as delivered, and an order may even be completed without one.

        Raises:
            RefusedError: the deposit goes back whole (I3), or nobody knows of a delivery.
        """
        async with self._database.transaction() as session:
            bill = await lock_bill(session, transaction_id)
            if bill.status == BillStatus.COMPLETED:
                return
            await require_not_given_back(session, bill)
            sale = await possible_sale(session, transaction_id)
            is_certain = sale is not None and sale.outcome_kind == "delivered"
            if actor == SERVICE and not is_certain:
                raise RefusedError(f"{transaction_id} is not known to be delivered")
            if sale is None:
                # Its provider may have said so after all, and have left a token.
                sale = await contradicted_attempt(session, transaction_id)
            elif not is_certain:
                self._vouch(sale, provider_reference)
            await deliver(
                session, self._database, bill, sale, provider_reference=provider_reference
            )
            await self._move(session, bill, BillStatus.COMPLETED, detail, actor)

    async def _is_met_again(self, session: AsyncSession, bill: BillPaymentRow, number: int) -> bool:
        """Whether an order is being bought by this attempt or a new one: a repetition that came late says nothing."""
        later = (
            select(col(AttemptRow.number))
            .where(col(AttemptRow.transaction_id) == bill.transaction_id)
            .where(col(AttemptRow.number) > number)
        )
        is_last = (await session.execute(later)).first() is None
        return is_last and bill.status == BillStatus.PROCESSING_BILL

    async def _move(
        self,
        session: AsyncSession,
        bill: BillPaymentRow,
        to: BillStatus,
        detail: str,
        actor: str = SERVICE,
    ) -> None:
        await change_status(session, self._database.clock, bill, to, detail=detail, actor=actor)

    async def _append(self, session: AsyncSession, row: AttemptRow, answer: Answer) -> None:
        """Keep the body, unless the provider only repeats itself."""
        said = (
            select(AnswerRow)
            .where(col(AnswerRow.request_id) == row.request_id)
            .order_by(col(AnswerRow.number).desc())
            .limit(1)
        )
        last = (await session.execute(said)).scalar_one_or_none()
        if last and body_of(self._database.sealer, last) == answer.body:
            return
        following = AnswerRow(
            request_id=row.request_id,
            number=last.number + 1 if last else 1,
            outcome_kind=answer.outcome.kind,
            received_at=self._database.clock(),
        )
        put_body(self._database.sealer, following, answer.body)
        session.add(following)

    def _keep_receipt(self, row: AttemptRow, answer: Answer) -> bool:
        """Keep what was bought; True where it names other tokens than were kept before."""
        if answer.receipt is None:
            return False
        kept = receipt_in(self._database.sealer, row)
        put_receipt(self._database.sealer, row, fuller(kept, answer.receipt))
        return contradict(kept, answer.receipt)

    async def _follow(
        self, session: AsyncSession, bill: BillPaymentRow, row: AttemptRow, outcome: Outcome
    ) -> None:
        """Let the order follow its attempt: to waiting for the provider, or to a token that comes after the end."""
        is_uncertain = isinstance(outcome, Processing | TokenAwaited)
        if is_uncertain and BillStatus(bill.status) in _BUYING:
            await self._move(
                session,
                bill,
                BillStatus.PROVIDER_PROCESSING,
                f"{row.provider} says {outcome.kind} about attempt {row.number}",
            )
        if bill.status == BillStatus.COMPLETED and isinstance(outcome, Sale):
            await keep_late_token(session, self._database, bill, row)

    def _settle_unsold(self, row: AttemptRow, actor: str) -> None:
        now = self._database.clock()
        if row.outcome_kind in SALES:
            raise RefusedError(f"{row.request_id} is sold: {row.provider} is not given up")
        if row.settled_at is None:
            if row.sent_at is not None and actor == SERVICE:
                raise RefusedError(f"{row.request_id} was sent and may be sold: a person decides")
            set_outcome(row, GIVEN_UP, now)
        row.given_up_at = now

    def _vouch(self, row: AttemptRow, provider_reference: str | None) -> None:
        known = attempt(row).outcome
        reference = provider_reference or getattr(known, "provider_reference", None)
        delivered = Delivered(code="vouched for", provider_reference=reference or "")
        set_outcome(row, delivered, self._database.clock())


async def _locked(session: AsyncSession, request_id: str) -> tuple[BillPaymentRow, AttemptRow]:
    """Lock the bill of an attempt, then read the attempt.

    Raises:
        LookupError: it was never opened.
    """
    wanted = select(col(AttemptRow.transaction_id)).where(col(AttemptRow.request_id) == request_id)
    transaction_id = (await session.execute(wanted)).scalar_one_or_none()
    if transaction_id is None:
        raise LookupError(f"there is no attempt {request_id}")
    bill = await lock_bill(session, transaction_id)
    return bill, await session.get_one(AttemptRow, request_id)


async def _numbered(session: AsyncSession, transaction_id: UUID, number: int) -> AttemptRow | None:
    wanted = (
        select(AttemptRow)
        .where(col(AttemptRow.transaction_id) == transaction_id)
        .where(col(AttemptRow.number) == number)
    )
    return (await session.execute(wanted)).scalar_one_or_none()
