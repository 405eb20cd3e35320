"""Sealing of what must not be read in the database: tokens, providers' answers, message bodies."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from billpay.failures import Misconfigured

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12
_ANY_TEXT = "surrogatepass"
"""A provider's broken text is kept as broken as it came."""


class Sealer:
    """Seals bytes under one key, each bound to the name of the row it belongs to."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"the sealing key has {len(key)} bytes; it must have {KEY_BYTES}")
        self._cipher = AESGCM(key)

    def seal(self, text: str, *, name: str) -> bytes:
        """Encrypt text for the row of this name; the same text looks different every time."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = text.encode(errors=_ANY_TEXT)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> str:
        """Decrypt what was sealed for the row of this name.

        Raises:
            Misconfigured: another key, or a value that was moved here from another row.
        """
        version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if version != _VERSION:
            raise Misconfigured(f"{name} was sealed by a later version of this service")
        try:
            plain = self._cipher.decrypt(nonce, rest, name.encode())
        except (InvalidTag, ValueError):
            raise Misconfigured(f"{name} cannot be unsealed with this key") from None
        return plain.decode(errors=_ANY_TEXT)
