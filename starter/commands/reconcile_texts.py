"""A reconciliation for a person, as tables, and for programs, as JSON in whole stroops and kobo."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from billpay.domain.journal import Withdrawal
from billpay.domain.money import Kobo, Stroops, spoken_cngn, spoken_naira
from billpay.domain.reconciliation import ReconciliationReport
from starter.commands.titles import moment

_WIDTH = 140
NOTHING_DIFFERS = "nothing differs"


def report_document(report: ReconciliationReport) -> dict[str, Any]:
    """Write everything that a report has, and what follows from it."""
    document = report.model_dump(mode="json")
    document["equation"]["expected"] = report.equation.expected
    document["differences"] = [
        {"subject": one.subject, **one.model_dump(mode="json")} for one in report.differences
    ]
    return {"is_clean": report.is_clean, **document}


def report_text(report: ReconciliationReport) -> str:
    """Tell a report: the balance, where the money is, what is on its way, and what differs."""
    read = report.chain
    parts: list[RenderableType] = [
        f"ledger {report.ledger}, {moment(report.made_at)}, wallet {report.wallet}",
        _balance(report),
        _places(report),
        f"movements compared from ledger {read.first_ledger} on: {read.credits} credits, {read.debits} debits",
        f"payments and refunds under way: {report.running_workflows}",
    ]
    if report.in_motion:
        moving = ((one.about, one.detail) for one in report.in_motion)
        parts.append(_table("on its way", ("what", ""), moving))
    if report.differences:
        rows = ((one.kind.replace("_", " "), one.about, one.detail) for one in report.differences)
        parts.append(_table("differences", ("kind", "what", ""), rows))
    parts.append(_verdict(report))
    return _printed(parts)


def withdrawals_text(withdrawals: Sequence[Withdrawal]) -> str:
    """Tell what was taken out of the wallet, by whom and why."""
    rows = (
        (
            moment(one.closed_at),
            spoken_cngn(one.amount),
            one.destination or "nobody",
            one.operation_id,
            f"{one.actor}: {one.reason}" + (f" (settles {one.settles})" if one.settles else ""),
        )
        for one in withdrawals
    )
    columns = ("when", "amount", "to", "operation", "recorded by")
    return _printed([_table("withdrawals", columns, rows)])


def withdrawal_document(withdrawal: Withdrawal) -> dict[str, Any]:
    """Write a withdrawal for programs."""
    return {
        "operation_id": withdrawal.operation_id,
        "transaction_hash": withdrawal.transaction_hash,
        "ledger": withdrawal.ledger,
        "closed_at": withdrawal.closed_at.isoformat(),
        "destination": withdrawal.destination,
        "amount_stroops": withdrawal.amount,
        "recorded_at": withdrawal.recorded_at.isoformat(),
        "actor": withdrawal.actor,
        "reason": withdrawal.reason,
        "settles": withdrawal.settles,
    }


def _balance(report: ReconciliationReport) -> Table:
    """The equation, line by line: what the wallet must hold, and what it holds."""
    equation = report.equation
    rows = [
        (f"held at the opening (ledger {report.opening_ledger})", _cngn(equation.opening)),
        ("came in", _cngn(equation.credited)),
        ("taken back", _cngn(equation.reclaimed)),
        ("sent back or set aside", _cngn(-equation.refunded)),
        ("withdrawn", _cngn(-equation.withdrawn)),
        ("must be held by our records", _cngn(equation.expected)),
        ("must be held by our journal", _cngn(report.journal)),
        ("on its way into our records", _cngn(report.on_the_way)),
        ("is held by the ledger", _cngn(report.holding)),
    ]
    return _table("balance of the wallet", ("", "amount"), rows, amounts=("amount",))


def _places(report: ReconciliationReport) -> Table:
    rows: list[tuple[str, ...]] = [
        (
            one.account,
            spoken_naira(Kobo(one.balance)) if one.currency == "NGN" else _cngn(one.balance),
            "",
        )
        for one in report.books
    ]
    rows += [
        (f"deposits {one.disposition}", _cngn(one.amount), str(one.deposits))
        for one in report.deposits
    ]
    return _table(
        "where the money is", ("", "amount", "deposits"), rows, amounts=("amount", "deposits")
    )


def _verdict(report: ReconciliationReport) -> str:
    if report.is_clean:
        return f"{NOTHING_DIFFERS} as of ledger {report.ledger}"
    many = len(report.differences)
    return f"{many} difference{'s' if many > 1 else ''}: each is a case (`cases`)"


def _cngn(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{spoken_cngn(Stroops(abs(amount)))}"


def _table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    amounts: Sequence[str] = (),
) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, justify="right" if column in amounts else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _printed(parts: Iterable[RenderableType]) -> str:
    """Print into text, so that screen and file have the same."""
    text = io.StringIO()
    page = Console(file=text, width=_WIDTH, color_system=None, highlight=False, markup=False)
    for part in parts:
        page.print(part)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())
