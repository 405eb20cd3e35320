"""The house rules: who may know whom, where time and ids come from, how long a thing may be, what is not committed."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("billpay", "workflows", "activities", "starter")
LONGEST_FILE = 500
LONGEST_FUNCTION = 70

SOURCES = sorted(
    [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")] + [ROOT / "worker.py"]
)
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in SOURCES}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def committed() -> dict[str, str]:
    """Every text file that is, or with the next commit would be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        try:
            found[name] = (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
    return found


# Who may know whom


def test_imports_point_in_the_directions_that_are_decided():
    linter = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linter.returncode == 0, linter.stdout


def test_the_domain_imports_the_standard_library_and_pydantic_only():
    allowed = {*sys.stdlib_module_names, "pydantic", "pydantic_core"}
    ours = ("billpay.domain", "billpay.failures")
    strangers = [
        f"{name}: {module}"
        for name, tree in TREES.items()
        if name.startswith("billpay/domain/") or name == "billpay/failures.py"
        for module in imported(tree)
        if module.split(".")[0] not in allowed and not module.startswith(ours)
    ]
    assert strangers == []


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


# Where time and ids come from

HOMES = {
    "datetime.now": "billpay/clock.py",
    "datetime.utcnow": None,
    "datetime.today": None,
    "date.today": None,
    "time.time": None,
    "uuid.uuid1": None,
    "uuid.uuid4": "billpay/domain/ids.py",
    "uuid4": None,
}
"""What makes a moment or an id out of nothing, and the one file where it may."""


def test_time_and_ids_are_made_at_home_only():
    strays = [
        f"{name}:{node.lineno} {called}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (called := ast.unparse(node.func)) in HOMES
        and HOMES[called] != name
    ]
    assert strays == []


def test_the_homes_are_still_there():
    for called, home in HOMES.items():
        if home is not None:
            assert f"{called}(" in (ROOT / home).read_text()


# How long a thing may be


def test_no_file_is_too_long():
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in TREES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long():
    too_long = [
        f"{name}:{function.lineno} {function.name}"
        for name, tree in TREES.items()
        for function in functions(tree)
        if (function.end_lineno or 0) - function.lineno >= LONGEST_FUNCTION
    ]
    assert too_long == []


def test_no_module_is_named_for_nothing():
    shapeless = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [name for name in TREES if set(Path(name).with_suffix("").parts) & shapeless] == []


# What a reader must be told


def activities() -> dict[str, Function]:
    return {
        f"{name}:{function.name}": function
        for name, tree in TREES.items()
        if name.startswith("activities/")
        for function in functions(tree)
        if any("activity.defn" in ast.unparse(decorator) for decorator in function.decorator_list)
    }


def test_every_activity_says_whether_it_may_be_repeated():
    silent = []
    for name, function in activities().items():
        lines = [line.strip() for line in (ast.get_docstring(function) or "").splitlines()]
        if not any(line.startswith(("Safe to repeat:", "Not safe to repeat:")) for line in lines):
            silent.append(name)
    assert silent == []


def test_every_activity_that_has_a_name_exists_and_is_found():
    from activities import names  # noqa: PLC0415  only this test needs it

    named = {value for key, value in vars(names).items() if key.isupper()}
    assert {name.split(":")[1] for name in activities()} == named


def test_every_policy_gives_its_reason():
    """A comment inside it, or a docstring under it."""
    source = (ROOT / "workflows/policies.py").read_text()
    lines = source.splitlines()
    body = ast.parse(source).body
    reasonless = []
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        span = lines[statement.lineno - 1 : statement.end_lineno]
        has_docstring = isinstance(following, ast.Expr) and isinstance(
            following.value, ast.Constant
        )
        if not has_docstring and not any(line.strip().startswith("#") for line in span):
            reasonless.append(span[0])
    assert reasonless == []


def test_documents_name_files_that_exist():
    """A page that describes yesterday's files misleads more than none."""
    named = re.compile(r"`((?:billpay|workflows|activities|starter|tests|docs|bench)/[\w./-]*\w)`")
    missing = [
        f"{name}: {path}"
        for name, text in committed().items()
        if name.endswith(".md")
        for path in named.findall(text)
        if not (ROOT / path).exists()
    ]
    assert missing == []


# What must never be committed


def machine_words() -> set[str]:
    """This machine's own paths, and where it gets its packages from."""
    words = {str(ROOT)}
    if ROOT.parent != ROOT.parent.parent:
        words.add(f"{ROOT.parent}/")
    if sys.prefix != sys.base_prefix and ROOT not in Path(sys.prefix).parents:
        words.add(sys.prefix)
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    for url in re.findall(r"(?:https?|file)://[^\s'\"]+", configured.stdout):
        words.add(url.partition("://")[2].split("/")[0] or url.removeprefix("file://"))
    return {word for word in words if word.count("/") != 1}


def test_nothing_committed_names_this_machine_or_its_package_index():
    """Pins carry hashes and no addresses; whoever installs has an index of their own."""
    hosts = {"pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "npmjs" + ".com"}
    options = {"--index" + "-url", "--extra-index" + "-url", "--find" + "-links"}
    forbidden = machine_words() | hosts | options
    found = [
        f"{name}: {word}"
        for name, text in committed().items()
        for word in forbidden
        if word in text
    ]
    assert found == []


def test_no_secret_is_committed():
    """A Stellar secret, a private key or a live key of a provider; the sandbox derives its own at run time."""
    secrets = re.compile(
        r"\bS[A-Z2-7]{55}\b|-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:sk|pk)_live_\w{8}|\bFLWSECK-\w{8}"
    )
    found = [name for name, text in committed().items() if secrets.search(text)]
    assert found == []
