"""What the treasury does for itself: one transaction at a time, under a number of its own account that the errand owns.

Like a refund it is signed, stored and only then submitted, and signed anew only once the first is proven dead. So it
never collides with a refund that uses the same account, and a crash at any point leaves it to be found.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from stellar_sdk import Account, Operation, TransactionBuilder

from billpay.domain.refunds import EnvelopeState
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction, LedgerSource
from billpay.ledger.refund_envelopes import valid_until
from billpay.ledger.refund_fees import ask_fees, bid
from billpay.ledger.refund_resolving import Contradiction, Dead, Pending, Proofs
from billpay.ledger.signing import OWN_ACCOUNT, Signer
from billpay.store.channels import ChannelStore, Reservation
from billpay.store.errands import ErrandEnvelope

MAKING_CHANNELS = "channels"
"""The errand of making and filling channels; there is one of it at a time."""

LOOKS, LOOK_SECONDS = 40, 0.5
"""How often, and how far apart, an errand asks for the treasury's own account: a few ledgers, in which whatever uses it
is done."""

Record = Callable[[ErrandEnvelope, AppliedTransaction], Awaitable[None]]
"""Writes down, in one commit, that an errand was done and what follows from it."""


async def settle_missed(channels: ChannelStore, proofs: Proofs, closed_at: datetime) -> bool:
    """Free the treasury's account where an errand owns it that nobody carries on; whether that was so.

    A balance that is taken back is left to the check that follows it, since more is written down with it.
    """
    if await channels.free_missed_errand():
        return True
    envelope = await channels.missed_errand(closed_at)
    if envelope is None or envelope.errand != MAKING_CHANNELS:
        return False
    fate, ledger = await proofs.fate(envelope), None
    if isinstance(fate, Pending):
        return False
    state = EnvelopeState.DEAD
    if isinstance(fate, AppliedTransaction):
        state = EnvelopeState.APPLIED if fate.successful else EnvelopeState.FAILED
        ledger = fate.ledger
    await channels.settle_errand(envelope.transaction_hash, state, ledger=ledger)
    return True


class Errands:
    """Does errands."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        signer: Signer,
        channels: ChannelStore,
        network_passphrase: str,
        fee_cap: int,
    ) -> None:
        self._source = source
        self._signer = signer
        self._channels = channels
        self._network_passphrase = network_passphrase
        self._fee_cap = fee_cap
        self._proofs = Proofs(source, network_passphrase)

    @property
    def proofs(self) -> Proofs:
        """Who is asked how far the ledger has come."""
        return self._proofs

    async def finish(self, errand: str, record: Record) -> bool:
        """Bring what an earlier run has signed to its end; whether an errand was done by that.

        Raises:
            Unavailable, Ambiguous: the ledger has to be waited for; the repetition finds out.
            Misconfigured: it failed, for our key, account or balance.
        """
        envelope = await self._channels.errand_in_flight(errand)
        return envelope is not None and await self._resolve(envelope, record)

    async def do(self, errand: str, operations: Sequence[Operation], record: Record) -> None:
        """Have the ledger apply these operations of the treasury once, and write that down.

        Safe to repeat after any failure: `finish` what is in flight first, then look whether they are still needed.

        Raises:
            Unavailable, Ambiguous: the ledger has to be waited for; the repetition finds out.
            Misconfigured: they failed, for our key, account or balance.
        """
        owned = await self._claim(errand)
        tip = await self._proofs.tip()
        account = await self._proofs.account(owned.address, tip)
        sequence = owned.sequence or await self._channels.reserve(errand, account.sequence + 1)
        if account.sequence >= sequence:
            sequence = await self._channels.renumber(errand, sequence, account.sequence + 1)
        builder = TransactionBuilder(
            Account(owned.address, sequence - 1),
            self._network_passphrase,
            base_fee=bid(await ask_fees(self._source), cap=self._fee_cap, was_outbid=True),
        )
        builder.add_time_bounds(0, int(valid_until(tip.closed_at).timestamp()))
        for operation in operations:
            builder.append_operation(operation)
        signed = builder.build()
        self._signer.sign(signed)
        envelope = ErrandEnvelope(
            transaction_hash=signed.hash_hex(),
            errand=errand,
            source_account=owned.address,
            sequence=sequence,
            envelope_xdr=signed.to_xdr(),
            valid_until=valid_until(tip.closed_at),
        )
        await self._channels.save_errand(envelope)
        await self._submit(envelope, record)

    async def _claim(self, errand: str) -> Reservation:
        await self._channels.add(OWN_ACCOUNT, self._signer.address)
        for _ in range(LOOKS):
            owned = await self._channels.claim_own(errand)
            if owned is not None:
                return owned
            await asyncio.sleep(LOOK_SECONDS)
        raise Unavailable("the treasury's own account is in use by a refund or another errand")

    async def _resolve(self, envelope: ErrandEnvelope, record: Record) -> bool:
        fate = await self._proofs.fate(envelope)
        if isinstance(fate, AppliedTransaction):
            await self._conclude(envelope, fate, record)
            return True
        if isinstance(fate, Dead | Contradiction):
            await self._channels.settle_errand(envelope.transaction_hash, EnvelopeState.DEAD)
            return False
        await self._submit(envelope, record)
        return True

    async def _submit(self, envelope: ErrandEnvelope, record: Record) -> None:
        applied = await self._source.submit(envelope.envelope_xdr, envelope.transaction_hash)
        await self._conclude(envelope, applied, record)

    async def _conclude(
        self, envelope: ErrandEnvelope, applied: AppliedTransaction, record: Record
    ) -> None:
        if applied.successful:
            await record(envelope, applied)
            return
        state = await self._proofs.end_of_a_failure(envelope)
        await self._channels.settle_errand(envelope.transaction_hash, state, ledger=applied.ledger)
        raise Misconfigured(
            f"{envelope.errand} failed: {' '.join(applied.result_codes)} in ledger {applied.ledger}, "
            f"transaction {envelope.transaction_hash}"
        )
