"""Which server reads and which one checks, as the settings say."""

import pytest

from billpay.ledger.horizon import Horizon
from billpay.ledger.rpc import StellarRpc
from billpay.ledger.sources import REGISTRY, SourceKind, build_second_source, build_source
from billpay.sandbox import identities
from billpay.settings import SettingsError, load_settings

HERE = identities.environment("http://127.0.0.1:9")


def settings(**changes):
    return load_settings({**HERE, **changes})


async def kind_of(source):
    if source is not None:
        await source.close()
    return type(source)


async def test_horizon_reads_and_rpc_checks_unless_told_otherwise():
    assert await kind_of(build_source(settings())) is Horizon
    assert await kind_of(build_second_source(settings())) is StellarRpc


async def test_the_two_change_places_by_one_setting():
    changed = settings(LEDGER_SOURCE="rpc")
    assert await kind_of(build_source(changed)) is StellarRpc
    assert await kind_of(build_second_source(changed)) is Horizon


@pytest.mark.parametrize(
    "alone", [{"LEDGER_SOURCE": "rpc", "HORIZON_URL": ""}, {"STELLAR_RPC_URL": ""}]
)
async def test_a_source_without_another_one_is_not_checked(alone):
    assert await kind_of(build_source(settings(**alone))) in (Horizon, StellarRpc)
    assert build_second_source(settings(**alone)) is None


async def test_any_kind_can_be_asked_for():
    assert set(REGISTRY) == set(SourceKind)
    for kind, built in ((SourceKind.HORIZON, Horizon), (SourceKind.RPC, StellarRpc)):
        assert await kind_of(build_source(settings(), kind)) is built


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"HORIZON_URL": ""}, "HORIZON_URL"),
        ({"LEDGER_SOURCE": "rpc", "STELLAR_RPC_URL": ""}, "STELLAR_RPC_URL"),
        ({"CNGN_ASSET_ISSUER": ""}, "CNGN_ASSET_ISSUER"),
        ({"LEDGER_SOURCE": "rpc", "STELLAR_NETWORK_PASSPHRASE": ""}, "STELLAR_NETWORK_PASSPHRASE"),
    ],
)
def test_what_is_missing_is_named(changes, name):
    with pytest.raises(SettingsError, match=name):
        build_source(settings(**changes))


def test_an_unknown_kind_is_refused_with_the_words_that_are_not():
    with pytest.raises(SettingsError, match="LEDGER_SOURCE is none of the words"):
        settings(LEDGER_SOURCE="ouija")
