"""One lie after the other: every rule must catch its own."""

import inspect
import re
from uuid import UUID

import pytest
from stellar_sdk import MuxedAccount

import starter.truth
from billpay.domain.deposits import DepositPolicy, Disposition, ExcessPolicy
from billpay.domain.money import Kobo, Stroops, cngn
from billpay.domain.refunds import RefundPurpose, RefundStatus
from billpay.domain.statuses import BillStatus
from billpay.domain.tokens import Token, spoken_token
from starter.truth.rules import differences
from tests.starter.truth.small_world import (
    ADA,
    BAYO,
    EXTRA,
    LIGHT,
    OTHER_TOKEN,
    TOKEN,
    TREASURY,
    deposit,
    falsify,
    moved,
    order,
    refund,
    sale,
    told,
)


def test_a_true_world_has_no_differences(both):
    assert differences(both.books()) == []


def test_a_credit_without_a_deposit_row_is_lost_money(both):
    """I1."""
    both.movements.append(moved("in-6", ADA, TREASURY, "1"))
    assert both.invariants() == {"I1"}


def test_a_credit_to_a_multiplexed_address_of_the_treasury_counts(both):
    """I1, fault 17."""
    muxed = MuxedAccount(TREASURY, 7).account_muxed
    both.movements.append(moved("in-6", ADA, muxed, "1"))
    assert both.invariants() == {"I1"}


def test_a_credit_recorded_twice_is_seen(both):
    """I1."""
    both.deposits.append(both.deposits[3])
    assert "I1" in both.invariants()


@pytest.mark.parametrize("operation_id", ["look-alike", "lumens", "genesis", "invented"])
def test_a_deposit_row_for_anything_but_our_asset_is_seen(both, operation_id):
    """I1, I23."""
    both.deposits.append(deposit(operation_id, "9000", Disposition.HELD))
    assert "I1" in both.invariants()


@pytest.mark.parametrize(
    "lie", [{"amount": Stroops(1)}, {"payer": BAYO}, {"transaction_hash": "another"}]
)
def test_a_deposit_row_that_misquotes_the_ledger_is_seen(both, lie):
    """I1."""
    falsify(both.deposits, 4, credit=both.deposits[4].credit.model_copy(update=lie))
    assert "I1" in both.invariants()


@pytest.mark.parametrize("index", range(6))
def test_a_deposit_that_was_never_decided_is_seen(both, index):
    """I2."""
    falsify(both.deposits, index, disposition=Disposition.PENDING)
    assert "I2" in both.invariants()


def test_an_order_that_waits_for_a_person_holds_its_deposit(both):
    """I2: parked is an end for the machine, and says so."""
    both.movements.append(moved("in-6", ADA, TREASURY, "500"))
    both.balance += cngn("500")
    both.orders.append(order(UUID(int=4), BillStatus.NEEDS_REVIEW))
    both.deposits.append(deposit("in-6", "500", Disposition.PENDING, claims=UUID(int=4)))
    assert both.invariants() == set()


@pytest.mark.parametrize(
    ("index", "lie"),
    [
        (3, Disposition.DELIVERED),
        (2, Disposition.REFUNDED),
        (0, Disposition.REFUNDED),
        (0, Disposition.HELD),
        (1, Disposition.HELD),
        (4, Disposition.REFUNDED),
        (4, Disposition.KEPT),
        (3, Disposition.KEPT),
        (5, Disposition.REFUNDED),
        (5, Disposition.DELIVERED),
    ],
)
def test_a_deposit_said_to_have_gone_where_it_did_not_is_seen(both, index, lie):
    """I2."""
    falsify(both.deposits, index, disposition=lie)
    assert both.invariants() == {"I2"}


@pytest.mark.parametrize(("kept", "expected"), [("1", set()), ("1.0000001", {"I2"})])
def test_no_more_than_dust_is_kept_of_an_overpaid_order(both, kept, expected):
    """I2, fault 22."""
    amount = Stroops(cngn("5030") + cngn(kept))
    both.balance += amount - both.deposits[0].credit.amount
    falsify(both.movements, 1, amount=amount)
    falsify(both.deposits, 0, credit=both.deposits[0].credit.model_copy(update={"amount": amount}))
    assert both.invariants() == expected


def test_nothing_above_dust_is_kept(both):
    """I2."""
    both.policy = DepositPolicy(dust=cngn("0.5"))
    assert both.invariants() == {"I2"}


def test_dust_that_is_kept_is_still_here(both):
    """I9: sent back all the same, it is a payment that no refund accounts for."""
    both.movements.append(moved("out-5", TREASURY, ADA, "0.75"))
    both.balance -= cngn("0.75")
    assert both.invariants() == {"I5", "I9"}


@pytest.mark.parametrize(
    ("policy", "expected"), [(ExcessPolicy.REFUND, {"I2"}), (ExcessPolicy.KEEP, set())]
)
def test_an_excess_is_kept_only_by_policy(both, policy, expected):
    """I2."""
    del both.refunds[1]
    del both.movements[9]
    both.balance += cngn("250")
    both.policy = DepositPolicy(dust=both.policy.dust, over=policy)
    assert both.invariants() == expected


def test_dust_is_no_excuse_for_a_refund_that_falls_short(both):
    """I2."""
    falsify(both.movements, 9, amount=cngn("249.5"))
    falsify(
        both.refunds, 1, refund=both.refunds[1].refund.model_copy(update={"amount": cngn("249.5")})
    )
    both.balance += cngn("0.5")
    assert both.invariants() == {"I2"}


def test_an_excess_that_is_held_still_adds_up(both):
    """I2: delivered, and the rest waits for a person."""
    both.refunds[1] = refund("in-3", "250", RefundPurpose.EXCESS, RefundStatus.HELD)
    del both.movements[9]
    both.balance += cngn("250")
    assert both.invariants() == set()


def test_sold_and_refunded_is_seen(both):
    """I3, the promise above all."""
    falsify(both.sales, 1, happened="sold")
    assert "I3" in both.invariants()


def test_a_sale_behind_a_refund_that_is_only_promised_is_seen(both):
    """I3."""
    falsify(both.sales, 1, happened="sold")
    both.refunds[0] = refund("in-2", "500", RefundPurpose.WHOLE, RefundStatus.OPEN)
    del both.movements[8]
    assert "I3" in both.invariants()


@pytest.mark.parametrize("happened", ["failed", "never_created", "refused"])
def test_completed_without_a_sale_is_seen(both, happened):
    """I3."""
    falsify(both.sales, 2, happened=happened)
    assert "I3" in both.invariants()


@pytest.mark.parametrize("index", [1, 2])
def test_an_end_before_the_sale_has_ended_is_seen(both, index):
    """I13."""
    falsify(both.sales, index, happened="pending")
    assert "I13" in both.invariants()


def test_an_order_sold_twice_is_seen(both):
    """I4."""
    both.sales.append(sale("extra-2", "account 3", "500"))
    falsify(both.orders, 2, request_ids=frozenset({"extra-1", "extra-2"}))
    assert {"I4", "I2"} <= both.invariants()


def test_an_order_sold_by_two_providers_under_one_id_is_seen(both):
    """I4."""
    both.sales.append(sale("extra-1", "account 3", "500"))
    assert {"I4", "I2"} <= both.invariants()


@pytest.mark.parametrize("by", [-1, 1])
def test_a_balance_that_is_off_by_one_stroop_is_seen(both, by):
    """I5."""
    both.balance += by
    assert both.invariants() == {"I5"}


@pytest.mark.parametrize(
    "kept", [(), (OTHER_TOKEN,), (TOKEN, OTHER_TOKEN), (Token("1234567890123456789"),)]
)
def test_another_token_than_the_sold_one_is_seen(both, kept):
    """I7, fault 46."""
    falsify(both.orders, 0, tokens=kept)
    assert both.invariants() == {"I7"}


def test_a_token_kept_where_none_was_sold_is_seen(both):
    """I7."""
    falsify(both.orders, 2, tokens=(TOKEN,))
    assert both.invariants() == {"I7"}


def test_a_customer_who_was_not_told_the_token_is_seen(both):
    """I8."""
    both.messages[0] = told(LIGHT, "Your electricity payment was successful!")
    assert both.invariants() == {"I8"}


def test_a_customer_who_was_told_another_token_as_well_is_seen(both):
    """I8."""
    both.messages.append(told(LIGHT, f"Token: {OTHER_TOKEN}"))
    assert both.invariants() == {"I8"}


def test_a_providers_reference_is_no_token(both):
    """Some have twenty digits too."""
    both.messages.append(told(LIGHT, "Reference: CF-FLYAPI-20261125011454133969"))
    assert both.invariants() == set()


def test_somebody_elses_token_is_seen(both):
    """I8: a token told to the wrong customer is lost to its owner."""
    both.messages[0] = told(EXTRA, f"Token: {spoken_token(TOKEN)}")
    assert both.invariants() == {"I8"}


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_customer_who_was_told_nothing_is_seen(both, index):
    """I8."""
    del both.messages[index]
    assert both.invariants() == {"I8"}


def test_a_token_in_a_plain_message_is_read_as_well(both):
    both.messages[0] = told(LIGHT, f"Token {TOKEN}.")
    assert both.invariants() == set()


def test_a_refund_paid_twice_is_seen(both):
    """I9."""
    both.movements.append(moved("out-5", TREASURY, ADA, "500", transaction_hash="another envelope"))
    both.balance -= cngn("500")
    assert both.invariants() == {"I9", "I5"}


def test_a_refund_that_the_ledger_does_not_know_is_seen(both):
    """I9."""
    del both.movements[8]
    both.balance += cngn("500")
    assert {"I9", "I2", "I5"} == both.invariants()


@pytest.mark.parametrize("status", [RefundStatus.OPEN, RefundStatus.HELD])
def test_a_refund_that_was_paid_although_our_records_still_owe_it_is_seen(both, status):
    """I9, fault 28."""
    row = both.refunds[0].refund.model_copy(update={"status": status})
    falsify(both.refunds, 0, refund=row)
    assert "I9" in both.invariants()


@pytest.mark.parametrize("lie", [{"amount": cngn("499")}, {"destination": BAYO}])
def test_a_refund_of_another_amount_or_to_another_account_is_seen(both, lie):
    """I9."""
    falsify(both.movements, 8, **lie)
    assert "I9" in both.invariants()


def test_a_sale_that_no_attempt_names_is_seen(both):
    """I14."""
    both.sales.append(sale("nobody-1", "account 9", "500"))
    assert both.invariants() == {"I14"}


@pytest.mark.parametrize("sold", [Kobo(49_999), Kobo(50_001), None])
def test_another_amount_than_the_ordered_one_is_seen(both, sold):
    """I17."""
    falsify(both.sales, 2, amount=sold)
    assert "I17" in both.invariants()


def test_a_sale_to_another_account_is_seen(both):
    """I17."""
    falsify(both.sales, 2, account="account 2")
    assert both.invariants() == {"I17"}


def test_the_table_in_the_docstring_names_every_invariant_that_is_watched():
    documented = set(re.findall(r"^    (I\d+) ", starter.truth.__doc__, re.MULTILINE))
    watched = set(re.findall(r'"(I\d+)"', inspect.getsource(starter.truth.rules)))
    assert documented == watched
