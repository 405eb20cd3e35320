"""Nigerian phone numbers: one canonical form, and a hint at the network.

The first four digits name the network that was given the range; numbers have been portable since 2013, so
they are a hint and the customer's choice wins. Ranges: wikimili.com "Telephone numbers in Nigeria", 2026-11.
"""

import re

_SEPARATORS = re.compile(r"[\s()-]+")
_CANONICAL = re.compile(r"0[789]\d{9}")
_INTERNATIONAL = "234"
_NATIONAL_DIGITS = 10

_RANGES = {
    "mtn": "0703 0704 0706 0707 0803 0806 0810 0813 0814 0816 0903 0906 0913 0916 07025 07026",
    "airtel": "0701 0708 0802 0808 0812 0901 0902 0904 0907 0911 0912",
    "glo": "0705 0805 0807 0811 0815 0905 0915",
    "9mobile": "0809 0817 0818 0908 0909",
}


def canonical_phone(text: str) -> str | None:
    """Write a number as `0XXXXXXXXXX`; None where it cannot be a Nigerian mobile number.

    Understands `+234...`, `234...`, ten digits without the 0, and the frequent mistake `+2340...`.
    """
    digits = _SEPARATORS.sub("", text).removeprefix("+")
    if digits.startswith(_INTERNATIONAL) and len(digits) > _NATIONAL_DIGITS + 1:
        digits = digits.removeprefix(_INTERNATIONAL)
    national = digits.removeprefix("0")
    phone = f"0{national}"
    return phone if digits.isascii() and _CANONICAL.fullmatch(phone) else None


def network_hint(phone: str) -> str | None:
    """Name the network that a canonical number's range was given to, if it is one we sell."""
    for network, ranges in _RANGES.items():
        if phone.startswith(tuple(ranges.split())):
            return network
    return None
