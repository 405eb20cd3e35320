"""Our RPC source where it differs from Horizon by nature, against the sandbox over real sockets."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from stellar_sdk import (
    Account,
    ChangeTrust,
    Claimant,
    Clawback,
    CreateClaimableBalance,
    Payment,
    SetOptions,
    TextMemo,
    TransactionBuilder,
)
from stellar_sdk.operation.set_options import AuthorizationFlag

from billpay.clock import system_clock
from billpay.domain.money import cngn
from billpay.failures import Misconfigured
from billpay.ledger.positions import position_of
from billpay.ledger.rpc import StellarRpc
from billpay.sandbox import identities
from billpay.sandbox.journal import Journal
from tests.fixtures.sandbox import CNGN, Sandbox

TREASURY, ISSUER, PAYER = identities.treasury(), identities.issuer(), identities.payer(1)
WALLET = TREASURY.public_key
BEGINNING = position_of(1)


@pytest.fixture
def outside(sandbox_stage):
    """A fresh world whose ledgers close twenty times a second."""
    world = Sandbox(stage=sandbox_stage, http=sandbox_stage.http, ledger_seconds=0.05)
    world.start()
    return world


@pytest_asyncio.fixture
async def rpc(outside):
    source = StellarRpc(
        base_url=outside.environment["STELLAR_RPC_URL"],
        asset_code=identities.ASSET_CODE,
        asset_issuer=ISSUER.public_key,
        network_passphrase=identities.NETWORK_PASSPHRASE,
    )
    yield source
    await source.close()


def written(outside, *operations, source=PAYER, memo=None):
    account = Account(source.public_key, outside.sequence(source.public_key))
    builder = TransactionBuilder(account, identities.NETWORK_PASSPHRASE, base_fee=100)
    builder.operations.extend(operations)
    if memo is not None:
        builder.add_memo(memo)
    envelope = builder.add_time_bounds(0, 0).build()
    envelope.sign(source)
    return envelope


def do(outside, *operations, **told):
    return outside.submit(written(outside, *operations, **told)).raise_for_status().json()


async def test_what_was_taken_back_or_set_aside_has_left_the_wallet(outside, rpc):
    """The balance equation sees the same without any table of ours."""
    clawback = (
        AuthorizationFlag.AUTHORIZATION_REVOCABLE | AuthorizationFlag.AUTHORIZATION_CLAWBACK_ENABLED
    )
    do(outside, SetOptions(set_flags=clawback), source=ISSUER)
    outside.fund(WALLET, trustline=False)
    do(outside, ChangeTrust(CNGN), source=TREASURY)
    do(outside, Payment(WALLET, CNGN, "10"))
    set_aside = CreateClaimableBalance(CNGN, "3", [Claimant(PAYER.public_key)])
    do(outside, set_aside, source=TREASURY)
    do(outside, Clawback(CNGN, WALLET, "2"), source=ISSUER)
    page = await rpc.credits_after(WALLET, BEGINNING, 200)
    one, two = page.debits
    assert (one.amount, one.destination[0]) == (cngn("3"), "B")
    assert (two.amount, two.destination) == (cngn("2"), None)
    came = sum(credit.amount for credit in page.credits)
    assert (await rpc.account(WALLET)).holding == came - one.amount - two.amount == cngn("5")


async def test_a_history_that_begins_after_the_cursor_is_said_by_the_server_itself(outside, rpc):
    do(outside, Payment(WALLET, CNGN, "1"))
    tip = await rpc.tip()
    outside.tell("/world/rpc/faults", {"oldest_ledger": tip.ledger})
    with pytest.raises(Misconfigured, match="would be missed"):
        await rpc.credits_after(WALLET, BEGINNING, 200)


async def test_a_server_whose_core_tells_no_payments_stops_the_watcher(outside, rpc):
    """Every deposit would be missed without a word, as long as nobody looks at the balance."""
    outside.tell("/world/rpc/faults", {"unified_events": False})
    assert not (await rpc.credits_after(WALLET, BEGINNING, 200)).credits, (
        "nobody has paid a fee yet"
    )
    do(outside, Payment(WALLET, CNGN, "1"))
    with pytest.raises(Misconfigured, match="EMIT_CLASSIC_EVENTS"):
        await rpc.credits_after(WALLET, BEGINNING, 200)
    outside.tell("/world/rpc/faults", {"unified_events": True})
    assert len((await rpc.credits_after(WALLET, BEGINNING, 200)).credits) == 1


async def test_an_envelope_of_a_newer_protocol_stops_nobody(outside, rpc):
    """Fault 13: what the event tells is enough for a text; what it does not tell is parked."""
    do(outside, Payment(WALLET, CNGN, "1"))
    do(outside, Payment(WALLET, CNGN, "2"), memo=TextMemo(b"BILL\xff"))
    outside.tell("/world/rpc/faults", {"calls": {"rpc_undecodable": 2}})
    page = await rpc.credits_after(WALLET, BEGINNING, 200)
    assert [(one.amount, one.memo) for one in page.credits] == [(cngn("2"), b"BILL\xff")]
    (parked,) = page.unreadable
    truth = [
        row["operation_id"] for row in outside.truth_ledger()["payments"] if row["to"] == WALLET
    ]
    assert parked.operation_id == truth[0]
    do(outside, Payment(WALLET, CNGN, "3"))
    behind = await rpc.credits_after(WALLET, page.cursor, 200)
    assert [one.amount for one in behind.credits] == [cngn("3")]


@dataclass
class HeldClock:
    """Stands still unless it is set ahead."""

    begin: datetime = field(default_factory=system_clock)
    ahead: timedelta = timedelta()

    def __call__(self):
        return self.begin + self.ahead


async def test_a_quiet_wallet_is_followed_through_tens_of_thousands_of_ledgers(outside, rpc):
    """Fault 14: an outage of days is read through in windows, and the cursor follows each of them."""
    clock = HeldClock()
    held = replace(outside, clock=clock, ledger_seconds=1.0, journal=Journal(None))
    held.start()
    clock.ahead = timedelta(seconds=24_999)
    envelope = written(held, Payment(WALLET, CNGN, "1"))
    url = f"{held.horizon_url}/transactions_async"
    held.http.post(url, data={"tx": envelope.to_xdr()}).raise_for_status()
    clock.ahead = timedelta(seconds=35_000)
    pages = [await rpc.credits_after(WALLET, BEGINNING, 200)]
    while pages[-1].is_full:
        pages.append(await rpc.credits_after(WALLET, pages[-1].cursor, 200))
    assert [len(page.credits) for page in pages] == [0, 0, 1, 0]
    assert [int(page.cursor) >> 32 for page in pages] == [10_000, 19_999, 29_998, 35_001]
