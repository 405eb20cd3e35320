"""`reconcile`: whether ledger, records and workflows tell the same, now or when they were compared last.

Exit code 0 only where nothing differs.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from billpay.domain.reconciliation import ReconciliationReport
from billpay.failures import Invalid
from billpay.ledger.sources import build_source
from billpay.settings import Settings
from starter.commands.endings import FAILED, RefusedError, run, state_of
from starter.commands.order import AsJson
from starter.commands.reconcile_texts import report_document, report_text
from starter.connection import connect, settings_here
from starter.opening import opened_store
from starter.reconciling import build_reconciler


def reconcile(
    context: typer.Context,
    *,
    last: Annotated[
        bool, typer.Option("--last", help="Show the last comparison instead of making one.")
    ] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Compare the whole history of the ledger.")
    ] = False,
    as_json: AsJson = False,
    to: Annotated[
        Path | None, typer.Option(help="A folder that gets the report as .json and .txt too.")
    ] = None,
) -> None:
    """Compare ledger, records and workflows now; the report is kept, and each difference becomes a case."""
    if last and from_start:
        raise Invalid("--last shows what was compared: it cannot begin anywhere else")
    settings = settings_here(state_of(context))
    report = run(_last(settings) if last else _compare(settings, from_start=from_start))
    document = json.dumps(report_document(report), indent=2)
    if to is not None:
        _write(to, report, document)
    typer.echo(document if as_json else report_text(report))
    if not report.is_clean:
        raise typer.Exit(FAILED)


async def _compare(settings: Settings, *, from_start: bool) -> ReconciliationReport:
    source = build_source(settings)
    try:
        temporal = await connect(settings)
        async with opened_store(settings) as store:
            reconciler = build_reconciler(settings, store=store, source=source, temporal=temporal)
            report, _ = await reconciler.reconcile(from_start=from_start)
            return report
    finally:
        await source.close()


async def _last(settings: Settings) -> ReconciliationReport:
    async with opened_store(settings) as store:
        report = await store.reconciliations.last()
    if report is None:
        raise RefusedError("nothing was ever compared here: `reconcile` does it now")
    return report


def _write(folder: Path, report: ReconciliationReport, document: str) -> None:
    """Write a report twice under its date and time, so that no two of them meet."""
    name = f"reconciliation-{report.made_at:%Y%m%dT%H%M%SZ}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(f"{document}\n", encoding="utf-8")
        (folder / f"{name}.txt").write_text(f"{report_text(report)}\n", encoding="utf-8")
    except OSError as unwritable:
        raise RefusedError(f"{folder} cannot be written: {unwritable.strerror}") from None
