"""Which words fit: every status has an answer, and a refund ends with the advice that helps."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from billpay.domain.attempts import Attempt
from billpay.domain.deposits import Credit, Deposit, Disposition, StrayReason
from billpay.domain.messages import MessageKind
from billpay.domain.money import cngn
from billpay.domain.outcomes import Declined, Delivered, Outcome, Processing, TokenAwaited, Whose
from billpay.domain.refunds import RefundPurpose, RefundStatus
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.notifications.telling import (
    PaidOrder,
    StrayDeposit,
    fitting,
    fitting_stray,
    stray_words,
    words,
)
from tests.billpay.notifications.conftest import PLACED

S, K = BillStatus, MessageKind


def deposit(amount: str = "5030", *, minutes: float = 1, stray: StrayReason | None = None, **more):
    credit = Credit(
        operation_id="1",
        paging_token="1",
        transaction_hash="00" * 32,
        ledger=1,
        closed_at=PLACED + timedelta(minutes=minutes),
        payer="the payer's wallet",
        amount=cngn(amount),
        memo=None,
        memo_type="none",
    )
    facts = {"transaction_id": None, "stray_reason": stray, "disposition": Disposition.PENDING}
    return Deposit(credit=credit, **facts | more)


def attempt(outcome: Outcome | None) -> Attempt:
    return Attempt(
        transaction_id="01234567-89ab-4def-8123-456789abcdef",
        number=1,
        provider=ProviderName.VTPASS,
        request_id="202603021000x",
        opened_at=PLACED,
        outcome=outcome,
    )


@pytest.fixture
def paid(row) -> Callable[..., PaidOrder]:
    """Make an order in this status, with these facts."""

    def make(status: BillStatus, *been: BillStatus, outcome: Outcome | None = None, **facts):
        known = {
            "row": row(status=status),
            "deposit": deposit(),
            "statuses": frozenset({S.CNGN_RECEIVED, *been, status}),
            "attempts": [attempt(outcome)] if outcome else [],
            "refunds": [],
            "provider_reference": None,
            "receipt": None,
        }
        return PaidOrder(**known | facts)

    return make


DOUBT = Processing(provider_reference="1")
DECLINED = Declined(reason="no", whose=Whose.PROVIDER)


@pytest.mark.parametrize(
    ("status", "outcome", "kind"),
    [
        (S.PENDING_PAYMENT, None, None),
        (S.EXPIRED, None, None),
        (S.CNGN_RECEIVED, None, K.STILL_CONFIRMING),
        (S.VERIFYING_ACCOUNT, None, K.STILL_CONFIRMING),
        (S.ACCOUNT_INVALID, None, K.STILL_CONFIRMING),
        (S.PROCESSING_BILL, None, K.STILL_CONFIRMING),
        (S.PROVIDER_PROCESSING, DOUBT, K.STILL_CONFIRMING),
        (S.RETRY_SCHEDULED, None, K.STILL_CONFIRMING),
        (S.PROVIDER_FAILED, DECLINED, K.STILL_CONFIRMING),
        (S.REFUND_INITIATED, DECLINED, K.STILL_CONFIRMING),
        (S.REFUND_PROCESSING, DECLINED, K.STILL_CONFIRMING),
        (S.NEEDS_REVIEW, DOUBT, K.STILL_CONFIRMING),
        (S.NEEDS_REVIEW, TokenAwaited(provider_reference="1"), K.STILL_CONFIRMING),
        (S.NEEDS_REVIEW, DECLINED, K.HELD),
        (S.NEEDS_REVIEW, None, K.HELD),
        (S.COMPLETED, Delivered(provider_reference="1"), K.COMPLETED),
        (S.REFUNDED, DECLINED, K.REFUNDED),
    ],
)
def test_a_resend_tells_where_the_payment_stands(paid, status, outcome, kind):
    assert fitting(paid(status, outcome=outcome)) is kind


def test_every_status_has_an_answer(paid):
    assert {status: fitting(paid(status)) for status in S}.keys() == set(S)


def test_whatever_fits_can_be_written(paid, refund):
    for status in S:
        payment = paid(status, refunds=[refund("5030", "no")])
        kind = fitting(payment)
        assert kind is None or words(payment, kind).body == words(payment, kind).body != ""


@pytest.mark.parametrize("status", [S.REFUND_INITIATED, S.REFUND_PROCESSING])
def test_money_on_its_way_back_is_not_called_unconfirmed(paid, status):
    assert "on its way" in words(paid(status), K.STILL_CONFIRMING).body


def test_no_refund_is_told_of_before_there_is_one(paid, refund):
    excess = refund("1", "more arrived than was due", RefundPurpose.EXCESS)
    with pytest.raises(LookupError):
        words(paid(S.REFUNDED, refunds=[excess]), K.REFUNDED)
    with pytest.raises(LookupError):
        words(paid(S.COMPLETED), K.EXCESS_REFUNDED)


def test_the_excess_is_told_by_its_own_amount(paid, refund):
    both = [refund("5030", "no"), refund("970", "more arrived", RefundPurpose.EXCESS)]
    text = words(paid(S.COMPLETED, refunds=both), K.EXCESS_REFUNDED)
    assert "Amount Refunded: 970 cNGN" in text.body


@pytest.mark.parametrize("kind", [K.EXCESS_KEPT, K.HELD])
def test_an_excess_that_stays_here_is_told_by_its_amount_once_the_bill_is_paid(paid, kind):
    text = words(paid(S.COMPLETED, deposit=deposit("6000")), kind)
    assert "Extra Amount: 970 cNGN" in text.body
    assert "Your bill has been paid." in text.body


def test_no_excess_is_told_of_where_nobody_paid(paid):
    with pytest.raises(LookupError):
        words(paid(S.COMPLETED, deposit=None), K.EXCESS_KEPT)


@pytest.mark.parametrize(
    ("been", "facts", "advice"),
    [
        (
            [S.VERIFYING_ACCOUNT, S.ACCOUNT_INVALID],
            {},
            "Please verify your meter number and try again.",
        ),
        (
            [S.VERIFYING_ACCOUNT],
            {"outcome": Declined(reason="too much", whose=Whose.CUSTOMER)},
            "Please check your order and try again.",
        ),
        ([S.VERIFYING_ACCOUNT], {"outcome": DECLINED}, "Please try again later."),
        ([], {}, "Please try again later."),
        (
            [],
            {"deposit": deposit("5029.9999999")},
            "Please place a new order and send the amount it asks for in time.",
        ),
        (
            [],
            {"deposit": deposit(minutes=2000)},
            "Please place a new order and send the amount it asks for in time.",
        ),
        (
            [S.VERIFYING_ACCOUNT],
            {"deposit": deposit(minutes=90), "outcome": DECLINED},
            "Please try again later.",
        ),
    ],
)
def test_a_refund_advises_by_what_was_at_fault(paid, refund, been, facts, advice):
    text = words(paid(S.REFUNDED, *been, refunds=[refund("5030", "no")], **facts), K.REFUNDED)
    assert text.body.splitlines()[-1] == advice


def test_an_order_that_cannot_be_read_is_to_be_checked(paid, row, refund):
    unreadable = row(account="none", status=S.REFUNDED)
    text = words(paid(S.REFUNDED, row=unreadable, refunds=[refund("5030", "no")]), K.REFUNDED)
    assert text.body.splitlines()[-1] == "Please check your order and try again."


def test_a_refund_to_the_orders_own_wallet_is_called_so(paid, row, refund):
    own = row(status=S.REFUNDED).model_copy(update={"wallet_address": "the payer's wallet"})
    refunds = [refund("5030", "no")]
    assert "to your wallet" in words(paid(S.REFUNDED, row=own, refunds=refunds), K.REFUNDED).body
    assert "it came from" in words(paid(S.REFUNDED, refunds=refunds), K.REFUNDED).body


@pytest.mark.parametrize(
    ("disposition", "status", "kind", "phrase"),
    [
        (Disposition.REFUNDED, RefundStatus.PAID, K.REFUNDED, "Amount Refunded: 7 cNGN"),
        (Disposition.HELD, RefundStatus.HELD, K.HELD, "Under review"),
        (Disposition.PENDING, RefundStatus.OPEN, K.STILL_CONFIRMING, "Refund on its way"),
        (Disposition.PENDING, None, K.STILL_CONFIRMING, "Refund on its way"),
    ],
)
def test_a_stray_deposit_is_told_by_where_its_money_is(refund, disposition, status, kind, phrase):
    refunds = [refund("7", "no").model_copy(update={"status": status})] if status else []
    money = deposit("7", stray=StrayReason.UNKNOWN_MEMO, disposition=disposition)
    stray = StrayDeposit(deposit=money, refunds=refunds)
    assert fitting_stray(stray) is kind
    assert phrase in stray_words(stray, kind).body


def test_no_return_is_told_of_before_there_is_one():
    stray = StrayDeposit(deposit=deposit("7", stray=StrayReason.NO_MEMO), refunds=[])
    with pytest.raises(LookupError):
        stray_words(stray, K.REFUNDED)
