"""The treasury's key is used and never shown."""

import pytest
from pydantic import SecretStr

from billpay.failures import Misconfigured
from billpay.ledger.signing import SecretSigner
from tests.billpay.ledger.wire import keypair

SEED = keypair("wallet").secret


def test_the_signer_names_its_address_alone():
    """I18."""
    signer = SecretSigner(SecretStr(SEED))
    assert signer.address == keypair("wallet").public_key
    for shown in (repr(signer), str(signer), f"{signer}", repr(vars(signer))):
        assert signer.address in shown
        assert SEED not in shown


def test_a_seed_with_a_line_end_is_still_the_seed():
    assert SecretSigner(SecretStr(f" {SEED}\n")).address == keypair("wallet").public_key


@pytest.mark.parametrize(
    "wrong", ["", "S", SEED[:-1], SEED[:-1] + "?", keypair("wallet").public_key, "ä" * 56]
)
def test_what_is_no_seed_is_refused_without_being_repeated(wrong):
    """I18: the error of the library beneath repeats it."""
    with pytest.raises(Misconfigured, match="SYSTEM_WALLET_SECRET") as raised:
        SecretSigner(SecretStr(wrong))
    assert not wrong or wrong == "S" or wrong not in str(raised.value)
    assert raised.value.__cause__ is raised.value.__context__ is None
