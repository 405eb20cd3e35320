"""The documentation speaks of what exists: files, links, commands, variables, statuses.

A page that describes yesterday's code is worse than none, so the build fails with it.
"""

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import get_args
from urllib.parse import unquote
from uuid import UUID

import psycopg
import pytest
import typer.main

from activities import names
from billpay.domain import outcomes
from billpay.domain.attempts import GRACE, PROOF_DISTANCE
from billpay.domain.cases import CaseKind
from billpay.domain.follow_ups import SOLD_AGES, UNSOLD_AGES
from billpay.domain.ids import memo_of
from billpay.domain.interventions import Intervention
from billpay.domain.statuses import BillStatus
from billpay.failures import Failure
from billpay.settings import Settings
from starter.__main__ import app
from worker import GRACEFUL_STOP
from workflows.policies import WORKER_LOST_AFTER

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    page for pattern in ("*.md", "deploy/*.md", "docs/**/*.md") for page in ROOT.glob(pattern)
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FOLDERS = "billpay|workflows|activities|starter|tests|docs|deploy|requirements|bench"
PATH = re.compile(
    rf"(?<![\w./-])((?:{FOLDERS})/[\w./-]*\w|[\w-]+\.(?:py|md|yml|toml|example))\b(?!\()"
)
"""A file or folder of ours, wherever it stands in the text."""

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]

every_page = pytest.mark.parametrize("page", PAGES, ids=IDS)


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return FENCE.sub("", page.read_text())


def commands(page: Path) -> list[str]:
    """Every command line of the page: in its code blocks, and between backticks."""
    text = page.read_text()
    blocks = "\n".join(body for language, body in FENCE.findall(text) if language != "mermaid")
    lines = [line.split("  #")[0].strip() for line in blocks.replace("\\\n", " ").splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def anchors(page: Path) -> set[str]:
    """What can be linked to in a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@every_page
def test_every_local_link_leads_somewhere(page):
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        found = (page.parent / path) if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


@every_page
def test_every_file_that_is_named_exists(page):
    for name in PATH.findall(page.read_text()):
        beside = page.parent / name
        assert (ROOT / name).exists() or beside.exists(), name


@every_page
def test_every_make_target_that_is_named_exists(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in commands(page):
        for target in re.findall(r"\bmake ([a-z-]+)", line):
            assert target in targets, line


@every_page
def test_every_command_of_ours_is_understood(page):
    """Command, subcommand and every option; values are not checked."""
    for line in commands(page):
        for rest in re.findall(r"python -m starter ?([^|&;>]*)", line):
            assert not unknown_word(shlex.split(rest)), line


def unknown_word(words: list[str]) -> str | None:
    """The first subcommand or option that no command of ours has."""
    command = typer.main.get_command(app)
    while words and hasattr(command, "commands"):
        if words[0].startswith("-") or not words[0].islower():
            break
        if words[0] not in command.commands:
            return words[0]
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return next((word for word in words if word.startswith("--") and word not in known), None)


@every_page
def test_every_variable_that_is_named_is_known_to_the_code(page):
    code = "".join(
        (ROOT / name).read_text()
        for name in ("docker-compose.yml", "Dockerfile", ".env.example", "worker.py")
    )
    code += "".join(
        file.read_text()
        for folder in ("billpay", "workflows", "activities", "starter")
        for file in (ROOT / folder).rglob("*.py")
    )
    for name in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", page.read_text()):
        assert re.search(rf"\b{name}\b", code), name


def test_every_setting_stands_in_the_example():
    example = re.findall(r"^([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(example) == sorted(name.upper() for name in Settings.model_fields)


def first_column(page: str, heading: str) -> list[str]:
    """The code words in the first column of the table under a heading."""
    text = (ROOT / page).read_text()
    section = re.search(rf"^#+ {heading}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def test_the_runbook_says_of_every_status_who_acts():
    assert first_column("docs/operating.md", "Statuses") == [str(status) for status in BillStatus]


def test_the_runbook_knows_every_decision_a_person_can_take():
    assert set(first_column("docs/operating.md", "Decisions")) == {str(i) for i in Intervention}


def test_the_runbook_says_of_every_kind_of_case_how_it_ends():
    kinds = first_column("docs/operating.md", "Everything that waits: cases")
    assert kinds == [str(kind) for kind in CaseKind]


@pytest.mark.parametrize(
    ("what", "said", "ages"),
    [
        ("not sold", "10 minutes, then 1, 6, 24, 48 and 72 hours", UNSOLD_AGES),
        ("sold", "1, 24 and 72 hours", SOLD_AGES),
    ],
)
def test_the_runbook_knows_when_a_settled_purchase_is_asked_about_again(what, said, ages):
    assert f"| {what} | {said} |" in (ROOT / "docs" / "operating.md").read_text()
    minutes, _, hours = said.rpartition("then ")
    told = [timedelta(minutes=int(number)) for number in re.findall(r"\d+", minutes)]
    told += [timedelta(hours=int(number)) for number in re.findall(r"\d+", hours)]
    assert told == list(ages)


@pytest.mark.parametrize(
    ("page", "words", "what"),
    [
        ("docs/operating.md", "up to {} seconds for a purchase or refund", GRACEFUL_STOP),
        ("docs/operating.md", "by another worker within about {} seconds", WORKER_LOST_AFTER),
        ("docs/decisions/0003-ask-before-repeating.md", "after {} seconds", WORKER_LOST_AFTER),
        ("docs/one-payment.md", "at least a minute after sending", GRACE),
        ("docs/one-payment.md", "two denials two minutes apart", PROOF_DISTANCE),
    ],
)
def test_times_in_the_text_are_those_of_the_code(page, words, what):
    in_words = {timedelta(minutes=1): "minute", timedelta(minutes=2): "two minutes"}
    expected = words.format(int(what.total_seconds()))
    assert expected != words or in_words[what] in words
    assert expected in " ".join((ROOT / page).read_text().split())


def test_the_readme_says_where_every_step_lives():
    steps = {value for name, value in vars(names).items() if name.isupper()}
    readme = (ROOT / "README.md").read_text()
    assert {step for step in steps if f"`{step}`" not in readme} == set()


def test_the_glossary_names_every_outcome_and_failure():
    text = (ROOT / "docs" / "glossary.md").read_text()
    for word in [
        *(failure.__name__ for failure in Failure.__subclasses__()),
        *(kind.__name__ for kind in get_args(get_args(outcomes.Outcome)[0])),
    ]:
        assert f"`{word}`" in text, word


def test_every_number_that_code_and_tests_refer_to_is_explained():
    page = (ROOT / "docs" / "faults.md").read_text()
    explained = set(re.findall(r"^\| (I?\d+) \|", page, re.MULTILINE))
    folders = ("billpay", "workflows", "activities", "starter", "tests")
    code = "\n".join(
        file.read_text() for folder in folders for file in (ROOT / folder).rglob("*.py")
    )
    named = set(re.findall(r"\(I\d+[,)]|^\s*\"{3}I\d+|, I\d+\)", code, re.MULTILINE))
    invariants = set(re.findall(r"I\d+", " ".join(named)))
    faults = set(re.findall(r"\b[Ff]aults? (\d{1,2})\b", code))
    assert len(invariants) > 10
    assert len(faults) > 10
    assert invariants | faults <= explained


def test_decisions_are_numbered_without_gaps_and_shaped_alike():
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    for page in DECISIONS:
        text = page.read_text()
        assert text.startswith(f"# {page.name[:4]} ")
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Alternatives"]
        assert len(text.split()) < 500, f"{page.name} is more than a page"


def test_the_runbooks_questions_to_the_database_are_answered(database_url):
    page = (ROOT / "docs" / "operating.md").read_text()
    blocks = "".join(body for language, body in FENCE.findall(page) if language == "sql")
    (repair,) = re.findall(r"`(UPDATE deposits [^`]+;)`", page)
    with psycopg.connect(database_url) as session:
        for statement in [*blocks.split(";")[:-1], repair]:
            session.execute(statement)


def test_the_readmes_plain_sql_makes_a_payable_order(database_url):
    """The two statements of the readme, with a wallet and the returned id put in, and nothing else."""
    (block,) = [
        body
        for language, body in FENCE.findall((ROOT / "README.md").read_text())
        if language == "sql" and "INSERT INTO transactions" in body
    ]
    first, second, third = (part for part in block.split(";") if part.strip())
    wallet = "G" + "A" * 55
    with psycopg.connect(database_url) as session:
        row = session.execute(first.replace("'G...'", f"'{wallet}'")).fetchone()
        session.execute(second.replace("'ID'", f"'{row[0]}'"))
        memos = session.execute(third).fetchall()
    assert memos == [(memo_of(UUID(str(row[0]))),)]
