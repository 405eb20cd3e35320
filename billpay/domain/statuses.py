"""Where a bill payment stands, and which step may follow which."""

from enum import StrEnum


class BillStatus(StrEnum):
    """`bill_payments.status`; each line says what ends it."""

    PENDING_PAYMENT = "pending_payment"
    """No money seen yet; ended by a deposit or by expiry."""

    CNGN_RECEIVED = "cngn_received"
    """A deposit claimed the order; ended by verification."""

    VERIFYING_ACCOUNT = "verifying_account"
    """The provider is asked about the account; ended by its answer."""

    ACCOUNT_INVALID = "account_invalid"
    """The account cannot be served; ended by the refund."""

    PROCESSING_BILL = "processing_bill"
    """A purchase is being made; ended by the provider's answer."""

    PROVIDER_PROCESSING = "provider_processing"
    """The provider may have sold it and is asked until it is certain."""

    RETRY_SCHEDULED = "retry_scheduled"
    """Nothing was sold; the same purchase is made again after a wait."""

    PROVIDER_FAILED = "provider_failed"
    """A provider is out of the question for this order; ended by the next one or the refund."""

    COMPLETED = "completed"
    """Delivered. Terminal."""

    REFUND_INITIATED = "refund_initiated"
    """The money goes back; ended by the signed transaction."""

    REFUND_PROCESSING = "refund_processing"
    """A signed refund is on its way to the ledger; ended by the ledger's word."""

    REFUNDED = "refunded"
    """Returned to the payer. Terminal."""

    NEEDS_REVIEW = "needs_review"
    """Waits for a person, who has been told; ended by their decision or by certainty from the provider."""

    EXPIRED = "expired"
    """No money came in time; left only by a late deposit."""

    @property
    def is_terminal(self) -> bool:
        """Whether nothing may follow."""
        return not SUCCESSORS[self]


_S = BillStatus

_SOLD = frozenset({_S.COMPLETED, _S.NEEDS_REVIEW})
"""What certainty may lead to from wherever an order is shown to be: whether it was sold is read from its purchases,
under the bill's lock, and a late step that shows an old status must not stand in the way."""

_UNSOLD = _SOLD | {_S.REFUND_INITIATED}
"""The same where no purchase is being made: whether money goes back is read from the purchases too."""

SUCCESSORS: dict[BillStatus, frozenset[BillStatus]] = {
    # A deposit or the clock.
    _S.PENDING_PAYMENT: frozenset({_S.CNGN_RECEIVED, _S.EXPIRED}),
    # A late deposit still deserves an answer.
    _S.EXPIRED: frozenset({_S.CNGN_RECEIVED}),
    # Short, late or impossible deposits are refunded without asking a provider.
    _S.CNGN_RECEIVED: frozenset({_S.VERIFYING_ACCOUNT, _S.REFUND_INITIATED, _S.NEEDS_REVIEW}),
    # No provider reachable for verification ends in provider_failed.
    _S.VERIFYING_ACCOUNT: _UNSOLD | {_S.ACCOUNT_INVALID, _S.PROCESSING_BILL, _S.PROVIDER_FAILED},
    # Whoever died with the answer in hand asks again, and may be answered otherwise.
    _S.ACCOUNT_INVALID: _UNSOLD | {_S.VERIFYING_ACCOUNT},
    # Every answer a purchase can get.
    _S.PROCESSING_BILL: _SOLD | {_S.PROVIDER_PROCESSING, _S.RETRY_SCHEDULED, _S.PROVIDER_FAILED},
    _S.RETRY_SCHEDULED: _SOLD | {_S.PROCESSING_BILL, _S.PROVIDER_PROCESSING, _S.PROVIDER_FAILED},
    # Certainty, or a person after the deadline; never a refund by time alone.
    _S.PROVIDER_PROCESSING: _SOLD | {_S.PROVIDER_FAILED, _S.RETRY_SCHEDULED},
    # The next provider, the same one after an operator's retry, or the refund.
    _S.PROVIDER_FAILED: _UNSOLD | {_S.VERIFYING_ACCOUNT, _S.PROCESSING_BILL},
    _S.REFUND_INITIATED: frozenset({_S.REFUND_PROCESSING, _S.NEEDS_REVIEW}),
    _S.REFUND_PROCESSING: frozenset({_S.REFUNDED, _S.NEEDS_REVIEW}),
    # Whatever the person decides, or the provider's late certainty.
    _S.NEEDS_REVIEW: frozenset(
        {
            _S.VERIFYING_ACCOUNT,
            _S.PROCESSING_BILL,
            _S.PROVIDER_PROCESSING,
            _S.PROVIDER_FAILED,
            _S.COMPLETED,
            _S.REFUND_INITIATED,
            _S.REFUND_PROCESSING,
        }
    ),
    # Terminal states absorb (I12).
    _S.COMPLETED: frozenset(),
    _S.REFUNDED: frozenset(),
}


def may_follow(current: BillStatus, following: BillStatus) -> bool:
    """Whether a payment in `current` may move to `following`; staying put is always allowed."""
    return current == following or following in SUCCESSORS[current]
