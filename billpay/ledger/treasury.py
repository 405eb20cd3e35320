"""Sending money back exactly once.

One sequence number of the treasury's account can be used by one transaction, ever. So a refund has one signed envelope
in flight, stored before anyone hears of it, and gets another one only after proof that the first can never be applied:
a ledger closed after its validity, its hash is absent afterwards, and its sequence number is unused. What a server
says to a submission proves neither: an envelope that was applied before is refused for its number or its age.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from stellar_sdk import Asset

from billpay.domain.money import Stroops, spoken_cngn
from billpay.domain.refunds import (
    EnvelopeState,
    Refund,
    RefundAnswer,
    RefundEnvelope,
    RefundHeld,
    RefundPaid,
    RefundStatus,
)
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction, LedgerAccount, LedgerSource, LedgerTip
from billpay.ledger.positions import check_network
from billpay.ledger.refund_destinations import (
    account_behind,
    obstacle_in_account,
    obstacle_in_address,
)
from billpay.ledger.refund_envelopes import sign_refund
from billpay.ledger.refund_verdicts import Then, verdict
from billpay.ledger.signing import SecretSigner
from billpay.store.refunds import RefundStore

TURN_SECONDS = 5.0
"""How long a refund waits here for another one of this worker; about one ledger, since each takes one."""


class Treasury:
    """Pays refunds, one at a time: an account has one transaction in each ledger."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        signer: SecretSigner,
        refunds: RefundStore,
        asset_code: str,
        asset_issuer: str,
        network_passphrase: str,
    ) -> None:
        self._source = source
        self._signer = signer
        self._refunds = refunds
        self._asset = Asset(asset_code, asset_issuer)
        self._issuer = asset_issuer
        self._network_passphrase = network_passphrase
        self._turn = asyncio.Lock()

    async def pay(self, refund: Refund) -> RefundAnswer:
        """Answer that the ledger has applied the refund, or why it is held (I9, I10).

        Safe to repeat, at any point and by any worker: what is in flight is found out before anything is signed.

        Raises:
            Unavailable: the ledger, or another refund's turn, has to be waited for.
            Ambiguous: submitted, and not yet seen in a ledger; the repetition looks it up.
            Misconfigured: our key, account or balance; to be repeated once it is mended.
        """
        async with self._its_turn():
            refund = await self._refunds.get(refund.refund_id)
            in_flight = await self._refunds.in_flight(refund.refund_id)
            if in_flight is not None:
                answer = await self._resolve(refund, in_flight)
                if answer is not None:
                    return answer
                refund = await self._refunds.get(refund.refund_id)
            return await self._known_end(refund) or await self._send(refund)

    @asynccontextmanager
    async def _its_turn(self) -> AsyncIterator[None]:
        """Let one refund of this worker through; workers among each other take turns in the store."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("other refunds are being paid; this one waits for its turn") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _known_end(self, refund: Refund) -> RefundAnswer | None:
        """Answer how a refund without an envelope in flight has ended; None where it is still owed."""
        if refund.status is RefundStatus.PAID:
            applied = await self._refunds.applied(refund.refund_id)
            if applied is None:
                raise LookupError(f"{refund.refund_id} is paid by no envelope")
            return RefundPaid(transaction_hash=applied.transaction_hash, amount=refund.amount)
        if refund.status is RefundStatus.HELD:
            return RefundHeld(reason=refund.held_reason or "held without a reason")
        return None

    async def _resolve(self, refund: Refund, envelope: RefundEnvelope) -> RefundAnswer | None:
        """Find out what became of an envelope; None once it is proven dead and the refund is still owed."""
        applied = await self._source.transaction(envelope.transaction_hash)
        if applied is None:
            # The tip is read before the hash: a ledger that closes in between can only make the tip too old.
            tip = await self._tip()
            if tip.closed_at > envelope.valid_until:
                applied = await self._source.transaction(envelope.transaction_hash)
                if applied is None:
                    return await self._bury(envelope, tip)
        if applied is None:
            applied = await self._submit(envelope)
        return await self._conclude(refund, envelope, applied)

    async def _bury(self, envelope: RefundEnvelope, tip: LedgerTip) -> RefundHeld | None:
        """Settle an envelope whose time has passed and whose hash is absent; None where its number is free again.

        A number that was used, by nothing this server knows of, contradicts the absence: the server may have lost part
        of its history, or somebody else has our key. Then nobody but a person may say that nothing was paid.
        """
        account = await self._account(envelope.source_account, tip)
        if account.sequence < envelope.sequence:
            await self._refunds.settle_envelope(envelope.transaction_hash, EnvelopeState.DEAD)
            return None
        reason = (
            f"sequence number {envelope.sequence} of {envelope.source_account} was used, but not by "
            f"{envelope.transaction_hash} as far as the server knows: make sure that it was not applied "
            "before this is tried again"
        )
        await self._refunds.settle_envelope(
            envelope.transaction_hash, EnvelopeState.DEAD, hold=reason
        )
        return RefundHeld(reason=reason)

    async def _send(self, refund: Refund) -> RefundAnswer:
        """Sign, store and submit: in this order, so that no envelope exists that the store does not know."""
        obstacle = await self._obstacle(refund.destination)
        if obstacle is not None:
            return await self._hold(refund, obstacle)
        tip = await self._tip()
        account = await self._funded_account(refund.amount, tip)
        envelope = sign_refund(
            refund,
            signer=self._signer,
            asset=self._asset,
            network_passphrase=self._network_passphrase,
            sequence=account.sequence + 1,
            ledger_time=tip.closed_at,
        )
        await self._refunds.save_envelope(envelope)
        applied = await self._submit(envelope)
        return await self._conclude(refund, envelope, applied)

    async def _submit(self, envelope: RefundEnvelope) -> AppliedTransaction:
        return await self._source.submit(envelope.envelope_xdr, envelope.transaction_hash)

    async def _conclude(
        self, refund: Refund, envelope: RefundEnvelope, applied: AppliedTransaction
    ) -> RefundAnswer:
        """Record what the ledger has done with an envelope, and decide what follows."""
        if applied.successful:
            await self._refunds.mark_paid(refund.refund_id, envelope.transaction_hash)
            return RefundPaid(transaction_hash=envelope.transaction_hash, amount=refund.amount)
        state = await self._end_of_a_failure(envelope)
        await self._refunds.settle_envelope(envelope.transaction_hash, state)
        following = verdict(applied.result_codes)
        reason = (
            f"{following.reason} ({' '.join(applied.result_codes)} in ledger {applied.ledger}, "
            f"transaction {envelope.transaction_hash})"
        )
        if following.then is Then.HOLD:
            return await self._hold(refund, reason)
        raise (Misconfigured if following.then is Then.MEND else Unavailable)(reason)

    async def _end_of_a_failure(self, envelope: RefundEnvelope) -> EnvelopeState:
        """Answer as what an envelope that failed in a ledger is settled, once it can never be applied after all.

        Most failures use the sequence number; the few that do not might still be applied until their time has passed.
        """
        tip = await self._tip()
        account = await self._account(envelope.source_account, tip)
        if account.sequence >= envelope.sequence:
            return EnvelopeState.FAILED
        if tip.closed_at > envelope.valid_until:
            return EnvelopeState.DEAD
        raise Unavailable("the refund failed without using its number: its time has to pass")

    async def _obstacle(self, destination: str) -> str | None:
        """Answer why a destination cannot be paid, for the operator; None where it can."""
        address = account_behind(destination)
        treasury = self._signer.address
        obstacle = obstacle_in_address(address, treasury=treasury, issuer=self._issuer)
        if address is None or obstacle is not None:
            return obstacle
        return obstacle_in_account(await self._source.account(address), destination)

    async def _hold(self, refund: Refund, reason: str) -> RefundHeld:
        await self._refunds.hold(refund.refund_id, reason)
        return RefundHeld(reason=reason)

    async def _tip(self) -> LedgerTip:
        """Answer how far the server has read; another network's ledgers prove nothing about ours."""
        tip = await self._source.tip()
        check_network(tip, self._network_passphrase)
        return tip

    async def _account(self, address: str, tip: LedgerTip) -> LedgerAccount:
        """Look a treasury up as of that tip or later: servers behind one address differ in how far they have read."""
        account = await self._source.account(address)
        if account is None:
            raise Misconfigured(f"the treasury {address} does not exist on this network")
        if account.as_of_ledger is not None and account.as_of_ledger < tip.ledger:
            raise Unavailable("the server that knows the treasury's account lags behind")
        return account

    async def _funded_account(self, amount: Stroops, tip: LedgerTip) -> LedgerAccount:
        """Look our account up and make sure that it can pay the amount."""
        account = await self._account(self._signer.address, tip)
        if not account.can_receive:
            raise Misconfigured("the treasury has no authorised trustline to cNGN")
        if account.balance < amount:
            raise Misconfigured(
                f"the treasury holds {spoken_cngn(account.balance)}, {spoken_cngn(amount)} are to go back"
            )
        return account
