"""`catalogue`: what can be bought now, from whom and at what price; and what operators say of Flutterwave's codes."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Annotated

import typer

from billpay.clock import system_clock
from billpay.domain.bills import BillerCode, BillType, MeterType, find_biller
from billpay.domain.catalogue import CatalogueRefreshed, PriceList
from billpay.domain.routing import ProviderName
from billpay.failures import Invalid
from billpay.providers.flutterwave_catalogue import OPEN_AMOUNT
from billpay.settings import Settings
from billpay.store.flutterwave_codes import Override
from starter.catalogue_schedule import refresh_now
from starter.commands.catalogue_texts import (
    catalogue_document,
    catalogue_text,
    overrides_text,
    refreshed_text,
)
from starter.commands.endings import FAILED, RefusedError, run, state_of
from starter.commands.operate import Actor, logged_in_user
from starter.commands.order import AsJson
from starter.connection import connect, settings_here
from starter.opening import opened_providers, opened_store

catalogue = typer.Typer(
    invoke_without_command=True, help="What can be bought now, from whom and at what price."
)

BillerChoice = Annotated[str | None, typer.Option("--biller", help="Only this biller: mtn, dstv.")]
ProviderChoice = Annotated[str | None, typer.Option("--provider", help="Only from this provider.")]

_WORDS = {
    "electricity": BillType.ELECTRICITY,
    "airtime": BillType.AIRTIME,
    "data": BillType.DATA,
    "cable": BillType.CABLE_TV,
}


@catalogue.callback()
def everything(
    context: typer.Context,
    *,
    biller: BillerChoice = None,
    provider: ProviderChoice = None,
    as_json: AsJson = False,
) -> None:
    """Tell what can be bought now, from whom and at what price."""
    if context.invoked_subcommand is None:
        _tell(context, None, biller, provider, as_json=as_json)


def _lister(bill_type: BillType) -> Callable[..., None]:
    def listed(
        context: typer.Context,
        *,
        biller: BillerChoice = None,
        provider: ProviderChoice = None,
        as_json: AsJson = False,
    ) -> None:
        _tell(context, bill_type, biller, provider, as_json=as_json)

    return listed


for _word, _bill_type in _WORDS.items():
    catalogue.command(_word, help=f"Only {_word}.")(_lister(_bill_type))


@catalogue.command()
def refresh(context: typer.Context) -> None:
    """Read every provider's lists now."""
    told = run(_refresh(settings_here(state_of(context))))
    typer.echo(refreshed_text(told))
    if all(one.failures and not one.lists for one in told.read):
        raise typer.Exit(FAILED)


@catalogue.command()
def override(
    context: typer.Context,
    bill_type: Annotated[str, typer.Argument(help="electricity, airtime, data or cable.")],
    biller: Annotated[str, typer.Argument(help="Our code: ekedc, mtn, dstv.")],
    stands_for: Annotated[
        str,
        typer.Argument(help="prepaid, postpaid, 'open amount', or a product code of an order."),
    ],
    *,
    biller_code: Annotated[
        str | None, typer.Option(help="Flutterwave's code of the biller.")
    ] = None,
    item_code: Annotated[str | None, typer.Option(help="Flutterwave's code of the item.")] = None,
    reason: Annotated[str, typer.Option(help="Why; kept beside it.")] = "",
    actor: Actor = None,
    remove: Annotated[bool, typer.Option("--remove", help="Let names decide again.")] = False,
) -> None:
    """Say which of Flutterwave's codes is meant, where its names do not tell; refreshes leave it alone."""
    kind = _read_bill_type(bill_type)
    code = find_biller(biller, kind).code
    word = _read_word(kind, stands_for)
    settings = settings_here(state_of(context))
    if remove:
        run(_take_back(settings, kind, code, word))
        typer.echo(f"names decide again about {kind} of {code}: {word}")
        return
    if not (biller_code and item_code and reason):
        raise Invalid("say what is meant with --biller-code, --item-code and --reason")
    said = Override(
        bill_type=kind,
        biller=code,
        stands_for=word,
        biller_code=biller_code,
        item_code=item_code,
        actor=actor or logged_in_user(),
        reason=reason,
    )
    run(_override(settings, said))
    typer.echo(f"{kind} of {code}, {word}: bought from Flutterwave as {biller_code} {item_code}")


@catalogue.command()
def overrides(context: typer.Context) -> None:
    """Tell what operators have said of Flutterwave's codes."""
    typer.echo(run(_overrides(settings_here(state_of(context)))))


def _read_bill_type(text: str) -> BillType:
    if text not in _WORDS:
        raise Invalid(f"{text!r} is no bill type: {', '.join(_WORDS)}")
    return _WORDS[text]


def _read_word(bill_type: BillType, text: str) -> str:
    """Read what a code stands for; only what an order of this type can ask for is of any use."""
    word = text.strip()
    allowed: Sequence[str] = ()
    if bill_type is BillType.ELECTRICITY:
        allowed = [meter.value for meter in MeterType]
    elif bill_type is BillType.AIRTIME:
        allowed = [OPEN_AMOUNT]
    if not word or (allowed and word not in allowed):
        raise Invalid(f"{text!r} is nothing that is ordered; say {' or '.join(allowed) or 'what'}")
    return word


def _tell(
    context: typer.Context,
    bill_type: BillType | None,
    biller: str | None,
    provider: str | None,
    *,
    as_json: bool,
) -> None:
    code = _read_biller(biller, bill_type) if biller else None
    settings = settings_here(state_of(context))
    found = run(_lists(settings, bill_type, code, _read_provider(provider)))
    interval = timedelta(seconds=settings.bill_processor_catalogue_interval_seconds)
    if as_json:
        document = catalogue_document(found, now=system_clock(), interval=interval)
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(catalogue_text(found, now=system_clock(), interval=interval))


def _read_biller(text: str, bill_type: BillType | None) -> BillerCode:
    """Find whom a person means; without a bill type, among all billers."""
    refusals: list[Invalid] = []
    for kind in BillType if bill_type is None else (bill_type,):
        try:
            return find_biller(text, kind).code
        except Invalid as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _read_provider(text: str | None) -> ProviderName | None:
    try:
        return ProviderName(text.strip().lower()) if text else None
    except ValueError:
        raise Invalid(f"{text!r} is no provider: {', '.join(ProviderName)}") from None


async def _lists(
    settings: Settings,
    bill_type: BillType | None,
    biller: BillerCode | None,
    provider: ProviderName | None,
) -> Sequence[PriceList]:
    async with opened_store(settings) as store:
        return await store.catalogue.lists(bill_type=bill_type, biller=biller, provider=provider)


async def _refresh(settings: Settings) -> CatalogueRefreshed:
    async with opened_providers(settings) as providers:
        names = tuple(providers)
    client = await connect(settings)
    return await refresh_now(client, names, task_queue=settings.temporal_task_queue)


async def _override(settings: Settings, said: Override) -> None:
    async with opened_store(settings) as store:
        await store.flutterwave_codes.override(said)


async def _take_back(
    settings: Settings, bill_type: BillType, biller: BillerCode, word: str
) -> None:
    async with opened_store(settings) as store:
        try:
            await store.flutterwave_codes.take_back(bill_type, biller, word)
        except LookupError as unknown:
            raise RefusedError(str(unknown)) from None


async def _overrides(settings: Settings) -> str:
    async with opened_store(settings) as store:
        return overrides_text(await store.flutterwave_codes.overrides())
