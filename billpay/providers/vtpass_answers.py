"""Reading the answer to a purchase or to a requery: what it means, and what was bought.

Both come in one shape (vtpass.com/documentation/buying-services, re-query-services). Electricity adds its
token in a field that differs from disco to disco, so every field is looked at, in one order.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum, auto
from typing import Any, NamedTuple, TypeVar

from billpay.domain.money import naira_amount
from billpay.domain.outcomes import (
    Answer,
    Declined,
    Delivered,
    NeverSeen,
    Outcome,
    Postponed,
    Processing,
    Receipt,
    TokenAwaited,
)
from billpay.domain.tokens import Token, parse_token
from billpay.failures import Ambiguous, Evidence, Failure, Misconfigured, Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import at, kobo_at, plain_text, text_at
from billpay.providers.http import Reply
from billpay.providers.vtpass_codes import Code, Meaning, code_in, meaning_of

_TRANSACTION = ("content", "transactions")
_STATUS_LENGTH = 20

_FAILED_STATUSES = {"failed": "016", "reversed": "040"}
"""Statuses that mean what these codes mean."""

_UNCERTAIN = frozenset({Meaning.PROCESSING, Meaning.AMBIGUOUS})
_FAILURES: Mapping[Meaning, type[Failure]] = {
    Meaning.UNAVAILABLE: Unavailable,
    Meaning.AMBIGUOUS: Ambiguous,
    Meaning.MISCONFIGURED: Misconfigured,
}

_TOKEN_FIELDS = (
    ("mainToken",),
    ("token",),
    ("Token",),
    ("purchased_code",),
    (*_TRANSACTION, "extras"),
)
_KEY_CHANGE_FIELDS = ("kct1", "kct2")
_UNIT_FIELDS = ("units", "Units", "PurchasedUnits", "mainTokenUnits")
_BONUS = re.compile(r"(?i)bonus\s*token\s*:")

Some = TypeVar("Some")


class Asked(StrEnum):
    """Which question is answered; the same code means different things."""

    PAY = auto()
    REQUERY = auto()


class Tokens(NamedTuple):
    """Every token of one answer."""

    main: Token | None
    bonus: Token | None
    key_change: tuple[Token, ...]


def read_sale(reply: Reply, purchase: Purchase, request_id: str, asked: Asked) -> Answer:
    """Read what became of a purchase.

    Raises:
        Unavailable: `PAY`: nothing was sold. `REQUERY`: this is no answer to what was asked.
        Ambiguous: `PAY` only: it may have been sold.
        Misconfigured: our account, keys or catalogue were refused; `REQUERY`: says nothing about the sale.
    """
    evidence = Evidence(
        provider="VTPass",
        request_id=request_id,
        code=code_in(reply.document),
        http_status=reply.status,
    )
    named = text_at(reply.document, "requestId")
    if named is not None and named.lower() != request_id.lower():
        raise _no_answer(asked, "an answer about another request id", evidence)
    if evidence.code is None:
        raise _no_answer(asked, "an answer without a code", evidence)
    code = meaning_of(evidence.code)
    meaning = code.on_pay if asked is Asked.PAY else code.on_requery
    status = (text_at(reply.document, *_TRANSACTION, "status") or "").lower()[:_STATUS_LENGTH]
    if meaning is Meaning.BY_STATUS:
        if not status:
            raise _no_answer(asked, "code 000 without a status", evidence)
        return _by_status(reply, purchase, evidence, status)
    if status and meaning not in _UNCERTAIN and status not in _FAILED_STATUSES:
        # A refusal around a transaction that has not failed contradicts itself, so it is no refusal.
        return _still_open(reply, f"{evidence.code} {status}")
    failure = _FAILURES.get(meaning)
    if failure is not None:
        raise failure(f"VTPass: {code.words} ({evidence.code})", evidence=evidence)
    outcome = _outcome(meaning, code, evidence.code, reply.document)
    return Answer(outcome=outcome, body=reply.text)


def _no_answer(asked: Asked, words: str, evidence: Evidence) -> Failure:
    failure = Ambiguous if asked is Asked.PAY else Unavailable
    return failure(f"VTPass gave {words}", evidence=evidence)


def _outcome(meaning: Meaning, code: Code, name: str, document: Mapping[str, Any]) -> Outcome:
    """Turn a code that speaks for itself into an outcome."""
    if meaning is Meaning.NEVER_SEEN:
        return NeverSeen(code=name)
    if meaning is Meaning.PROCESSING:
        return Processing(code=name, provider_reference=_reference(document))
    if meaning is Meaning.POSTPONED:
        return Postponed(code=name, reason=code.words, retry_after_seconds=code.retry_after_seconds)
    return Declined(code=name, reason=code.words, whose=meaning.whose)


def _by_status(reply: Reply, purchase: Purchase, evidence: Evidence, status: str) -> Answer:
    """Read an answer whose code is 000: only `delivered` is delivered, and only two words are refusals."""
    word = f"{evidence.code} {status}"
    if status == "delivered":
        return _delivery(reply, purchase, evidence, word)
    if status not in _FAILED_STATUSES:
        return _still_open(reply, word)
    code = meaning_of(_FAILED_STATUSES[status])
    outcome = _outcome(code.on_requery, code, word, reply.document)
    return Answer(outcome=outcome, body=reply.text)


def _still_open(reply: Reply, word: str) -> Answer:
    reference = _reference(reply.document)
    return Answer(outcome=Processing(code=word, provider_reference=reference), body=reply.text)


def _delivery(reply: Reply, purchase: Purchase, evidence: Evidence, word: str) -> Answer:
    """Read a sale. A prepaid meter's is not complete before its token is here (fault 45)."""
    document = reply.document
    tokens = read_tokens(document)
    receipt = Receipt(
        provider_reference=_reference(document) or str(evidence.request_id),
        token=tokens.main,
        bonus_token=tokens.bonus,
        key_change_tokens=tokens.key_change,
        units=_first(text_at(document, field) for field in _UNIT_FIELDS),
        charged=kobo_at(document, *_TRANSACTION, "total_amount"),
    )
    is_complete = tokens.main is not None or not purchase.wants_token
    kind = Delivered if is_complete else TokenAwaited
    outcome = kind(
        code=word + _difference(document, purchase), provider_reference=receipt.provider_reference
    )
    return Answer(outcome=outcome, receipt=receipt, body=reply.text)


def _difference(document: Mapping[str, Any], purchase: Purchase) -> str:
    """Name the amount sold where it is not the amount ordered: too late to refuse it, not too late to see it."""
    sold = kobo_at(document, *_TRANSACTION, "amount")
    if sold is None or sold == purchase.amount:
        return ""
    return f", sold at {naira_amount(sold)} instead of {naira_amount(purchase.amount)} naira"


def _reference(document: Mapping[str, Any]) -> str | None:
    return text_at(document, *_TRANSACTION, "transactionId")


def read_tokens(document: Mapping[str, Any]) -> Tokens:
    """Find every token, wherever this disco puts it.

    The first in the order of `_TOKEN_FIELDS`, then of `tokens[]`, is the token. Where another field holds a
    different one, nothing is thrown away: the first such is kept as the bonus token unless one was named.
    """
    key_change = tuple(_known(_token_at(document, field) for field in _KEY_CHANGE_FIELDS))
    found: list[Token | None] = []
    bonuses = [_token_at(document, "bonusToken")]
    for text in _texts(document):
        main, *rest = _BONUS.split(text)
        found.append(parse_token(main))
        bonuses += [parse_token(bonus) for bonus in rest]
    bonus = _first(bonuses)
    mains = [token for token in _known(found) if token not in key_change]
    main_token = _first(token for token in mains if token != bonus) or _first(mains)
    others = (token for token in (bonus, *mains) if token != main_token)
    return Tokens(main=main_token, bonus=_first(others), key_change=key_change)


def _texts(document: Mapping[str, Any]) -> Iterable[str]:
    listed = at(document, "tokens")
    values = [at(document, *path) for path in _TOKEN_FIELDS]
    values += listed if isinstance(listed, list) else []
    return [text for text in map(plain_text, values) if text is not None]


def _token_at(document: Mapping[str, Any], field: str) -> Token | None:
    return parse_token(text_at(document, field) or "")


def _known(values: Iterable[Some | None]) -> Iterable[Some]:
    return (value for value in values if value is not None)


def _first(values: Iterable[Some | None]) -> Some | None:
    return next(iter(_known(values)), None)
