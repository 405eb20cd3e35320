"""What `make` installs, and what production installs of it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)", re.MULTILINE)


def pins(name):
    return dict(PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text()))


def test_everything_that_make_installs_is_pinned_by_hash():
    text = (ROOT / "requirements" / "dev.txt").read_text()
    entries = [entry for entry in re.split(r"^(?=\w)", text, flags=re.MULTILINE) if entry.strip()]
    assert len(entries) == len(pins("dev"))
    for entry in entries:
        assert PIN.match(entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("name", ["runtime", "sandbox"])
def test_production_runs_the_versions_that_are_tested(name):
    assert pins(name).items() <= pins("dev").items()
