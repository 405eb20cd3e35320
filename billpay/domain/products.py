"""What a product's name says, and which product of another provider is the same one.

Providers write size, validity and price into the name of a plan or package, each in its own way, and the price there
grows old (VTPass's `dstv62` is called N28,000 and costs 28,050). So a price is never read from a name, and two
products are the same only where their names say the same and their prices are equal.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from billpay.domain.bills import BILLERS, BillerCode, Product

_PRICE = re.compile(
    r"\s*(?:[N₦][\d,]+(?:\.\d+)?|[\d,]+(?:\.\d+)? ?naira)(?![\w.])\s*", re.IGNORECASE
)
_SEAM = re.compile(r"^[\s-]+|[\s-]+$|(?<=-)(?:\s*-)+")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]b)\b", re.IGNORECASE)
_VALIDITY = re.compile(r"\b(\d+|one)[ -]?(hr|hour|day|week|month|year)s?\b", re.IGNORECASE)
_NO_WORD = re.compile(r"[^\w.]+|\.(?!\d)|_")

_HOURS = {"hr": 1, "hour": 1, "day": 24, "week": 168, "month": 720, "year": 8_760}
_SAYS_NOTHING = frozenset({"data", "bundle", "plan", "purchase", "mobile", "subscription"})
"""Words that are part of every plan's name or of none, as the provider likes."""


@dataclass(frozen=True)
class Content:
    """What a name says is in the product, the same for every way of writing it."""

    words: frozenset[str]
    """Lower case, sizes included; without the biller, the price and words that say nothing."""

    hours: int | None
    """How long it lasts; None where the name does not say."""

    def may_be(self, other: "Content") -> bool:
        """Whether both may be the same product: nothing that one says is denied by the other."""
        is_unsaid = self.hours is None or other.hours is None
        return self.words == other.words and (is_unsaid or self.hours == other.hours)


def name_without_price(name: str) -> str:
    """Write a product's name without the price in it: `1GB - 30 days` for "N300 1GB - 30 days"."""
    plain = _SEAM.sub("", _PRICE.sub(" ", name).strip())
    return " ".join(plain.split()) or name.strip()


def content_of(biller: BillerCode, name: str) -> Content:
    """Read what a product's name says."""
    text = name_without_price(name).lower()
    validity = _VALIDITY.search(text)
    text = _VALIDITY.sub(" ", text)
    text = _SIZE.sub(lambda size: f" {_plain_number(size[1])}{size[2]} ", text)
    words = {word for word in _NO_WORD.split(text) if word}
    return Content(frozenset(words - _SAYS_NOTHING - _names_of(biller)), _hours(validity))


def counterpart(biller: BillerCode, wanted: Product, menu: Sequence[Product]) -> Product | None:
    """Find the product of another menu that is the wanted one: the same content at the same price.

    A name that says all that the wanted one says wins; among names that leave the validity out, or are alone in
    telling it, there must be one meaning only. None where nothing is surely the same.
    """
    content = content_of(biller, wanted.name)
    if wanted.price is None or not content.words:
        return None
    priced = [(one, content_of(biller, one.name)) for one in menu if one.price == wanted.price]
    same = [one for one, says in priced if says == content]
    alike = [(one, says.hours) for one, says in priced if says.may_be(content)]
    if same:
        return same[0]
    return alike[0][0] if len({hours for _, hours in alike}) == 1 else None


def _names_of(biller: BillerCode) -> frozenset[str]:
    known = next((one for one in BILLERS if one.code == biller), None)
    names = (biller, known.name.lower(), *known.aliases) if known else (biller,)
    return frozenset(word for name in names for word in name.split())


def _hours(validity: re.Match[str] | None) -> int | None:
    if validity is None:
        return None
    count = 1 if validity[1].lower() == "one" else int(validity[1])
    return count * _HOURS[validity[2].lower()]


def _plain_number(number: str) -> str:
    """Write a size without zeros that say nothing: `1` for "1.0"."""
    return number.rstrip("0").rstrip(".") if "." in number else number
