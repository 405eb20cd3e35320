"""The page about the books names every account and every difference, in the order of the code."""

import re
from pathlib import Path

from billpay.domain.journal import CNGN_ACCOUNTS
from billpay.domain.reconciliation import DifferenceKind

PAGE = Path(__file__).parents[3] / "docs" / "reconciling.md"


def test_every_account_and_every_difference_is_explained():
    """A person who meets a word in a report finds what it means and what helps."""
    named = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert named == [*map(str, CNGN_ACCOUNTS), *map(str, DifferenceKind)]
