"""What was there before a migration has afterwards what everything new has: a case where it waits, an alias."""

import psycopg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from billpay.clock import system_clock
from billpay.domain.cases import CaseKind
from billpay.domain.ids import alias_of
from billpay.store import Store
from billpay.store.database import driver_url
from billpay.store.schema import _config, migrate

BEFORE = "0003"
WAITING = """
    INSERT INTO parked_credits (operation_id, wallet, body, reason, parked_at)
    VALUES ('77', 'treasury', '{}', 'no amount in it', now());
    INSERT INTO deposits (
        operation_id, wallet, paging_token, transaction_hash, ledger, closed_at, payer, amount, memo_type
    )
    VALUES ('78', 'treasury', '78', 'a hash', 1, now(), 'payer', 5, 'none');
    INSERT INTO refunds (
        refund_id, operation_id, purpose, destination, amount, reason, deposit_hash, status, held_reason, opened_at
    )
    VALUES ('refund-78-whole', '78', 'whole', 'payer', 5, 'no memo', 'a hash', 'held', 'no trustline', now());
    INSERT INTO breakers (provider, line, opened_at, reason) VALUES
        ('vtpass', 'everything', now(), 'it refuses our keys'),
        ('flutterwave', 'airtime/mtn', now(), '5 of 5 failed');
"""


@pytest.fixture
def migrate_to(empty_database_url):
    async def migrated(revision):
        def upgrade(connection):
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)

        engine = create_async_engine(driver_url(empty_database_url))
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
        await engine.dispose()

    return migrated


async def test_what_waits_already_becomes_a_case(empty_database_url, migrate_to):
    """I19."""
    await migrate_to(BEFORE)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(WAITING)
    await migrate(empty_database_url)
    store = await Store.open(empty_database_url, sealing_key=bytes(32), clock=system_clock)
    found = [(case.kind, case.subject, case.detail) for case in await store.cases.all()]
    await store.close()
    assert sorted(found) == [
        (CaseKind.HELD_REFUND, "78", "no trustline"),
        (CaseKind.PARKED_CREDIT, "77", "no amount in it"),
        (CaseKind.PROVIDER_ACCOUNT, "vtpass", "it refuses our keys"),
    ]


async def test_an_order_from_before_there_were_aliases_has_one(empty_database_url, migrate_to):
    """Its customer may still ask how to pay without text."""
    await migrate_to("0004")
    with psycopg.connect(empty_database_url) as connection:
        placed = """
            WITH placed AS (
                INSERT INTO transactions (wallet_address, type, cngn_amount)
                VALUES ('w', 'bill_payment', 500) RETURNING transaction_id
            )
            INSERT INTO bill_payments (transaction_id, provider_name, account_number, bill_type)
            SELECT transaction_id, 'vtpass', '08011111111', 'airtime' FROM placed RETURNING transaction_id
        """
        ((transaction_id,),) = connection.execute(placed).fetchall()
    await migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        ((alias,),) = connection.execute("SELECT alias FROM bill_payments").fetchall()
    assert alias == alias_of(transaction_id)
