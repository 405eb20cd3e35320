from datetime import UTC, datetime

import pytest
from stellar_sdk import MuxedAccount, Network, TextMemo
from stellar_sdk.sep.stellar_uri import PayStellarUri

from billpay.domain.bills import BillerCode, BillType, MeterType
from billpay.domain.ids import new_transaction_id
from billpay.domain.money import Kobo
from billpay.domain.orders import Order, due_for
from billpay.domain.statuses import BillStatus
from billpay.sandbox import identities
from starter.commands.instructions import Instructions

EXPIRES_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def order():
    return Order(
        transaction_id=new_transaction_id(),
        wallet_address=identities.payer(1).public_key,
        bill_type=BillType.ELECTRICITY,
        biller=BillerCode("ekedc"),
        account_number="1111111111111",
        meter_type=MeterType.PREPAID,
        due=due_for(BillType.ELECTRICITY, Kobo(500_000)),
        bill_amount=Kobo(500_000),
        contact_phone="",
        requested_provider="vtpass",
        status=BillStatus.PENDING_PAYMENT,
        created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        expires_at=EXPIRES_AT,
    )


def instructions(order, passphrase=identities.NETWORK_PASSPHRASE):
    return Instructions(
        order=order,
        asset_code="cNGN",
        asset_issuer=identities.issuer().public_key,
        destination=identities.treasury().public_key,
        network_passphrase=passphrase,
    )


def test_the_link_asks_a_wallet_for_exactly_this_payment(order):
    link = PayStellarUri.from_uri(instructions(order).link)
    assert link.destination == identities.treasury().public_key
    assert link.amount == "5030"
    assert (link.asset_code, link.asset_issuer) == ("cNGN", identities.issuer().public_key)
    assert link._memo == TextMemo(order.memo)
    assert link.network_passphrase == identities.NETWORK_PASSPHRASE


def test_the_public_network_is_not_named_since_wallets_assume_it(order):
    link = instructions(order, Network.PUBLIC_NETWORK_PASSPHRASE).link
    assert PayStellarUri.from_uri(link).network_passphrase is None


def test_kobo_survive_in_the_amount(order):
    with_kobo = order.model_copy(update={"due": due_for(BillType.ELECTRICITY, Kobo(500_005))})
    assert instructions(with_kobo).amount == "5030.05"


def test_a_person_reads_how_much_where_to_with_which_memo_and_until_when(order):
    text = instructions(order).text()
    for fact in ("5,030 cNGN", identities.treasury().public_key, order.memo, "2026-03-02 10:00:00"):
        assert fact in text
    assert identities.issuer().public_key in text


def test_a_payer_without_text_has_a_number_and_an_address_of_the_orders_own(order):
    """Fault 17."""
    told = instructions(order)
    address = MuxedAccount.from_account(told.muxed_address)
    assert address == MuxedAccount(identities.treasury().public_key, order.alias)
    for fact in (str(order.alias), told.muxed_address):
        assert fact in told.text()
    document = told.document()
    assert (document["memo_id"], document["muxed_address"]) == (
        str(order.alias),
        told.muxed_address,
    )


def test_the_account_is_masked_for_a_person(order):
    assert order.account_number not in instructions(order).text()


def test_the_drawing_is_as_wide_as_a_terminal(order):
    lines = instructions(order).qr().splitlines()
    assert 40 < max(map(len, lines)) <= 80
