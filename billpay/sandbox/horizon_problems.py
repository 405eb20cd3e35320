"""How Horizon says no: problem documents (RFC 7807), with its own types and extras."""

from typing import Any

from fastapi.responses import JSONResponse

from billpay.sandbox.ledger_codes import TransactionOutcome
from billpay.sandbox.ledger_envelopes import Envelope
from billpay.sandbox.ledger_records import TransactionRecord

_ERRORS = "https://stellar.org/horizon-errors/"
_TIMEOUT = "transaction_submission_timeout"
"""A type that Horizon writes as a bare word where others are addresses."""


class Problem(Exception):  # noqa: N818  it is what is answered
    """What Horizon answers in the place of what was asked for."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        extras: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self._status = status
        self._headers = headers
        self._document: dict[str, Any] = {
            "type": kind if kind == _TIMEOUT else f"{_ERRORS}{kind}",
            "title": title,
            "status": status,
            "detail": detail,
        }
        if extras is not None:
            self._document["extras"] = extras

    def response(self) -> JSONResponse:
        """Write it down."""
        return JSONResponse(
            self._document,
            self._status,
            self._headers,
            media_type="application/problem+json; charset=utf-8",
        )


def not_found() -> Problem:
    """Say that there is nothing here."""
    return Problem(
        404,
        "not_found",
        "Resource Missing",
        "The resource at the url requested was not found.",
    )


def invalid_field(name: str, reason: str) -> Problem:
    """Say which parameter cannot be understood."""
    return Problem(
        400,
        "bad_request",
        "Bad Request",
        "The request you sent was invalid in some way.",
        extras={"invalid_field": name, "reason": reason},
    )


def before_history() -> Problem:
    """Say that nothing is kept of the time asked about."""
    return Problem(
        410,
        "before_history",
        "Data Requested Is Before Recorded History",
        "This horizon instance is configured to only track a portion of the network's history.",
    )


def rate_limited(retry_after_seconds: int) -> Problem:
    """Say that there were too many requests."""
    return Problem(
        429,
        "rate_limit_exceeded",
        "Rate Limit Exceeded",
        "The rate limit for the requesting IP address is over its alloted limit.",
        headers={
            "Retry-After": str(retry_after_seconds),
            "X-RateLimit-Limit": "101",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(retry_after_seconds),
        },
    )


def stale_history() -> Problem:
    """Say that this server is too far behind to be asked."""
    return Problem(
        503,
        "stale_history",
        "Historical DB Is Too Stale",
        "This horizon instance is lagging behind the network too far to answer.",
    )


def unsupported_media_type() -> Problem:
    """Say that a form was expected."""
    return Problem(
        415,
        "unsupported_media_type",
        "Unsupported Media Type",
        "The request has an unsupported content type.",
    )


def malformed(text: str) -> Problem:
    """Say that what was posted is no envelope."""
    return Problem(
        400,
        "transaction_malformed",
        "Transaction Malformed",
        "The transaction envelope in this request could not be decoded.",
        extras={"envelope_xdr": text},
    )


def timed_out(envelope: Envelope) -> Problem:
    """Say that nothing is known of what was posted."""
    return Problem(
        504,
        _TIMEOUT,
        "Transaction Submission Timeout",
        "Your transaction submission request has timed out. This does not mean that it has failed: look its hash up.",
        extras={"hash": envelope.transaction_hash, "envelope_xdr": envelope.text},
    )


def gateway_timeout() -> Problem:
    """Say that whoever was asked on the way did not answer."""
    return Problem(
        504,
        "timeout",
        "Timeout",
        "Your request timed out before completing. Please try your request again.",
    )


def refused(envelope: Envelope, outcome: TransactionOutcome) -> Problem:
    """Say why the network did not take what was posted."""
    return _failed(envelope.text, outcome.to_xdr(envelope), outcome.words(envelope))


def applied_in_vain(record: TransactionRecord) -> Problem:
    """Say why what was posted failed in its ledger."""
    return _failed(record.envelope_xdr, record.result_xdr, dict(record.result_codes))


def _failed(envelope_xdr: str, result_xdr: str, codes: dict[str, Any]) -> Problem:
    return Problem(
        400,
        "transaction_failed",
        "Transaction Failed",
        "The transaction failed when submitted to the network; `extras.result_codes` tells why.",
        extras={"envelope_xdr": envelope_xdr, "result_codes": codes, "result_xdr": result_xdr},
    )
