"""Everything that is configured, read once at start from the environment and `.env`.

A wrong value is refused before anything runs: every wrong variable at once, one line each, never with its value.
What is missing is refused by whoever needs it (`Settings.required`), since no single command needs everything.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dotenv import dotenv_values
from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from billpay.domain.breaker import BreakerRules
from billpay.domain.deposits import DepositPolicy
from billpay.domain.money import KOBO_PER_NAIRA, Kobo, cngn
from billpay.domain.refunds import RefundCeilings, RefundRules
from billpay.domain.steps import PaymentRules
from billpay.settings_values import base_url, key_bytes, listed
from billpay.settings_variables import Variables

DOTENV = ".env"


class SettingsError(Exception):
    """Variables are wrong or missing; one line for each, without its value."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__("\n".join(_line(field, what) for field, what in wrong.items()))
        self.names = tuple(field.upper() for field in wrong)


class Settings(Variables):
    """The variables, and what is made of them."""

    def required(self, name: str) -> str:
        """Answer a field's value in clear.

        Raises:
            SettingsError: the variable is not set.
        """
        self.require(name)
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    def require(self, *names: str) -> None:
        """Make sure that all of these are set.

        Raises:
            SettingsError: names every one that is not.
        """
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            raise SettingsError(dict.fromkeys(missing, "is not set"))

    def sealing_key(self) -> bytes:
        """Answer the key that tokens are sealed under.

        Raises:
            SettingsError: it is not set.
        """
        return key_bytes(SecretStr(self.required("bill_processor_sealing_key")))

    def payment_rules(self) -> PaymentRules:
        """Answer what a payment's workflow is run by."""
        return PaymentRules(
            confirmation_deadline_seconds=self.bill_processor_confirmation_deadline_seconds,
            review_window_seconds=self.bill_processor_review_window_seconds,
        )

    def breaker_rules(self) -> BreakerRules:
        """Answer when a provider is asked last, and when it is tried again."""
        return BreakerRules(
            window=timedelta(seconds=self.bill_processor_breaker_window_seconds),
            minimum_calls=self.bill_processor_breaker_minimum_calls,
            failure_share=self.bill_processor_breaker_failure_share,
            probe_after=timedelta(seconds=self.bill_processor_breaker_probe_seconds),
        )

    def silence(self) -> timedelta:
        """Answer how long the ledger may keep silent before a person is told: the watcher's rest is none."""
        return timedelta(
            seconds=self.bill_processor_silence_seconds + self.bill_processor_poll_interval_seconds
        )

    def refund_rules(self) -> RefundRules:
        """Answer by what rules money goes back."""
        each, hourly = self.bill_processor_refund_ceiling, self.bill_processor_refund_hourly_ceiling
        return RefundRules(
            ceilings=RefundCeilings(each=cngn(each), hourly=cngn(hourly)),
            fee_cap=self.bill_processor_refund_fee_cap,
            claim_window=timedelta(seconds=self.bill_processor_claim_window_seconds),
            exchanges=frozenset(listed(self.bill_processor_exchange_accounts or "")),
        )

    def float_reserve(self) -> Kobo:
        """Answer what is never spent of a balance."""
        return Kobo(self.bill_processor_float_reserve_naira * KOBO_PER_NAIRA)

    def deposit_policy(self) -> DepositPolicy:
        """Answer what is done with deposits that do not fit."""
        return DepositPolicy(
            dust=cngn(self.bill_processor_dust),
            late_limit=timedelta(seconds=self.bill_processor_late_limit_seconds),
            short=self.bill_processor_short_policy,
            late=self.bill_processor_late_policy,
            duplicate=self.bill_processor_duplicate_policy,
            unmatched=self.bill_processor_unmatched_policy,
            over=self.bill_processor_over_policy,
            dusty=self.bill_processor_dust_policy,
        )


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from these variables; without any, from the environment, then from `.env`.

    A blank value counts as none, and names that are no setting are ignored.

    Raises:
        SettingsError: names every wrong variable, and says of each what it should be.
    """
    given: dict[str, Any] = _with_sandbox(_surroundings() if environ is None else _given(environ))
    try:
        settings = Settings(**given)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False, include_input=False)
        raise SettingsError({str(error["loc"][0]): _what(error) for error in details}) from None
    if settings.skip_externals and _is_public_network(settings.stellar_network_passphrase):
        raise SettingsError({"skip_externals": "lets a sandbox deliver for real money"})
    return settings


def _is_public_network(passphrase: str | None) -> bool:
    """Whether money is real there: Stellar's and its forks' main networks are called so (`Public Global ...`)."""
    return passphrase is not None and passphrase.lower().startswith("public")


def _surroundings() -> dict[str, str]:
    return _given(dotenv_values(DOTENV)) | _given(os.environ)


def _given(environ: Mapping[str, str | None]) -> dict[str, str]:
    """The settings among these variables, by field; blank ones are left out."""
    values = {field: (environ.get(field.upper()) or "").strip() for field in Settings.model_fields}
    return {field: value for field, value in values.items() if value}


def _with_sandbox(given: dict[str, str]) -> dict[str, str]:
    """Let the sandbox stand in for what is not given, where SKIP_EXTERNALS asks for it."""
    defaults = Settings.model_fields
    try:
        is_wanted = TypeAdapter(bool).validate_python(given.get("skip_externals", "false"))
        sandbox_url = base_url(given.get("sandbox_url", defaults["sandbox_url"].default))
    except ValueError:
        # Reported together with everything else that is wrong.
        return given
    if not is_wanted:
        return given
    from billpay.sandbox import identities  # noqa: PLC0415  production never loads the sandbox

    return _given(identities.environment(sandbox_url)) | given


_WHAT: Mapping[str, str] = {
    "bool_parsing": "is neither true nor false",
    "enum": "is none of the words",
    "finite_number": "is no number",
    "float_parsing": "is no number",
    "greater_than_equal": "is too small",
    "int_parsing": "is no whole number",
    "int_parsing_size": "is too large",
    "less_than_equal": "is too large",
    "literal_error": "is none of the words",
    "string_pattern_mismatch": "has the wrong form",
}
"""What pydantic finds wrong, in our words; its own would repeat the value here and there."""


def _what(error: ErrorDetails) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    found = context.get("error") if error["type"] == "value_error" else None
    return str(found) if found else _WHAT.get(error["type"], "cannot be used")


def _line(field: str, what: str) -> str:
    return f"{field.upper()} {what}; it should be {Settings.model_fields[field].description}"
