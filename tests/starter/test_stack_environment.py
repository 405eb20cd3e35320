"""What the parts of the local stack get to see."""

from starter.stack import without_outside


def test_the_sandbox_sees_no_key_to_the_real_outside():
    """I18: the wallet's key is absent from every process that does not refund."""
    environment = {"PATH": "/bin", "SYSTEM_WALLET_SECRET": "a key", "VTPASS_API_KEY": "another"}
    assert without_outside(environment) == {"PATH": "/bin"}
