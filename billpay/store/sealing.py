"""Sealing of what must not be read in the database: tokens, providers' answers, message bodies."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from billpay.failures import Misconfigured

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12


class Sealer:
    """Seals bytes under one key, each bound to the name of the row it belongs to."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"the sealing key has {len(key)} bytes; it must have {KEY_BYTES}")
        self._cipher = AESGCM(key)

    def seal(self, text: str, *, name: str) -> bytes:
        """Encrypt text for the row of this name; the same text looks different every time."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), name.encode())

    def open(self, sealed: bytes, *, name: str) -> str:
        """Decrypt what was sealed for the row of this name.

        Raises:
            Misconfigured: another key, or a value that was moved here from another row.
        """
        version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if version != _VERSION:
            raise Misconfigured(f"{name} was sealed by a later version of this service")
        try:
            return self._cipher.decrypt(nonce, rest, name.encode()).decode()
        except InvalidTag:
            raise Misconfigured(f"{name} cannot be unsealed with this key") from None
