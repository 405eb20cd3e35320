import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.failures import Misconfigured
from billpay.store.sealing import Sealer

SEALER = Sealer(hashlib.sha256(b"a key of these tests").digest())
OTHER = Sealer(hashlib.sha256(b"another key of these tests").digest())
ANY_TEXT = st.text(alphabet=st.characters(), max_size=200)


@given(ANY_TEXT, ANY_TEXT.filter(str.isprintable))
def test_what_was_sealed_opens_as_it_was(text, name):
    """Also text that is none: halves of surrogate pairs, NUL."""
    assert SEALER.open(SEALER.seal(text, name=name), name=name) == text


@given(ANY_TEXT.filter(lambda text: len(text) > 4))
def test_sealed_text_shows_nothing_and_looks_different_each_time(text):
    sealed = SEALER.seal(text, name="row")
    assert text.encode(errors="surrogatepass") not in sealed
    assert sealed != SEALER.seal(text, name="row")


@pytest.mark.parametrize("broken", [b"", b"\x01", b"\x01" * 13, b"\x02" * 40, b"\x01" * 40])
def test_what_was_never_sealed_does_not_open(broken):
    with pytest.raises(Misconfigured):
        SEALER.open(broken, name="row")


def test_another_key_or_another_row_does_not_open_it():
    sealed = SEALER.seal("token", name="row")
    with pytest.raises(Misconfigured, match="row cannot be unsealed"):
        OTHER.open(sealed, name="row")
    with pytest.raises(Misconfigured, match="other row cannot be unsealed"):
        SEALER.open(sealed, name="other row")


@given(st.integers(0, 35), st.integers(1, 255))
def test_an_edited_byte_does_not_open(position, change):
    sealed = bytearray(SEALER.seal("a token", name="row"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(Misconfigured):
        SEALER.open(bytes(sealed), name="row")
