"""What Flutterwave says around its data: the envelope, and the sentences by which it refuses.

It has no response codes, so a sentence is all there is to decide on. Few are documented
(developer.flutterwave.com/docs/bill-payments, /docs/error-timeouts); one that is not recognised proves nothing.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any

import httpx

from billpay.failures import Evidence, Failure, Misconfigured, Unavailable
from billpay.providers.documents import text_at
from billpay.providers.http import Reply

PROVIDER = "Flutterwave"

_REFUSING = frozenset({"error", "failed", "fail"})
_BILL_NAMES = ("tx_ref", "flw_ref", "reference")


class Verdict(StrEnum):
    """What the envelope claims for the question; of the bill it says nothing."""

    SUCCESS = auto()
    REFUSED = auto()
    UNCLEAR = auto()


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """`{status, message, data}`, read together with the HTTP status."""

    verdict: Verdict
    message: str = field(repr=False)
    data: Any = field(repr=False)
    http_status: int

    @property
    def names_a_bill(self) -> bool:
        """Whether the data names a bill, which a refusal has no business to do."""
        return any(text_at(self.data, name) is not None for name in _BILL_NAMES)


class Meaning(StrEnum):
    """What a refusing sentence means."""

    TAKEN = auto()
    """Our reference was used before: by us, since nobody else makes such references."""

    NEVER_SEEN = auto()
    OURS = auto()
    """Our key, address, product or float."""

    CATALOGUE = auto()
    """A code that this account does not have any more."""

    AMOUNT = auto()
    CUSTOMER = auto()
    UNLISTED = auto()


_BLAMES_US = frozenset({Meaning.OURS, Meaning.CATALOGUE})


@dataclass(frozen=True)
class Sentence:
    """One kind of refusal."""

    said: re.Pattern[str]
    words: str
    """Ours, for the operator: Flutterwave's own may repeat a customer's number."""

    meaning: Meaning


def _sentence(said: str, words: str, meaning: Meaning) -> Sentence:
    return Sentence(re.compile(said, re.IGNORECASE), words, meaning)


_NO = r"(?:invalid|incorrect|wrong|unknown|not (?:found|valid|supported)|does not exist)"
_CODE = r"(?:country|category|biller|item|product)"
_NUMBER = r"(?:customer|meter|smart ?card|iuc|phone|mobile)"

_SENTENCES = (
    # First, because money may have moved: a reference that was used must not pass for any of the refusals below.
    _sentence(r"duplicate|already|reference.{0,20}exist", "the reference was used", Meaning.TAKEN),
    _sentence(r"transaction not found", "no such bill", Meaning.NEVER_SEEN),
    _sentence(r"white ?-?list", "our IP address is not whitelisted", Meaning.OURS),
    _sentence(
        r"account administrator|not (?:enabled|permitted|allowed|authori[sz]ed)",
        "the bills product is not enabled for our account",
        Meaning.OURS,
    ),
    _sentence(r"authori[sz]ation|(?:api|secret) key", "our secret key was refused", Meaning.OURS),
    _sentence(r"insufficient|balance", "our NGN balance is too low", Meaning.OURS),
    _sentence(r"required|missing", "our request lacks a field", Meaning.OURS),
    _sentence(r"amount|minimum|maximum", "the amount was refused", Meaning.AMOUNT),
    _sentence(
        rf"{_CODE}.{{0,30}}{_NO}|{_NO}.{{0,30}}{_CODE}",
        "our catalogue holds a code that is gone",
        Meaning.CATALOGUE,
    ),
    _sentence(
        rf"{_NUMBER}.{{0,30}}{_NO}|{_NO}.{{0,30}}{_NUMBER}",
        "the account number was refused",
        Meaning.CUSTOMER,
    ),
)
_NO_ROUTE = _sentence("", "no such route; the base URL is wrong", Meaning.OURS)
_UNLISTED = _sentence("", "a refusal that we do not know", Meaning.UNLISTED)


def read_envelope(reply: Reply) -> Envelope:
    """Read what surrounds the data; a success counts only under an HTTP status that agrees."""
    word = (text_at(reply.document, "status") or "").lower()
    verdict = Verdict.UNCLEAR
    if word in _REFUSING:
        verdict = Verdict.REFUSED
    elif word == "success" and httpx.codes.is_success(reply.status):
        verdict = Verdict.SUCCESS
    return Envelope(
        verdict=verdict,
        message=text_at(reply.document, "message") or "",
        data=reply.document.get("data"),
        http_status=reply.status,
    )


def sentence_of(envelope: Envelope) -> Sentence:
    """Recognise a refusal."""
    said = (known for known in _SENTENCES if known.said.search(envelope.message))
    is_lost = envelope.http_status == httpx.codes.NOT_FOUND
    return next(said, _NO_ROUTE if is_lost else _UNLISTED)


def evidence_of(
    envelope: Envelope, code: str | None = None, request_id: str | None = None
) -> Evidence:
    """Say where the case is found at the other side."""
    return Evidence(
        provider=PROVIDER, request_id=request_id, code=code, http_status=envelope.http_status
    )


def no_answer(envelope: Envelope, question: str, request_id: str | None = None) -> Failure:
    """Answer the failure of a question that moved nothing: ours to mend, or not answered at all."""
    if envelope.verdict is not Verdict.REFUSED:
        words, meaning = "an answer that we do not know", None
    else:
        sentence = sentence_of(envelope)
        words, meaning = sentence.words, sentence.meaning
    failure = Misconfigured if meaning in _BLAMES_US else Unavailable
    return failure(
        f"{PROVIDER} did not {question}: {words} (HTTP {envelope.http_status})",
        evidence=evidence_of(envelope, meaning, request_id),
    )
