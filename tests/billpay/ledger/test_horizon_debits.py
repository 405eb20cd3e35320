"""Which payment records took our asset out of the wallet, and how much of it."""

from datetime import UTC, datetime

import pytest

from tests.billpay.ledger import wire
from tests.billpay.ledger.pages import only_unreadable, read
from tests.billpay.ledger.wire import contract_call, movement, payment

DEBITED = {"from": wire.WALLET, "to": wire.PAYER}
SENT = {f"source_{name}": value for name, value in wire.CNGN.items()}
PATH = {"type": "path_payment_strict_send", "path": [], "destination_min": "1.0000000"}


def only_debit(record):
    read_back = read(record)
    assert not read_back.credits
    assert not read_back.unreadable
    (debit,) = read_back.debits
    return debit


def test_a_payment_from_the_wallet_is_a_debit_read_in_full():
    debit = only_debit(payment(**DEBITED))
    assert debit.operation_id == str(wire.FIRST)
    assert debit.transaction_hash == wire.HASH
    assert debit.ledger == 1_000
    assert debit.closed_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert debit.destination == wire.PAYER
    assert debit.amount == 50_300_000_000


@pytest.mark.parametrize(
    "received", [wire.CNGN, {"asset_type": "native", "asset_code": None, "asset_issuer": None}]
)
def test_a_path_payment_from_the_wallet_takes_what_was_sent_not_what_arrived(received):
    sent = {**SENT, "source_amount": "2.0000000"}
    debit = only_debit(payment(**DEBITED | PATH | sent | received))
    assert (debit.destination, debit.amount) == (wire.PAYER, 20_000_000)


def test_cngn_that_the_wallet_exchanges_for_something_else_has_left_it():
    sent = {**SENT, "source_amount": "2.0000000", "to": wire.WALLET, "from": wire.WALLET}
    native = {"asset_type": "native", "asset_code": None, "asset_issuer": None}
    assert only_debit(payment(**PATH | sent | native)).amount == 20_000_000


@pytest.mark.parametrize(
    "changes",
    [
        {"from": wire.PAYER, "to": wire.STRANGER},
        {"asset_issuer": wire.STRANGER, **DEBITED},
        {"transaction_successful": False, **DEBITED},
        {"from": wire.WALLET},
        {"source_asset_type": "native", "source_amount": "1.0000000", **DEBITED, **PATH},
    ],
    ids=["others", "issuer", "failed", "to ourselves", "paid for in XLM"],
)
def test_what_does_not_take_our_asset_from_the_wallet_is_no_debit(changes):
    assert not read(payment(**changes)).debits


def test_contracts_and_the_issuer_take_from_the_wallet_too():
    """Each is named by counting the operation's debits, whatever else moved in it."""
    out = {"from": wire.WALLET, "destination_muxed_id": None}
    read_back = read(
        contract_call(
            movement(),
            movement(**out, to=wire.PAYER, amount="1.0000000"),
            movement(**out, to=None, type="clawback", amount="2.0000000"),
            movement(**out, to=wire.ISSUER, type="burn", amount="3.0000000"),
        )
    )
    assert [(one.operation_id, one.destination, one.amount) for one in read_back.debits] == [
        (str(wire.FIRST), wire.PAYER, 10_000_000),
        (f"{wire.FIRST}-1", None, 20_000_000),
        (f"{wire.FIRST}-2", None, 30_000_000),
    ]
    assert [one.operation_id for one in read_back.credits] == [str(wire.FIRST)]


def test_what_goes_back_to_the_issuer_is_held_by_nobody():
    assert only_debit(payment(**DEBITED | {"to": wire.ISSUER})).destination is None


@pytest.mark.parametrize(
    "changes", [{"amount": None}, {**PATH, "source_amount": "1.0000000"}, {"created_at": None}]
)
def test_a_debit_that_cannot_be_read_is_kept_for_a_person(changes):
    """Fault 67: the balance will not add up without it."""
    assert only_unreadable(payment(**DEBITED | changes)).operation_id == str(wire.FIRST)
