"""The deployment files say the same as the code: variables, stop times, images, entry points.

There may be no Docker engine where this runs, so the files are read strictly and their interpolation is done here. The
scripts that they mount are run in `tests/deploy`.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
import yaml

from billpay.sandbox import identities
from billpay.settings import Settings, SettingsError, load_settings
from deploy.sandbox_app import JOURNAL
from deploy.sandbox_app import app as sandbox_app
from starter.roles import Role
from worker import CORE_TEARDOWN_SECONDS, GRACEFUL_STOP

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Mapping[str, dict] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INTERPOLATED = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<rest>[^}]*))?\}")
SECRETS = re.compile(r"PASSWORD|PWD|SECRET|_KEY$")
KEY = "SYSTEM_WALLET_SECRET"
OF_WHOEVER_BUYS = ("FLUTTERWAVE_", "VTPASS_", "PAYSTACK_", "NOTIFICATION_")
WORKERS = ("worker", "refunds")
THREE_PASSWORDS = dict.fromkeys(
    ("POSTGRES_PASSWORD", "BILLPAY_DB_PASSWORD", "TEMPORAL_DB_PASSWORD"), "made-up-for-this-test"
)


def interpolate(text: str, environ: Mapping[str, str]) -> str:
    """Do what Compose does with `${NAME}`, `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match) -> str:
        given = environ.get(match["name"], "")
        if not given and match["how"] == "?":
            raise LookupError(f"{match['name']}: {match['rest']}")
        return given or (match["rest"] if match["how"] == "-" else "")

    return INTERPOLATED.sub(value, text)


def environment_of(service: str, **environ: str) -> dict[str, str]:
    """The environment a container would get, given these variables and the passwords."""
    given = THREE_PASSWORDS | environ
    return {
        name: interpolate(str(value), given)
        for name, value in SERVICES[service]["environment"].items()
    }


def is_job(service: str) -> bool:
    """Whether others wait for this service to end, or it ends before anybody looks at it."""
    return str(SERVICES[service].get("restart", "")).startswith("on-failure")


def seconds(text: str) -> int:
    """Read Compose's `150s`."""
    return int(re.fullmatch(r"(\d+)s", text)[1])


def instructions(keyword: str, text: str = DOCKERFILE) -> list[str]:
    """The arguments of every such Dockerfile instruction, with continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return re.findall(rf"^\s*{keyword}\s+(.+)$", joined, re.MULTILINE)


def stage(name: str) -> str:
    """The text of one Dockerfile stage."""
    return re.search(
        rf"^FROM \S+ AS {name}$(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL
    )[1]


def last_command(name: str) -> list[str]:
    """What an image runs, in exec form."""
    return json.loads(re.findall(r"^CMD (\[.*\])$", stage(name), re.MULTILINE)[-1])


@pytest.mark.parametrize("service", SERVICES)
def test_every_image_is_pinned_by_a_version(service):
    tag = SERVICES[service]["image"].rpartition(":")[2]
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(-\w+)?", tag), tag


def test_the_python_image_is_pinned_to_a_patch_release_of_the_supported_version():
    (image,) = re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", image)
    assert set(instructions("FROM")) & {f"${{PYTHON_IMAGE}} AS {name}" for name in ("base",)}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_tells_its_health_or_is_a_job_that_ends(service):
    config = SERVICES[service]
    if is_job(service):
        assert config["healthcheck"] == {"disable": True}
    else:
        assert config["restart"] == "unless-stopped"
        assert config["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("service", SERVICES)
def test_services_wait_for_what_they_need_in_a_way_that_can_come_true(service):
    for needed, how in SERVICES[service].get("depends_on", {}).items():
        expected = "service_completed_successfully" if is_job(needed) else "service_healthy"
        assert how["condition"] == expected, needed
        in_a_profile = bool(SERVICES[needed].get("profiles"))
        assert how.get("required", True) is not in_a_profile


def test_every_role_is_played_by_one_service_whose_health_is_that_of_its_roles():
    played = {name: list(roles_of(SERVICES[name]["command"])) for name in WORKERS}
    assert sorted(role for roles in played.values() for role in roles) == sorted(Role)
    for name, roles in played.items():
        assert list(roles_of(SERVICES[name]["healthcheck"]["test"])) == roles


def roles_of(command: list[str]) -> Iterator[str]:
    """What stands behind every `--role`."""
    return (role for word, role in pairwise(command) if word == "--role")


def test_only_whoever_refunds_is_given_the_key_of_the_wallet():
    holders = {name for name, config in SERVICES.items() if KEY in config.get("environment", {})}
    assert holders == {
        name for name in WORKERS if Role.REFUNDS in roles_of(SERVICES[name]["command"])
    }


def test_the_workers_are_told_every_setting_they_need_and_nothing_that_is_none():
    known = {name.upper() for name in Settings.model_fields}
    assert set(SERVICES["worker"]["environment"]) == known - {KEY}
    whoever_buys = {name for name in known if name.startswith(OF_WHOEVER_BUYS)}
    assert set(SERVICES["refunds"]["environment"]) == known - whoever_buys
    both = set(SERVICES["worker"]["environment"]) & set(SERVICES["refunds"]["environment"])
    assert set(SERVICES["migrate"]["environment"]) == both
    assert "environment" not in SERVICES["sandbox"]


@pytest.mark.parametrize("service", WORKERS)
def test_with_the_sandbox_nothing_but_the_passwords_is_needed(service):
    settings = load_settings(environment_of(service, SKIP_EXTERNALS="true"))
    settings.require(*Settings.model_fields.keys() - optional(settings))
    assert settings.horizon_url == "http://sandbox:8700/horizon"
    password = THREE_PASSWORDS["BILLPAY_DB_PASSWORD"]
    assert settings.required("database_url").startswith(f"postgresql://billpay:{password}@")


def optional(settings: Settings) -> set[str]:
    """What may be left out: a provider, a second server of the ledger, exchanges."""
    return {
        name
        for name in Settings.model_fields
        if name.startswith(("flutterwave", "paystack", "stellar_rpc", "bill_processor_exchange"))
    }


@pytest.mark.parametrize("service", WORKERS)
def test_with_the_real_outside_a_worker_names_what_is_missing_and_takes_what_is_given(service):
    bare = load_settings(environment_of(service, SKIP_EXTERNALS="false"))
    with pytest.raises(SettingsError, match="HORIZON_URL is not set"):
        bare.required("horizon_url")
    given = identities.environment("https://elsewhere.example")
    real = load_settings(environment_of(service, SKIP_EXTERNALS="false", **given))
    for name in given.keys() & SERVICES[service]["environment"].keys():
        assert real.required(name.lower()) == given[name]


def test_compose_stops_before_anything_runs_when_a_decision_or_a_password_is_missing():
    for name in (*THREE_PASSWORDS, "SKIP_EXTERNALS"):
        without = THREE_PASSWORDS | {"SKIP_EXTERNALS": "true"} | {name: ""}
        with pytest.raises(LookupError, match=name):
            interpolate(json.dumps(COMPOSE), without)


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_stands_in_the_file(service):
    for name, value in SERVICES[service].get("environment", {}).items():
        in_url = re.fullmatch(r"postgresql://\w+:(.*)@postgres:5432/\w+", value)
        secret = in_url[1] if in_url else value
        if in_url or SECRETS.search(name):
            match = INTERPOLATED.fullmatch(secret)
            assert match, f"{name} is written out"
            assert match["how"] == "?" or not match["rest"], f"{name} has a default"


def test_every_variable_of_the_file_is_explained_somewhere():
    example = (ROOT / ".env.example").read_text()
    readme = (ROOT / "deploy" / "README.md").read_text()
    explained = set(re.findall(r"^#?\s*([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    explained |= set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))
    asked = {match["name"] for match in INTERPOLATED.finditer(json.dumps(COMPOSE))}
    assert asked <= explained


def test_what_must_survive_lies_in_named_volumes_and_the_rest_is_read_only():
    mounted = set()
    for config in SERVICES.values():
        for volume in config.get("volumes", []):
            source, _, target = volume.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).is_dir()
                assert target.endswith(":ro")
            else:
                mounted.add(source)
    assert mounted == set(COMPOSE["volumes"]) == {"postgres-data", "sandbox-data"}


def test_only_loopback_is_published():
    published = [port for config in SERVICES.values() for port in config.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert "ports" not in SERVICES["postgres"]


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_is_given_longer_to_stop_than_its_longest_money_step_takes(service):
    """A purchase cut off by a deploy would be in doubt for no reason."""
    needed = GRACEFUL_STOP + timedelta(seconds=CORE_TEARDOWN_SECONDS)
    assert seconds(SERVICES[service]["stop_grace_period"]) >= needed.total_seconds() + 15


def test_temporal_starts_with_its_own_database_user_a_mounted_configuration_and_enough_shards():
    config = SERVICES["temporal"]["environment"]
    folder, _, name = config["DYNAMIC_CONFIG_FILE_PATH"].rpartition("/")
    assert f"./deploy/temporal:{folder}:ro" in SERVICES["temporal"]["volumes"]
    rules = yaml.safe_load((ROOT / "deploy" / "temporal" / name).read_text())
    assert all(isinstance(values, list) and "value" in values[0] for values in rules.values())
    assert int(config["NUM_HISTORY_SHARDS"]) >= 128
    assert config["POSTGRES_USER"] != "billpay"
    assert config["POSTGRES_USER"] == SERVICES["temporal-schema"]["environment"]["SQL_USER"]


def test_nobody_terminates_or_starts_a_payment_by_one_click():
    config = SERVICES["temporal-ui"]["environment"]
    assert config["TEMPORAL_WORKFLOW_TERMINATE_DISABLED"] == "true"
    assert config["TEMPORAL_START_WORKFLOW_DISABLED"] == "true"


@pytest.mark.parametrize("name", ["worker", "sandbox"])
def test_the_images_hold_pinned_packages_run_as_nobody_and_hear_sigterm(name):
    text = stage(name)
    assert instructions("USER", text) == ["billpay"]
    assert last_command(name)[0] == "python"
    assert "ENTRYPOINT" not in DOCKERFILE
    packages = stage(f"{name}-packages")
    assert "--require-hashes" in packages
    assert name in {config["build"]["target"] for config in SERVICES.values() if "build" in config}


def test_nothing_is_fetched_from_an_address_of_its_own():
    assert not re.search(r"https?://(?!127\.0\.0\.1)|--(extra-)?index|find-links", DOCKERFILE)


def test_everything_copied_into_an_image_exists_and_reaches_the_builder():
    ignored = (ROOT / ".dockerignore").read_text().split()
    for arguments in instructions("COPY"):
        if arguments.startswith("--from"):
            continue
        source = arguments.split()[0]
        assert (ROOT / source).exists(), source
        assert any(f"!{parent}" in ignored for parent in (source, source.split("/")[0])), source


@pytest.mark.parametrize("path", re.findall(r"requirements/[a-z]+\.txt(?=\n)", DOCKERFILE))
def test_every_package_of_an_image_is_pinned_with_hashes(path):
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / path).read_text().strip())
    assert entries
    for entry in entries:
        if not entry.startswith("#"):
            assert re.match(r"[\w.\[\]-]+==[^\s;]+", entry), entry
            assert "--hash=sha256:" in entry


@pytest.mark.parametrize(
    ("module", "path"), [("worker", "runtime"), ("starter.__main__", "runtime")]
)
def test_what_the_images_run_needs_only_their_packages(module, path):
    """A package of the development environment that production imports would stop the worker at its start."""
    pinned = requirement_names(path)
    foreign = sorted(requirement_names("dev") - pinned)
    script = (
        "import sys, importlib.metadata as m, importlib\n"
        f"foreign = {foreign!r}\n"
        "tops = {t for t, ds in m.packages_distributions().items()"
        " if all(d.lower().replace('_', '-') in foreign for d in ds)}\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in tops: raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"importlib.import_module({module!r})\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def requirement_names(path: str) -> set[str]:
    text = (ROOT / "requirements" / f"{path}.txt").read_text()
    return {
        name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    }


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (SERVICES["migrate"]["command"], 4),
        (last_command("sandbox"), 3),
        (SERVICES["worker"]["command"], 2),
        (SERVICES["refunds"]["healthcheck"]["test"][1:], 2),
    ],
)
def test_the_commands_of_the_containers_are_understood(command, words):
    """A misspelt option shows only when a container starts."""
    run = subprocess.run(
        [sys.executable, *command[1:words], "--help"],
        cwd=ROOT,
        # As the images have it.
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    flags = {word for word in command if word.startswith("--")}
    assert flags <= set(re.findall(r"--[a-z-]+", run.stdout))


async def test_the_sandbox_of_the_container_answers_its_health_check(tmp_path):
    transport = httpx.ASGITransport(sandbox_app(tmp_path / "world.journal"))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        for check in (SERVICES["sandbox"]["healthcheck"]["test"][-1], stage("sandbox")):
            (path,) = re.findall(r"127\.0\.0\.1:8700(/[a-z/]*)", check)
            assert (await client.get(path)).status_code == httpx.codes.OK
    assert str(JOURNAL.parent) in SERVICES["sandbox"]["volumes"][0]
    assert str(JOURNAL.parent) in stage("sandbox")
