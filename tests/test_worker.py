"""The worker as a process: which roles it plays, and what it needs for them."""

import asyncio
import base64
import os
import shutil
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from billpay.clock import system_clock
from billpay.sandbox import identities
from billpay.settings import Settings, load_settings
from deploy.worker_health import silent_queues
from starter.roles import Role, roles_asked, task_queue_of
from tests.fixtures.postgres import SEALING_KEY
from worker import READY, settings_for

ROOT = Path(__file__).resolve().parents[1]
WITHIN_SECONDS = 60
KEY = "SYSTEM_WALLET_SECRET"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def temporal():
    """A Temporal server of its own."""
    beside_python = Path(sys.executable).parent / "temporal"
    async with await WorkflowEnvironment.start_local(
        data_converter=pydantic_data_converter,
        dev_server_existing_path=str(beside_python)
        if beside_python.exists()
        else shutil.which("temporal"),
        dev_server_startup_timeout=timedelta(seconds=30),
    ) as server:
        yield server.client


@pytest.fixture
def queue(request):
    """One for each test: Temporal remembers for a while who asked."""
    return request.node.name


@pytest.fixture
def environment(temporal, database_url, sandbox, queue):
    """Everything that a worker is told, save the wallet's key; what the test run was told is left out."""
    known = {field.upper() for field in Settings.model_fields}
    bare = {
        name: value
        for name, value in os.environ.items()
        if name not in known and not name.startswith("TEMPORAL_")
    }
    outside = {name: value for name, value in sandbox.environment.items() if name != KEY}
    return (
        bare
        | outside
        | {
            "BILL_PROCESSOR_SEALING_KEY": base64.b64encode(SEALING_KEY).decode(),
            "DATABASE_URL": database_url,
            "TEMPORAL_ADDRESS": temporal.service_client.config.target_host,
            "TEMPORAL_TASK_QUEUE": queue,
            "PYTHONPATH": str(ROOT),
        }
    )


@pytest_asyncio.fixture
async def started(environment, tmp_path):
    """Start workers as a container does, in a folder without `.env`; none outlives the test."""
    processes = []

    async def start(*roles: Role, **more: str):
        words = [word for role in roles for word in ("--role", role)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "worker.py"),
            *words,
            env=environment | more,
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_ready(process):
    async with asyncio.timeout(WITHIN_SECONDS):
        while line := await process.stdout.readline():
            if READY in line.decode():
                return
        pytest.fail((await process.stderr.read()).decode())


async def silent(client, queue):
    """The roles that nobody plays."""
    queues = {task_queue_of(role, queue): role for role in Role}
    found = await silent_queues(client, list(queues), socket.gethostname(), system_clock())
    return [queues[queue] for queue in found]


async def test_whoever_does_not_refund_works_without_the_key_of_the_wallet(
    started, temporal, queue
):
    worker = await started(Role.PAYMENTS, Role.WATCHER)
    await until_ready(worker)
    async with asyncio.timeout(WITHIN_SECONDS):
        while Role.PAYMENTS in (found := await silent(temporal, queue)) or Role.WATCHER in found:
            pass
    assert found == [Role.REFUNDS]
    worker.send_signal(signal.SIGTERM)
    async with asyncio.timeout(WITHIN_SECONDS):
        assert await worker.wait() == 0


async def test_whoever_refunds_needs_the_key_and_no_provider(started, environment):
    for name in [name for name in environment if name.startswith("VTPASS_")]:
        del environment[name]
    refused = await started(Role.REFUNDS)
    assert await refused.wait() == 2
    *_, last = (await refused.stderr.read()).decode().splitlines()
    assert last.startswith(f"{KEY} is not set")
    await until_ready(await started(Role.REFUNDS, **{KEY: identities.treasury().secret}))


async def test_a_worker_that_cannot_play_one_of_its_roles_plays_none(started):
    """Payments taken up by a process that ends at once would wait for the next one."""
    refused = await started(*Role)
    output, _ = await refused.communicate()
    assert (refused.returncode, output) == (2, b"")


def test_a_key_that_nobody_needs_is_forgotten(sandbox):
    given = load_settings(sandbox.environment)
    assert settings_for([Role.REFUNDS], given) == given
    kept = settings_for([Role.PAYMENTS, Role.WATCHER], given)
    assert kept.system_wallet_secret is None
    assert kept.model_copy(update={"system_wallet_secret": given.system_wallet_secret}) == given


def test_without_a_choice_a_worker_plays_every_role():
    assert roles_asked([], "") == tuple(Role)


def test_roles_are_played_once_however_often_they_are_asked_for():
    words = ("--role", "refunds", "--role", "payments", "--role", "refunds")
    assert roles_asked(words, "") == (Role.PAYMENTS, Role.REFUNDS)


def test_an_unknown_role_is_refused_with_those_there_are(capsys):
    with pytest.raises(SystemExit):
        roles_asked(["--role", "miner"], "")
    assert "payments" in capsys.readouterr().err


def test_every_role_has_a_queue_of_its_own():
    assert len({task_queue_of(role, "bills") for role in Role}) == len(Role)
