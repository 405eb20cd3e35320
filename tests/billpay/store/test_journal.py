"""The double-entry journal: every way that money takes, in whole units, adding up to zero, posted once."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billpay.domain.bills import BillType
from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition, StrayReason
from billpay.domain.money import Kobo, Stroops
from billpay.domain.orders import OrderRow, read_order
from billpay.domain.statuses import BillStatus
from billpay.failures import Invalid
from billpay.ledger.base import Debit
from billpay.store import RefusedError
from tests.billpay.store.aftermath import declined, sold_late
from tests.billpay.store.bookkeeping import (
    APPLIED_IN,
    BALANCE_ID,
    FEE,
    balances,
    entries,
    entry_sums,
    excess_back,
    paid_back,
    place,
    set_aside,
    taken_back,
)

DUE = 50_300_000_000
BILL = DUE - FEE
BILL_IN_KOBO = 500_000
DUST = 5_000_000


@pytest.fixture(autouse=True)
async def _adds_up(sql):
    """I6, whatever a test does."""
    yield
    assert set(await entry_sums(sql)) <= {0}


# The ways of a deposit


async def test_what_comes_in_is_its_payers_until_it_is_decided(till):
    await till.paid()
    assert await balances(till) == {"treasury": DUE, "pending": -DUE}


async def test_a_delivery_parts_bill_fee_and_what_came_above(till):
    """I5: what came in is what the bill cost, what we earn, and what is owed back."""
    await till.completed(amount=Stroops(DUE + 70))
    assert await balances(till) == {
        "treasury": DUE + 70,
        "sold": -BILL,
        "fees": -FEE,
        "excess": -70,
        "cost_of_sales": BILL_IN_KOBO,
        "float:vtpass": -BILL_IN_KOBO,
    }


async def test_an_excess_that_goes_back_leaves_nothing_behind(till):
    _, operation_id = await till.completed(amount=Stroops(DUE + 20_000_000))
    await excess_back(till, operation_id, 20_000_000)
    found = await balances(till)
    assert (found["treasury"], found["sold"], found["fees"]) == (DUE, -BILL, -FEE)
    assert "excess" not in found


async def test_a_deposit_that_goes_back_leaves_nothing_behind(till, sql):
    _, operation_id = await till.given_up()
    refund_id = await paid_back(till, operation_id)
    assert await balances(till) == {}
    assert await entries(sql) == ["deposit", "refund"]
    found = await sql.rows(
        "SELECT operation_id, refund_id, ledger FROM journal_entries WHERE kind = 'refund'"
    )
    assert found == [(operation_id, refund_id, APPLIED_IN)]


async def test_what_waits_for_a_person_is_held_and_let_go_as_often_as_they_say(till, sql):
    _, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    for _ in range(2):
        await till.store.refunds.hold(refund.refund_id, "no trustline")
        assert await balances(till) == {"treasury": DUE, "held": -DUE}
        await till.store.refunds.reopen(refund.refund_id, actor="ada", reason="mended")
        assert await balances(till) == {"treasury": DUE, "pending": -DUE}
    assert await entries(sql) == ["deposit", "held", "released", "held", "released"]


async def test_dust_that_is_kept_is_ours_at_once(till):
    operation_id = await till.deposit(amount=Stroops(DUST))
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.stray_reason is StrayReason.DUST
    assert await balances(till) == {"treasury": DUST, "kept": -DUST}


async def test_what_is_set_aside_has_left_the_wallet_and_is_still_owed(till):
    _, operation_id = await till.given_up()
    await set_aside(till, operation_id)
    assert await balances(till) == {"claimable": DUE, "unclaimed": -DUE}


async def test_what_is_claimed_is_gone(till):
    _, operation_id = await till.given_up()
    await set_aside(till, operation_id)
    await till.store.claimables.mark_claimed(BALANCE_ID, ledger=APPLIED_IN + 1)
    assert await balances(till) == {}


async def test_what_is_taken_back_is_in_the_wallet_and_held_for_its_payer(till):
    _, operation_id = await till.given_up()
    await set_aside(till, operation_id)
    await taken_back(till)
    assert await balances(till) == {"treasury": DUE, "held": -DUE}


async def test_an_excess_that_is_taken_back_is_an_excess_again(till):
    _, operation_id = await till.completed(amount=Stroops(DUE + 20_000_000))
    await excess_back(till, operation_id, 20_000_000, aside=True)
    assert (await balances(till))["unclaimed"] == -20_000_000
    await taken_back(till)
    found = await balances(till)
    assert (found["treasury"], found["excess"]) == (DUE + 20_000_000, -20_000_000)


async def test_a_withdrawal_is_outside(till):
    await till.paid()
    await till.store.withdrawals.record([_debit(till, 30)], actor="ada", reason="to the bank")
    assert await balances(till) == {
        "treasury": DUE - 30,
        "pending": -DUE,
        "withdrawals": 30,
    }


async def test_what_was_taken_back_and_is_paid_by_hand_is_owed_no_more(till, sql):
    """I2, I9: exactly that amount, once; then nothing of the deposit is held, and nobody waits for a person."""
    order, operation_id = await till.given_up()
    await set_aside(till, operation_id)
    record = till.store.withdrawals.record
    debit = _debit(till, order.due)
    with pytest.raises(RefusedError, match="nothing was taken back"):
        await record([debit], actor="ada", reason="too early", settles=operation_id)
    await taken_back(till)
    (case,) = await till.store.cases.all()
    assert (case.kind, case.subject) == (CaseKind.TAKEN_BACK, operation_id)
    for wrong in ([_debit(till, order.due - 1)], [debit, _debit(till, 1, operation_id="9")]):
        with pytest.raises(RefusedError, match="another amount"):
            await record(wrong, actor="ada", reason="wrong", settles=operation_id)
    for _ in range(2):
        (paid,) = await record(
            [debit], actor="ada", reason="to a new account", settles=operation_id
        )
        assert paid.settles == operation_id
    assert await balances(till) == {}
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.disposition is Disposition.REFUNDED
    assert await till.store.cases.all() == []
    again = _debit(till, order.due, operation_id="9", transaction_hash="e" * 64)
    with pytest.raises(RefusedError, match="is recorded"):
        await record([again], actor="bob", reason="once more", settles=operation_id)
    assert "paid_by_hand" in await till.kinds(order.transaction_id)


async def test_an_excess_that_was_taken_back_is_paid_by_hand_likewise(till):
    order, operation_id = await till.completed(amount=Stroops(60_000_000_000))
    excess = 60_000_000_000 - order.due
    await excess_back(till, operation_id, excess, aside=True)
    await taken_back(till)
    await till.store.withdrawals.record(
        [_debit(till, excess)], actor="ada", reason="to a new account", settles=operation_id
    )
    assert "excess" not in await balances(till)
    deposit = await till.store.deposits.get(operation_id)
    assert deposit.disposition is Disposition.DELIVERED


async def test_a_withdrawal_that_was_recorded_settles_nothing_afterwards(till):
    """I16: the first word stays."""
    order, operation_id = await till.given_up()
    await set_aside(till, operation_id)
    await taken_back(till)
    debit = _debit(till, order.due)
    await till.store.withdrawals.record([debit], actor="ada", reason="to the bank")
    with pytest.raises(RefusedError, match="settles no deposit"):
        await till.store.withdrawals.record(
            [debit], actor="bob", reason="it was the payer's", settles=operation_id
        )


async def test_plain_sql_settles_no_deposit_either(till, sql, refused):
    _, operation_id = await till.given_up()
    with pytest.raises(refused, match="were taken back"):
        await sql.rows(
            "INSERT INTO withdrawals VALUES ('9', 'h', 300, now(), NULL, 5, now(), 'me', 'mine', %s)",
            operation_id,
        )


async def test_a_refund_is_no_withdrawal(till):
    _, operation_id = await till.given_up()
    _, envelope = await till.signed(operation_id)
    debit = _debit(till, DUE, transaction_hash=envelope.transaction_hash)
    with pytest.raises(RefusedError, match="no withdrawal"):
        await till.store.withdrawals.record([debit], actor="ada", reason="to the bank")


# Purchases


async def test_a_sale_after_all_costs_the_float_and_is_disputed(till):
    """I12: a late truth is posted beside what was posted, never instead of it."""
    _, _, request_id = await declined(till)
    await sold_late(till, request_id)
    await sold_late(till, request_id)
    found = await balances(till)
    assert (found["float:vtpass"], found["disputed"]) == (-BILL_IN_KOBO, BILL_IN_KOBO)


async def test_a_delivery_that_a_person_vouches_for_costs_no_float(till):
    order, _ = await till.given_up()
    await till.move(order, BillStatus.NEEDS_REVIEW)
    await till.store.attempts.complete(
        order.transaction_id, detail="sold at the counter", actor="ada"
    )
    assert await balances(till) == {"treasury": DUE, "sold": -BILL, "fees": -FEE}


# The opening


async def test_what_the_wallet_held_before_us_is_its_opening(till):
    await till.paid(**place(256))
    await till.store.journal.open("treasury", ledger=300, holding=Stroops(DUE + 1_000))
    assert await balances(till) == {"treasury": DUE + 1_000, "pending": -DUE, "opening": -1_000}


async def test_what_is_recorded_late_of_ledgers_before_the_opening_is_inside_it(till):
    await till.store.journal.open("treasury", ledger=300, holding=Stroops(1_000))
    await till.deposit(amount=Stroops(20_000_000), **place(300))
    assert await balances(till) == {
        "treasury": 1_000,
        "pending": -20_000_000,
        "opening": 19_999_000,
    }
    await till.deposit(amount=Stroops(30_000_000), **place(301))
    assert (await balances(till))["treasury"] == 30_001_000


async def test_what_came_behind_the_opening_before_it_was_taken_is_beside_it(till):
    """The server that told the wallet may lag behind the one that told the deposit."""
    await till.deposit(amount=Stroops(30_000_000), **place(301))
    await till.store.journal.open("treasury", ledger=300, holding=Stroops(1_000))
    assert (await balances(till))["treasury"] == 30_001_000


async def test_the_first_opening_stays(till, sql):
    first = await till.store.journal.open("treasury", ledger=300, holding=Stroops(1_000))
    assert await till.store.journal.open("treasury", ledger=400, holding=Stroops(5)) == first
    assert await till.store.journal.opening() == first
    assert await entries(sql) == ["opening"]


async def test_whoever_records_a_deposit_while_the_journal_is_opened_is_waited_for(
    till, sql, other_sql, store
):
    """A deposit that neither the opening nor the treasury had would be missing for ever, or be there twice."""
    import asyncio  # noqa: PLC0415  only this test runs two at once

    await sql.rows("BEGIN")
    await sql.rows(
        "INSERT INTO deposits (operation_id, wallet, paging_token, transaction_hash, ledger, closed_at, payer,"
        " amount, memo_type) VALUES ('9', 'treasury', '9', 'h', 200, now(), 'payer', 5, 'none')"
    )
    opening = asyncio.create_task(
        store.journal.open("treasury", ledger=300, holding=Stroops(50_000_000))
    )
    await other_sql.until_somebody_waits()
    await sql.rows("COMMIT")
    await opening
    assert await balances(till) == {"treasury": 50_000_000, "pending": -50_000_000}


# What is never true of it


async def test_an_entry_that_does_not_add_up_is_refused_at_its_commit(sql, refused):
    """I6."""
    await sql.rows("BEGIN")
    await sql.rows(
        "INSERT INTO journal_entries (event, kind, at, detail) VALUES ('forged', 'withdrawal', now(), '')"
    )
    await sql.rows(
        "INSERT INTO journal_postings SELECT entry_id, 'treasury', 'cNGN', -5 FROM journal_entries"
    )
    with pytest.raises(refused, match="do not add up to zero"):
        await sql.rows("COMMIT")
    assert await entries(sql) == []


async def test_each_currency_adds_up_by_itself(sql, refused):
    """I6: a naira does not make up for a cNGN."""
    await sql.rows("BEGIN")
    await sql.rows(
        "INSERT INTO journal_entries (event, kind, at, detail) VALUES ('forged', 'sale', now(), '')"
    )
    await sql.rows(
        "INSERT INTO journal_postings SELECT entry_id, account, currency, amount FROM journal_entries,"
        " (VALUES ('treasury', 'cNGN', 5), ('cost_of_sales', 'NGN', -5)) AS p (account, currency, amount)"
    )
    with pytest.raises(refused, match="do not add up to zero"):
        await sql.rows("COMMIT")


async def test_nothing_is_added_to_an_entry_that_would_upset_it(till, sql, refused):
    await till.paid()
    with pytest.raises(refused, match="do not add up to zero"):
        await sql.rows(
            "INSERT INTO journal_postings SELECT entry_id, 'kept', 'cNGN', -5 FROM journal_entries"
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entries SET detail = 'another'",
        "DELETE FROM journal_postings",
        "TRUNCATE journal_postings, journal_entries",
        "UPDATE journal_opening SET holding = 7",
        "DELETE FROM withdrawals",
        "UPDATE reconciliations SET differences = 0",
    ],
)
async def test_what_was_posted_is_never_changed(till, sql, refused, statement):
    """I12."""
    await till.paid()
    with pytest.raises(refused, match="never changed"):
        await sql.rows(statement)


@pytest.mark.parametrize(
    ("account", "currency"),
    [("pocket", "cNGN"), ("float:vtpass", "cNGN"), ("treasury", "NGN"), ("treasury", "USD")],
)
async def test_there_are_no_other_accounts(till, sql, refused, account, currency):
    await till.paid()
    with pytest.raises(refused, match="journal_postings_account"):
        await sql.rows(
            "INSERT INTO journal_postings SELECT entry_id, %s, %s, 5 FROM journal_entries",
            account,
            currency,
        )


async def test_an_event_is_posted_once_however_often_it_is_told(till, sql):
    """I11: pages are read again, answers and outcomes repeated."""
    order = await till.order()
    credit = till.credit(order)
    for _ in range(3):
        await till.record(credit)
    await till.move(order, BillStatus.VERIFYING_ACCOUNT)
    opened = await till.sent(order)
    for _ in range(2):
        await till.store.attempts.save_answer(opened.request_id, till.delivery())
        await till.store.attempts.complete(order.transaction_id, detail="delivered")
    assert await entries(sql) == ["deposit", "sale", "delivered"]


async def test_a_page_that_is_not_recorded_is_not_posted(till, sql):
    """What is posted and what it tells of are one commit."""
    with pytest.raises(psycopg.errors.UniqueViolation):
        await sql.rows(
            "INSERT INTO deposits (operation_id, wallet, paging_token, transaction_hash, ledger, closed_at, payer,"
            " amount, memo_type) SELECT '9', 'treasury', '9', 'h', 200, now(), 'payer', 5, 'none'"
            " FROM generate_series(1, 2)"
        )
    assert await entries(sql) == []


async def test_whoever_writes_is_posted(till, sql):
    """A deposit inserted by plain SQL is in the books as well."""
    await sql.rows(
        "INSERT INTO deposits (operation_id, wallet, paging_token, transaction_hash, ledger, closed_at, payer,"
        " amount, memo_type) VALUES ('9', 'treasury', '9', 'h', 200, now(), 'payer', 5.0000001, 'none')"
    )
    assert await balances(till) == {"treasury": 50_000_001, "pending": -50_000_001}


# What a bill comes to, in two languages

MONEY = st.integers(min_value=1, max_value=10**9)
WRITTEN = st.one_of(
    MONEY.map(lambda kobo: f"{kobo // 100}.{kobo % 100:02d}"),
    MONEY.map(lambda naira: f"{naira:,}"),
    MONEY,
    st.sampled_from(
        [None, "", "0", 0, False, " 5000 ", "5.", "5.100", "5.101", "-5", "much", [], {}]
    ),
)


@given(
    bill_type=st.sampled_from(BillType),
    due=MONEY,
    named=WRITTEN,
    cheaper=st.one_of(st.none(), MONEY),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_and_python_reckon_the_same_bill(database_url, bill_type, due, named, cheaper):
    """I17: what the journal calls sold is what the provider was to be paid."""
    with psycopg.connect(database_url) as connection:
        order = _insert_order(connection, bill_type, due, named)
        try:
            read = read_order(order)
            if cheaper is not None:
                price = min(cheaper, read.bill_amount)
                connection.execute(
                    "INSERT INTO order_prices VALUES (%s, %s, 'vtpass', now())",
                    [order.transaction_id, price],
                )
                read = read_order(order.model_copy(update={"price": Kobo(price)}))
        except Invalid:
            return
        finally:
            ((sql_due, sql_bill),) = connection.execute(
                "SELECT due, bill FROM reckon_bill(%s)", [order.transaction_id]
            ).fetchall()
            connection.rollback()
    assert (sql_due, sql_bill) == (read.due, read.bill_amount * 100_000)


def _insert_order(connection, bill_type, due, named) -> OrderRow:
    metadata = {"provider_code": _BILLERS[bill_type], "plan": "a plan", "amount_ngn": named}
    ((transaction_id, created_at),) = connection.execute(
        "INSERT INTO transactions (wallet_address, type, cngn_amount, metadata)"
        " VALUES ('w', 'bill_payment', %s, %s) RETURNING transaction_id, created_at",
        [Decimal(due) / 100, psycopg.types.json.Jsonb(metadata)],
    ).fetchall()
    account = "08030000000" if bill_type in (BillType.AIRTIME, BillType.DATA) else "11111111111"
    connection.execute(
        "INSERT INTO bill_payments (transaction_id, provider_name, account_number, bill_type)"
        " VALUES (%s, 'vtpass', %s, %s)",
        [transaction_id, account, bill_type],
    )
    return OrderRow(
        transaction_id=transaction_id,
        wallet_address="w",
        bill_type=bill_type,
        account_number=account,
        requested_provider="vtpass",
        due=Stroops(due * 100_000),
        metadata=metadata,
        status=BillStatus.PENDING_PAYMENT,
        created_at=created_at,
        expires_at=created_at + timedelta(hours=1),
    )


_BILLERS = {
    BillType.ELECTRICITY: "ekedc",
    BillType.AIRTIME: "mtn",
    BillType.DATA: "mtn",
    BillType.CABLE_TV: "dstv",
}


def _debit(till, amount, **changes) -> Debit:
    facts = {
        "operation_id": place(APPLIED_IN)["operation_id"],
        "transaction_hash": "d" * 64,
        "ledger": APPLIED_IN,
        "closed_at": till.clock(),
        "destination": "bank",
        "amount": Stroops(amount),
    }
    return Debit(**facts | changes)
