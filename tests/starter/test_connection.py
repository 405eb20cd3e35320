import pytest

from billpay.failures import Misconfigured, Unavailable
from billpay.settings import load_settings
from starter.connection import (
    connect,
    environment_here,
    profile_for,
    settings_here,
    temporal_profile,
)
from starter.local.ports import LOOPBACK, any_free_port
from starter.local.state import StackState

STACK = {
    "DATABASE_URL": "postgresql://stack:stack@127.0.0.1:5434/billpay",
    "TEMPORAL_ADDRESS": "127.0.0.1:7234",
    "SKIP_EXTERNALS": "true",
    "SANDBOX_URL": "http://127.0.0.1:8701",
}
ELSEWHERE = "postgresql://other:other@127.0.0.1:5432/other"


@pytest.fixture
def stack(nowhere):
    """A local stack that is up and has published its settings."""
    state = StackState(nowhere / "state")
    state.hold()
    state.publish(STACK)
    yield state
    state.release()


def database_of(settings):
    return settings.database_url.get_secret_value() if settings.database_url else None


def test_without_a_stack_the_environment_speaks(nowhere, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", ELSEWHERE)
    assert database_of(settings_here(nowhere / "state")) == ELSEWHERE


def test_the_environment_wins_over_the_dotenv_file_and_blank_is_unset(nowhere, monkeypatch):
    (nowhere / ".env").write_text("TEMPORAL_ADDRESS=file:1\nSANDBOX_URL=http://file:1\n")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "environment:1")
    monkeypatch.setenv("SANDBOX_URL", " ")
    here = environment_here()
    assert here["TEMPORAL_ADDRESS"] == "environment:1"
    assert here["SANDBOX_URL"] == "http://file:1"


def test_a_stack_that_is_up_is_found_without_any_configuration(stack):
    settings = settings_here(stack.folder)
    assert database_of(settings) == STACK["DATABASE_URL"]
    assert settings.temporal_address == STACK["TEMPORAL_ADDRESS"]
    assert settings.sandbox_url == STACK["SANDBOX_URL"]
    assert settings.skip_externals


def test_where_the_stack_listens_wins_over_where_it_was_expected(stack, monkeypatch):
    """The sandbox's usual port was taken, and `.env` still names the usual one."""
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:8700")
    assert settings_here(stack.folder).sandbox_url == STACK["SANDBOX_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_URL", ELSEWHERE), ("TEMPORAL_ADDRESS", "other:7233"), ("SKIP_EXTERNALS", "false")],
)
def test_an_environment_that_speaks_of_another_system_is_not_mixed_with_the_stack(
    stack, monkeypatch, name, value
):
    """Half of one system and half of another would be paid from the wrong books."""
    monkeypatch.setenv(name, value)
    settings = settings_here(stack.folder)
    assert database_of(settings) != STACK["DATABASE_URL"]
    assert settings.temporal_address != STACK["TEMPORAL_ADDRESS"]


def test_settings_of_a_stack_that_is_down_are_not_believed(stack):
    stack.release()
    assert database_of(settings_here(stack.folder)) is None


def test_temporals_own_profile_is_read(nowhere):
    profile = nowhere / "temporal.toml"
    profile.write_text(
        '[profile.default]\naddress = "temporal.example:7233"\nnamespace = "bills"\n'
    )
    found = temporal_profile({"TEMPORAL_CONFIG_FILE": str(profile)})
    assert (found.address, found.namespace) == ("temporal.example:7233", "bills")


def test_a_profile_that_cannot_be_read_is_said(nowhere):
    profile = nowhere / "temporal.toml"
    profile.write_text("no toml at all")
    with pytest.raises(Misconfigured, match="profile"):
        temporal_profile({"TEMPORAL_CONFIG_FILE": str(profile)})


async def test_a_temporal_that_is_not_there_is_unavailable(nowhere):
    address = f"{LOOPBACK}:{any_free_port()}"
    with pytest.raises(Unavailable, match=address):
        await connect(load_settings({"TEMPORAL_ADDRESS": address}))


async def test_a_profiles_keys_go_to_its_own_address_only(nowhere, monkeypatch):
    """A local stack must not be asked for TLS, and nobody else be shown the key of the real server."""
    profile = nowhere / "temporal.toml"
    profile.write_text(
        '[profile.default]\naddress = "temporal.example:7233"\napi_key = "made up"\n'
    )
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(profile))
    elsewhere = load_settings({"TEMPORAL_ADDRESS": "127.0.0.1:7234"})
    assert profile_for(elsewhere).api_key is None
    assert profile_for(elsewhere).address == "127.0.0.1:7234"
    assert profile_for(load_settings({})).api_key == "made up"
