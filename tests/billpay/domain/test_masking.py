from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.masking import masked_account, masked_phone

NUMBERS = st.text("0123456789", min_size=0, max_size=20)


def test_numbers_are_masked_as_the_quick_start_shows_them():
    assert masked_phone("08012345678") == "080****5678"
    assert masked_account("1234567890") == "123****890"


@given(NUMBERS)
def test_a_masked_number_keeps_at_most_seven_digits(number):
    """I18: no full phone, meter or smartcard in any log."""
    for masked, shown in ((masked_phone(number), 7), (masked_account(number), 6)):
        visible = sum(character.isdigit() for character in masked)
        assert visible <= min(shown, max(len(number) - 1, 0))


@given(st.text("0123456789", max_size=7))
def test_a_short_number_shows_nothing(number):
    assert masked_phone(number) == masked_account(number) == "*" * len(number)
