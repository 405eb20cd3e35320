"""Horizon's pages: reading what is asked for, and linking to the next one."""

from typing import Any
from urllib.parse import urlencode

from billpay.sandbox.horizon_problems import invalid_field
from billpay.sandbox.horizon_records import link
from billpay.sandbox.horizon_server import PageQuery

_LIMIT_DEFAULT = 10
_LIMIT_MAX = 200
_ORDERS = {"": False, "asc": False, "desc": True}
_CHOICES = {"": False, "false": False, "true": True}
_JOINS = {"": False, "transactions": True}


def read_query(asked: dict[str, str], newest_ledger: int) -> PageQuery:
    """Understand the parameters of a page.

    Raises:
        Problem: 400 for one that Horizon does not understand; a limit above 200 is one.
    """
    return PageQuery(
        cursor=_cursor(asked.get("cursor", ""), newest_ledger),
        is_descending=_one_of(_ORDERS, "order", asked),
        limit=_limit(asked.get("limit", "")),
        include_failed=_one_of(_CHOICES, "include_failed", asked),
        is_joined=_one_of(_JOINS, "join", asked),
    )


def page_json(
    url: str, asked: dict[str, str], query: PageQuery, records: list[dict[str, Any]]
) -> dict[str, Any]:
    """Write a page; there is always a next one, and an empty page links to itself."""
    here = str(asked.get("cursor", ""))
    first = records[0]["paging_token"] if records else here
    last = records[-1]["paging_token"] if records else here

    def page(cursor: str, *, is_descending: bool) -> dict[str, Any]:
        rest = {
            "cursor": cursor,
            "limit": str(query.limit),
            "order": "desc" if is_descending else "asc",
        }
        return link(f"{url}?{urlencode(asked | rest)}")

    return {
        "_links": {
            "self": page(here, is_descending=query.is_descending),
            "next": page(last, is_descending=query.is_descending),
            "prev": page(first, is_descending=not query.is_descending),
        },
        "_embedded": {"records": records},
    }


def _cursor(text: str, newest_ledger: int) -> int | None:
    if not text:
        return None
    if text == "now":
        return ((newest_ledger + 1) << 32) - 1
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise invalid_field("cursor", "invalid value")
    return int(text)


def _limit(text: str) -> int:
    if not text:
        return _LIMIT_DEFAULT
    if not text.isdecimal():
        raise invalid_field("limit", "unparseable value")
    if not 1 <= int(text) <= _LIMIT_MAX:
        raise invalid_field("limit", f"invalid limit: not between 1 and {_LIMIT_MAX}")
    return int(text)


def _one_of(choices: dict[str, bool], name: str, asked: dict[str, str]) -> bool:
    choice = asked.get(name, "")
    if choice not in choices:
        accepted = ", ".join(filter(None, choices))
        raise invalid_field(name, f"accepted values: {accepted}")
    return choices[choice]
