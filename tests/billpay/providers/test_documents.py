from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.providers.documents import at, kobo_at, text_at

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"a": None}, {"a": []}, {"a": "b"}])
def test_a_path_that_ends_early_leads_to_nothing(document):
    """Fault 36: null where an object is documented."""
    assert at(document, "a", "b") is None


@pytest.mark.parametrize(
    "nothing", ["", "  ", "null", "NULL", "N/A", "na", "None", None, True, [], {}]
)
def test_words_for_nothing_are_nothing(nothing):
    assert text_at({"a": nothing}, "a") is None


@pytest.mark.parametrize(
    ("value", "text"), [(" x ", "x"), (12, "12"), (Decimal("19.55"), "19.55"), ("0", "0")]
)
def test_numbers_read_as_the_text_they_were(value, text):
    assert text_at({"a": value}, "a") == text


@pytest.mark.parametrize(
    ("value", "kobo"),
    [
        (2000, 200_000),
        ("1,850.00", 185_000),
        (Decimal("1970.7000000000001"), 197_070),
        ("0.01", 1),
        ("-3.5", -350),
        ("abc", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e999999999", None),
        (None, None),
    ],
)
def test_amounts_are_read_to_the_kobo(value, kobo):
    assert kobo_at({"a": value}, "a") == kobo


def test_the_caller_chooses_where_noise_goes():
    noisy = {"a": Decimal("10.001")}
    assert kobo_at(noisy, "a", rounding=ROUND_CEILING) == 1_001
    assert kobo_at(noisy, "a", rounding=ROUND_FLOOR) == 1_000


@given(JSON)
def test_no_document_can_raise(document):
    text_at(document, "a", "b")
    kobo_at({"a": document}, "a")
