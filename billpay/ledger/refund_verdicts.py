"""What follows from a result code: for a refused submission, and for a refund that failed in a ledger.

A refusal speaks of one submission: `tx_bad_seq` and `tx_too_late` are also the answer to an envelope that was applied
before, since a validator looks at time and sequence number first. Nothing here says that an envelope is dead; that is
proven by ledger time and sequence number alone (`billpay.ledger.treasury`). The codes are Horizon's
(developers.stellar.org, "Result Codes").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable

_APPLIED = frozenset({"tx_failed", "tx_fee_bump_inner_failed"})

_REFUSALS: Mapping[str, type[Failure]] = {
    # Passes: another transaction of the treasury went first, or this one did before. Its hash is looked up.
    "tx_bad_seq": Unavailable,
    # Passes: proven dead and signed anew, unless it was applied before.
    "tx_too_late": Unavailable,
    # Passes: a validator's clock is behind ours.
    "tx_too_early": Unavailable,
    # Passes: the network is busy and others bid more.
    "tx_insufficient_fee": Unavailable,
    # Passes, or not: a validator's own bug.
    "tx_internal_error": Unavailable,
    # The treasury has too little XLM for its fees and reserves.
    "tx_insufficient_balance": Misconfigured,
    # The treasury does not exist on this network.
    "tx_no_source_account": Misconfigured,
    "op_no_source_account": Misconfigured,
    # A wrong key, a wrong network, or signers that were changed.
    "tx_bad_auth": Misconfigured,
    "tx_bad_auth_extra": Misconfigured,
    "op_bad_auth": Misconfigured,
    # Validators have frozen the treasury or its asset.
    "tx_frozen_key_accessed": Misconfigured,
    # We have built something that no ledger takes.
    "tx_malformed": Misconfigured,
    "tx_missing_operation": Misconfigured,
    "tx_not_supported": Misconfigured,
    "tx_bad_sponsorship": Misconfigured,
    "tx_bad_minseq_age_or_gap": Misconfigured,
    "tx_soroban_invalid": Misconfigured,
    "op_malformed": Misconfigured,
    "op_not_supported": Misconfigured,
}
"""What a refused submission means; whatever is not listed may have been applied."""


class Then(StrEnum):
    """What follows a refund that is in a ledger and moved nothing."""

    HOLD = "hold"
    """The payer's side or a bug of ours: a person decides, since repeating would fail again."""

    MEND = "mend"
    """Our side: a person is told, and the refund is tried again until it is mended."""

    AGAIN = "again"
    """Chance: it is signed anew."""


@dataclass(frozen=True)
class Verdict:
    """What follows, and why, for the operator."""

    then: Then
    reason: str


_FAILURES: Mapping[str, Verdict] = {
    "op_no_trust": Verdict(Then.HOLD, "the payer has no trustline to cNGN"),
    "op_no_destination": Verdict(Then.HOLD, "the payer's account does not exist any more"),
    "op_line_full": Verdict(Then.HOLD, "the payer's trustline has no room for the amount"),
    # Never to be routed around: whoever froze the payer has a reason.
    "op_not_authorized": Verdict(Then.HOLD, "the issuer has frozen the payer's trustline"),
    "op_no_issuer": Verdict(Then.HOLD, "the issuer of cNGN does not exist any more"),
    "op_malformed": Verdict(Then.HOLD, "the payment was built wrongly"),
    "op_not_supported": Verdict(Then.HOLD, "the network knows no such payment"),
    "op_underfunded": Verdict(Then.MEND, "the treasury has too little cNGN"),
    "op_src_no_trust": Verdict(Then.MEND, "the treasury has no trustline to cNGN"),
    "op_src_not_authorized": Verdict(Then.MEND, "the issuer has frozen the treasury's trustline"),
    "op_no_source_account": Verdict(Then.MEND, "the treasury's account does not exist any more"),
    "op_bad_auth": Verdict(Then.MEND, "the treasury's key may not sign for it"),
    "tx_insufficient_balance": Verdict(Then.MEND, "the treasury has too little XLM for fees"),
    "tx_bad_auth": Verdict(Then.MEND, "the treasury's key may not sign for it"),
    "tx_bad_auth_extra": Verdict(Then.MEND, "the treasury's signers were changed"),
    "tx_no_source_account": Verdict(Then.MEND, "the treasury's account does not exist any more"),
    "tx_frozen_key_accessed": Verdict(Then.MEND, "validators have frozen the treasury or cNGN"),
    "tx_bad_seq": Verdict(Then.AGAIN, "another transaction of the treasury went first"),
    "tx_too_late": Verdict(Then.AGAIN, "its time had passed"),
    "tx_too_early": Verdict(Then.AGAIN, "its time had not come"),
    "tx_insufficient_fee": Verdict(Then.AGAIN, "the network was busy and others bid more"),
    "tx_internal_error": Verdict(Then.AGAIN, "a failure inside the network"),
}


def is_applied_without_effect(codes: Sequence[str]) -> bool:
    """Whether codes are those of a transaction that entered a ledger and failed there.

    Necessary, not sufficient: an operation that no ledger would take is refused at the door in the same words.
    """
    return bool(codes) and codes[0] in _APPLIED


def refusal(codes: Sequence[str]) -> type[Failure]:
    """Answer what a refused submission means; the last code that says more than "failed" decides."""
    for code in reversed(codes):
        if code in _REFUSALS:
            return _REFUSALS[code]
    return Ambiguous


def verdict(codes: Sequence[str]) -> Verdict:
    """Answer what follows a refund that failed in a ledger; what is unknown here is for a person."""
    for code in reversed(codes):
        if code in _FAILURES:
            return _FAILURES[code]
    return Verdict(Then.HOLD, "the network gives a reason that is unknown here")
