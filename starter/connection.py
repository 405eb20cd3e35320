"""How every command finds its settings and its Temporal."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from dotenv import dotenv_values
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfigProfile

from billpay.failures import Misconfigured, Unavailable
from billpay.settings import Settings, load_settings
from starter.local.state import STATE, StackState

_CONNECT_WITHIN = timedelta(seconds=10)
_WHICH_SYSTEM = ("DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "SKIP_EXTERNALS")
_DEFAULT_ADDRESS = "localhost:7233"


def environment_here(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read the environment, and `.env` of this folder beneath it; blank is unset.

    A mapping that is given stands for all of that.
    """
    if environ is not None:
        return _filled(environ)
    return {**_filled(dotenv_values(".env")), **_filled(os.environ)}


def settings_here(state: Path | None = None) -> Settings:
    """Load the settings that a command works with: those of a local stack that is up, else those of the environment.

    Where the environment names another database, Temporal or outside than the stack, it speaks of another system:
    then the stack is left out, since a mixture of both would be neither.

    Raises:
        SettingsError: a variable is wrong.
    """
    here = environment_here()
    stack = StackState(state or STATE).published()
    is_same = all(here.get(name, stack.get(name)) == stack.get(name) for name in _WHICH_SYSTEM)
    return load_settings({**here, **stack} if is_same else here)


def temporal_profile(environ: Mapping[str, str] | None = None) -> ClientConfigProfile:
    """Read Temporal's own profile, the one that its CLI reads too.

    Raises:
        Misconfigured: its file cannot be read.
    """
    try:
        return ClientConfigProfile.load(override_env_vars=environ)
    except (RuntimeError, ValueError) as unreadable:
        raise Misconfigured(f"Temporal's profile cannot be read: {unreadable}") from None


async def connect(settings: Settings) -> Client:
    """Connect to the Temporal that the settings name, else to that of the profile, else to the local one.

    Raises:
        Unavailable: it gives no answer.
        Misconfigured: the profile cannot be used.
    """
    profile = profile_for(settings)
    try:
        options = profile.to_client_connect_config()
        async with asyncio.timeout(_CONNECT_WITHIN.total_seconds()):
            return await Client.connect(**options, data_converter=pydantic_data_converter)
    except (RuntimeError, TimeoutError) as lost:
        raise Unavailable(f"Temporal at {profile.address} gives no answer") from lost
    except OSError as unreadable:
        raise Misconfigured(f"Temporal's profile cannot be used: {unreadable}") from None


def profile_for(settings: Settings) -> ClientConfigProfile:
    """Lay the settings over the profile; its keys are for its own address and go nowhere else."""
    profile = temporal_profile(environment_here())
    address = settings.temporal_address or profile.address or _DEFAULT_ADDRESS
    namespace = settings.temporal_namespace or profile.namespace
    if profile.address is not None and address != profile.address:
        return ClientConfigProfile(address=address, namespace=namespace)
    return replace(profile, address=address, namespace=namespace)


def _filled(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value and value.strip()}
