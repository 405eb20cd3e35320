"""The accounts that refunds take their sequence numbers from: made, filled and listed.

An account has one transaction in each ledger, so there are as many refunds in a ledger as there are channels. A channel
pays the fees and holds nothing else; its key follows from the treasury's (`billpay.ledger.signing`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stellar_sdk import Asset, CreateAccount, Operation, Payment

from billpay.domain.money import STROOPS_PER_CNGN, Stroops, ledger_amount
from billpay.domain.refunds import EnvelopeState, RefundRules
from billpay.failures import Invalid, Unavailable
from billpay.ledger.base import AppliedTransaction, LedgerSource
from billpay.ledger.signing import OWN_ACCOUNT, Signer
from billpay.ledger.treasury_errands import MAKING_CHANNELS, Errands
from billpay.store.channels import ChannelStore
from billpay.store.errands import ErrandEnvelope

CHANNELS_MAX = 500
"""More would ask for half of everything that the whole network takes into a ledger (1,000 operations)."""

XLM = STROOPS_PER_CNGN
"""The ledger counts its own coin in the same ten-millionths."""

FULL = Stroops(3 * XLM)
"""What a channel is made and filled up with: one XLM is the reserve that an account must keep, two pay the fees of
200,000 refunds in a quiet network, of 200 at the default cap."""

FLOOR = Stroops(3 * XLM // 2)
"""Below this a channel is filled up: half an XLM above its reserve still pays 50 refunds at the default cap."""

OPERATIONS_AT_ONCE = 100
"""What one transaction holds at most."""

LOOKS_AT_ONCE = 5

_FEE_CAP = RefundRules().fee_cap


@dataclass(frozen=True)
class ChannelsReport:
    """What `ensure` found and did."""

    created: int
    topped_up: int
    channels: int
    """How many there are now."""


@dataclass(frozen=True, kw_only=True)
class ChannelState:
    """One channel as the ledger and our records have it."""

    number: int
    """0 is the treasury's own account."""

    address: str
    xlm: Stroops | None
    """Its XLM, in ten-millionths; None where the account does not exist."""

    owner: str | None
    """The refund or errand that uses it; None where it is free."""


class Channels:
    """Keeps the channels."""

    def __init__(
        self,
        *,
        source: LedgerSource,
        signer: Signer,
        store: ChannelStore,
        network_passphrase: str,
        fee_cap: int = _FEE_CAP,
    ) -> None:
        self._source = source
        self._signer = signer
        self._store = store
        self._errands = Errands(
            source=source,
            signer=signer,
            channels=store,
            network_passphrase=network_passphrase,
            fee_cap=fee_cap,
        )

    async def ensure(self, count: int) -> ChannelsReport:
        """Make sure that the channels 1 to `count` exist on the ledger, each with enough XLM.

        Safe to repeat, also after a crash: the ledger is looked at first, and what is in flight is found out before
        anything else is signed. There are never fewer channels afterwards than before.

        Raises:
            Invalid: nobody needs so many.
            Unavailable, Ambiguous: the ledger has to be waited for.
            Misconfigured: the treasury has too little XLM, or its key is refused.
            RefusedError: the channels known here follow from another key.
        """
        if not 0 <= count <= CHANNELS_MAX:
            raise Invalid(f"there may be 0 to {CHANNELS_MAX} channels")
        await self._errands.finish(MAKING_CHANNELS, self._record)
        done = ChannelsReport(0, 0, 0)
        while True:
            balances = await self._balances(range(1, count + 1))
            for number, balance in balances.items():
                if balance is not None:
                    await self._store.add(number, self._signer.channel_address(number))
            lacking = {n: xlm for n, xlm in balances.items() if xlm is None or xlm < FLOOR}
            if not lacking:
                return replace(done, channels=len(await self._store.all()) - 1)
            now = dict(list(lacking.items())[:OPERATIONS_AT_ONCE])
            await self._errands.do(MAKING_CHANNELS, self._operations(now), self._record)
            made = sum(xlm is None for xlm in now.values())
            done = replace(
                done,
                created=done.created + made,
                topped_up=done.topped_up + len(now) - made,
            )

    async def all(self) -> Sequence[ChannelState]:
        """List every channel with its XLM and its owner, the treasury's own account first.

        Raises:
            Unavailable: the ledger or the records gave no answer.
        """
        await self._store.add(OWN_ACCOUNT, self._signer.address)
        known = await self._store.all()
        turn = asyncio.Semaphore(LOOKS_AT_ONCE)
        balances = await asyncio.gather(*(self._balance(record.address, turn) for record in known))
        return [
            ChannelState(number=record.number, address=record.address, xlm=xlm, owner=record.owner)
            for record, xlm in zip(known, balances, strict=True)
        ]

    async def _balances(self, numbers: Sequence[int]) -> Mapping[int, Stroops | None]:
        turn = asyncio.Semaphore(LOOKS_AT_ONCE)
        found = await asyncio.gather(
            *(self._balance(self._signer.channel_address(number), turn) for number in numbers)
        )
        return dict(zip(numbers, found, strict=True))

    async def _balance(self, address: str, turn: asyncio.Semaphore) -> Stroops | None:
        """Look an account's XLM up, as of no ledger before our own last errand."""
        async with turn:
            account = await self._source.account(address)
        return None if account is None else account.native_balance

    def _operations(self, lacking: Mapping[int, Stroops | None]) -> Sequence[Operation]:
        """Write what makes and fills these channels, at the treasury's cost."""
        operations: list[Operation] = []
        for number, xlm in lacking.items():
            address = self._signer.channel_address(number)
            if xlm is None:
                operations.append(CreateAccount(address, ledger_amount(FULL)))
            else:
                amount = ledger_amount(Stroops(FULL - xlm))
                operations.append(Payment(address, Asset.native(), amount))
        return operations

    async def _record(self, envelope: ErrandEnvelope, applied: AppliedTransaction) -> None:
        await self._store.settle_errand(
            envelope.transaction_hash, EnvelopeState.APPLIED, ledger=applied.ledger
        )
        tip = await self._errands.proofs.tip()
        if tip.ledger < applied.ledger:
            raise Unavailable("the server that reads the ledger lags behind what we did on it")
