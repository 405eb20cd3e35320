"""What became of a signed transaction: the ledger's word on it, and the proof that there will never be one.

Dead is what a ledger closed after its validity does not have, while its number is unused. What a server says to a
submission proves neither: an envelope that was applied before is refused for its number or its age (I10). Where the
number is used, only a server that would know the transaction may say that it was not by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from billpay.domain.refunds import EnvelopeState
from billpay.failures import Misconfigured, Unavailable
from billpay.ledger.base import AppliedTransaction, LedgerAccount, LedgerSource, LedgerTip
from billpay.ledger.positions import check_network
from billpay.ledger.refund_envelopes import VALID_FOR

SEEN_AFTER = timedelta(minutes=2)
"""How far a server must have read beyond a transaction's validity before not knowing it counts: servers behind one
address differ, and a bid that another run has stored meanwhile is known by then."""


class Signed(Protocol):
    """A signed transaction that may be in a ledger."""

    @property
    def transaction_hash(self) -> str:
        """Its own name."""
        ...

    @property
    def source_account(self) -> str:
        """Whose number it uses."""
        ...

    @property
    def sequence(self) -> int:
        """That number."""
        ...

    @property
    def valid_until(self) -> datetime:
        """The last second of the ledger's time in which it may be applied."""
        ...


@dataclass(frozen=True)
class Pending:
    """It is in no ledger as far as the server knows, and may still get into one."""

    tip: LedgerTip


@dataclass(frozen=True)
class Dead:
    """It will never be in a ledger, and its number is unused."""


@dataclass(frozen=True)
class Contradiction:
    """Its number was used, but not by it as far as the server knows: a person must find out."""

    reason: str


Fate = AppliedTransaction | Pending | Dead | Contradiction


class Proofs:
    """Asks one server, and believes it only where it is not behind."""

    def __init__(self, source: LedgerSource, network_passphrase: str) -> None:
        self._source = source
        self._network_passphrase = network_passphrase

    async def tip(self) -> LedgerTip:
        """Answer how far the server has read; another network's ledgers prove nothing about ours.

        Raises:
            Misconfigured: it reads another network.
            Unavailable: it gave no answer.
        """
        tip = await self._source.tip()
        check_network(tip, self._network_passphrase)
        return tip

    async def account(self, address: str, tip: LedgerTip) -> LedgerAccount:
        """Look an account of ours up as of that tip or later: servers behind one address differ in what they have read.

        Raises:
            Misconfigured: it does not exist.
            Unavailable: the server lags behind, or does not say how far it has read.
        """
        account = await self._source.account(address)
        if account is None:
            raise Misconfigured(f"the account {address} of ours does not exist on this network")
        if account.as_of_ledger is None or account.as_of_ledger < tip.ledger:
            raise Unavailable(f"the server that knows the account {address} lags behind")
        return account

    async def fate(self, signed: Signed, wrapped_as: Sequence[str] = ()) -> Fate:
        """Find out what became of a transaction, known by its own hash and by those of the bids around it."""
        hashes = (*reversed(wrapped_as), signed.transaction_hash)
        applied = await self._find(hashes)
        if applied is not None:
            return applied
        # The tip is read before the hashes: a ledger that closes in between can only make the tip too old.
        tip = await self.tip()
        if tip.closed_at <= signed.valid_until:
            return Pending(tip)
        applied = await self._find(hashes)
        if applied is not None:
            return applied
        account = await self.account(signed.source_account, tip)
        if account.sequence < signed.sequence:
            return Dead()
        _require_memory(signed, tip)
        return Contradiction(
            f"sequence number {signed.sequence} of {signed.source_account} was used, but not by "
            f"{signed.transaction_hash} as far as the server knows: make sure that it was not applied "
            "before this is tried again"
        )

    async def end_of_a_failure(self, signed: Signed) -> EnvelopeState:
        """Answer as what a transaction that failed in a ledger is settled, once it can never be applied after all.

        Most failures use the sequence number; the few that do not might still be applied until their time has passed.
        """
        tip = await self.tip()
        account = await self.account(signed.source_account, tip)
        if account.sequence >= signed.sequence:
            return EnvelopeState.FAILED
        if tip.closed_at > signed.valid_until:
            return EnvelopeState.DEAD
        raise Unavailable("it failed without using its number: its time has to pass")

    async def success_among(self, hashes: Sequence[str]) -> AppliedTransaction | None:
        """Answer which of these transactions a ledger has applied with success; None where it knows of none."""
        for transaction_hash in hashes:
            applied = await self._source.transaction(transaction_hash)
            if applied is not None and applied.successful:
                return applied
        return None

    async def _find(self, hashes: Sequence[str]) -> AppliedTransaction | None:
        for transaction_hash in hashes:
            applied = await self._source.transaction(transaction_hash)
            if applied is not None:
                return applied
        return None


def _require_memory(signed: Signed, tip: LedgerTip) -> None:
    """Make sure that the server would know a transaction, had it been applied.

    Raises:
        Misconfigured: its history begins after the transaction was signed; another server has to be asked.
        Unavailable: its validity is over only just.
    """
    signed_at = signed.valid_until - VALID_FOR
    if tip.oldest_closed_at is not None and tip.oldest_closed_at > signed_at:
        raise Misconfigured(
            f"{signed.transaction_hash} was signed at {signed_at:%Y-%m-%d %H:%M} UTC and may have been applied: the "
            f"ledger's server has forgotten everything before {tip.oldest_closed_at:%Y-%m-%d %H:%M}, so name one with "
            "a longer history (LEDGER_SOURCE)"
        )
    if tip.closed_at <= signed.valid_until + SEEN_AFTER:
        raise Unavailable(
            f"sequence number {signed.sequence} of {signed.source_account} was used, and {signed.transaction_hash} is "
            "not known yet: a server may lag behind"
        )
