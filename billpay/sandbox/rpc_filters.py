"""Which events are asked for: filters as RPC reads them, with its bounds and its words for what is wrong.

Segments of topics are compared as the XDR they are written in: one value has one encoding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from stellar_sdk import StrKey, xdr

from billpay.sandbox.rpc_events import Event
from billpay.sandbox.rpc_words import Params, invalid_params, lists_of, text_of, texts_of

ONE, REST = "*", "**"
"""Wildcards: one topic, or however many are left."""

_FILTERS_MAX = 5
_CONTRACTS_MAX = 5
_TOPICS_MAX = 5
_SEGMENTS_MAX = 4
_TYPES = frozenset({"", "system", "contract"})


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Events of some contracts whose topics look like one of several."""

    kinds: frozenset[str]
    contract_ids: frozenset[str]
    topics: Sequence[Sequence[str]]

    def wants(self, event: Event) -> bool:
        """Whether an event is one of these; every event here is a contract's."""
        if self.kinds and "contract" not in self.kinds:
            return False
        if self.contract_ids and event.contract_id not in self.contract_ids:
            return False
        return not self.topics or any(_fits(wanted, event.topics) for wanted in self.topics)


def read_filters(asked: Sequence[Params]) -> Sequence[Filter]:
    """Understand the filters.

    Raises:
        RpcProblem: there are too many of something, or one is written wrongly.
    """
    if len(asked) > _FILTERS_MAX:
        raise invalid_params("maximum 5 filters per request")
    return [_filter(number, one) for number, one in enumerate(asked, start=1)]


def _filter(number: int, asked: Params) -> Filter:
    kinds = frozenset(text_of(asked, "type").split(","))
    contract_ids, topics = texts_of(asked, "contractIds"), lists_of(asked, "topics")
    problem = _wrong_kind(kinds) or _wrong_contracts(contract_ids) or _wrong_topics(topics)
    if problem is not None:
        raise invalid_params(f"filter {number} invalid: {problem}")
    return Filter(kinds=kinds - {""}, contract_ids=frozenset(contract_ids), topics=topics)


def _wrong_kind(kinds: frozenset[str]) -> str | None:
    if kinds <= _TYPES:
        return None
    return "filter type invalid: if set, type must be either 'system' or 'contract'"


def _wrong_contracts(contract_ids: Sequence[str]) -> str | None:
    if len(contract_ids) > _CONTRACTS_MAX:
        return "maximum 5 contract IDs per filter"
    for number, contract_id in enumerate(contract_ids, start=1):
        if not StrKey.is_valid_contract(contract_id):
            return f"contract ID {number} invalid"
    return None


def _wrong_topics(topics: Sequence[Sequence[str]]) -> str | None:
    if len(topics) > _TOPICS_MAX:
        return "maximum 5 topics per filter"
    for number, topic in enumerate(topics, start=1):
        problem = _wrong_topic(topic)
        if problem is not None:
            return f"topic {number} invalid: {problem}"
    return None


def _wrong_topic(topic: Sequence[str]) -> str | None:
    if not topic:
        return "topic must have at least 1 segment"
    segments = topic[:-1] if topic[-1] == REST else topic
    if REST in segments:
        number = segments.index(REST) + 1
        return f"segment {number} invalid: wildcard '**' is only allowed as the last segment"
    if len(segments) > _SEGMENTS_MAX:
        return "topic cannot have more than 4 segments"
    unreadable = [segment for segment in segments if segment != ONE and not _is_value(segment)]
    return f"segment invalid: {unreadable[0]}" if unreadable else None


def _is_value(segment: str) -> bool:
    try:
        xdr.SCVal.from_xdr(segment)
    # The decoder has no error of its own: bytes at random provoke any of these.
    except (ValueError, EOFError, TypeError, OverflowError):
        return False
    return True


def _fits(wanted: Sequence[str], topics: Sequence[str]) -> bool:
    if wanted[-1] == REST:
        wanted = wanted[:-1]
        if len(topics) < len(wanted):
            return False
    elif len(topics) != len(wanted):
        return False
    return all(segment in (ONE, topic) for segment, topic in zip(wanted, topics, strict=False))
