"""A provider contradicts itself after money may have moved: told, kept, and stopped where it still can be."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billpay.clock import Clock
from billpay.domain.cases import CaseKind
from billpay.domain.outcomes import Outcome
from billpay.store.answers import Sale, contradicts
from billpay.store.cases import open_attempt_case
from billpay.store.exclusions import is_submittable, whole_refund
from billpay.store.holding import hold_back
from billpay.store.reading import attempt
from billpay.store.status import tell
from billpay.store.tables import AttemptRow, BillPaymentRow, EventRow

LATE_TRUTH = "late_truth"
"""Kind of the event that tells of a contradiction; the case beside it is what a person closes."""


async def notice_late_truth(
    session: AsyncSession,
    clock: Clock,
    bill: BillPaymentRow,
    row: AttemptRow,
    said: Outcome,
    *,
    names_other_tokens: bool,
) -> None:
    """Tell what contradicts an attempt's outcome or receipt, if anything does, and open a case for a person.

    `row` is as it was before this answer. Where nothing was to be sold and something was, the refund is held, unless
    it is on its way already.
    """
    kind = _contradiction(row, said, names_other_tokens=names_other_tokens)
    if kind is None:
        return
    detail = (
        f"{row.provider} now names other tokens for {row.request_id}; the first ones stay"
        if kind is CaseKind.OTHER_TOKENS
        else f"{row.provider} now says {said.kind} about {row.request_id}, after {row.outcome_kind}"
    )
    await _tell_once(session, clock, bill, detail)
    # Before the refund is held, so that its being held is seen to be this case's.
    await open_attempt_case(session, clock, bill, row.request_id, kind=kind, detail=detail)
    if kind is CaseKind.SOLD_AFTER_ALL and row.contradicted_at is None:
        row.contradicted_at = clock()
        refund = await whole_refund(session, bill)
        if refund is not None and await is_submittable(session, refund):
            await hold_back(session, clock, refund, bill, reason=detail)


def _contradiction(row: AttemptRow, said: Outcome, *, names_other_tokens: bool) -> CaseKind | None:
    if contradicts(attempt(row).outcome, said):
        return CaseKind.SOLD_AFTER_ALL if isinstance(said, Sale) else CaseKind.REVERSED
    return CaseKind.OTHER_TOKENS if names_other_tokens else None


async def _tell_once(
    session: AsyncSession, clock: Clock, bill: BillPaymentRow, detail: str
) -> None:
    told = (
        select(col(EventRow.id))
        .where(col(EventRow.transaction_id) == bill.transaction_id)
        .where(col(EventRow.kind) == LATE_TRUTH)
        .where(col(EventRow.detail) == detail)
    )
    if (await session.execute(told)).first() is None:
        tell(
            session,
            clock,
            kind=LATE_TRUTH,
            detail=detail,
            transaction_id=bill.transaction_id,
            operation_id=bill.claimed_by,
        )
