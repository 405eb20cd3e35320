from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from billpay.domain.bills import BILLERS
from billpay.domain.routing import ProviderName
from billpay.failures import Misconfigured
from billpay.providers import REGISTRY, build_providers

KEYS = {
    "vtpass_api_key": "key",
    "vtpass_public_key": "key",
    "vtpass_secret_key": "key",
    "flutterwave_api_key": "key",
    "paystack_api_key": "sk_test_key",
}
VTPASS_KEYS = [name for name in KEYS if name.startswith("vtpass")]


def settings(**given):
    keys = {name: SecretStr(given[name]) if name in given else None for name in KEYS}
    return SimpleNamespace(
        flutterwave_base_url="http://127.0.0.1:1/flutterwave",
        flutterwave_read_timeout_seconds=35.0,
        paystack_base_url="http://127.0.0.1:1/paystack",
        vtpass_base_url="http://127.0.0.1:1/vtpass",
        vtpass_read_timeout_seconds=60.0,
        **keys,
    )


async def closed(providers):
    for provider in providers.values():
        await provider.close()


async def test_every_provider_that_there_is_can_be_built_from_its_keys():
    providers = build_providers(settings(**KEYS))
    assert set(providers) == set(REGISTRY) == set(ProviderName)
    for name, provider in providers.items():
        assert provider.name is name
    await closed(providers)


@pytest.mark.parametrize("name", ProviderName)
async def test_a_provider_is_built_from_its_own_keys_alone(name):
    own = {key: value for key, value in KEYS.items() if key.startswith(name)}
    providers = build_providers(settings(**own))
    assert providers.keys() == {name}
    await closed(providers)


def test_a_provider_without_any_key_is_left_out():
    assert build_providers(settings()) == {}


@pytest.mark.parametrize("missing", VTPASS_KEYS)
def test_a_provider_with_some_of_its_keys_is_refused_by_the_missing_name(missing):
    given = {name: key for name, key in KEYS.items() if name != missing}
    with pytest.raises(Misconfigured, match=missing.upper()):
        build_providers(settings(**given))


async def test_every_bill_we_offer_can_be_bought_from_somebody():
    """An order that names a provider who does not sell it is routed to one who does."""
    providers = build_providers(settings(**KEYS))
    for biller in BILLERS:
        for bill_type in biller.bill_types:
            assert any(one.sells(bill_type, biller.code) for one in providers.values())
    await closed(providers)


async def test_paystack_may_have_its_keys_and_still_sells_nothing():
    (paystack,) = build_providers(settings(paystack_api_key="sk_test_key")).values()
    assert not any(
        paystack.sells(bill_type, biller.code)
        for biller in BILLERS
        for bill_type in biller.bill_types
    )
    await paystack.close()
