"""Reading what became of a bill: the answer to a payment, and the answer to a status question.

"Bill payment successful" means that the payment was accepted; only `data.status` of a verbose status question says
that it was delivered (developer.flutterwave.com/docs/bill-payments, "Verify the payment status").
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from billpay.domain.money import Kobo, naira_amount
from billpay.domain.outcomes import (
    Answer,
    Declined,
    Delivered,
    NeverSeen,
    Processing,
    Receipt,
    TokenAwaited,
    Whose,
)
from billpay.domain.phones import canonical_phone
from billpay.domain.tokens import Token, parse_token
from billpay.failures import Ambiguous, Misconfigured, Unavailable
from billpay.providers.base import Purchase
from billpay.providers.documents import at, kobo_at, plain_text, text_at
from billpay.providers.flutterwave_words import (
    PROVIDER,
    Meaning,
    Verdict,
    evidence_of,
    no_answer,
    read_envelope,
    sentence_of,
)
from billpay.providers.http import Reply

_SOLD = frozenset({"successful", "success", "completed"})
_FAILED = {
    "failed": "The provider could not complete the purchase",
    "error": "The provider could not complete the purchase",
    "cancelled": "The provider cancelled the purchase",
    "reversed": "The provider reversed the purchase",
    "refunded": "The provider reversed the purchase",
}
_STATUS_LENGTH = 20

_REFERENCES = ("tx_ref", "flw_ref", "reference")
"""Theirs, all three: `reference` in an answer is the switch's, ours comes back as `customer_reference`."""

_TOKEN_FIELDS = ("recharge_token", "token", "extra")
_TOKEN_IN_TEXT = re.compile(r"(?<!\d)\d(?:[ -]?\d){19}(?!\d)")
_DEEPEST = 3


def read_payment(reply: Reply, purchase: Purchase, request_id: str) -> Answer:
    """Read the answer to a payment: accepted, refused, or in doubt; never delivered.

    Raises:
        Ambiguous: it may have been sold.
        Misconfigured: our account, key, float or catalogue was refused; nothing was sold.
    """
    envelope = read_envelope(reply)
    if envelope.verdict is Verdict.SUCCESS:
        return _accepted(reply, envelope.data, purchase, request_id)
    if envelope.verdict is Verdict.UNCLEAR or envelope.names_a_bill:
        raise Ambiguous(
            f"{PROVIDER} gave an answer that contradicts itself (HTTP {reply.status})",
            evidence=evidence_of(envelope, request_id=request_id),
        )
    sentence = sentence_of(envelope)
    evidence = evidence_of(envelope, sentence.meaning, request_id)
    detail = f"{PROVIDER}: {sentence.words} (HTTP {reply.status})"
    match sentence.meaning:
        case Meaning.OURS | Meaning.CATALOGUE:
            raise Misconfigured(detail, evidence=evidence)
        case Meaning.CUSTOMER:
            reason, whose = "The biller does not know this account number", Whose.CUSTOMER
        case Meaning.AMOUNT:
            # Limits and prices are each provider's own, so another one may take this amount.
            reason, whose = "The provider does not take this amount", Whose.PROVIDER
        case _:
            raise Ambiguous(detail, evidence=evidence)
    outcome = Declined(code=sentence.meaning, reason=reason, whose=whose)
    return Answer(outcome=outcome, body=reply.text)


def _accepted(reply: Reply, data: Any, purchase: Purchase, request_id: str) -> Answer:
    # A token may come at once; it is kept although only a status question makes the sale certain (I7).
    return _open_still(reply, data, "accepted", _receipt(data, purchase, request_id))


def _open_still(reply: Reply, data: Any, word: str, receipt: Receipt) -> Answer:
    outcome = Processing(code=word, provider_reference=_reference(data))
    return Answer(outcome=outcome, receipt=receipt if receipt.token else None, body=reply.text)


def is_unknown(reply: Reply) -> bool:
    """Whether a status question was answered with "no such bill"; HTTP 400, not 404, says so."""
    envelope = read_envelope(reply)
    return (
        envelope.verdict is Verdict.REFUSED
        and envelope.data is None
        and sentence_of(envelope).meaning is Meaning.NEVER_SEEN
    )


def read_status(reply: Reply, purchase: Purchase, request_id: str) -> Answer:
    """Read what became of a bill.

    Raises:
        Unavailable: this is no answer to what was asked.
        Misconfigured: our account or key was refused, which says nothing about the bill.
    """
    if is_unknown(reply):
        return Answer(outcome=NeverSeen(code="transaction not found"), body=reply.text)
    envelope = read_envelope(reply)
    if envelope.verdict is not Verdict.SUCCESS:
        raise no_answer(envelope, "tell the status", request_id)
    if not _is_ours(envelope.data, purchase, request_id):
        raise Unavailable(
            f"{PROVIDER} told the status of another bill, or of none",
            evidence=evidence_of(envelope, request_id=request_id),
        )
    return _by_status(reply, envelope.data, purchase, request_id)


def _is_ours(data: Any, purchase: Purchase, request_id: str) -> bool:
    """Whether the answer is about our bill; older ones lack our reference and are known by the customer."""
    named = text_at(data, "customer_reference")
    if named is not None:
        return named.lower() == request_id.lower()
    customer = text_at(data, "customer_id")
    return customer is not None and _same_account(customer, purchase.account_number)


def _same_account(theirs: str, ours: str) -> bool:
    return theirs == ours or canonical_phone(theirs) == (canonical_phone(ours) or ours)


def _by_status(reply: Reply, data: Any, purchase: Purchase, request_id: str) -> Answer:
    """Read `data.status`: three words mean sold, five mean not sold, anything else or none keeps it open."""
    status = (text_at(data, "status") or "no status").lower()[:_STATUS_LENGTH]
    receipt = _receipt(data, purchase, request_id)
    word = " ".join(filter(None, (status, text_at(data, "code"))))
    if status in _SOLD:
        is_complete = receipt.token is not None or not purchase.wants_token
        kind = Delivered if is_complete else TokenAwaited
        sold = kind(
            code=word + _difference(data, purchase), provider_reference=receipt.provider_reference
        )
        return Answer(outcome=sold, receipt=receipt, body=reply.text)
    if status in _FAILED and receipt.token is None:
        failed = Declined(code=word, reason=_FAILED[status], whose=Whose.PROVIDER)
        return Answer(outcome=failed, body=reply.text)
    # A failure that carries a token contradicts itself: what may have been sold is not refunded (I3).
    return _open_still(reply, data, word, receipt)


def _difference(data: Any, purchase: Purchase) -> str:
    """Name the amount sold where it is not the amount ordered: too late to refuse it, not too late to see it."""
    sold = kobo_at(data, "amount")
    if sold is None or sold == purchase.amount:
        return ""
    return f", sold at {naira_amount(sold)} instead of {naira_amount(purchase.amount)} naira"


def _reference(data: Any) -> str | None:
    return next(filter(None, (text_at(data, name) for name in _REFERENCES)), None)


def _receipt(data: Any, purchase: Purchase, request_id: str) -> Receipt:
    tokens = read_tokens(data) if purchase.wants_token else ()
    amount, fee = kobo_at(data, "amount"), kobo_at(data, "fee")
    return Receipt(
        provider_reference=_reference(data) or request_id,
        token=tokens[0] if tokens else None,
        bonus_token=tokens[1] if len(tokens) > 1 else None,
        units=text_at(data, "units") or text_at(data, "extra", "units"),
        # The fee is charged on top of the amount.
        charged=None if amount is None else Kobo(amount + (fee or 0)),
    )


def read_tokens(data: Any) -> tuple[Token, ...]:
    """Find every token: at once in `recharge_token`, later in `extra`, which is text or an object.

    The first is the token; a second, different one is kept beside it, so that nothing is thrown away.
    """
    found = (token for name in _TOKEN_FIELDS for token in _tokens_in(at(data, name)))
    return tuple(dict.fromkeys(found))


def _tokens_in(value: Any, depth: int = _DEEPEST) -> Iterator[Token]:
    """Find tokens in text, in JSON written as text, or in an object's token fields."""
    if not depth:
        return
    if isinstance(value, dict):
        for name in _TOKEN_FIELDS:
            yield from _tokens_in(value.get(name), depth - 1)
        return
    text = plain_text(value)
    if text is None:
        return
    if text.startswith("{"):
        yield from _tokens_in(_json_object(text), depth - 1)
        return
    whole = parse_token(text)
    pieces = [text] if whole else _TOKEN_IN_TEXT.findall(text)
    yield from filter(None, map(parse_token, pieces))


def _json_object(text: str) -> Any:
    try:
        return json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
