"""The comparison as a table for people: one row for each order and each stray deposit."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billpay.domain.deposits import Deposit
from billpay.domain.money import Kobo, Stroops, spoken_cngn, spoken_naira
from billpay.domain.refunds import RefundPurpose, RefundStatus
from starter.truth.books import Books, OrderRecord
from starter.truth.rules import Difference, differences


@dataclass(frozen=True)
class Row:
    """One payment as both sides tell it."""

    title: str
    truth: str
    """What really happened."""

    records: str
    """What our records say."""

    agrees: bool


@dataclass(frozen=True)
class Comparison:
    """Both sides, side by side."""

    rows: Sequence[Row]
    differences: Sequence[str]
    """One line each; empty where the two sides agree."""


def draw_up(books: Books) -> Comparison:
    """Apply every rule and lay out what was compared."""
    found = differences(books)
    by_subject: dict[str, list[Difference]] = defaultdict(list)
    for difference in found:
        by_subject[difference.subject].append(difference)
    rows = [
        Row(title, truth, records, agrees=not any(by_subject[name] for name in subjects))
        for title, truth, records, subjects in _lines(books)
    ]
    return Comparison(rows, [str(difference) for difference in found])


def _lines(books: Books) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    """Tell both sides of each payment, with the names under which a rule may have complained about it."""
    for order in books.records.orders:
        claim = books.claim_of(order)
        names = [str(order.transaction_id), *_names(books, claim)]
        yield (
            order.title,
            _truth_of_order(books, order),
            _records_of_order(books, order, claim),
            names,
        )
    for deposit in books.records.deposits:
        if deposit.stray_reason is not None:
            title = f"{spoken_cngn(deposit.credit.amount)} that claim no order"
            truth = _returned(books, deposit) or "kept"
            yield title, truth, deposit.disposition, _names(books, deposit)


def _names(books: Books, deposit: Deposit | None) -> Sequence[str]:
    if deposit is None:
        return []
    refunds = [record.refund.refund_id for record in books.refunds_of(deposit)]
    return [deposit.credit.operation_id, *refunds]


def _truth_of_order(books: Books, order: OrderRecord) -> str:
    sales = books.sales_of(order)
    sold = Kobo(sum(sale.amount or 0 for sale in sales))
    with_token = ", with a token" if any(sale.tokens for sale in sales) else ""
    parts = [f"sold {spoken_naira(sold)}{with_token}" if sales else "sold nothing"]
    claim = books.claim_of(order)
    parts.append(_returned(books, claim) if claim else "never paid for")
    return "; ".join(part for part in parts if part)


def _records_of_order(books: Books, order: OrderRecord, claim: Deposit | None) -> str:
    token = ", token kept" if order.tokens else ""
    refunds = [record.refund for record in books.refunds_of(claim)] if claim else []
    paid = Stroops(sum(r.amount for r in refunds if r.status is RefundStatus.PAID))
    returned = f"; returned {spoken_cngn(paid)}" if paid else ""
    return f"{order.status}{token}{returned}"


def _returned(books: Books, deposit: Deposit) -> str:
    returned: Stroops = books.returned(deposit, *RefundPurpose)
    return f"returned {spoken_cngn(returned)}" if returned else ""
