"""Sending money back exactly once.

One sequence number of an account can be used by one transaction, ever. So a refund owns an account and its next number
before anything is signed, has one signed envelope in flight, stored before anyone hears of it, and gets another one
with the same number only after proof that the first can never be applied. It is made ready in `refund_preparing`,
brought into a ledger by `refund_submitting`, and found out about in `refund_resolving`.
"""

import logging

from stellar_sdk import Asset

from billpay.domain.cases import CaseKind
from billpay.domain.refunds import (
    EnvelopeState,
    Refund,
    RefundAnswer,
    RefundEnvelope,
    RefundHeld,
    RefundPaid,
    RefundRules,
    RefundStatus,
)
from billpay.failures import Ambiguous, Failure, Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction, LedgerSource, LedgerTip
from billpay.ledger.refund_choosing import LINE_FULL_TRIES, Held
from billpay.ledger.refund_envelopes import RefundSigning
from billpay.ledger.refund_preparing import Preparing
from billpay.ledger.refund_resolving import Contradiction, Dead, Pending, Proofs
from billpay.ledger.refund_submitting import Submitting
from billpay.ledger.refund_turns import PATIENCE_SECONDS, Turns
from billpay.ledger.refund_verdicts import LINE_FULL, Then, for_a_person, verdict
from billpay.ledger.signing import Signer
from billpay.ledger.treasury_errands import settle_missed
from billpay.store.cases import CaseStore
from billpay.store.channels import ChannelStore
from billpay.store.database import RefusedError
from billpay.store.refund_envelopes import TREASURY_SUBJECT
from billpay.store.refunds import RefundStore

ROUNDS = 4
"""An envelope that turns out dead, a payment that cannot arrive, the balance set aside instead; and one to spare."""

MENDED_WITHIN_SECONDS = 60.0
"""How often a treasury that cannot pay is tried again: refunds go on by themselves a minute after it was funded."""

AGAIN_AFTER_SECONDS = 10.0
"""About two ledgers: while a refund has something in flight its channel serves nobody else, so it does not wait ever
longer, as other steps do. As many as there are channels ask so often, no more."""

ROOM_MADE_SECONDS = 600.0
"""How long a payer whose trustline is full gets to make room, each time."""

_USUAL_RULES = RefundRules()

log = logging.getLogger(__name__)


class Treasury:
    """Pays refunds, as many at a time as it has channels."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        signer: Signer,
        refunds: RefundStore,
        channels: ChannelStore,
        cases: CaseStore,
        asset_code: str,
        asset_issuer: str,
        network_passphrase: str,
        rules: RefundRules = _USUAL_RULES,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        signing = RefundSigning(
            signer=signer,
            asset=Asset(asset_code, asset_issuer),
            network_passphrase=network_passphrase,
            claim_window=rules.claim_window,
        )
        self._refunds = refunds
        self._channels = channels
        self._turns = Turns(channels, patience_seconds=patience_seconds)
        self._cases = cases
        self._proofs = Proofs(source, network_passphrase)
        self._preparing = Preparing(
            source=source,
            proofs=self._proofs,
            refunds=refunds,
            channels=channels,
            signing=signing,
            rules=rules,
        )
        self._submitting = Submitting(
            source=source, refunds=refunds, signing=signing, fee_cap=rules.fee_cap
        )

    async def pay(self, refund: Refund) -> RefundAnswer:
        """Answer that the ledger has applied the refund, or why it is held (I9, I10).

        Safe to repeat, at any point and by any worker: what is in flight is found out before anything is signed.

        Raises:
            Unavailable: the ledger, or a free channel, has to be waited for.
            Ambiguous: submitted, and not yet seen in a ledger; the repetition looks it up.
            Misconfigured: our key, account or balance; a person is told, and it is repeated until that is mended.
            RefusedError: the records allow none of it; a person must look.
        """
        await self._turns.wait(refund.refund_id)
        try:
            return await self._pay(refund.refund_id, rescues=True)
        except Misconfigured as failure:
            await self._tell(failure)
            raise Misconfigured(
                failure.detail,
                evidence=failure.evidence,
                retry_after_seconds=failure.retry_after_seconds or MENDED_WITHIN_SECONDS,
            ) from failure
        except (Ambiguous, Unavailable) as failure:
            if failure.retry_after_seconds is None:
                failure.retry_after_seconds = AGAIN_AFTER_SECONDS
            raise
        finally:
            await self._turns.end()

    async def _tell(self, failure: Misconfigured) -> None:
        await self._cases.open(CaseKind.TREASURY, TREASURY_SUBJECT, failure.detail)

    async def _pay(self, refund_id: str, *, rescues: bool) -> RefundAnswer:
        for _ in range(ROUNDS):
            try:
                answer = await self._advance(refund_id, rescues=rescues)
            except RefusedError:
                answer = await self._overtaken(refund_id)
                if answer is None:
                    raise
            if answer is not None:
                return answer
        raise Unavailable(f"{refund_id} came to no end in {ROUNDS} rounds; it is tried again")

    async def _advance(self, refund_id: str, *, rescues: bool) -> RefundAnswer | None:
        """Take the next step of a refund; None where another one follows at once."""
        in_flight = await self._refunds.in_flight(refund_id)
        # Read afterwards: what was settled in between is seen here.
        refund = await self._refunds.get(refund_id)
        if in_flight is not None:
            return await self._resolve(refund, in_flight)
        return await self._known_end(refund) or await self._send(refund, rescues=rescues)

    async def _overtaken(self, refund_id: str) -> RefundAnswer | None:
        """Answer what another run, or a person, has made of a refund whose records have refused a step; None: nothing.

        Raises:
            Unavailable: another run has something in flight.
        """
        if await self._refunds.in_flight(refund_id) is not None:
            raise Unavailable(f"another run of {refund_id} was faster")
        return await self._known_end(await self._refunds.get(refund_id))

    async def _known_end(self, refund: Refund) -> RefundAnswer | None:
        """Answer how a refund without an envelope in flight has ended; None where it is still owed."""
        if refund.status is RefundStatus.PAID:
            applied = await self._refunds.applied(refund.refund_id)
            if applied is None:
                raise LookupError(f"{refund.refund_id} is paid by no envelope")
            return _paid(refund, applied, applied.applied_hash)
        if refund.status is RefundStatus.HELD:
            return RefundHeld(reason=refund.held_reason or "held without a reason")
        return None

    async def _send(self, refund: Refund, *, rescues: bool) -> RefundAnswer | None:
        """Put a refund in flight that has nothing in flight."""
        prepared = await self._preparing.prepare(refund, rescue=self._rescue if rescues else None)
        if isinstance(prepared, Held):
            return RefundHeld(reason=prepared.reason)
        envelope, tip = prepared
        applied = await self._submitting.push(envelope, [], tip)
        return await self._conclude(refund, envelope, applied)

    async def _resolve(self, refund: Refund, envelope: RefundEnvelope) -> RefundAnswer | None:
        """Find out what became of an envelope; None where the refund is still owed and nothing is in flight."""
        bumps = await self._refunds.bumps(envelope.transaction_hash)
        fate = await self._proofs.fate(envelope, [bump.transaction_hash for bump in bumps])
        match fate:
            case AppliedTransaction():
                return await self._conclude(refund, envelope, fate)
            case Pending(tip):
                applied = await self._submitting.push(envelope, bumps, tip)
                return await self._conclude(refund, envelope, applied)
            case Dead():
                return await self._bury(envelope, for_a_person(envelope.refused))
            case Contradiction(reason):
                return await self._bury(envelope, reason)

    async def _bury(self, envelope: RefundEnvelope, hold: str | None) -> RefundHeld | None:
        await self._refunds.settle_envelope(
            envelope.transaction_hash, EnvelopeState.DEAD, hold=hold
        )
        return None if hold is None else RefundHeld(reason=hold)

    async def _conclude(
        self, refund: Refund, envelope: RefundEnvelope, applied: AppliedTransaction
    ) -> RefundAnswer | None:
        """Record what the ledger has done with an envelope; None where the refund goes on in another way."""
        if applied.successful:
            await self._refunds.mark_paid(
                refund.refund_id,
                envelope.transaction_hash,
                ledger=applied.ledger,
                applied_hash=applied.transaction_hash,
            )
            return _paid(refund, envelope, applied.transaction_hash)
        state = await self._proofs.end_of_a_failure(envelope)
        following = verdict(applied.result_codes, envelope.kind)
        reason = (
            f"{following.reason} ({' '.join(applied.result_codes)} in ledger {applied.ledger}, "
            f"transaction {envelope.transaction_hash})"
        )
        hold = reason if following.then is Then.HOLD else None
        await self._refunds.settle_envelope(
            envelope.transaction_hash, state, hold=hold, codes=applied.result_codes
        )
        if following.then is Then.HOLD:
            return RefundHeld(reason=reason)
        if following.then is Then.MEND:
            raise Misconfigured(reason)
        if following.then is Then.AGAIN:
            raise Unavailable(reason)
        if following.then is Then.LATER and not await self._was_full_often(refund):
            raise Unavailable(reason, retry_after_seconds=ROOM_MADE_SECONDS)
        return None

    async def _was_full_often(self, refund: Refund) -> bool:
        past = await self._refunds.past(refund.refund_id)
        return sum(LINE_FULL in codes for codes in past.failures) >= LINE_FULL_TRIES

    async def _rescue(self, tip: LedgerTip) -> bool:
        """Carry on what blocks its channel longest and that nobody looks after; whether there was anything.

        A refund's workflow may be gone, and it is owed all the same; a command may have died. What only a person can
        mend about it is told here: nobody else might.
        """
        missed = await self._channels.oldest_missed(tip.closed_at)
        try:
            if missed is None:
                return await settle_missed(self._channels, self._proofs, tip.closed_at)
            await self._pay(missed, rescues=False)
        except Misconfigured as failure:
            await self._tell(failure)
        except (Failure, RefusedError) as failure:
            log.warning("%s blocks its channel still: %s", missed or "an errand", failure)
        return True


def _paid(refund: Refund, envelope: RefundEnvelope, applied_hash: str | None) -> RefundPaid:
    return RefundPaid(
        transaction_hash=applied_hash or envelope.transaction_hash,
        amount=refund.amount,
        balance_id=envelope.balance_id,
    )
