"""Our Horizon against the sandbox's, over real sockets: what it reads is what is true there."""

import asyncio

import pytest
import pytest_asyncio
from stellar_sdk import (
    Account,
    Asset,
    Claimant,
    CreateClaimableBalance,
    IdMemo,
    MuxedAccount,
    PathPaymentStrictReceive,
    Payment,
    TextMemo,
    TransactionBuilder,
)

from billpay.domain.money import cngn
from billpay.failures import Ambiguous, Unavailable
from billpay.ledger.base import Capabilities
from billpay.ledger.horizon import Horizon
from billpay.sandbox import identities
from tests.fixtures.sandbox import CNGN, Sandbox

ISSUER = identities.issuer().public_key
TREASURY = identities.treasury()
WALLET = TREASURY.public_key
PAYER = identities.payer(1)


@pytest.fixture
def outside(sandbox_stage):
    """A fresh world whose ledgers close twenty times a second."""
    world = Sandbox(stage=sandbox_stage, http=sandbox_stage.http, ledger_seconds=0.05)
    world.start()
    return world


@pytest_asyncio.fixture
async def horizon(outside):
    """Our Horizon, whose patience is that of a quicker network."""
    source = Horizon(
        base_url=outside.horizon_url,
        asset_code=identities.ASSET_CODE,
        asset_issuer=ISSUER,
        sleep=lambda seconds: asyncio.sleep(seconds / 20),
    )
    yield source
    await source.close()


def write(outside, *operations, source=PAYER, memo=None):
    account = Account(source.public_key, outside.sequence(source.public_key))
    builder = TransactionBuilder(account, identities.NETWORK_PASSPHRASE, base_fee=100)
    builder.operations.extend(operations)
    builder.add_time_bounds(0, 0)
    if memo is not None:
        builder.add_memo(memo)
    envelope = builder.build()
    envelope.sign(source)
    return envelope


def do(outside, *operations, **facts):
    return outside.submit(write(outside, *operations, **facts)).raise_for_status().json()


async def hand_in(horizon, envelope):
    return await horizon.submit(envelope.to_xdr(), envelope.hash_hex())


async def page(horizon):
    return await horizon.credits_after(WALLET, "0", 200)


async def test_credits_are_those_that_are_true_under_the_names_that_are_true(outside, horizon):
    """I1: text, id, multiplexed address, contract and path payment, several in one transaction."""
    muxed = MuxedAccount(WALLET, 77).account_muxed
    do(outside, Payment(WALLET, CNGN, "1"), Payment(WALLET, CNGN, "2"), memo=TextMemo("BILL-x"))
    do(outside, Payment(WALLET, CNGN, "3"), memo=IdMemo(42))
    do(outside, Payment(muxed, CNGN, "4"), memo=TextMemo("BILL-y"))
    do(outside, Payment(MuxedAccount(WALLET, 0).account_muxed, CNGN, "5"))
    do(outside, PathPaymentStrictReceive(WALLET, CNGN, "100", CNGN, "6", []))
    outside.tell("/world/ledger/wallets/1/transfers", {"amount": "7", "destination_id": 99})

    read = await page(horizon)
    assert [(one.amount, one.memo, one.alias) for one in read.credits] == [
        (cngn("1"), b"BILL-x", None),
        (cngn("2"), b"BILL-x", None),
        (cngn("3"), None, 42),
        (cngn("4"), b"BILL-y", 77),
        (cngn("5"), None, 0),
        (cngn("6"), None, None),
        (cngn("7"), None, 99),
    ]
    assert {one.payer for one in read.credits} == {PAYER.public_key, identities.wallet(1)}
    truth = [row for row in outside.truth_ledger()["payments"] if row["to"] == WALLET]
    assert [(one.operation_id, one.amount) for one in read.credits] == [
        (row["operation_id"], row["amount_stroops"]) for row in truth
    ]
    assert not read.unreadable
    assert not read.debits


async def test_debits_are_what_left_the_wallet(outside, horizon):
    do(outside, Payment(WALLET, CNGN, "50"))
    sent = Payment(PAYER.public_key, CNGN, "3")
    exchanged = PathPaymentStrictReceive(PAYER.public_key, CNGN, "9", CNGN, "4", [])
    dust = Payment(PAYER.public_key, Asset.native(), "1")
    do(outside, sent, exchanged, dust, source=TREASURY)
    read = await page(horizon)
    assert [(one.destination, one.amount) for one in read.debits] == [
        (PAYER.public_key, cngn("3")),
        (PAYER.public_key, cngn("4")),
    ]
    assert len(read.credits) == 1
    holding = (await horizon.account(WALLET)).holding
    came, left = (sum(one.amount for one in part) for part in (read.credits, read.debits))
    assert holding == came - left


async def test_an_envelope_is_queued_and_found_in_its_ledger(outside, horizon):
    envelope = write(outside, Payment(WALLET, CNGN, "1"))
    applied = await hand_in(horizon, envelope)
    assert applied.successful
    assert await hand_in(horizon, envelope) == applied, "the same envelope may be handed in again"
    assert len((await page(horizon)).credits) == 1


async def test_a_fork_without_a_queue_is_waited_for(outside, horizon):
    outside.ledger_faults(asynchronous=False)
    assert (await hand_in(horizon, write(outside, Payment(WALLET, CNGN, "1")))).successful
    assert not (await horizon.capabilities()).asynchronous_submission


@pytest.mark.parametrize("fault", ["async_504", "async_reset"])
async def test_an_envelope_whose_answer_was_lost_is_found_when_it_is_handed_in_again(
    outside, horizon, fault
):
    """Fault 27."""
    outside.ledger_faults(calls={fault: 1})
    envelope = write(outside, Payment(WALLET, CNGN, "1"))
    with pytest.raises(Ambiguous):
        await hand_in(horizon, envelope)
    assert (await hand_in(horizon, envelope)).successful
    assert len((await page(horizon)).credits) == 1


async def test_an_envelope_that_the_queue_dropped_is_in_doubt_and_may_be_handed_in_again(
    outside, horizon
):
    """Fault 27: PENDING is one node's word."""
    outside.ledger_faults(calls={"async_pending_dropped": 1})
    envelope = write(outside, Payment(WALLET, CNGN, "1"))
    with pytest.raises(Ambiguous):
        await hand_in(horizon, envelope)
    assert (await hand_in(horizon, envelope)).successful
    assert len((await page(horizon)).credits) == 1


async def test_one_transaction_of_an_account_waits_at_a_time(outside, horizon):
    """Fault 28: a second refund of one account has to wait for the first."""
    first = write(outside, Payment(WALLET, CNGN, "1"))
    second = write(outside, Payment(WALLET, CNGN, "2"))
    answers = await asyncio.gather(
        hand_in(horizon, first), hand_in(horizon, second), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == [
        "AppliedTransaction",
        Unavailable.__name__,
    ]


async def test_a_claimable_balance_is_there_until_it_is_taken(outside, horizon):
    claimants = [Claimant(identities.payer(2).public_key), Claimant(PAYER.public_key)]
    envelope = write(outside, CreateClaimableBalance(CNGN, "25", claimants))
    balance_id = envelope.transaction.get_claimable_balance_id(0)
    assert await horizon.claimable_balance(balance_id) is None
    outside.submit(envelope).raise_for_status()
    found = await horizon.claimable_balance(balance_id)
    assert found.amount == cngn("25")
    assert set(found.claimants) == {one.destination for one in claimants}
    outside.tell("/world/ledger/claims", {"balance_id": balance_id, "claimant": 2})
    assert await horizon.claimable_balance(balance_id) is None


async def test_the_sandbox_can_do_everything(horizon):
    assert await horizon.capabilities() == Capabilities(
        fee_stats=True, claimable_balances=True, asynchronous_submission=True
    )
    fees = await horizon.fee_stats()
    assert 100 <= fees.base <= fees.usual <= fees.surge


async def test_an_account_is_as_new_as_the_server(outside, horizon):
    tip = await horizon.tip()
    account = await horizon.account(WALLET)
    assert account.as_of_ledger >= tip.ledger
    assert account.holding == outside.truth_ledger()["balances"][WALLET]
