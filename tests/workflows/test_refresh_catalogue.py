"""The catalogue's refresh on a real server with skipped time; only the reading is scripted."""

import pytest

from activities import names
from billpay.domain.catalogue import PriceListsRead
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured, Unavailable
from workflows.policies import READ_PRICE_LISTS

VTPASS, FLUTTERWAVE, PAYSTACK = ProviderName


def read(provider, **facts):
    return PriceListsRead(
        provider=provider, **{"lists": 8, "products": 190, "changes": 3, "failures": ()} | facts
    )


async def test_every_provider_is_read_once_and_told_of(on_stage):
    lists = {name: [read(name)] for name in ProviderName}
    async with on_stage(lists=lists) as stage:
        told = await (await stage.refresh()).result()
        assert [one.provider for one in told.read] == list(ProviderName)
        assert stage.outside.count(names.READ_PRICE_LISTS) == len(ProviderName)


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (Unavailable("no answer"), READ_PRICE_LISTS["retry_policy"].maximum_attempts),
        (Misconfigured("key refused"), 1),
        (RuntimeError("a bug"), READ_PRICE_LISTS["retry_policy"].maximum_attempts),
    ],
)
async def test_a_provider_that_fails_stops_no_other(on_stage, failure, attempts):
    lists = {FLUTTERWAVE: [failure], VTPASS: [read(VTPASS)]}
    async with on_stage(lists=lists) as stage:
        told = await (await stage.refresh()).result()
    failed, good = told.read
    assert good == read(VTPASS)
    assert (failed.provider, failed.lists) == (FLUTTERWAVE, 0)
    assert str(failure) in failed.failures[0]
    asked = [one.provider for one in stage.outside.requests(names.READ_PRICE_LISTS)]
    assert (asked.count(FLUTTERWAVE), asked.count(VTPASS)) == (attempts, 1)


async def test_a_provider_that_is_back_is_read_by_the_repetition(on_stage):
    lists = {VTPASS: [Unavailable("no answer"), read(VTPASS)]}
    async with on_stage(lists=lists) as stage:
        assert (await (await stage.refresh()).result()).read == (read(VTPASS),)
        assert stage.outside.gaps(names.READ_PRICE_LISTS)[0] >= 30


async def test_without_a_provider_there_is_nothing_to_read(on_stage):
    async with on_stage(lists={}) as stage:
        assert (await (await stage.refresh()).result()).read == ()
