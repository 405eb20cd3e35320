from dataclasses import replace

import pytest

from billpay.domain.bills import BillType, MeterType
from billpay.domain.money import Kobo
from billpay.domain.routing import ProviderName
from billpay.failures import Invalid
from billpay.sandbox import identities
from starter.ordering import LIMITS, UNPRICED, Typed, read_typed

WALLET = identities.payer(1).public_key
ELECTRICITY = Typed(
    bill_type=BillType.ELECTRICITY,
    wallet=WALLET,
    account="1111111111111",
    biller="ekedc",
    meter_type="prepaid",
    amount="5000",
)
AIRTIME = Typed(
    bill_type=BillType.AIRTIME, wallet=WALLET, account="08031234567", biller=None, amount="500"
)
MUXED = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK"


def test_an_electricity_order_is_read_as_it_was_typed():
    order = read_typed(replace(ELECTRICITY, contact_phone="+2348031234567", provider="VTPass"))
    assert order.biller == "ekedc"
    assert order.bill_amount == Kobo(500_000)
    assert order.meter_type is MeterType.PREPAID
    assert order.contact_phone == "08031234567"
    assert order.provider is ProviderName.VTPASS


def test_a_discos_other_name_is_understood():
    assert read_typed(replace(ELECTRICITY, biller="Eko")).biller == "ekedc"


def test_the_network_is_read_from_the_number_unless_it_is_named():
    assert read_typed(AIRTIME).biller == "mtn"
    assert read_typed(replace(AIRTIME, biller="glo")).biller == "glo"


def test_what_has_a_price_of_its_own_is_read_without_one():
    data = replace(AIRTIME, bill_type=BillType.DATA, amount=None, product="mtn-1gb")
    assert read_typed(data).bill_amount == UNPRICED
    assert read_typed(data).product_code == "mtn-1gb"


def test_a_muxed_wallet_is_a_wallet():
    assert read_typed(replace(ELECTRICITY, wallet=MUXED)).wallet_address == MUXED


@pytest.mark.parametrize("bill_type", LIMITS)
def test_limits_themselves_are_allowed(bill_type):
    typed = {BillType.ELECTRICITY: ELECTRICITY, BillType.AIRTIME: AIRTIME}.get(
        bill_type,
        Typed(bill_type=bill_type, wallet=WALLET, account="1212121212", biller="dstv"),
    )
    for limit in LIMITS[bill_type]:
        assert read_typed(replace(typed, amount=str(limit // 100))).bill_amount == limit


IMPOSSIBLE = {
    "a wallet with a wrong letter": (replace(ELECTRICITY, wallet=WALLET[:-1] + "A"), "wallet"),
    "a secret instead of a wallet": (replace(ELECTRICITY, wallet="S" * 56), "secret"),
    "a meter with letters": (replace(ELECTRICITY, account="11111abc"), "meter"),
    "a meter that is too short": (replace(ELECTRICITY, account="11111"), "meter"),
    "a disco nobody knows": (replace(ELECTRICITY, biller="nepa"), "nepa"),
    "a name two discos have": (replace(ELECTRICITY, biller="kedc"), "ambiguous"),
    "a telco for electricity": (replace(ELECTRICITY, biller="mtn"), "mtn"),
    "another kind of meter": (replace(ELECTRICITY, meter_type="smart"), "prepaid nor postpaid"),
    "three decimals": (replace(ELECTRICITY, amount="5000.001"), "finer"),
    "a negative amount": (replace(ELECTRICITY, amount="-5000"), "no amount for electricity"),
    "nothing": (replace(ELECTRICITY, amount="0"), "no amount for electricity"),
    "too little": (replace(ELECTRICITY, amount="499.99"), "no amount for electricity"),
    "too much": (replace(ELECTRICITY, amount="500000.01"), "no amount for electricity"),
    "far too much": (replace(AIRTIME, amount="1000000000"), "no amount for airtime"),
    "no number": (replace(ELECTRICITY, amount="five thousand"), "not an amount"),
    "infinity": (replace(ELECTRICITY, amount="inf"), "not an amount"),
    "a phone that is none": (replace(AIRTIME, account="12345"), "phone"),
    "a phone of no known network": (replace(AIRTIME, account="201000000000"), "--network"),
    "a contact that is no phone": (replace(ELECTRICITY, contact_phone="12"), "phone"),
    "a provider nobody knows": (replace(ELECTRICITY, provider="paypal"), "vtpass"),
}


@pytest.mark.parametrize(("typed", "words"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_can_never_be_served_is_refused_in_one_line_that_says_why(typed, words):
    with pytest.raises(Invalid) as refused:
        read_typed(typed)
    assert words in refused.value.detail
    assert len(refused.value.detail.splitlines()) == 1


def test_a_secret_typed_as_a_wallet_is_not_repeated():
    """I18: what is refused is shown, and a terminal is kept in scroll-back, screenshots and tickets."""
    secret = identities.payer(1).secret
    with pytest.raises(Invalid) as refused:
        read_typed(replace(ELECTRICITY, wallet=secret))
    assert secret not in refused.value.detail
