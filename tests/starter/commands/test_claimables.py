"""Refunds that wait on the ledger, as an operator lists them and takes them back."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from billpay.clock import system_clock
from billpay.domain.cases import CaseKind
from billpay.domain.deposits import Disposition
from billpay.domain.refunds import BalanceState, RefundPaid, RefundPurpose
from billpay.intake import Intake
from billpay.ledger.sources import build_source
from billpay.sandbox import identities
from billpay.sandbox.journal import Journal
from billpay.settings import load_settings
from starter.wallet import build_signer, build_wallet

PAYER = identities.payer(1).public_key
WINDOW = timedelta(minutes=1)
LATER = timedelta(minutes=4)
"""The window is over, and what is signed by hand now is still valid."""


class LedgerClock:
    """The clock of a ledger that can be set ahead."""

    ahead = timedelta()

    def __call__(self):
        return system_clock() + self.ahead


@pytest.fixture
def ledger_clock(sandbox) -> LedgerClock:
    clock = LedgerClock()
    replace(sandbox, clock=clock, journal=Journal(None), ledger_seconds=0.05).start()
    return clock


@pytest_asyncio.fixture
async def waiting(here, sandbox, ledger_clock, store):
    """A refund that was set aside for a payer without a trustline."""
    settings = load_settings(
        sandbox.environment | {"BILL_PROCESSOR_CLAIM_WINDOW_SECONDS": str(WINDOW.seconds)}
    )
    source = build_source(settings)
    paid = await asyncio.to_thread(sandbox.pay, None, "100")
    intake = Intake(
        source=source,
        store=store,
        wallet=settings.required("system_wallet_address"),
        network_passphrase=settings.required("stellar_network_passphrase"),
        batch_size=50,
    )
    await intake.read_page()
    refund = await store.refunds.open(
        operation_id=paid.operation_id,
        purpose=RefundPurpose.WHOLE,
        amount=(await store.deposits.get(paid.operation_id)).credit.amount,
        reason="it carried no memo",
    )
    await asyncio.to_thread(sandbox.fund, PAYER, trustline=False)
    wallet = build_wallet(settings, store=store, source=source, signer=build_signer(settings))
    assert isinstance(await wallet.treasury.pay(refund), RefundPaid)
    await source.close()
    (found,) = await store.claimables.all()
    return found


async def ask(run, *words):
    return await asyncio.to_thread(run, "claimables", *words)


async def test_what_waits_is_listed_with_whose_it_is_and_until_when(here, waiting):
    (document,) = (await ask(here.json, "list"))["claimable_balances"]
    assert document == {
        "balance_id": waiting.balance_id,
        "refund_id": waiting.refund_id,
        "operation_id": waiting.operation_id,
        "claimant": PAYER,
        "amount": "100.0000000",
        "created_ledger": waiting.created_ledger,
        "reclaimable_at": waiting.reclaimable_at.isoformat(),
        "state": "open",
    }
    text = (await ask(here.command, "list")).stdout
    assert waiting.balance_id in text
    assert f"100 cNGN for {PAYER}" in text


async def test_a_check_tells_how_many_are_settled(here, waiting):
    assert (await ask(here.command, "check")).stdout == "0 found to be claimed or taken back\n"


async def test_nothing_is_taken_back_before_its_time(here, waiting):
    refused = await ask(here.command, "take-back", waiting.balance_id)
    assert refused.exit_code == 2
    assert "alone until" in refused.stderr


async def test_what_nobody_claims_is_taken_back_and_told_as_a_case(
    here, waiting, ledger_clock, store, sandbox
):
    """I2: the money is here again, and somebody knows whose it is, until it is paid by hand."""
    ledger_clock.ahead = LATER
    await ask(here.command, "check")
    unclaimed = (await asyncio.to_thread(here.command, "cases")).stdout
    assert f"balance {waiting.balance_id}" in unclaimed
    assert "claimables take-back" in unclaimed
    for _ in range(2):
        taken = await ask(here.command, "take-back", waiting.balance_id.upper())
        assert taken.exit_code == 0, taken.stderr
    assert (await store.claimables.get(waiting.balance_id)).state is BalanceState.RECLAIMED
    assert [case.kind for case in await store.cases.all()] == [CaseKind.TAKEN_BACK]
    assert (await ask(here.command, "list")).stdout == "nothing waits to be claimed\n"
    assert waiting.balance_id in (await ask(here.command, "list", "--all")).stdout
    told = (await asyncio.to_thread(here.command, "cases")).stdout
    assert f"deposit {waiting.operation_id}" in told
    assert "retry ID" not in told
    by_hand = sandbox.build(
        None, "100", payer=identities.treasury(), to=identities.payer(2).public_key
    )
    paid = sandbox.submit(by_hand).raise_for_status().json()["hash"]
    record = ("withdrawals", "record", paid, "--reason", "to a new account", "--for")
    refused = await asyncio.to_thread(here.command, *record, "404")
    assert refused.exit_code == 1
    (settled,) = (await asyncio.to_thread(here.json, *record, waiting.operation_id))["withdrawals"]
    assert settled["settles"] == waiting.operation_id
    assert await store.cases.all() == []
    deposit = await store.deposits.get(waiting.operation_id)
    assert deposit.disposition is Disposition.REFUNDED


def test_a_balance_that_is_none_of_ours_is_refused(here):
    refused = here.command("claimables", "take-back", "00" * 36)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("refused: ")
