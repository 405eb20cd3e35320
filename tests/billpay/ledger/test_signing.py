"""The treasury's key is used and never shown."""

import pytest
from pydantic import SecretStr
from stellar_sdk import Account, TransactionBuilder

from billpay.failures import Misconfigured
from billpay.ledger.signing import SecretSigner
from tests.billpay.ledger.wire import PASSPHRASE, keypair

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


def test_channels_follow_from_the_treasurys_key_alone():
    """Nothing more has to be kept, and no two are the same."""
    signer = SecretSigner(SecretStr(SEED))
    addresses = [signer.channel_address(number) for number in range(5)]
    assert addresses[0] == signer.address
    assert len(set(addresses)) == 5
    assert addresses == [SecretSigner(SecretStr(SEED)).channel_address(n) for n in range(5)]
    assert SecretSigner(SecretStr(keypair("payer").secret)).channel_address(1) != addresses[1]


def test_a_channels_signature_is_added_once_and_the_treasurys_never_twice():
    signer = SecretSigner(SecretStr(SEED))
    for channels, expected in (([], 1), ([0], 1), ([3], 2)):
        source = Account(signer.channel_address(3), 7)
        builder = TransactionBuilder(source, PASSPHRASE).add_time_bounds(0, 1)
        envelope = builder.append_bump_sequence_op(9).build()
        signer.sign(envelope, channels=channels)
        assert len(envelope.signatures) == expected
