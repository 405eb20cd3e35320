"""What follows from a result code: for a refused submission, and for a refund that failed in a ledger.

A refusal speaks of one submission: `tx_bad_seq` and `tx_too_late` are also the answer to an envelope that was applied
before, since a validator looks at time and sequence number first. Nothing here says that an envelope is dead; that is
proven by ledger time and sequence number alone (`billpay.ledger.refund_resolving`). The codes are Horizon's
(developers.stellar.org, "Result Codes").

    code                                              then
    op_no_trust, op_no_destination                    SET_ASIDE  claimable balance
    op_line_full                                      LATER      again a few times, then claimable balance
    op_not_authorized, op_no_issuer                   HOLD       never routed around
    op_malformed, op_not_supported, tx_malformed...   HOLD       a bug of ours
    tx_frozen_key_accessed                            HOLD       validators have frozen somebody
    unreadable or unknown                             HOLD
    op_underfunded, op_src_*, op_low_reserve          MEND       the treasury is short or frozen: all refunds wait
    *_bad_auth*, *_no_source_account                  MEND       the treasury's key, or a channel
    tx_insufficient_balance                           MEND       XLM for fees, in the treasury or a channel
    tx_insufficient_fee                               AGAIN      outbid by a fee bump, or waited out
    tx_bad_seq, tx_too_late, tx_too_early,            AGAIN      looked up, proven, signed anew with the same number
    tx_internal_error

For a claimable balance `op_no_trust` and `op_not_authorized` speak of the treasury, who makes it: MEND.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from billpay.domain.refunds import EnvelopeKind
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable

OUTBID = "tx_insufficient_fee"
LINE_FULL = "op_line_full"
NO_TRUST = "op_no_trust"

_REFUSALS: Mapping[str, type[Failure]] = {
    # Passes: another transaction of the account went first, or this one did before. Its hash is looked up.
    "tx_bad_seq": Unavailable,
    # Passes: proven dead and signed anew, unless it was applied before.
    "tx_too_late": Unavailable,
    # Passes: a validator's clock is behind ours.
    "tx_too_early": Unavailable,
    # Passes: the network is busy and others bid more.
    OUTBID: Unavailable,
    # Passes, or not: a validator's own bug.
    "tx_internal_error": Unavailable,
    # The treasury or a channel has too little XLM for its fees and reserves.
    "tx_insufficient_balance": Misconfigured,
    # The treasury or a channel does not exist on this network.
    "tx_no_source_account": Misconfigured,
    "op_no_source_account": Misconfigured,
    # A wrong key, a wrong network, or signers that were changed.
    "tx_bad_auth": Misconfigured,
    "tx_bad_auth_extra": Misconfigured,
    "op_bad_auth": Misconfigured,
    # Validators have frozen the treasury, the payer or the asset.
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

_FOR_A_PERSON = frozenset(
    {
        "tx_frozen_key_accessed",
        "tx_malformed",
        "tx_missing_operation",
        "tx_not_supported",
        "tx_bad_sponsorship",
        "tx_bad_minseq_age_or_gap",
        "tx_soroban_invalid",
        "op_malformed",
        "op_not_supported",
    }
)
"""Refusals that signing anew would only meet again: held, once what was refused is proven dead."""


class Then(StrEnum):
    """What follows a refund that is in a ledger and moved nothing."""

    HOLD = "hold"
    """A person decides: repeating would fail again, or somebody has a reason."""

    SET_ASIDE = "set_aside"
    """The payer's account cannot take it: it is set aside for them on the ledger."""

    LATER = "later"
    """The payer's account has no room: again after a while, and set aside at last."""

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
    NO_TRUST: Verdict(Then.SET_ASIDE, "the payer has no trustline to cNGN"),
    "op_no_destination": Verdict(Then.SET_ASIDE, "the payer's account does not exist any more"),
    LINE_FULL: Verdict(Then.LATER, "the payer's trustline has no room for the amount"),
    # Never to be routed around: whoever froze the payer has a reason.
    "op_not_authorized": Verdict(Then.HOLD, "the issuer has frozen the payer's trustline"),
    "op_no_issuer": Verdict(Then.HOLD, "the issuer of cNGN does not exist any more"),
    "op_malformed": Verdict(Then.HOLD, "the operation was built wrongly"),
    "op_not_supported": Verdict(Then.HOLD, "the network knows no such operation"),
    "tx_frozen_key_accessed": Verdict(
        Then.HOLD, "validators have frozen the payer, the treasury or cNGN"
    ),
    "op_underfunded": Verdict(Then.MEND, "the treasury has too little cNGN"),
    "op_low_reserve": Verdict(Then.MEND, "the treasury has too little XLM for reserves"),
    "op_src_no_trust": Verdict(Then.MEND, "the treasury has no trustline to cNGN"),
    "op_src_not_authorized": Verdict(Then.MEND, "the issuer has frozen the treasury's trustline"),
    "op_no_source_account": Verdict(Then.MEND, "the treasury's account does not exist any more"),
    "op_bad_auth": Verdict(Then.MEND, "the treasury's key may not sign for it"),
    "tx_insufficient_balance": Verdict(Then.MEND, "there is too little XLM for fees"),
    "tx_bad_auth": Verdict(Then.MEND, "the treasury's key may not sign for it"),
    "tx_bad_auth_extra": Verdict(Then.MEND, "the treasury's signers were changed"),
    "tx_no_source_account": Verdict(Then.MEND, "the account it was signed for does not exist"),
    "tx_bad_seq": Verdict(Then.AGAIN, "another transaction of its account went first"),
    "tx_too_late": Verdict(Then.AGAIN, "its time had passed"),
    "tx_too_early": Verdict(Then.AGAIN, "its time had not come"),
    OUTBID: Verdict(Then.AGAIN, "the network was busy and others bid more"),
    "tx_internal_error": Verdict(Then.AGAIN, "a failure inside the network"),
}

_OF_WHO_SETS_ASIDE: Mapping[str, Verdict] = {
    NO_TRUST: Verdict(Then.MEND, "the treasury has no trustline to cNGN"),
    "op_not_authorized": Verdict(Then.MEND, "the issuer has frozen the treasury's trustline"),
}
"""The same words where a claimable balance is made: they speak of its maker."""


def refusal(codes: Sequence[str]) -> type[Failure]:
    """Answer what a refused submission means; the last code that says more than "failed" decides."""
    for code in reversed(codes):
        if code in _REFUSALS:
            return _REFUSALS[code]
    return Ambiguous


def for_a_person(codes: Sequence[str]) -> str | None:
    """Say why what was refused with these codes, and is proven dead, is not signed anew; None where it is."""
    code = next((code for code in reversed(codes) if code in _FOR_A_PERSON), None)
    return None if code is None else f"the network refused it as {code}, and would again"


def verdict(codes: Sequence[str], kind: EnvelopeKind = EnvelopeKind.PAYMENT) -> Verdict:
    """Answer what follows a refund that failed in a ledger; what is unknown here is for a person."""
    special = _OF_WHO_SETS_ASIDE if kind is EnvelopeKind.CLAIMABLE_BALANCE else {}
    for code in reversed(codes):
        found = special.get(code) or _FAILURES.get(code)
        if found is not None:
            return found
    return Verdict(Then.HOLD, "the network gives a reason that is unknown here")
