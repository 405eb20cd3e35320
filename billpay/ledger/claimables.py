"""Refunds that wait on the ledger: followed until their payer claims them, or taken back once that is allowed.

Whose they are the ledger keeps: the payer's at any time, and ours as well once the window is over.
"""

import logging

from stellar_sdk import ClaimClaimableBalance

from billpay.domain.refunds import BalanceState, RefundRules, SetAside
from billpay.failures import Failure, Invalid, Unavailable
from billpay.ledger.base import AppliedTransaction, LedgerSource, LedgerTip
from billpay.ledger.signing import Signer
from billpay.ledger.treasury_errands import Errands
from billpay.store.channels import ChannelStore
from billpay.store.claimables import ClaimableStore, taking_back
from billpay.store.database import RefusedError
from billpay.store.errands import ErrandEnvelope

SEEN_AFTER_LEDGERS = 20
"""How far a server must have read beyond a balance's making before its absence means that it was claimed: servers
behind one address differ by a few ledgers, and one that has not read of it yet knows none either."""

_FEE_CAP = RefundRules().fee_cap

log = logging.getLogger(__name__)


class Claimables:
    """Follows what was set aside."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        signer: Signer,
        store: ClaimableStore,
        channels: ChannelStore,
        network_passphrase: str,
        fee_cap: int = _FEE_CAP,
    ) -> None:
        self._source = source
        self._signer = signer
        self._store = store
        self._channels = channels
        self._errands = Errands(
            source=source,
            signer=signer,
            channels=channels,
            network_passphrase=network_passphrase,
            fee_cap=fee_cap,
        )

    async def check(self) -> int:
        """Look every open balance up; answers how many were found to be settled.

        Gone from the ledger, it was claimed. Still there after its window, a person is told. What fails of one balance
        is told in the log and tried with the next check; the others are looked at all the same.

        Raises:
            Unavailable: the ledger or the records gave no answer at all.
            Misconfigured: the server reads another network.
        """
        balances, settled = await self._store.all(), 0
        if not balances:
            return 0
        # Once for all: an older tip only proves less.
        tip = await self._errands.proofs.tip()
        for balance in balances:
            try:
                settled += await self._check(balance, tip)
            except (Failure, RefusedError) as failure:
                log.warning("balance %s was not checked: %s", balance.balance_id, failure)
        return settled

    async def take_back(self, balance_id: str) -> None:
        """Claim a balance back that its payer has not claimed in time; its deposit is held again, and a case.

        Safe to repeat: one that is taken back stays so, and what is in flight is found out first.

        Raises:
            LookupError: none of our refunds was set aside under this name.
            Invalid: it was claimed, or its window is not over.
            Unavailable, Ambiguous: the ledger has to be waited for.
            Misconfigured: the ledger refused it.
        """
        errand = taking_back(balance_id)
        await self._errands.finish(errand, self._record)
        balance = await self._store.get(balance_id)
        if balance.state is BalanceState.RECLAIMED:
            return
        if balance.state is BalanceState.CLAIMED:
            raise Invalid(f"balance {balance_id} was claimed: there is nothing to take back")
        tip = await self._errands.proofs.tip()
        if tip.closed_at <= balance.reclaimable_at:
            raise Invalid(
                f"balance {balance_id} is its payer's alone until {balance.reclaimable_at:%Y-%m-%d %H:%M} UTC"
            )
        if await self._source.claimable_balance(balance_id) is None:
            raise Unavailable(
                f"balance {balance_id} is not on the ledger as far as the server knows: the next check tells why"
            )
        claim = ClaimClaimableBalance(balance_id, source=self._signer.address)
        await self._errands.do(errand, [claim], self._record)

    async def _check(self, balance: SetAside, tip: LedgerTip) -> bool:
        found = await self._source.claimable_balance(balance.balance_id)
        if await self._channels.errand_in_flight(taking_back(balance.balance_id)) is not None:
            # We may be taking it back ourselves: then its absence says nothing, and ours is the word.
            return await self._errands.finish(taking_back(balance.balance_id), self._record)
        if found is not None:
            if tip.closed_at > balance.reclaimable_at:
                await self._store.tell_unclaimed(balance.balance_id)
            return False
        if tip.ledger < balance.created_ledger + SEEN_AFTER_LEDGERS:
            return False
        return await self._store.mark_claimed(balance.balance_id, ledger=tip.ledger)

    async def _record(self, envelope: ErrandEnvelope, applied: AppliedTransaction) -> None:
        await self._store.mark_reclaimed(
            envelope.errand.removeprefix(taking_back("")),
            envelope.transaction_hash,
            ledger=applied.ledger,
        )
