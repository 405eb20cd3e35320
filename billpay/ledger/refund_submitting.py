"""Handing a stored envelope in, and bidding more for it where the network takes others first.

A higher bid wraps the envelope and leaves it as it is: either is applied, never both. It is stored, like everything
that is signed, before anyone hears of it.
"""

from collections.abc import Sequence
from datetime import timedelta

from billpay.domain.refunds import FeeBump, RefundEnvelope
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction, LedgerSource, LedgerTip
from billpay.ledger.refund_envelopes import VALID_FOR, RefundSigning
from billpay.ledger.refund_fees import ask_fees, higher_bid
from billpay.ledger.refund_verdicts import OUTBID, for_a_person
from billpay.store.refunds import RefundStore

PASSED_OVER_AFTER = timedelta(seconds=30)
"""In no ledger for so long, about five of them, an envelope may have bid too little: a busy network drops it in
silence."""

SURGE_PASSES_SECONDS = 30.0
"""How long to wait where the cap allows no higher bid."""


class Submitting:
    """Brings what is in flight into a ledger."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        refunds: RefundStore,
        signing: RefundSigning,
        fee_cap: int,
    ) -> None:
        self._source = source
        self._refunds = refunds
        self._signing = signing
        self._fee_cap = fee_cap

    async def push(
        self, envelope: RefundEnvelope, bumps: Sequence[FeeBump], tip: LedgerTip
    ) -> AppliedTransaction:
        """Submit what is stored; outbid others where it bids too little, up to the cap.

        Raises:
            Ambiguous: it may still be applied.
            Unavailable: refused for a reason that may pass, or outbid beyond the cap.
            Misconfigured: refused for our signature, network or balance.
        """
        latest = bumps[-1] if bumps else envelope
        signed_at = envelope.valid_until - VALID_FOR
        if tip.closed_at - signed_at >= PASSED_OVER_AFTER:
            latest = await self._outbid(envelope, latest, is_certain=False) or latest
        try:
            return await self._submit(envelope, latest)
        except Unavailable as failure:
            if OUTBID not in (failure.evidence.code or ""):
                raise
            higher = await self._outbid(envelope, latest, is_certain=True)
            if higher is None:
                raise Unavailable(
                    f"the network is busy, and {self._fee_cap} stroops are the most we bid "
                    "(BILL_PROCESSOR_REFUND_FEE_CAP): this waits",
                    retry_after_seconds=SURGE_PASSES_SECONDS,
                ) from failure
            return await self._submit(envelope, higher)

    async def _outbid(
        self, envelope: RefundEnvelope, latest: RefundEnvelope | FeeBump, *, is_certain: bool
    ) -> FeeBump | None:
        """Sign and store a higher bid around the stored envelope; None where that is not needed, or not allowed."""
        last = latest.fee if isinstance(latest, FeeBump) else self._signing.bid_of(latest)
        stats = await ask_fees(self._source)
        if not is_certain and (stats is None or stats.surge <= last):
            return None
        fee = higher_bid(stats, last, cap=self._fee_cap)
        if fee is None:
            return None
        bump = self._signing.bump(envelope, fee)
        await self._refunds.save_bump(bump)
        return bump

    async def _submit(
        self, envelope: RefundEnvelope, bid_for_it: RefundEnvelope | FeeBump
    ) -> AppliedTransaction:
        try:
            return await self._source.submit(bid_for_it.envelope_xdr, bid_for_it.transaction_hash)
        except Misconfigured as failure:
            codes = (failure.evidence.code or "").split()
            if for_a_person(codes) is not None:
                await self._refunds.note_refusal(envelope.transaction_hash, codes)
            raise
