from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.money import (
    STROOPS_PER_KOBO,
    Kobo,
    Stroops,
    cngn,
    in_kobo,
    in_stroops,
    ledger_amount,
    naira,
    naira_amount,
    spoken_cngn,
    spoken_naira,
)

AMOUNTS = st.integers(min_value=-(10**20), max_value=10**20)
POSITIVE = st.integers(min_value=0, max_value=10**20)


@given(AMOUNTS)
def test_naira_written_and_read_are_the_same(kobo):
    """I5."""
    assert naira(naira_amount(Kobo(kobo))) == kobo


@given(AMOUNTS)
def test_cngn_written_and_read_are_the_same(stroops):
    """I5."""
    assert cngn(ledger_amount(Stroops(stroops))) == stroops


@given(AMOUNTS)
def test_the_ledger_always_gets_seven_decimals(stroops):
    _, decimals = ledger_amount(Stroops(stroops)).split(".")
    assert len(decimals) == 7


@given(AMOUNTS)
def test_kobo_survive_the_ledger(kobo):
    assert in_kobo(in_stroops(Kobo(kobo))) == kobo


@given(AMOUNTS.filter(lambda amount: amount % STROOPS_PER_KOBO))
def test_a_part_of_a_kobo_is_never_rounded_away(stroops):
    """I5: dust is an error here, not a rounding."""
    with pytest.raises(ValueError, match="whole number of kobo"):
        in_kobo(Stroops(stroops))


@given(POSITIVE, st.integers(min_value=1, max_value=9), st.integers(min_value=0, max_value=40))
def test_nothing_finer_than_the_unit_is_read(whole, digit, zeros):
    """I5: however far behind the point the excess hides."""
    with pytest.raises(ValueError, match="finer"):
        naira(f"{whole}.00{'0' * zeros}{digit}")
    with pytest.raises(ValueError, match="finer"):
        cngn(f"{whole}.0000000{'0' * zeros}{digit}")


@given(st.integers(min_value=10**28, max_value=10**40))
def test_amounts_beyond_any_precision_stay_exact(kobo):
    """I5: a decimal context must not round an amount silently."""
    assert naira(naira_amount(Kobo(kobo))) == kobo


@given(POSITIVE)
def test_reading_answers_integers_only(kobo):
    """I5: no float, not even a whole one."""
    assert type(naira(naira_amount(Kobo(kobo)))) is int
    assert type(in_stroops(Kobo(kobo))) is int


@pytest.mark.parametrize("text", ["", " ", "abc", "NaN", "Infinity", "-inf", "1.2.3", "₦5", "0x10"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="is not an amount"):
        naira(text)
    with pytest.raises(ValueError, match="is not an amount"):
        cngn(text)


@pytest.mark.parametrize("text", ["1e1000000", "1e-2000000", "9e999999"])
def test_an_amount_without_end_is_refused_like_any_other(text):
    """Fault 67: a row that nobody can pay must not crash whoever reads it."""
    with pytest.raises(ValueError, match="naira"):
        naira(text)


@pytest.mark.parametrize(
    ("text", "kobo"), [("5,030", 503_000), (" 5000.5 ", 500_050), ("0.01", 1), ("-1", -100)]
)
def test_people_write_thousands_and_spaces(text, kobo):
    assert naira(text) == kobo


@pytest.mark.parametrize(
    ("kobo", "spoken"),
    [(503_000, "₦5,030"), (1, "₦0.01"), (123_456_789, "₦1,234,567.89"), (0, "₦0"), (10, "₦0.10")],
)
def test_naira_for_people(kobo, spoken):
    assert spoken_naira(Kobo(kobo)) == spoken


@given(POSITIVE)
def test_spoken_naira_say_the_same_amount(kobo):
    assert Decimal(spoken_naira(Kobo(kobo))[1:].replace(",", "")) * 100 == kobo


@given(st.integers(max_value=-1, min_value=-(10**15)))
def test_spoken_amounts_below_zero_say_the_same_amount(kobo):
    """A refusal may speak of a bill that the fee has made negative."""
    assert Decimal(spoken_naira(Kobo(kobo)).replace("₦", "").replace(",", "")) * 100 == kobo


@pytest.mark.parametrize(
    ("stroops", "spoken"),
    [
        (50_300_000_000, "5,030 cNGN"),
        (1, "0.0000001 cNGN"),
        (50_000_000, "5 cNGN"),
        (12_345_000_000, "1,234.5 cNGN"),
        (0, "0 cNGN"),
    ],
)
def test_cngn_for_people(stroops, spoken):
    assert spoken_cngn(Stroops(stroops)) == spoken


@given(POSITIVE)
def test_spoken_cngn_says_the_same_amount(stroops):
    assert cngn(spoken_cngn(Stroops(stroops)).removesuffix(" cNGN")) == stroops
