"""`providers`: what we have at each provider, who is asked last for what, and how each failed last."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import typer

from billpay.clock import system_clock
from billpay.domain.breaker import Breaker, BreakerState
from billpay.domain.money import Kobo, naira_amount, spoken_naira
from billpay.domain.routing import NO_BILLS, SELLS_NO_BILLS, ProviderName
from billpay.failures import Failure
from billpay.providers.base import Provider
from billpay.settings import Settings
from starter.commands.endings import run, state_of
from starter.commands.order import AsJson
from starter.commands.titles import moment
from starter.connection import settings_here
from starter.opening import opened_providers, opened_store


@dataclass(frozen=True, kw_only=True)
class ProviderReport:
    """How one provider stands."""

    name: ProviderName
    is_configured: bool
    balance: Kobo | None
    """What we have there; None where it was not told."""

    problem: str | None
    """Why it was not told."""

    breakers: Sequence[Breaker]
    """Of everything and of every line that has known a failure."""


def providers(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Tell our float at each provider, which of them are asked last for what, and their last failures."""
    settings, now = settings_here(state_of(context)), system_clock()
    reports = run(_reports(settings))
    reserve = settings.float_reserve()
    if as_json:
        documents = [_document(report, reserve, now) for report in reports]
        typer.echo(json.dumps({"reserve": naira_amount(reserve), "providers": documents}, indent=2))
        return
    for report in reports:
        typer.echo("\n".join((_headline(report, reserve), *_breaker_lines(report, now))))


async def _reports(settings: Settings) -> Sequence[ProviderReport]:
    async with opened_store(settings) as store, opened_providers(settings) as known:
        breakers = await store.breakers.all()
        return await asyncio.gather(*(_report(name, known, breakers) for name in ProviderName))


async def _report(
    name: ProviderName, known: Mapping[ProviderName, Provider], breakers: Sequence[Breaker]
) -> ProviderReport:
    balance, problem = None, None
    if name in known:
        try:
            balance = await known[name].float_balance()
        except Failure as failure:
            problem = failure.detail
    return ProviderReport(
        name=name,
        is_configured=name in known,
        balance=balance,
        problem=problem,
        breakers=[breaker for breaker in breakers if breaker.provider is name],
    )


def _headline(report: ProviderReport, reserve: Kobo) -> str:
    facts = []
    if report.balance is not None:
        low = " (too low: nothing is bought there)" if report.balance <= reserve else ""
        facts.append(f"float {spoken_naira(report.balance)}, reserve {spoken_naira(reserve)}{low}")
    if report.problem is not None:
        facts.append(f"float not told: {report.problem}")
    if not report.is_configured:
        facts.append("not configured here")
    if report.name in SELLS_NO_BILLS:
        facts.append(NO_BILLS)
    return f"{report.name}: {'; '.join(facts)}"


def _breaker_lines(report: ProviderReport, now: datetime) -> Sequence[str]:
    lines = []
    for breaker in report.breakers:
        if breaker.opened_at is not None:
            since = f"asked last since {moment(breaker.opened_at)}"
            lines.append(f"  {breaker.line}: {since}: {breaker.reason}; {_trying(breaker, now)}")
        if breaker.last_failure_at is not None:
            failed = f"failed last at {moment(breaker.last_failure_at)}"
            lines.append(f"  {breaker.line}: {failed}: {breaker.last_failure}")
    return lines


def _trying(breaker: Breaker, now: datetime) -> str:
    if breaker.state(now) is BreakerState.OPEN and breaker.next_probe_at is not None:
        return f"tried again from {moment(breaker.next_probe_at)} on"
    return "the next order tries it" if breaker.probing is None else f"{breaker.probing} tries it"


def _document(report: ProviderReport, reserve: Kobo, now: datetime) -> dict[str, Any]:
    balance = report.balance
    return {
        "provider": report.name,
        "is_configured": report.is_configured,
        "sells_bills": report.name not in SELLS_NO_BILLS,
        "float": None if balance is None else naira_amount(balance),
        "is_float_above_reserve": None if balance is None else balance > reserve,
        "problem": report.problem,
        "breakers": [
            {"state": one.state(now), **one.model_dump(mode="json", exclude={"provider"})}
            for one in report.breakers
        ],
    }
