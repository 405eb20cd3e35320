"""The treasury's key, read once and shown to nobody."""

from pydantic import SecretStr
from stellar_sdk import Keypair, TransactionEnvelope

from billpay.failures import Misconfigured


class SecretSigner:
    """Signs for the treasury with a key held in this process."""

    def __init__(self, secret: SecretStr) -> None:
        self._keypair = _keypair(secret)

    def __repr__(self) -> str:
        """Name the address alone."""
        return f"SecretSigner({self.address})"

    @property
    def address(self) -> str:
        """The account that is signed for."""
        return self._keypair.public_key

    def sign(self, envelope: TransactionEnvelope) -> None:
        """Add the treasury's signature. Deterministic: the same transaction always gets the same one."""
        envelope.sign(self._keypair)


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
