"""Settings: what is accepted, what is refused and how that sounds, and that `.env.example` tells the truth."""

import base64
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stellar_sdk import Keypair

from billpay.domain.deposits import DepositPolicy
from billpay.domain.routing import ProviderName
from billpay.providers import build_providers
from billpay.sandbox import identities
from billpay.settings import Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
SECRETS = {
    name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)
}


def key(name: str) -> Keypair:
    return Keypair.from_raw_ed25519_seed(
        hashlib.sha256(f"settings tests, {name}".encode()).digest()
    )


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    return str(refused.value)


def test_without_any_variable_everything_has_its_default():
    settings = load_settings({})
    assert settings.vtpass_base_url == "https://vtpass.com/api"
    assert settings.flutterwave_base_url == "https://api.flutterwave.com"
    assert settings.paystack_base_url == "https://api.paystack.co"
    assert settings.bill_processor_poll_interval_seconds == 10
    assert settings.bill_processor_batch_size == 50
    assert settings.temporal_task_queue == "bill-payments"
    assert settings.skip_externals is False


def test_no_issuer_network_wallet_or_key_is_built_in():
    settings = load_settings({})
    nobodys = (
        "horizon_url",
        "stellar_network_passphrase",
        "cngn_asset_issuer",
        "system_wallet_address",
        *SECRETS,
    )
    assert [name for name in nobodys if getattr(settings, name) is not None] == []


def test_a_blank_value_counts_as_none():
    settings = load_settings({"BILL_PROCESSOR_BATCH_SIZE": "", "HORIZON_URL": "  "})
    assert settings.bill_processor_batch_size == 50
    assert settings.horizon_url is None


def test_unknown_names_are_ignored():
    assert load_settings({"BILL_PROCESSOR_COLOUR": "green"}) == load_settings({})


def test_white_space_around_a_value_is_not_part_of_it():
    settings = load_settings({"VTPASS_API_KEY": " key\n", "BILL_PROCESSOR_BATCH_SIZE": " 7 "})
    assert settings.required("vtpass_api_key") == "key"
    assert settings.bill_processor_batch_size == 7


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("http://127.0.0.1:8700/vtpass/api", "http://127.0.0.1:8700/vtpass/api"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("http://sandbox_1:8700/", "http://sandbox_1:8700"),
        ("https://sandbox.vtpass.com/api/", "https://sandbox.vtpass.com/api"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_any_base_url_is_accepted(text, kept):
    assert load_settings({"VTPASS_BASE_URL": text}).vtpass_base_url == kept


def test_a_notification_address_may_carry_a_query():
    url = "https://hooks.example/customers?tenant=1"
    assert load_settings({"NOTIFICATION_URL": url}).notification_url == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://billpay:pw@db:5432/billpay",
        "postgres://db/billpay",
        "postgresql://postgres:@/postgres?host=/var/run/x",
    ],
)
def test_a_database_may_be_reached_over_tcp_or_a_socket(url):
    assert load_settings({"DATABASE_URL": url}).required("database_url") == url


def test_a_wallet_whose_secret_belongs_to_it_is_accepted():
    wallet = key("wallet")
    settings = load_settings(
        {"SYSTEM_WALLET_ADDRESS": wallet.public_key, "SYSTEM_WALLET_SECRET": wallet.secret}
    )
    assert settings.required("system_wallet_secret") == wallet.secret


def test_a_sealing_key_is_read_from_base64():
    raw = hashlib.sha256(b"settings tests").digest()
    settings = load_settings({"BILL_PROCESSOR_SEALING_KEY": base64.b64encode(raw).decode()})
    assert settings.sealing_key() == raw


def test_the_rules_of_a_payment_come_from_the_settings():
    settings = load_settings(
        {
            "BILL_PROCESSOR_CONFIRMATION_DEADLINE_SECONDS": "60",
            "BILL_PROCESSOR_REVIEW_WINDOW_SECONDS": "3600",
            "BILL_PROCESSOR_DUST": "2.5",
            "BILL_PROCESSOR_LATE_LIMIT_SECONDS": "120",
        }
    )
    rules, policy = settings.payment_rules(), settings.deposit_policy()
    assert (rules.confirmation_deadline_seconds, rules.review_window_seconds) == (60, 3_600)
    assert (policy.dust, policy.late_limit) == (25_000_000, timedelta(minutes=2))


def test_every_policy_for_deposits_has_a_variable():
    words = {
        "short": "hold",
        "late": "hold",
        "duplicate": "hold",
        "unmatched": "hold",
        "over": "keep",
        "dust": "refund",
    }
    settings = load_settings(
        {f"BILL_PROCESSOR_{name.upper()}_POLICY": word for name, word in words.items()}
    )
    told = settings.deposit_policy().model_dump()
    assert {name: told["dusty" if name == "dust" else name] for name in words} == words
    assert load_settings({}).deposit_policy() == DepositPolicy()


# What is refused


def test_every_wrong_variable_is_named_at_once_one_line_each():
    text = refusal(
        BILL_PROCESSOR_BATCH_SIZE="many",
        VTPASS_BASE_URL="vtpass.com",
        SKIP_EXTERNALS="perhaps",
        SYSTEM_WALLET_ADDRESS=key("wallet").public_key,
        SYSTEM_WALLET_SECRET=key("another").secret,
    )
    names = [line.split()[0] for line in text.splitlines()]
    assert sorted(names) == [
        "BILL_PROCESSOR_BATCH_SIZE",
        "SKIP_EXTERNALS",
        "SYSTEM_WALLET_SECRET",
        "VTPASS_BASE_URL",
    ]


def test_a_refusal_says_what_is_wrong_and_what_it_should_be():
    assert refusal(BILL_PROCESSOR_BATCH_SIZE="201") == (
        "BILL_PROCESSOR_BATCH_SIZE is too large; it should be "
        "how many payments are read from the ledger at once, 1 to 200"
    )


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("BILL_PROCESSOR_BATCH_SIZE", "0", "is too small"),
        ("BILL_PROCESSOR_BATCH_SIZE", "12.5", "is no whole number"),
        ("BILL_PROCESSOR_POLL_INTERVAL_SECONDS", "0", "is too small"),
        ("BILL_PROCESSOR_POLL_INTERVAL_SECONDS", "nan", "is no number"),
        ("BILL_PROCESSOR_POLL_INTERVAL_SECONDS", "soon", "is no number"),
        ("BILL_PROCESSOR_CONFIRMATION_DEADLINE_SECONDS", "-1", "is too small"),
        ("BILL_PROCESSOR_REVIEW_WINDOW_SECONDS", "99999999", "is too large"),
        ("BILL_PROCESSOR_LATE_LIMIT_SECONDS", "0", "is too small"),
        ("BILL_PROCESSOR_SHORT_POLICY", "keep", "is none of the words"),
        ("BILL_PROCESSOR_DUST_POLICY", "hold", "is none of the words"),
        ("VTPASS_READ_TIMEOUT_SECONDS", "61", "is too large"),
        ("BILL_PROCESSOR_DUST", "-1", "is too small"),
        ("BILL_PROCESSOR_DUST", "1000.0000001", "is too large"),
        ("BILL_PROCESSOR_DUST", "0.00000001", "is no amount of cNGN"),
        ("BILL_PROCESSOR_DUST", "NaN", "is no amount of cNGN"),
        ("BILL_PROCESSOR_PRICE_CHANGE", "pay_any", "is none of the words"),
        ("BILL_PROCESSOR_CATALOGUE_INTERVAL_SECONDS", "59", "is too small"),
        ("BILL_PROCESSOR_CATALOGUE_INTERVAL_SECONDS", "86401", "is too large"),
        ("SKIP_EXTERNALS", "nope", "is neither true nor false"),
        ("HORIZON_URL", "horizon.example", "does not begin with http:// or https:// and a host"),
        ("HORIZON_URL", "ftp://horizon.example", "does not begin with"),
        ("HORIZON_URL", "http://a b", "does not begin with"),
        ("HORIZON_URL", "http://host:port", "is no URL"),
        ("HORIZON_URL", "http://host/with space", "holds what no address may hold"),
        ("HORIZON_URL", "http://host/#part", "holds what no address may hold"),
        ("HORIZON_URL", "http://host/?key=1", "holds a query"),
        ("HORIZON_URL", "http://user:pw@host", "holds a user name or a password"),
        ("NOTIFICATION_URL", "https://user@host/", "holds a user name or a password"),
        ("TEMPORAL_ADDRESS", "localhost", "is no host and port"),
        ("TEMPORAL_ADDRESS", "http://localhost:7233", "is no host and port"),
        ("DATABASE_URL", "mysql://db/billpay", "does not begin with postgresql://"),
        ("CNGN_ASSET_CODE", "c-NGN", "has the wrong form"),
        ("CNGN_ASSET_CODE", "THIRTEENCHARS", "has the wrong form"),
        ("CNGN_ASSET_ISSUER", "GABC", "is no Stellar address"),
        ("BILL_PROCESSOR_SEALING_KEY", "not base64!", "is no base64"),
        ("BILL_PROCESSOR_SEALING_KEY", base64.b64encode(bytes(31)).decode(), "holds 31 bytes"),
        ("SYSTEM_WALLET_SECRET", "S" * 56, "is no Stellar secret"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name, value, wrong):
    assert refusal(**{name: value}).startswith(f"{name} {wrong}")


def test_a_secret_in_the_place_of_an_address_is_refused():
    assert refusal(SYSTEM_WALLET_ADDRESS=key("wallet").secret).startswith("SYSTEM_WALLET_ADDRESS")


@given(
    name=st.sampled_from(sorted(Settings.model_fields)),
    value=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60),
)
def test_no_refusal_repeats_a_value(name, value):
    """I18: a refusal may be printed into any log."""
    value = f"!{value}"
    told = ""
    try:
        load_settings({name.upper(): value})
    except SettingsError as refused:
        told = f"{refused} {refused!r}"
    assert value not in told


def test_settings_may_be_printed_without_giving_a_secret_away():
    """I18."""
    wallet = key("wallet")
    environ = identities.environment("http://127.0.0.1:1") | {
        "SYSTEM_WALLET_ADDRESS": wallet.public_key,
        "SYSTEM_WALLET_SECRET": wallet.secret,
        "DATABASE_URL": "postgresql://billpay:settings-tests@db/billpay",
        "NOTIFICATION_URL": "https://hooks.example/?key=settings-tests",
    }
    settings = load_settings(environ)
    shown = f"{settings!r} {settings} {settings.model_dump_json(exclude={'notification_url'})}"
    held = [settings.required(name) for name in SECRETS if getattr(settings, name) is not None]
    assert len(held) >= 5
    assert [secret for secret in [*held, "settings-tests"] if secret in shown] == []


def test_what_is_missing_is_named_by_whoever_needs_it():
    settings = load_settings({"HORIZON_URL": "http://127.0.0.1:8700/horizon"})
    with pytest.raises(SettingsError) as refused:
        settings.require("horizon_url", "database_url", "system_wallet_secret")
    assert refused.value.names == ("DATABASE_URL", "SYSTEM_WALLET_SECRET")
    with pytest.raises(SettingsError, match=r"^BILL_PROCESSOR_SEALING_KEY is not set"):
        settings.sealing_key()


# Where it comes from


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("BILL_PROCESSOR_BATCH_SIZE=7\nCNGN_ASSET_CODE=TEST\n")
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("BILL_PROCESSOR_BATCH_SIZE", "8")
    monkeypatch.setenv("CNGN_ASSET_CODE", "")
    settings = load_settings()
    assert (settings.bill_processor_batch_size, settings.cngn_asset_code) == (8, "TEST")


def test_given_variables_are_the_whole_environment(monkeypatch):
    monkeypatch.setenv("BILL_PROCESSOR_BATCH_SIZE", "8")
    assert load_settings({}).bill_processor_batch_size == 50


# The sandbox


def test_the_sandbox_stands_in_for_everything_outside():
    settings = load_settings({"SKIP_EXTERNALS": "true", "SANDBOX_URL": "http://127.0.0.1:8701"})
    for name, value in identities.environment("http://127.0.0.1:8701").items():
        assert settings.required(name.lower()) == value


def test_what_is_set_is_not_replaced_by_the_sandbox():
    settings = load_settings({"SKIP_EXTERNALS": "1", "HORIZON_URL": "http://127.0.0.1:9"})
    assert settings.horizon_url == "http://127.0.0.1:9"
    assert settings.system_wallet_address == identities.treasury().public_key


def test_without_the_wish_nothing_comes_from_the_sandbox():
    assert load_settings({"SKIP_EXTERNALS": "false"}).vtpass_api_key is None


def test_a_wrong_sandbox_address_is_one_complaint_not_many():
    text = refusal(SKIP_EXTERNALS="true", SANDBOX_URL="8700")
    assert [line.split()[0] for line in text.splitlines()] == ["SANDBOX_URL"]


async def test_the_live_address_refuses_trigger_accounts_and_the_sandbox_does_not():
    live = load_settings(
        {"VTPASS_API_KEY": "a", "VTPASS_PUBLIC_KEY": "b", "VTPASS_SECRET_KEY": "c"}
    )
    for settings, is_live in [(live, True), (load_settings({"SKIP_EXTERNALS": "true"}), False)]:
        providers = build_providers(settings)
        assert providers[ProviderName.VTPASS].is_live is is_live
        for provider in providers.values():
            await provider.close()


# `.env.example`


def example() -> dict[str, tuple[str, str]]:
    """Read the file: each variable's comment and value."""
    told: dict[str, tuple[str, str]] = {}
    comment: list[str] = []
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line.startswith("# "):
            comment.append(line.removeprefix("# "))
        elif "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            told[name] = (" ".join(comment), value)
            comment = []
        else:
            comment = []
    return told


def test_the_example_names_every_setting_and_nothing_else():
    assert list(example()) == [name.upper() for name in Settings.model_fields]


def test_the_example_describes_every_setting_as_the_code_does():
    described = {name: comment for name, (comment, _) in example().items()}
    assert described == {
        name.upper(): field.description for name, field in Settings.model_fields.items()
    }


def test_the_example_as_it_stands_is_the_default():
    assert load_settings({name: value for name, (_, value) in example().items()}) == (
        load_settings({})
    )


def test_the_example_shows_every_default():
    shown = {name for name, (_, value) in example().items() if value}
    assert shown == {
        name.upper() for name, field in Settings.model_fields.items() if field.default is not None
    }


def test_the_example_holds_no_secret():
    assert [name for name in SECRETS if example()[name.upper()][1]] == []
    assert {"system_wallet_secret", "database_url", "vtpass_secret_key"} <= SECRETS


def test_every_secret_is_kept_as_one():
    likely = ("secret", "_key", "database_url")
    assert {name for name in Settings.model_fields if any(w in name for w in likely)} == SECRETS


@pytest.mark.parametrize(
    "passphrase", ["Public Global Stellar Network ; September 2015", "Public Bantu Network"]
)
def test_a_sandbox_never_delivers_for_real_money(passphrase):
    """Fault 53."""
    text = refusal(SKIP_EXTERNALS="true", STELLAR_NETWORK_PASSPHRASE=passphrase)
    assert text.startswith("SKIP_EXTERNALS lets a sandbox deliver for real money")
