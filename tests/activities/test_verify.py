"""Is the deposit good for its order, and can the account be served?"""

from datetime import timedelta

import psycopg
import pytest
from psycopg.rows import scalar_row

from activities.verify import NOBODY_SELLS_IT, REROUTED, VerifyActivities
from billpay.breakers import Breakers
from billpay.domain.bills import BillType
from billpay.domain.deposits import DepositPolicy, ExcessPolicy, ReturnIt, ReturnPolicy
from billpay.domain.money import cngn
from billpay.domain.routing import ProviderName
from billpay.domain.statuses import BillStatus
from billpay.domain.steps import Payable, VerifyAccount, VerifyPayment
from billpay.settings import load_settings
from tests.activities.conftest import failing, run
from tests.activities.placing import CUSTOMER, deposit_into, meter_order, new_order, paid

VTPASS, FLUTTERWAVE, PAYSTACK = ProviderName


def verifying(store, policy=None, **providers) -> VerifyActivities:
    """The steps of a worker that can buy through these."""
    sellers = {ProviderName(name): provider for name, provider in providers.items()}
    breakers = Breakers(store=store.breakers, rules=load_settings({}).breaker_rules())
    return VerifyActivities(store, sellers, policy or DepositPolicy(), breakers)


@pytest.fixture
def steps(store, vtpass) -> VerifyActivities:
    return verifying(store, vtpass=vtpass)


async def claim(store, order) -> VerifyPayment:
    """Ask about the deposit that claims the order."""
    record = await store.payments.record(order.transaction_id)
    return VerifyPayment(
        transaction_id=order.transaction_id,
        operation_id=record.deposits[0].credit.operation_id,
    )


async def arrived(store, clock, amount: str | None = None, **later):
    """Let an order be paid with this much, this much later."""
    order = await store.orders.place(meter_order())
    due = order.due if amount is None else cngn(amount)
    await deposit_into(store, clock, due, order.memo, **later)
    return await claim(store, order)


async def verdict(steps, request) -> Payable | ReturnIt:
    """Ask twice: the step may be repeated, and answers the same."""
    first = await run(steps.verify_payment, request)
    assert await run(steps.verify_payment, request, attempt=2) == first
    return first


async def test_what_was_due_pays_the_bill(steps, store, clock):
    answer = await verdict(steps, await arrived(store, clock))
    assert answer == Payable(
        bill_type=BillType.ELECTRICITY,
        title="₦5,000 IKEDC electricity for 111****111",
        route=(VTPASS,),
        excess=0,
    )


@pytest.mark.parametrize(
    ("amount", "excess"),
    [("5031", "0"), ("5031.0000001", "1.0000001"), ("6000", "970"), ("5030.5", "0")],
)
async def test_what_came_too_much_goes_back_unless_it_is_dust(steps, store, clock, amount, excess):
    answer = await verdict(steps, await arrived(store, clock, amount))
    assert answer.excess == cngn(excess)


@pytest.mark.parametrize("amount", ["5,029.9999999", "0.0000001"])
async def test_too_little_goes_back(steps, store, clock, records, amount):
    request = await arrived(store, clock, amount)
    answer = await verdict(steps, request)
    assert answer == ReturnIt(reason=f"{amount} cNGN arrived, 5,030 cNGN was due")
    assert "deposit_returned" in await records.kinds(request.transaction_id)


async def test_what_the_policy_holds_goes_back_with_its_reason(store, clock, vtpass, records):
    steps = verifying(store, DepositPolicy(short=ReturnPolicy.HOLD), vtpass=vtpass)
    request = await arrived(store, clock, "5000")
    answer = await verdict(steps, request)
    assert answer.reason == "5,000 cNGN arrived, 5,030 cNGN was due"
    assert answer.hold == "BILL_PROCESSOR_SHORT_POLICY holds it for a person"
    assert f"{answer.reason}; {answer.hold}" in await told(records, request, "deposit_returned")


async def test_an_excess_that_the_policy_holds_is_told(store, clock, vtpass, records):
    steps = verifying(store, DepositPolicy(over=ExcessPolicy.HOLD), vtpass=vtpass)
    request = await arrived(store, clock, "5100")
    answer = await verdict(steps, request)
    assert (answer.excess, answer.kept) == (cngn("70"), 0)
    assert answer.hold == "BILL_PROCESSOR_OVER_POLICY holds it for a person"
    assert "70 cNGN above the due" in (await told(records, request, "excess_to_hold"))[0]


async def test_an_excess_that_the_policy_keeps_is_told(store, clock, vtpass, records):
    steps = verifying(store, DepositPolicy(over=ExcessPolicy.KEEP), vtpass=vtpass)
    request = await arrived(store, clock, "5100")
    answer = await verdict(steps, request)
    assert (answer.excess, answer.kept, answer.hold) == (0, cngn("70"), None)
    assert "70 cNGN above the due" in (await told(records, request, "excess_kept"))[0]


@pytest.mark.parametrize("policy", list(ExcessPolicy))
async def test_an_excess_is_weighed_the_same_once_the_account_is_known(
    store, clock, vtpass, policy
):
    steps = verifying(store, DepositPolicy(over=policy), vtpass=vtpass)
    request = await arrived(store, clock, "5100")
    answer = await verdict(steps, request)
    asking = VerifyAccount(
        transaction_id=request.transaction_id,
        provider=VTPASS,
        operation_id=request.operation_id,
    )
    account = await run(steps.verify_account, asking)
    assert (account.excess, account.kept, account.hold) == (
        answer.excess,
        answer.kept,
        answer.hold,
    )


async def told(records, request, kind) -> list[str]:
    events = (await records.of(request.transaction_id)).events
    return [event.detail for event in events if event.kind == kind]


@pytest.mark.parametrize(
    ("late_by", "kind"),
    [
        (timedelta(minutes=59), "pay"),
        (timedelta(hours=2), "pay"),
        (timedelta(hours=23, minutes=59), "pay"),
        (timedelta(days=1, minutes=1), "return"),
    ],
)
async def test_late_money_pays_while_the_price_is_believed(steps, store, clock, late_by, kind):
    request = await arrived(store, clock, late_by=late_by)
    answer = await verdict(steps, request)
    assert isinstance(answer, Payable if kind == "pay" else ReturnIt)


REASONS = {
    FLUTTERWAVE: "flutterwave is not configured here",
    PAYSTACK: "paystack sells no bills; flutterwave is not configured here",
}


@pytest.mark.parametrize("wished", REASONS)
async def test_an_order_that_names_who_cannot_sell_it_goes_to_who_can(
    steps, store, clock, records, wished
):
    order = await paid(store, clock, meter_order(provider=wished))
    answer = await verdict(steps, await claim(store, order))
    assert answer.route == (VTPASS,)
    (note, *_) = [e for e in (await records.of(order.transaction_id)).events if e.kind == REROUTED]
    assert note.detail == f"vtpass is asked first: {REASONS[wished]}"


async def test_the_wish_for_a_provider_comes_first_where_it_can_be_met(store, clock, vtpass):
    steps = verifying(store, vtpass=vtpass, flutterwave=vtpass)
    order = await paid(store, clock, meter_order(provider=VTPASS))
    assert (await verdict(steps, await claim(store, order))).route == (VTPASS, FLUTTERWAVE)
    order = await paid(store, clock, meter_order())
    assert (await verdict(steps, await claim(store, order))).route == (FLUTTERWAVE, VTPASS)


async def test_an_order_by_plain_sql_is_served_whoever_it_names(
    steps, store, clock, database_url, records
):
    with psycopg.connect(database_url, row_factory=scalar_row) as connection:
        transaction_id = connection.execute(
            """INSERT INTO transactions (wallet_address, type, from_amount, to_amount, cngn_amount,
            status, metadata) VALUES (%s, 'bill_payment', 0, 0, 5030, 'pending_payment',
            jsonb_build_object('bill_type', 'electricity', 'provider_code', 'ekedc',
            'account_number', '1234567890', 'account_type', 'PREPAID')) RETURNING transaction_id""",
            [CUSTOMER],
        ).fetchone()
        connection.execute(
            """INSERT INTO bill_payments (transaction_id, provider_name, account_number, bill_type)
            VALUES (%s, 'a provider of yesterday', '1234567890', 'electricity')""",
            [transaction_id],
        )
    order = await store.orders.get(transaction_id)
    await deposit_into(store, clock, order.due, order.memo)
    answer = await verdict(steps, await claim(store, order))
    assert (answer.title, answer.route) == ("₦5,000 EKEDC electricity for 123****890", (VTPASS,))
    assert "rerouted" in await records.kinds(transaction_id)


async def test_an_order_that_nobody_sells_is_paid_back(store, clock, records):
    order = await paid(store, clock, meter_order())
    steps = verifying(store)
    assert await verdict(steps, await claim(store, order)) == ReturnIt(reason=NOBODY_SELLS_IT)
    (note, *_) = [
        e for e in (await records.of(order.transaction_id)).events if e.kind == "deposit_returned"
    ]
    assert "vtpass is not configured here; paystack sells no bills" in note.detail


async def test_an_order_that_nobody_can_read_is_paid_back_with_words_for_its_customer(
    steps, store, clock, database_url
):
    order = await paid(store, clock, meter_order())
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE bill_payments SET account_number = 'my meter'")
    answer = await verdict(steps, await claim(store, order))
    assert answer == ReturnIt(reason="This is no valid meter or smartcard number.")


async def test_a_deposit_that_was_never_recorded_is_a_bug_not_an_answer(steps, store, clock):
    order = await paid(store, clock, meter_order())
    request = VerifyPayment(transaction_id=order.transaction_id, operation_id="404")
    with pytest.raises(LookupError):
        await run(steps.verify_payment, request)


# The account


async def asked(steps, store, clock, new) -> tuple[VerifyAccount, object]:
    order = await paid(store, clock, new)
    request = VerifyAccount(transaction_id=order.transaction_id, provider=VTPASS)
    return request, await run(steps.verify_account, request)


async def test_an_account_that_can_be_served_is_asked_about_as_often_as_needed(
    steps, store, clock, records
):
    request, answer = await asked(steps, store, clock, meter_order())
    assert answer.refused is None
    assert await run(steps.verify_account, request, attempt=2) == answer
    assert await records.status(request.transaction_id) == BillStatus.VERIFYING_ACCOUNT


async def test_the_holders_name_stays_in_the_store(steps, store, clock, records, database_url):
    """I18: an answer of this step is kept in a history for good."""
    request, answer = await asked(steps, store, clock, meter_order())
    with psycopg.connect(database_url, row_factory=scalar_row) as connection:
        holder = connection.execute(
            "SELECT verification_data->>'holder' FROM bill_payments"
        ).fetchone()
    assert holder
    told = [event.detail for event in (await records.of(request.transaction_id)).events]
    assert [text for text in [answer.model_dump_json(), *told] if holder in text] == []


async def test_a_wrong_meter_is_an_answer(steps, store, clock, records):
    request, answer = await asked(steps, store, clock, meter_order("9999999999"))
    assert answer.refused == "Meter number not found"
    assert await records.status(request.transaction_id) == BillStatus.ACCOUNT_INVALID


async def test_a_wrong_meter_may_be_asked_about_again(steps, store, clock):
    """Fault 56: the worker died after the refusal was stored and before it was told."""
    request, answer = await asked(steps, store, clock, meter_order("9999999999"))
    assert await run(steps.verify_account, request, attempt=2) == answer


async def test_being_unable_to_ask_says_nothing_about_the_account(steps, store, clock, records):
    order = await paid(store, clock, meter_order("670000000000"))
    request = VerifyAccount(transaction_id=order.transaction_id, provider=VTPASS)
    for attempt in (1, 2):
        assert await failing(steps.verify_account, request, attempt=attempt) == "Unavailable"
    assert await records.status(order.transaction_id) == BillStatus.VERIFYING_ACCOUNT


async def test_a_provider_that_was_removed_is_our_own_fault(steps, store, clock):
    """Fault 63."""
    order = await paid(store, clock, new_order())
    request = VerifyAccount(transaction_id=order.transaction_id, provider=FLUTTERWAVE)
    assert await failing(steps.verify_account, request) == "Misconfigured"
