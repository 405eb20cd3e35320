"""The catalogue holds the traps of the real one."""

from collections import Counter

import pytest

from billpay.domain.money import Kobo
from billpay.sandbox.vtpass_catalogue import SERVICES, Kind


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_fixed_products_have_a_menu_and_open_amounts_have_none(service):
    assert bool(service.menu) == (service.kind in (Kind.DATA, Kind.TV))
    assert Kobo(0) < service.minimum < service.maximum


def test_all_twelve_discos_sell():
    assert sum(service.kind is Kind.ELECTRICITY for service in SERVICES.values()) == 12


def test_one_code_appears_twice_at_different_prices():
    prices = [v.price for v in SERVICES["mtn-data"].menu if v.code == "mtn-xtratalk-300"]
    assert prices == [30_000, 20_000]


def test_no_other_code_is_sold_at_two_prices():
    """A typing error in the tables would look like a trap."""
    doubled = {
        code
        for service in SERVICES.values()
        for code, count in Counter(
            code for code, _ in {(v.code, v.price) for v in service.menu}
        ).items()
        if count > 1
    }
    assert doubled == {"mtn-xtratalk-300"}


def test_there_is_no_code_called_dstv_compact():
    assert SERVICES["dstv"].variation("dstv-compact") is None
    assert SERVICES["dstv"].variation("dstv79").price == 790_000


@pytest.mark.parametrize(
    ("service_id", "amount", "commission"),
    [
        ("mtn", 2_000, 70),
        ("glo", 2_000, 60),
        ("kano-electric", 100_000, 1_000),
        ("mtn", 5_001, 175),
    ],
)
def test_commissions_are_whole_kobo(service_id, amount, commission):
    assert SERVICES[service_id].commission(Kobo(amount)) == commission
