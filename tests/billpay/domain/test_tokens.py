import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.tokens import masked_token, parse_token, spoken_token

DIGITS = st.text("0123456789", min_size=20, max_size=20)
PREFIXES = st.sampled_from(
    ["", "Token : ", "Token: ", "Token : token: ", "Main Token : ", "Bonus Token : ", "token:"]
)
SEPARATORS = st.sampled_from(["", " ", "-", " - "])


@given(DIGITS, PREFIXES, SEPARATORS)
def test_a_token_is_read_out_of_every_wrapping(digits, prefix, separator):
    """Fault 46: prefixes once or twice, groups with dashes or spaces, leading zeros kept."""
    grouped = separator.join(digits[start : start + 4] for start in range(0, 20, 4))
    assert parse_token(f"{prefix}{grouped}") == digits
    assert parse_token(f"  {prefix.upper()}{grouped}\n") == digits


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("Token : 26362054405982757802", "26362054405982757802"),
        ("Token : token: 47133458396693522090", "47133458396693522090"),
        ("Token: 35419981304203731832", "35419981304203731832"),
        ("Token : 3737-6908-5436-2208-2124", "37376908543622082124"),
        ("Token : 2821 4114 9170 6793 0943", "28214114917067930943"),
        ("Token : 07865700760175033702", "07865700760175033702"),
        ("Token : 0009-0860-3703-3721-8537", "00090860370337218537"),
        ("00000000000000000000", "00000000000000000000"),
    ],
)
def test_tokens_as_discos_write_them(text, token):
    assert parse_token(text) == token


@given(st.text("0123456789", max_size=40).filter(lambda digits: len(digits) != 20))
def test_any_other_number_of_digits_is_no_token(digits):
    """Fault 46: 19 digits are a token that lost its zero, 16 are the quick start's sample."""
    assert parse_token(digits) is None


@pytest.mark.parametrize("nothing", ["", "null", "N/A", "NA", "0", "Token :", "Token : N/A"])
def test_words_for_nothing_are_no_token(nothing):
    assert parse_token(nothing) is None


@given(DIGITS, st.sampled_from("٠١٢٣०१२０１２𝟎𝟏²①"), st.integers(0, 19))
def test_digits_of_other_scripts_are_no_token(digits, foreign, place):
    """A meter has ten keys."""
    assert parse_token(digits[:place] + foreign + digits[place + 1 :]) is None


@given(DIGITS, DIGITS)
def test_two_tokens_in_one_text_are_never_taken_for_one(one, other):
    assert parse_token(f"Token : {one} Bonus Token : {other}") is None


@given(st.text())
def test_whatever_is_read_is_20_digits(text):
    token = parse_token(text)
    assert token is None or (len(token) == 20 and token.isascii() and token.isdigit())


@given(DIGITS)
def test_a_spoken_token_is_five_groups_that_read_back(digits):
    spoken = spoken_token(parse_token(digits))
    assert [len(group) for group in spoken.split("-")] == [4] * 5
    assert parse_token(spoken) == digits


def test_a_masked_token_shows_its_last_group_only():
    """I18."""
    assert masked_token("26362054405982757802") == "****-****-****-****-7802"
