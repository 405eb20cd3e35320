"""What holds at the database itself, whoever writes: plain SQL against the guards of the first migration."""

import asyncio

import psycopg
import pytest
from psycopg.errors import UniqueViolation

from billpay.domain.money import cngn
from billpay.domain.outcomes import Answer, TokenAwaited
from billpay.domain.statuses import BillStatus
from billpay.store import RefusedError

ATTEMPT = """
    INSERT INTO attempts (request_id, transaction_id, number, provider, opened_at)
    VALUES (%s, %s, %s, 'vtpass', now())
"""
REFUND = """
    INSERT INTO refunds (
        refund_id, operation_id, transaction_id, purpose, destination, amount, reason, deposit_hash, opened_at
    )
    SELECT 'by hand', operation_id, transaction_id, %s, payer, %s, 'by hand', transaction_hash, now()
    FROM deposits WHERE operation_id = %s
"""
SELL = "UPDATE attempts SET outcome_kind = 'delivered', settled_at = now()"
ENVELOPE = """
    INSERT INTO refund_envelopes (
        transaction_hash, refund_id, source_account, sequence, envelope_xdr, valid_until, state, signed_at
    )
    VALUES (%s, %s, %s, %s, 'signed', now(), %s, now())
"""


async def test_nothing_sold_is_given_back(till, sql, refused):
    """I3."""
    _, operation_id, _ = await till.sold()
    with pytest.raises(refused, match="may be sold"):
        await sql.rows(REFUND, "whole", "5030", operation_id)
    with pytest.raises(refused, match="may be sold"):
        await sql.rows("UPDATE bill_payments SET status = 'refunded'")


async def test_nothing_that_may_be_sold_is_given_back(till, sql, refused):
    """I13."""
    order, operation_id = await till.paid()
    await till.sent(order)
    with pytest.raises(refused, match="may be sold"):
        await sql.rows(REFUND, "whole", "5030", operation_id)


async def test_nothing_given_back_is_sold(till, sql, refused):
    """I3."""
    order, operation_id = await till.given_up()
    await till.whole(operation_id)
    with pytest.raises(refused, match="given back"):
        await sql.rows(ATTEMPT, "by hand", order.transaction_id, 2)
    with pytest.raises(refused, match="given back"):
        await sql.rows("UPDATE bill_payments SET status = 'completed'")
    with pytest.raises(refused, match="settled"):
        await sql.rows(SELL)


async def test_nothing_is_sold_twice(till, sql, refused):
    """I4."""
    order, _, _ = await till.sold()
    with pytest.raises(refused, match="may be sold"):
        await sql.rows(ATTEMPT, "by hand", order.transaction_id, 2)
    await sql.rows("ALTER TABLE attempts DISABLE TRIGGER guard_new_attempt")
    await sql.rows(ATTEMPT, "by hand", order.transaction_id, 2)
    with pytest.raises(UniqueViolation, match="attempts_one_sale"):
        await sql.rows(f"{SELL} WHERE number = 2")
    with pytest.raises(UniqueViolation, match="attempts_one_unsettled"):
        await sql.rows(ATTEMPT, "by hand too", order.transaction_id, 3)


async def test_nothing_is_bought_for_an_unpaid_or_finished_order(till, sql, refused):
    unpaid = await till.order()
    with pytest.raises(refused, match="unpaid"):
        await sql.rows(ATTEMPT, "by hand", unpaid.transaction_id, 1)
    with pytest.raises(refused, match="unpaid"):
        await sql.rows("UPDATE bill_payments SET status = 'completed'")


async def test_two_who_disagree_about_an_order_take_turns(till, sql, other_sql):
    """I3: a refund by hand is not committed yet when a purchase wants to begin."""
    order, operation_id = await till.given_up()
    async with sql.connection.transaction():
        await sql.rows(REFUND, "whole", "5030", operation_id)
        buying = asyncio.create_task(till.attempt(order, 2))
        await other_sql.until_somebody_waits()
    with pytest.raises(RefusedError, match="given back"):
        await buying


async def test_two_by_hand_who_disagree_about_an_order_take_turns(
    till, sql, other_sql, store, refused
):
    """I3: without the service, and without a change of the bill that could be noticed."""
    order, operation_id = await till.given_up()
    async with sql.connection.transaction():
        await sql.rows(ATTEMPT, "by hand", order.transaction_id, 2)
        refunding = asyncio.create_task(other_sql.rows(REFUND, "whole", "5030", operation_id))
        await sql.until_somebody_waits()
    with pytest.raises(refused, match="may be sold"):
        await refunding


async def test_a_completed_order_stays_completed(till, sql, refused):
    """I12."""
    await till.completed()
    for status in set(BillStatus) - {BillStatus.COMPLETED}:
        with pytest.raises(refused, match="stays so"):
            await sql.rows("UPDATE bill_payments SET status = %s", status.value)


async def test_a_paid_order_stays_with_its_deposit(till, sql, refused):
    await till.paid()
    stray = await till.deposit()
    for claim in (stray, None):
        with pytest.raises(refused, match="stays so"):
            await sql.rows("UPDATE bill_payments SET claimed_by = %s", claim)
    with pytest.raises(refused, match="stays with its order"):
        await sql.rows("UPDATE bill_payments SET transaction_id = gen_random_uuid()")
    await till.order()
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await sql.rows("UPDATE bill_payments SET claimed_by = 'x' WHERE claimed_by IS NULL")


async def test_what_the_ledger_said_is_not_edited(till, sql, refused):
    await till.deposit(await till.order())
    for edit in (
        "amount = 1",
        "payer = 'me'",
        "memo = NULL",
        "alias = 7",
        "closed_at = now()",
        "operation_id = '1'",
    ):
        with pytest.raises(refused, match="as the ledger told it"):
            await sql.rows(f"UPDATE deposits SET {edit}")


async def test_money_that_is_delivered_or_returned_is_so_for_good(till, sql, refused):
    """I2, I3."""
    _, delivered = await till.completed()
    for disposition in ("pending", "held", "refunded"):
        with pytest.raises(refused, match="is delivered and stays so"):
            await sql.rows("UPDATE deposits SET disposition = %s", disposition)
    with pytest.raises(refused, match="is delivered"):
        await sql.rows(REFUND, "whole", "5030", delivered)


async def test_dust_that_is_kept_stays_kept(till, sql, refused):
    """Ours by policy: it has no refund and no workflow, and claims nothing."""
    kept = await till.deposit(amount=cngn("1"))
    for disposition in ("pending", "held", "refunded", "delivered"):
        with pytest.raises(refused, match="is kept and stays so"):
            await sql.rows("UPDATE deposits SET disposition = %s", disposition)
    with pytest.raises(refused, match="it has no refund"):
        await sql.rows(REFUND, "whole", "1", kept)
    with pytest.raises(RefusedError, match="it has no refund"):
        await till.whole(kept)
    with pytest.raises(refused, match="deposits_kept"):
        await sql.rows("UPDATE deposits SET workflow_id = 'deposit-1'")


async def test_nothing_but_dust_is_kept_and_only_from_its_first_moment(till, sql, refused):
    await till.deposit()
    with pytest.raises(refused, match="not kept any more"):
        await sql.rows("UPDATE deposits SET disposition = 'kept', stray_reason = 'dust'")
    with pytest.raises(refused, match="deposits_kept"):
        await sql.rows(
            "INSERT INTO deposits (operation_id, wallet, paging_token, transaction_hash, ledger, closed_at,"
            " payer, amount, memo_type, disposition) VALUES ('1', '', '', '', 1, now(), '', 5, 'none', 'kept')"
        )


async def test_a_refund_is_what_its_purpose_allows(till, sql, refused):
    """I9."""
    _, operation_id = await till.given_up()
    for purpose, amount in (("whole", 1), ("whole", 5031), ("excess", 5030), ("part", 1)):
        with pytest.raises(refused):
            await sql.rows(REFUND, purpose, amount, operation_id)


async def test_a_deposit_has_one_refund_for_good(till, sql, refused):
    """I9."""
    _, operation_id = await till.given_up()
    refund = await till.whole(operation_id)
    with pytest.raises(UniqueViolation):
        await sql.rows(REFUND, "whole", "5030", operation_id)
    for edit in ("amount = 1", "destination = 'me'", "purpose = 'excess'"):
        with pytest.raises(refused, match="stays what it is"):
            await sql.rows(f"UPDATE refunds SET {edit}")
    envelope = await till.envelope(refund)
    await till.store.refunds.save_envelope(envelope)
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    with pytest.raises(refused, match="is paid"):
        await sql.rows("UPDATE refunds SET status = 'open'")


async def test_a_refund_is_paid_once_and_a_number_used_once(till, sql, refused):
    """I9, I10: even where the guard that asks who owns the number is gone."""
    refund, envelope = await till.signed(await till.deposit())
    other = await till.whole(await till.deposit())
    await sql.rows("ALTER TABLE refund_envelopes DISABLE TRIGGER guard_new_envelope")
    with pytest.raises(UniqueViolation, match="one_alive"):
        await sql.rows(ENVELOPE, "b", refund.refund_id, "a channel", 1, "in_flight")
    with pytest.raises(UniqueViolation, match="one_in_flight"):
        await sql.rows(ENVELOPE, "b", other.refund_id, envelope.source_account, 1, "in_flight")
    await sql.rows("UPDATE refund_envelopes SET state = 'applied'")
    with pytest.raises(UniqueViolation, match="one_alive"):
        await sql.rows(ENVELOPE, "b", refund.refund_id, "treasury", 7, "in_flight")
    used = (envelope.source_account, envelope.sequence)
    with pytest.raises(UniqueViolation, match="one_of_a_sequence"):
        await sql.rows(ENVELOPE, "b", other.refund_id, *used, "applied")
    for edit in ("state = 'dead'", "envelope_xdr = 'other'", "sequence = 9"):
        with pytest.raises(refused, match="stays"):
            await sql.rows(f"UPDATE refund_envelopes SET {edit}")


async def test_only_the_owner_of_a_number_signs_for_it(till, sql, refused):
    """I10."""
    refund, envelope = await till.signed(await till.deposit())
    other = await till.whole(await till.deposit())
    for owner, account, number in (
        (other.refund_id, envelope.source_account, envelope.sequence),
        (refund.refund_id, envelope.source_account, envelope.sequence + 1),
        (refund.refund_id, "another", envelope.sequence),
    ):
        with pytest.raises(refused, match="does not own number"):
            await sql.rows(ENVELOPE, "b", owner, account, number, "in_flight")


async def test_a_channel_stays_with_what_may_still_be_applied(till, sql, refused):
    """I10: as long as the envelope is in flight, neither its account nor its number is anybody else's."""
    refund, envelope = await till.signed(await till.deposit())
    for edit in (
        "refund_id = NULL, sequence = NULL, claimed_at = NULL",
        "sequence = sequence + 1",
        "refund_id = NULL, errand = 'mine'",
    ):
        with pytest.raises(refused, match="may still be applied"):
            await sql.rows(f"UPDATE refund_channels SET {edit}")
    with pytest.raises(refused, match="in use"):
        await sql.rows("DELETE FROM refund_channels")
    with pytest.raises(refused, match="stays what it is"):
        await sql.rows("UPDATE refund_channels SET number = 9")
    await till.store.refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
    assert await sql.value("SELECT refund_id FROM refund_channels") is None


async def test_two_refunds_never_own_one_channel_nor_one_two(till, sql):
    """I9."""
    refund, _ = await till.signed(await till.deposit())
    await till.channels(1)
    with pytest.raises(UniqueViolation):
        await sql.rows(
            "UPDATE refund_channels SET refund_id = %s, claimed_at = now() WHERE number = 1",
            refund.refund_id,
        )


async def test_a_refund_goes_elsewhere_only_on_a_persons_word(till, sql, refused):
    """I9."""
    refund = await till.whole(await till.deposit())
    for edit in ("destination = 'me'", "memo = '7', memo_type = 'id'"):
        with pytest.raises(refused, match="nobody has redirected it"):
            await sql.rows(f"UPDATE refunds SET {edit}")
    word = "redirected_by = 'ada', redirected_at = now()"
    await sql.rows(f"UPDATE refunds SET destination = 'me', {word}")
    await till.store.refunds.save_envelope(await till.envelope(refund))
    with pytest.raises(refused, match="on its way or paid"):
        await sql.rows(f"UPDATE refunds SET destination = 'me too', {word}")


async def test_a_settled_attempt_stays(till, sql, refused):
    """I12."""
    await till.sold()
    for edit in (
        "sent_at = now()",
        "outcome_kind = 'declined'",
        "settled_at = NULL",
        "outcome = '{}'",
        "number = 2",
    ):
        with pytest.raises(refused, match="stays"):
            await sql.rows(f"UPDATE attempts SET {edit}")


async def test_a_sale_whose_token_is_awaited_is_not_unsold(till, sql, refused):
    order, _ = await till.paid()
    opened = await till.sent(order)
    awaited = Answer(outcome=TokenAwaited(provider_reference="VT-1"))
    await till.store.attempts.save_answer(opened.request_id, awaited)
    with pytest.raises(refused, match="is sold"):
        await sql.rows("UPDATE attempts SET outcome_kind = 'declined', settled_at = now()")


async def test_a_token_stays(till, sql, refused):
    """I7."""
    await till.completed()
    for edit in ("receipt = ''", "receipt = NULL", "has_token = false"):
        with pytest.raises(refused, match="token"):
            await sql.rows(f"UPDATE attempts SET {edit}")
        with pytest.raises(refused, match="token"):
            await sql.rows(f"UPDATE tokens SET {edit}")


async def test_history_is_appended_to_only(till, sql, refused):
    await till.sold()
    for change in (
        "UPDATE payment_events SET detail = ''",
        "DELETE FROM payment_events",
        "TRUNCATE payment_events",
        "UPDATE provider_answers SET body = ''",
        "DELETE FROM provider_answers",
        "TRUNCATE provider_answers",
    ):
        with pytest.raises(refused, match="never changed"):
            await sql.rows(change)


async def test_nothing_about_money_is_deleted(till, sql, refused):
    for table in ("tokens", "deposits", "attempts", "refunds", "refund_envelopes"):
        for change in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(refused, match="never changed"):
                await sql.rows(change)


async def test_the_cursor_never_moves_back(till, sql):
    """I11."""
    await till.deposit()
    position = await sql.value("SELECT position FROM ledger_cursors")
    await sql.rows("UPDATE ledger_cursors SET position = 1")
    assert await sql.value("SELECT position FROM ledger_cursors") == position
