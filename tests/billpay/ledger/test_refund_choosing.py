"""How a refund goes back, by what is known of its payer."""

import pytest

from billpay.domain.money import Stroops
from billpay.domain.refunds import (
    EnvelopeKind,
    MemoKind,
    Refund,
    RefundPast,
    RefundPurpose,
    RefundStatus,
)
from billpay.ledger.base import LedgerAccount
from billpay.ledger.refund_choosing import (
    LINE_FULL_TRIES,
    Addresses,
    Held,
    choose,
    choose_by_address,
)
from tests.billpay.ledger import wire

PAYMENT, SET_ASIDE = EnvelopeKind.PAYMENT, EnvelopeKind.CLAIMABLE_BALANCE
NO_TRUST = RefundPast(failures=[("tx_failed", "op_no_trust")])
FULL = ("tx_failed", "op_line_full")


def refund(**changes):
    facts = {
        "refund_id": "refund-1-whole",
        "operation_id": "1",
        "transaction_id": None,
        "purpose": RefundPurpose.WHOLE,
        "destination": wire.PAYER,
        "amount": Stroops(1),
        "reason": "nothing was sold",
        "deposit_hash": wire.HASH,
        "status": RefundStatus.OPEN,
    }
    return Refund(**facts | changes)


def account(**changes):
    facts = {
        "address": wire.PAYER,
        "sequence": 1,
        "can_receive": True,
        "demands_memo": False,
        "balance": Stroops(0),
        "holding": Stroops(0),
        "native_balance": Stroops(0),
    }
    return LedgerAccount(**facts | changes)


NO_LINE = account(can_receive=False)
MEMO = {"memo": "7", "memo_type": MemoKind.ID}


@pytest.mark.parametrize(
    ("found", "past", "chosen"),
    [
        (account(), RefundPast(), PAYMENT),
        (None, RefundPast(), SET_ASIDE),
        # Frozen or missing: the ledger tells, and only its word leads past the trustline.
        (NO_LINE, RefundPast(), PAYMENT),
        (NO_LINE, NO_TRUST, SET_ASIDE),
        (account(), NO_TRUST, PAYMENT),
        (NO_LINE, RefundPast(failures=[("tx_failed", "op_not_authorized")]), PAYMENT),
        (account(), RefundPast(failures=[FULL] * (LINE_FULL_TRIES - 1)), PAYMENT),
        (account(), RefundPast(failures=[FULL] * LINE_FULL_TRIES), SET_ASIDE),
    ],
)
def test_it_is_paid_where_it_can_be_and_set_aside_where_the_ledger_said_so(found, past, chosen):
    """Fault 23."""
    assert choose(refund(), found, past, sets_aside=True) is chosen


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"destination": wire.MUXED_PAYER}, "cannot carry the id"), (MEMO, "nobody reads the memo")],
)
def test_what_names_a_customer_is_not_set_aside(changes, word):
    """Fault 17: the balance would be the exchange's."""
    held = choose(refund(**changes), None, RefundPast(), sets_aside=True)
    assert isinstance(held, Held)
    assert word in held.reason


def test_nothing_is_set_aside_that_the_server_cannot_follow():
    held = choose(refund(), None, RefundPast(), sets_aside=False)
    assert isinstance(held, Held)
    assert "knows no claimable balances" in held.reason


@pytest.mark.parametrize(
    ("changes", "is_held"), [({}, True), (MEMO, False), ({"destination": wire.MUXED_PAYER}, False)]
)
def test_who_demands_a_memo_gets_nothing_without_one(changes, is_held):
    """SEP-29: a multiplexed address says itself whom the money is for."""
    chosen = choose(refund(**changes), account(demands_memo=True), RefundPast(), sets_aside=True)
    assert isinstance(chosen, Held) is is_held


@pytest.mark.parametrize(
    ("changes", "is_held"), [({}, True), (MEMO, False), ({"destination": wire.MUXED_PAYER}, False)]
)
def test_an_exchange_gets_nothing_without_a_memo(changes, is_held):
    addresses = Addresses(
        treasury=wire.WALLET, issuer=wire.ISSUER, exchanges=frozenset({wire.PAYER})
    )
    assert isinstance(choose_by_address(refund(**changes), addresses), Held) is is_held


@pytest.mark.parametrize("destination", [wire.CONTRACT, wire.ISSUER, wire.WALLET, ""])
def test_nobody_is_paid_whom_no_payment_reaches(destination):
    """Fault 23."""
    addresses = Addresses(treasury=wire.WALLET, issuer=wire.ISSUER)
    assert isinstance(choose_by_address(refund(destination=destination), addresses), Held)
