"""The commands as a person types them: in a folder and an environment of the test's own."""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from billpay.sandbox import identities
from billpay.settings import Settings
from starter.__main__ import app
from tests.fixtures.postgres import SEALING_KEY

CUSTOMER = identities.payer(1).public_key

Command = Callable[..., Result]


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No setting, no `.env`, no local stack, no profile of Temporal's: what a fresh machine knows."""
    names = {field.upper() for field in Settings.model_fields}
    for name in names | {name for name in os.environ if name.startswith("TEMPORAL_")}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("BILLPAY_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command(nowhere) -> Command:
    """Run one command and answer how it ended; only a foreseen ending is not an exception."""

    def ran(*words: str) -> Result:
        result = CliRunner().invoke(app, list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return ran


@dataclass(frozen=True)
class Here:
    """A database and a sandbox that commands find in their environment."""

    command: Command

    def json(self, *words: str) -> Any:
        """Run a command that succeeds and answers one JSON document, and nothing else."""
        result = self.command(*words, "--json")
        assert result.exit_code == 0, result.stderr
        assert result.stderr == ""
        return json.loads(result.stdout)


@pytest.fixture
def here(command, database_url, sandbox, monkeypatch) -> Here:
    """Commands on a fresh database and a fresh sandbox."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SKIP_EXTERNALS", "true")
    monkeypatch.setenv("SANDBOX_URL", sandbox.url)
    monkeypatch.setenv("BILL_PROCESSOR_SEALING_KEY", base64.b64encode(SEALING_KEY).decode())
    return Here(command)
