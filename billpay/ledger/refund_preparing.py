"""Everything before a refund is in flight: how it goes back, from which account, under which number, for which fee.

In this order, so that nothing is owned, and nothing signed, for what cannot be paid.
"""

import zlib
from collections.abc import Awaitable, Callable

from billpay.domain.money import Stroops, spoken_cngn
from billpay.domain.refunds import EnvelopeKind, Refund, RefundEnvelope, RefundPast, RefundRules
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import LedgerSource, LedgerTip
from billpay.ledger.refund_choosing import Addresses, Held, choose, choose_by_address
from billpay.ledger.refund_destinations import account_behind
from billpay.ledger.refund_envelopes import RefundSigning, Terms
from billpay.ledger.refund_fees import ask_fees, bid
from billpay.ledger.refund_resolving import Proofs
from billpay.store.channels import OWN_ACCOUNT, ChannelStore, Reservation
from billpay.store.refunds import RefundStore

TURN_SECONDS, TURNS = 2, 4
"""A channel is free again with the next ledger; who waits asks after two to five seconds, not all at once."""

Rescue = Callable[[LedgerTip], Awaitable[bool]]
"""Looks after the refund that blocks its channel without anybody looking after it; whether there was one."""


class Preparing:
    """Gets refunds ready to be submitted."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        proofs: Proofs,
        refunds: RefundStore,
        channels: ChannelStore,
        signing: RefundSigning,
        rules: RefundRules,
    ) -> None:
        self._source = source
        self._proofs = proofs
        self._refunds = refunds
        self._channels = channels
        self._signing = signing
        self._rules = rules
        self._addresses = Addresses(
            treasury=signing.signer.address,
            issuer=signing.asset.issuer or "",
            exchanges=rules.exchanges,
        )

    async def prepare(
        self, refund: Refund, *, rescue: Rescue | None
    ) -> tuple[RefundEnvelope, LedgerTip] | Held:
        """Sign and store: in this order, so that no envelope exists that the store does not know.

        Raises:
            Unavailable: the ledger, or a free channel, has to be waited for.
            Misconfigured: our key, account or balance does not allow it.
            RefusedError: the refund is held or paid by now.
        """
        past = await self._refunds.past(refund.refund_id)
        chosen = await self._choose(refund, past)
        if isinstance(chosen, Held):
            await self._refunds.hold(refund.refund_id, chosen.reason)
            return chosen
        tip = await self._proofs.tip()
        await self._require_funds(refund.amount, tip)
        owned = await self._claim(refund, tip, rescue)
        following = (await self._proofs.account(owned.address, tip)).sequence + 1
        paid = await self._paid_after_all(refund, owned, following)
        if paid is not None:
            await self._refunds.hold(refund.refund_id, paid.reason)
            return paid
        terms = Terms(
            channel=owned.number,
            sequence=await self._number(refund, owned, following),
            fee=bid(
                await ask_fees(self._source), cap=self._rules.fee_cap, was_outbid=past.deaths > 0
            ),
            ledger_time=tip.closed_at,
        )
        is_payment = chosen is EnvelopeKind.PAYMENT
        sign = self._signing.pay if is_payment else self._signing.set_aside
        envelope = sign(refund, terms)
        above = await self._refunds.save_envelope(
            envelope, signed_for=refund, ceilings=self._rules.ceilings
        )
        return (envelope, tip) if above is None else Held(above)

    async def _choose(self, refund: Refund, past: RefundPast) -> EnvelopeKind | Held:
        held = choose_by_address(refund, self._addresses)
        if held is not None:
            return held
        account = await self._source.account(account_behind(refund.destination) or "")
        capabilities = await self._source.capabilities()
        return choose(
            refund,
            account,
            past,
            sets_aside=capabilities.claimable_balances,
        )

    async def _require_funds(self, amount: Stroops, tip: LedgerTip) -> None:
        """Make sure that the treasury can pay the amount.

        Raises:
            Misconfigured: it cannot, as things stand.
        """
        account = await self._proofs.account(self._signing.signer.address, tip)
        if not account.can_receive:
            raise Misconfigured("the treasury has no authorised trustline to cNGN")
        if account.balance < amount:
            raise Misconfigured(
                f"the treasury holds {spoken_cngn(account.balance)}, {spoken_cngn(amount)} are to go back"
            )

    async def _claim(self, refund: Refund, tip: LedgerTip, rescue: Rescue | None) -> Reservation:
        """Own a channel; where all are in use, look after the one that nobody else does.

        Raises:
            Unavailable: none is free.
            Misconfigured: the channel was derived from another key.
        """
        owned = await self._channels.claim(refund.refund_id)
        if owned is None:
            # The treasury's own account is always there; its row is not before somebody needed it.
            await self._channels.add(OWN_ACCOUNT, self._signing.signer.address)
            owned = await self._channels.claim(refund.refund_id)
        if owned is None and rescue and await rescue(tip):
            owned = await self._channels.claim(refund.refund_id)
        if owned is None:
            spread = zlib.crc32(refund.refund_id.encode()) % TURNS
            raise Unavailable(
                "every channel is in use by another refund; this one waits for its turn",
                retry_after_seconds=TURN_SECONDS + spread,
            )
        if owned.address != self._signing.signer.channel_address(owned.number):
            raise Misconfigured(
                f"channel {owned.number} is {owned.address}, which SYSTEM_WALLET_SECRET does not sign for"
            )
        return owned

    async def _paid_after_all(
        self, refund: Refund, owned: Reservation, following: int
    ) -> Held | None:
        """Answer why a refund stays held although it was let go: a ledger has what was buried unseen.

        Asked where that can be: its number was used, or a person has let it go after that had been found.
        """
        is_used = owned.sequence is not None and following > owned.sequence
        if not is_used and not refund.is_approved:
            return None
        applied = await self._proofs.success_among(await self._refunds.buried(refund.refund_id))
        if applied is None:
            return None
        return Held(
            f"{applied.transaction_hash} has paid it in ledger {applied.ledger}, although it was believed that it "
            "never would: nothing more is sent"
        )

    async def _number(self, refund: Refund, owned: Reservation, following: int) -> int:
        """Fix the number that everything signed for this refund has.

        Raises:
            Unavailable: the server has read less than we knew when the number was fixed.
        """
        if owned.sequence is None:
            return await self._channels.reserve(refund.refund_id, following)
        if following > owned.sequence:
            # Nothing of ours is in flight, so whoever used it was a stranger with our key.
            return await self._channels.renumber(refund.refund_id, owned.sequence, following)
        if following < owned.sequence:
            raise Unavailable(f"the server that knows the account {owned.address} lags behind")
        return owned.sequence
