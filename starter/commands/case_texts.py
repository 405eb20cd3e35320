"""What waits for a person, as text and as JSON; neither holds a secret."""

from collections.abc import Iterator, Sequence
from typing import Any

from billpay.domain.cases import Case, CaseKind
from billpay.domain.money import Kobo, spoken_naira
from billpay.store.cases import Review
from starter.commands.payment_documents import Document, order_document
from starter.commands.titles import moment, title_of

_INDENT = "  "
NOTHING_WAITS = "nothing waits for a person"


def cases_text(cases: Sequence[Case], reviews: Sequence[Review]) -> str:
    """Tell what waits, and what may be done about it; closed cases come after the open ones."""
    open_ones = [case for case in cases if case.is_open]
    lost = Kobo(sum(case.loss for case in open_ones))
    sections = {
        f"cases ({spoken_naira(lost)} lost so far)": map(_open_case, open_ones),
        "payments that wait for a decision": map(_review, reviews),
        "closed cases": map(_closed_case, (case for case in cases if not case.is_open)),
    }
    lines = [line for name, found in sections.items() for line in _section(name, found)]
    return "\n".join(lines) or NOTHING_WAITS


def cases_document(cases: Sequence[Case], reviews: Sequence[Review]) -> Document:
    """Write the same for programs; losses are whole kobo."""
    return {
        "cases": [_case_document(case) for case in cases],
        "payments": [
            order_document(review.order)
            | {"waits_since": review.since.isoformat(), "why": review.why}
            for review in reviews
        ],
    }


def _section(name: str, found: Iterator[Sequence[str]]) -> Iterator[str]:
    for number, lines in enumerate(found):
        if number == 0:
            yield name
        yield from (f"{_INDENT}{line}" for line in lines)


def _heading(case: Case) -> str:
    about = str(case.transaction_id or case.operation_id or case.subject)
    loss = f", {spoken_naira(case.loss)} lost" if case.loss else ""
    kind = case.kind.value.replace("_", " ")
    return f"{case.case_id}  {kind}{loss}: {about}, since {moment(case.opened_at)}"


def _open_case(case: Case) -> Sequence[str]:
    lines = [_heading(case), f"{_INDENT}{case.detail}", f"{_INDENT}-> {case.advice}"]
    if case.kind is CaseKind.UNCLAIMED_BALANCE:
        # What `claimables take-back` wants to be given.
        lines.insert(1, f"{_INDENT}balance {case.subject}")
    if case.kind is CaseKind.TAKEN_BACK:
        # What `withdrawals record --for` wants to be given.
        lines.insert(1, f"{_INDENT}deposit {case.subject}")
    return lines


def _closed_case(case: Case) -> Sequence[str]:
    closed = moment(case.closed_at) if case.closed_at else ""
    return (
        _heading(case),
        f"{_INDENT}{case.detail}",
        f"{_INDENT}closed {closed} by {case.closed_by}: {case.resolution}",
    )


def _review(review: Review) -> Sequence[str]:
    order = review.order
    title = f"{order.transaction_id}  {title_of(order)}, since {moment(review.since)}"
    return title, f"{_INDENT}{review.why}"


def _case_document(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "kind": case.kind.value,
        "subject": case.subject,
        "transaction_id": str(case.transaction_id) if case.transaction_id else None,
        "operation_id": case.operation_id,
        "loss_kobo": case.loss,
        "detail": case.detail,
        "standing": case.standing.value if case.standing else None,
        "advice": case.advice if case.is_open else None,
        "opened_at": case.opened_at.isoformat(),
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "closed_by": case.closed_by,
        "resolution": case.resolution,
    }
