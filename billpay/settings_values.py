"""What a variable's value may be; what is wrong with it is said without repeating it."""

import base64
import binascii
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, ValidationInfo

from billpay.domain.money import STROOPS_PER_CNGN, cngn

SEALING_KEY_BYTES = 32
LARGEST_DUST = 1_000 * STROOPS_PER_CNGN
"""Keeping more than this of a customer's money is not a matter of rounding any more."""

LARGEST_AMOUNT = (1 << 63) - 1
"""What one operation of the ledger can carry, in its smallest unit."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f:.]+")
_DATABASE_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        raise ValueError("does not begin with http:// or https:// and a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user name or a password")
    if not (text.isascii() and text.isprintable()) or " " in text or parts.fragment:
        raise ValueError("holds what no address may hold")
    return text


def base_url(text: str) -> str:
    """Accept an address that paths can be added to, without its last slash.

    Raises:
        ValueError: says what is wrong with it.
    """
    if urlsplit(_url(text)).query:
        raise ValueError("holds a query")
    return text.rstrip("/")


def _database_url(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith(_DATABASE_SCHEMES):
        raise ValueError("does not begin with postgresql://")
    return secret


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or "/" in text or not (port.isascii() and port.isdigit()):
        raise ValueError("is no host and port")
    return text


def _address(text: str) -> str:
    from stellar_sdk import StrKey  # noqa: PLC0415  half a second that most commands do not need

    if not StrKey.is_valid_ed25519_public_key(text):
        raise ValueError("is no Stellar address")
    return text


def _wallet_secret(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    from stellar_sdk import Keypair  # noqa: PLC0415  as above
    from stellar_sdk.exceptions import Ed25519SecretSeedInvalidError  # noqa: PLC0415

    try:
        owner = Keypair.from_secret(secret.get_secret_value()).public_key
    except (Ed25519SecretSeedInvalidError, ValueError):
        raise ValueError("is no Stellar secret") from None
    if info.data.get("system_wallet_address") not in {None, owner}:
        raise ValueError("belongs to another account than SYSTEM_WALLET_ADDRESS")
    return secret


def key_bytes(secret: SecretStr) -> bytes:
    """Read a key from base64.

    Raises:
        ValueError: says what is wrong with it.
    """
    try:
        return base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is no base64") from None


def _sealing_key(secret: SecretStr) -> SecretStr:
    length = len(key_bytes(secret))
    if length != SEALING_KEY_BYTES:
        raise ValueError(f"holds {length} bytes")
    return secret


def _dust(text: str) -> str:
    try:
        amount = cngn(text)
    except ValueError:
        raise ValueError("is no amount of cNGN") from None
    if not 0 <= amount <= LARGEST_DUST:
        raise ValueError("is too small" if amount < 0 else "is too large")
    return text


def _ceiling(text: str) -> str:
    try:
        amount = cngn(text)
    except ValueError:
        raise ValueError("is no amount of cNGN") from None
    if not 0 < amount <= LARGEST_AMOUNT:
        raise ValueError("is too small" if amount <= 0 else "is too large")
    return text


def _addresses(text: str) -> str:
    for address in listed(text):
        _address(address)
    return text


def listed(text: str) -> tuple[str, ...]:
    """Read a list whose members are separated by commas."""
    return tuple(member for member in map(str.strip, text.split(",")) if member)


Url = Annotated[str, AfterValidator(_url)]
BaseUrl = Annotated[str, AfterValidator(base_url)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
Address = Annotated[str, AfterValidator(_address)]
WalletSecret = Annotated[SecretStr, AfterValidator(_wallet_secret)]
SealingKey = Annotated[SecretStr, AfterValidator(_sealing_key)]
Dust = Annotated[str, AfterValidator(_dust)]
Ceiling = Annotated[str, AfterValidator(_ceiling)]
Addresses = Annotated[str, AfterValidator(_addresses)]
