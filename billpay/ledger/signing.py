"""The treasury's key, read once and shown to nobody, and the channels that sign beside it.

`Signer` is the seam: today a key in this process, tomorrow a device or a service that holds it.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Protocol

from pydantic import SecretStr
from stellar_sdk import FeeBumpTransactionEnvelope, Keypair, TransactionEnvelope

from billpay.failures import Misconfigured

CHANNEL_PHRASE = "billpay refund channel"
"""Names what a channel's key is derived for. Changing it would leave the channels' XLM to nobody."""

OWN_ACCOUNT = 0
"""The number of the treasury's own account among the channels."""

AnyEnvelope = TransactionEnvelope | FeeBumpTransactionEnvelope


class Signer(Protocol):
    """Signs for the treasury, and for the channel accounts whose sequence numbers its refunds use."""

    @property
    def address(self) -> str:
        """The account that is signed for."""
        ...

    def channel_address(self, number: int) -> str:
        """Answer a channel's account; number 0 is the treasury's own."""
        ...

    def sign(self, envelope: AnyEnvelope, *, channels: Sequence[int] = ()) -> None:
        """Add the treasury's signature and those of the channels. Deterministic, each signature once."""
        ...


class SecretSigner:
    """Signs with a key held in this process; the channels' keys follow from it, so nothing more has to be kept."""

    def __init__(self, secret: SecretStr) -> None:
        self._keypair = _keypair(secret)

    def __repr__(self) -> str:
        """Name the address alone."""
        return f"SecretSigner({self.address})"

    @property
    def address(self) -> str:
        """The account that is signed for."""
        return self._keypair.public_key

    def channel_address(self, number: int) -> str:
        """Answer a channel's account; number 0 is the treasury's own."""
        return self.address if number == OWN_ACCOUNT else self._channel(number).public_key

    def sign(self, envelope: AnyEnvelope, *, channels: Sequence[int] = ()) -> None:
        """Add the treasury's signature and those of the channels.

        Deterministic: the same transaction always gets the same ones.
        """
        envelope.sign(self._keypair)
        for number in channels:
            if number != OWN_ACCOUNT:
                envelope.sign(self._channel(number))

    def _channel(self, number: int) -> Keypair:
        """Derive a channel's key: whoever knows the treasury's knows it, nobody else does."""
        phrase = f"{CHANNEL_PHRASE} {number}".encode()
        seed = hmac.new(self._keypair.raw_secret_key(), phrase, hashlib.sha256).digest()
        return Keypair.from_raw_ed25519_seed(seed)


def _keypair(secret: SecretStr) -> Keypair:
    """Read the key.

    Raises:
        Misconfigured: it is no secret seed; its text is not repeated, and neither is the error that repeats it.
    """
    try:
        return Keypair.from_secret(secret.get_secret_value().strip())
    except ValueError:
        pass
    raise Misconfigured("SYSTEM_WALLET_SECRET is no secret seed of a Stellar account (S...)")
