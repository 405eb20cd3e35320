import pytest
from hypothesis import given
from hypothesis import strategies as st

from billpay.domain.phones import canonical_phone, network_hint

NATIONAL = st.from_regex(r"[789][0-9]{9}", fullmatch=True)


@given(NATIONAL)
def test_every_way_to_write_a_number_is_one_number(national):
    ways = [
        f"0{national}",
        national,
        f"234{national}",
        f"+234{national}",
        f"+2340{national}",
        f"2340{national}",
        f"+234 {national[:3]} {national[3:6]}-{national[6:]}",
        f"(0{national[:3]}) {national[3:]}",
        f" 0{national}\n",
    ]
    assert {canonical_phone(way) for way in ways} == {f"0{national}"}


@given(NATIONAL)
def test_a_canonical_number_stays_as_it_is(national):
    assert canonical_phone(f"0{national}") == f"0{national}"


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "0",
        "+",
        "234",
        "+234",
        "0803123456",
        "080312345678",
        "00803123456",
        "06031234567",
        "05031234567",
        "+2348031234",
        "++2348031234567",
        "+447700900123",
        "23480312345678",
        "0803123456a",
        "O8031234567",
        "٠٨٠٣١٢٣٤٥٦٧",
        "0803\uff11234567",
        "0803.123.4567",
        "201000000000",
        "1111111111111",
        "4131953321x",
    ],
)
def test_junk_is_no_number(junk):
    assert canonical_phone(junk) is None


@given(st.text())
def test_whatever_is_accepted_is_eleven_digits(text):
    phone = canonical_phone(text)
    assert phone is None or (len(phone) == 11 and phone.isascii() and phone.isdigit())


@pytest.mark.parametrize(
    ("phone", "network"),
    [
        ("08031234567", "mtn"),
        ("07025123456", "mtn"),
        ("07026123456", "mtn"),
        ("07012345678", "airtel"),
        ("08051234567", "glo"),
        ("08091234567", "9mobile"),
        ("08012345678", None),
        ("07020123456", None),
        ("08191234567", None),
    ],
)
def test_four_or_five_digits_hint_at_the_network(phone, network):
    """0701 is Airtel and 0801 is nobody's, whatever the quick start says."""
    assert network_hint(phone) == network


@given(st.text())
def test_a_hint_never_raises(text):
    assert network_hint(text) in {"mtn", "airtel", "glo", "9mobile", None}
