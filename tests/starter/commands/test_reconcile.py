"""`reconcile` and `withdrawals`, as an operator types them."""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from billpay.domain.money import cngn
from billpay.intake import Intake
from billpay.ledger.horizon import Horizon
from billpay.sandbox import identities

WALLET = identities.treasury().public_key
WHY = ("--reason", "to the bank", "--actor", "ada")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def temporal():
    """A Temporal server that knows of no workflow."""
    binary = Path(sys.executable).with_name("temporal")
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(binary) if binary.exists() else shutil.which("temporal"),
    )
    yield environment
    await environment.shutdown()


@pytest.fixture
def desk(here, temporal, monkeypatch):
    """An operator whose environment names all that is compared."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.client.service_client.config.target_host)
    return here


@pytest_asyncio.fixture
async def take_in(store, sandbox):
    """The watcher, as far as it has come."""
    source = Horizon(
        base_url=sandbox.horizon_url,
        asset_code=identities.ASSET_CODE,
        asset_issuer=identities.issuer().public_key,
    )
    yield Intake(
        source=source,
        store=store,
        wallet=WALLET,
        network_passphrase=identities.NETWORK_PASSPHRASE,
        batch_size=200,
    ).read_page
    await source.close()


def withdraw(sandbox, amount: str) -> str:
    """Somebody takes cNGN out of the wallet by hand; answers the transaction's hash."""
    to = identities.payer(99).public_key
    envelope = sandbox.build(None, amount, payer=identities.treasury(), to=to)
    return sandbox.submit(envelope).raise_for_status().json()["hash"]


async def ask(run, *words):
    return await asyncio.to_thread(run, *words)


async def test_where_everything_fits_it_says_so_and_ends_well(desk, sandbox, take_in):
    sandbox.pay(None, "0.5")
    await take_in()
    told = await ask(desk.command, "reconcile")
    assert told.exit_code == 0
    for words in ("balance of the wallet", "is held by the ledger", "0.5 cNGN", "nothing differs"):
        assert words in told.stdout
    document = await ask(desk.json, "reconcile", "--from-start")
    assert document["is_clean"] is True
    assert document["holding"] == document["journal"] == cngn("0.5")
    assert document["equation"]["expected"] == cngn("0.5")


async def test_a_difference_ends_badly_and_is_a_case_until_it_is_recorded(desk, sandbox, take_in):
    """I5, I16: money that left by hand is missed until somebody says who took it and why."""
    sandbox.pay(None, "0.9")
    await take_in()
    await ask(desk.command, "reconcile")
    taken = withdraw(sandbox, "0.2")
    missed = await ask(desk.command, "reconcile", "--json")
    assert missed.exit_code == 1
    (difference,) = json.loads(missed.stdout)["differences"]
    assert difference["kind"] == "debit_unexplained"
    (case,) = (await ask(desk.json, "cases"))["cases"]
    assert (case["kind"], case["subject"]) == ("reconciliation", difference["subject"])
    last = await ask(desk.command, "reconcile", "--last")
    assert last.exit_code == 1
    assert "debit unexplained" in last.stdout
    recorded = await ask(desk.json, "withdrawals", "record", taken, *WHY)
    (withdrawal,) = recorded["withdrawals"]
    assert (withdrawal["amount_stroops"], withdrawal["actor"]) == (cngn("0.2"), "ada")
    assert await ask(desk.json, "withdrawals", "list") == recorded
    assert "to the bank" in (await ask(desk.command, "withdrawals", "list")).stdout
    assert (await ask(desk.command, "reconcile")).exit_code == 0
    assert (await ask(desk.json, "cases"))["cases"] == []


async def test_a_report_is_written_twice_under_its_date(desk, tmp_path):
    folder = tmp_path / "reports" / "daily"
    told = await ask(desk.command, "reconcile", "--to", str(folder))
    assert told.exit_code == 0
    document, text = sorted(folder.iterdir())
    assert (document.suffix, text.suffix) == (".json", ".txt")
    assert document.stem == text.stem
    assert document.name.startswith("reconciliation-20")
    assert json.loads(document.read_text())["is_clean"] is True
    assert text.read_text() == told.stdout


async def test_where_nothing_was_ever_compared_there_is_nothing_to_show(desk):
    refused = await ask(desk.command, "reconcile", "--last")
    assert refused.exit_code == 1
    assert "nothing was ever compared" in refused.stderr


async def test_what_was_compared_last_cannot_begin_elsewhere(desk):
    refused = await ask(desk.command, "reconcile", "--last", "--from-start")
    assert refused.exit_code == 2


async def test_without_temporal_nothing_is_compared(here, monkeypatch):
    """A comparison that leaves out the workflows must not say that nothing differs."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    refused = await ask(here.command, "reconcile")
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1


async def test_a_withdrawal_is_recorded_once(desk, sandbox):
    sandbox.pay(None, "100")
    taken = withdraw(sandbox, "20")
    first = await ask(desk.json, "withdrawals", "record", taken, *WHY)
    again = await ask(
        desk.json, "withdrawals", "record", taken, "--reason", "another", "--actor", "bob"
    )
    assert again == first


async def test_what_took_nothing_out_is_no_withdrawal(desk, sandbox):
    paid = sandbox.pay(None, "100")
    for name, why in ((paid.transaction_hash, "took no cNGN out"), ("0" * 64, "does not know")):
        refused = await ask(desk.command, "withdrawals", "record", name, *WHY)
        assert refused.exit_code == 1
        assert why in refused.stderr


@pytest.mark.parametrize(
    "words", [("xyz", *WHY), ("0" * 64, "--reason", "  "), ("0" * 64,), ("0" * 63, *WHY)]
)
async def test_what_cannot_be_a_withdrawal_is_refused_in_one_line(desk, words):
    refused = await ask(desk.command, "withdrawals", "record", *words)
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1


async def test_before_anything_was_taken_out_it_says_so(desk):
    assert (await ask(desk.command, "withdrawals", "list")).stdout == "nothing was ever taken out\n"
