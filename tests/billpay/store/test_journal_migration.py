"""What happened before there was a journal is in it from its first moment on."""

import psycopg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from billpay.clock import system_clock
from billpay.domain.money import cngn
from billpay.store import Store
from billpay.store.database import driver_url
from billpay.store.schema import _config, migrate

BEFORE = "0006"
ORDER = "01234567-89ab-4def-8123-456789abcdef"
HISTORY = f"""
    SET session_replication_role = replica;
    INSERT INTO transactions (transaction_id, wallet_address, type, cngn_amount)
    VALUES ('{ORDER}', 'w', 'bill_payment', 5030);
    INSERT INTO bill_payments (transaction_id, provider_name, account_number, bill_type, claimed_by, status)
    VALUES ('{ORDER}', 'vtpass', '11111111111', 'electricity', 'delivered', 'completed');
    INSERT INTO deposits (
        operation_id, wallet, paging_token, transaction_hash, ledger, closed_at, payer, amount, memo_type, disposition,
        transaction_id, stray_reason
    )
    SELECT kind, 'treasury', '1', 'h', 7, now(), 'payer', amount, 'none', disposition, transaction_id, reason
    FROM (VALUES
        ('pending', 100, 'pending', NULL, NULL), ('held', 200, 'held', NULL, NULL),
        ('kept', 1, 'kept', NULL, 'dust'), ('refunded', 300, 'refunded', NULL, NULL),
        ('aside', 400, 'refunded', NULL, NULL), ('back', 500, 'held', NULL, NULL),
        ('delivered', 5040, 'delivered', '{ORDER}'::uuid, NULL)
    ) AS had (kind, amount, disposition, transaction_id, reason);
    INSERT INTO refunds (
        refund_id, operation_id, purpose, destination, amount, reason, deposit_hash, status, opened_at
    )
    SELECT 'refund-' || kind, kind, purpose, 'payer', amount, 'r', 'h', 'paid', now()
    FROM (VALUES
        ('refunded', 300, 'whole'), ('aside', 400, 'whole'), ('back', 500, 'whole'), ('delivered', 10, 'excess')
    ) AS owed (kind, amount, purpose);
    INSERT INTO refund_envelopes (
        transaction_hash, refund_id, source_account, sequence, envelope_xdr, valid_until, state, signed_at, kind,
        balance_id, reclaimable_at, applied_ledger
    )
    SELECT 'tx-' || refund_id, refund_id, 'treasury', row_number() OVER (), 'x', now(), 'applied', now(),
        CASE WHEN purpose = 'whole' AND amount > 300 THEN 'claimable_balance' ELSE 'payment' END,
        CASE WHEN purpose = 'whole' AND amount > 300 THEN refund_id END,
        CASE WHEN purpose = 'whole' AND amount > 300 THEN now() END, 8
    FROM refunds;
    INSERT INTO claimable_balances (
        balance_id, refund_id, claimant, amount, created_ledger, reclaimable_at, state, settled_ledger
    ) VALUES
        ('refund-aside', 'refund-aside', 'payer', 400, 8, now(), 'open', NULL),
        ('refund-back', 'refund-back', 'payer', 500, 8, now(), 'reclaimed', 9);
    INSERT INTO attempts (request_id, transaction_id, number, provider, opened_at, settled_at, outcome_kind)
    VALUES ('req', '{ORDER}', 1, 'vtpass', now(), now(), 'delivered');
"""


@pytest.fixture
async def journalled(empty_database_url):
    """A store on a database that has a history from before its journal."""

    def upgrade(connection):
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)

    engine = create_async_engine(driver_url(empty_database_url))
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(HISTORY)
    await migrate(empty_database_url)
    store = await Store.open(empty_database_url, sealing_key=bytes(32), clock=system_clock)
    yield store
    await store.close()


async def test_every_place_of_money_is_taken_over(journalled):
    """I2, I5, I6."""
    found = {one.account: one.balance for one in await journalled.journal.balances() if one.balance}
    assert found == {
        "treasury": cngn("5831"),
        "pending": -cngn("100"),
        "held": -cngn("700"),
        "kept": -cngn("1"),
        "sold": -cngn("5000"),
        "fees": -cngn("30"),
        "claimable": cngn("400"),
        "unclaimed": -cngn("400"),
        "cost_of_sales": 500_000,
        "float:vtpass": -500_000,
    }


async def test_our_records_do_not_contradict_what_was_taken_over(journalled):
    """I2: every deposit's money is where the deposit says."""
    opening = await journalled.journal.open("treasury", ledger=20, holding=cngn("5831"))
    books = await journalled.reconciliations.books(opening, first_ledger=1, ledger=20, debited=())
    assert books.contradictions == []
    assert books.journal == books.equation.expected == cngn("5831")
