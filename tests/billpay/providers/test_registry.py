from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from billpay.domain.bills import BILLERS
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured
from billpay.providers import REGISTRY, build_providers

KEYS = ("vtpass_api_key", "vtpass_public_key", "vtpass_secret_key")


def settings(**keys):
    named = {name: SecretStr(keys[name]) if name in keys else None for name in KEYS}
    return SimpleNamespace(
        vtpass_base_url="http://127.0.0.1:1/vtpass", vtpass_read_timeout_seconds=60.0, **named
    )


async def test_a_provider_with_its_keys_is_built():
    providers = build_providers(settings(**dict.fromkeys(KEYS, "key")))
    assert providers.keys() == {ProviderName.VTPASS}
    for name, provider in providers.items():
        assert provider.name is name
        await provider.close()


def test_a_provider_without_any_key_is_left_out():
    assert build_providers(settings()) == {}


@pytest.mark.parametrize("missing", KEYS)
def test_a_provider_with_some_of_its_keys_is_refused_by_the_missing_name(missing):
    given = dict.fromkeys(set(KEYS) - {missing}, "key")
    with pytest.raises(Misconfigured, match=missing.upper()):
        build_providers(settings(**given))


def test_every_bill_we_offer_can_be_bought_from_somebody():
    """An order that names a provider who is not registered is routed to one who sells it."""
    built = build_providers(settings(**dict.fromkeys(KEYS, "key")))
    assert built.keys() == REGISTRY.keys()
    for biller in BILLERS:
        for bill_type in biller.bill_types:
            assert any(provider.sells(bill_type, biller.code) for provider in built.values())
