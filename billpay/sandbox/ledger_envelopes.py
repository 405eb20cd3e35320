"""Reading what wallets post: a signed envelope, plain or wrapped in a fee bump, and whose signatures it carries."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from stellar_sdk import Asset, Keypair, MuxedAccount, Network, StrKey, xdr
from stellar_sdk.exceptions import BadSignatureError

from billpay.sandbox.identities import NETWORK_PASSPHRASE
from billpay.sandbox.ledger_entries import XLM, Account

_NETWORK_ID = xdr.Hash(Network(NETWORK_PASSPHRASE).network_id())


class Undecodable(Exception):  # noqa: N818  it says what was posted
    """What was posted is no envelope."""


@dataclass(frozen=True)
class Party:
    """An account as an envelope names it."""

    address: str
    muxed: str | None = None
    """The `M...` address under which it was named, if it was."""

    muxed_id: int | None = None


@dataclass(frozen=True)
class Bump:
    """Who else pays the fee, and how much at most."""

    transaction_hash: bytes
    payer: Party
    fee_bid: int
    signatures: Sequence[xdr.DecoratedSignature]


@dataclass(frozen=True)
class Envelope:
    """A transaction and its signatures, as posted."""

    text: str
    """The XDR in base64."""

    body: xdr.Transaction
    body_hash: bytes
    signatures: Sequence[xdr.DecoratedSignature]
    bump: Bump | None

    @property
    def transaction_hash(self) -> str:
        """The hash it is known by, in hexadecimal; for a fee bump that of the wrapping."""
        return (self.bump.transaction_hash if self.bump else self.body_hash).hex()

    @property
    def source(self) -> Party:
        """Whose sequence number it uses."""
        return party_of(self.body.source_account)

    @property
    def sequence(self) -> int:
        """The sequence number it uses."""
        return self.body.seq_num.sequence_number.int64

    @property
    def fee_payer(self) -> Party:
        """Who pays the fee."""
        return self.bump.payer if self.bump else self.source

    @property
    def fee_bid(self) -> int:
        """The most it will pay, in stroops of XLM."""
        return self.bump.fee_bid if self.bump else self.body.fee.uint32

    @property
    def operation_count(self) -> int:
        """How many operations it has."""
        return len(self.body.operations)

    @property
    def fee_units(self) -> int:
        """How many times the base fee it costs: one for each operation, and one for the wrapping."""
        return self.operation_count + (1 if self.bump else 0)

    @property
    def has_resources(self) -> bool:
        """Whether it says what a contract's call may use."""
        return self.body.ext.soroban_data is not None

    @property
    def resource_fee(self) -> int:
        """What a contract's call costs besides, which nobody competes for."""
        resources = self.body.ext.soroban_data
        return resources.resource_fee.int64 if resources else 0

    def fee_at(self, price: int) -> int:
        """Answer what it costs where an operation costs this much."""
        return self.fee_units * price + self.resource_fee

    @property
    def time_bounds(self) -> xdr.TimeBounds | None:
        """From when until when it may be applied, in seconds of Unix time; zero is no bound."""
        conditions = self.body.cond
        return conditions.v2.time_bounds if conditions.v2 else conditions.time_bounds

    @property
    def ledger_bounds(self) -> xdr.LedgerBounds | None:
        """The first ledger it may be in, and the first it may not; zero is no bound."""
        return self.body.cond.v2.ledger_bounds if self.body.cond.v2 else None


def party_of(account: xdr.MuxedAccount) -> Party:
    """Name an account, with its id where it is muxed."""
    if account.ed25519 is not None:
        return Party(_written(account.ed25519.uint256))
    named = MuxedAccount.from_xdr_object(account)
    return Party(named.account_id, named.account_muxed, named.account_muxed_id)


def party_named(address: str, muxed_id: int | None) -> Party:
    """Name an account that was addressed with an id, or whatever else an address stands for without one."""
    if muxed_id is None:
        return Party(address)
    return Party(address, MuxedAccount(address, muxed_id).account_muxed, muxed_id)


def balance_address(balance_id: str) -> str:
    """Write a claimable balance's `B...` address: its id without the first three bytes of its type."""
    return StrKey.encode_claimable_balance(bytes.fromhex(balance_id)[3:])


def address_of(account: xdr.AccountID) -> str:
    """Write an account's address."""
    key = account.account_id.ed25519
    if key is None:
        raise ValueError("an account of an unknown kind of key")
    return _written(key.uint256)


# To write and read addresses is most of what a ledger does, and they are always the same ones.
@lru_cache(maxsize=4096)
def _written(key: bytes) -> str:
    return StrKey.encode_ed25519_public_key(key)


@lru_cache(maxsize=4096)
def _verifier(address: str) -> Keypair:
    return Keypair.from_public_key(address)


def asset_name(asset: xdr.Asset) -> str:
    """Name an asset; `ValueError` for a code that no asset can have."""
    named = Asset.from_xdr_object(asset)
    return XLM if named.is_native() else f"{named.code}:{named.issuer}"


def read_envelope(text: str) -> Envelope:
    """Decode an envelope and compute the hash that its signatures sign on this network.

    Raises:
        Undecodable: it is none, or of the kind that was given up in 2020.
    """
    try:
        envelope = xdr.TransactionEnvelope.from_xdr(text)
        if envelope.fee_bump is not None:
            return _bumped(text, envelope.fee_bump)
        if envelope.v1 is not None:
            return _plain(text, envelope.v1, None)
    # The decoder has no error of its own: bytes at random provoke any of these.
    except (ValueError, EOFError, TypeError, OverflowError) as error:
        raise Undecodable(str(error)) from None
    raise Undecodable("an envelope of an old kind")


def _plain(text: str, envelope: xdr.TransactionV1Envelope, bump: Bump | None) -> Envelope:
    tagged = xdr.TransactionSignaturePayloadTaggedTransaction(
        xdr.EnvelopeType.ENVELOPE_TYPE_TX, tx=envelope.tx
    )
    return Envelope(text, envelope.tx, _hash_of(tagged), envelope.signatures, bump)


def _bumped(text: str, envelope: xdr.FeeBumpTransactionEnvelope) -> Envelope:
    if envelope.tx.inner_tx.v1 is None:
        raise Undecodable("a fee bump around nothing")
    tagged = xdr.TransactionSignaturePayloadTaggedTransaction(
        xdr.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP, fee_bump=envelope.tx
    )
    payer, fee_bid = party_of(envelope.tx.fee_source), envelope.tx.fee.int64
    bump = Bump(_hash_of(tagged), payer, fee_bid, envelope.signatures)
    return _plain(text, envelope.tx.inner_tx.v1, bump)


def _hash_of(tagged: xdr.TransactionSignaturePayloadTaggedTransaction) -> bytes:
    payload = xdr.TransactionSignaturePayload(_NETWORK_ID, tagged)
    return hashlib.sha256(payload.to_xdr_bytes()).digest()


class Signatures:
    """The signatures of one hash, and which of them were needed so far."""

    def __init__(self, signed: bytes, signatures: Sequence[xdr.DecoratedSignature]) -> None:
        self._signed = signed
        self._signatures = signatures
        self._used: set[int] = set()
        self._verified: dict[tuple[str, int], bool] = {}

    def satisfy(self, account: Account, threshold: int) -> bool:
        """Use as many signatures of the account's keys as reach the threshold, and one at least."""
        weights = account.signers | {account.address: account.master_weight}
        weight = 0
        for number in range(len(self._signatures)):
            signer = self._signer(number, [key for key, worth in weights.items() if worth])
            if signer is None:
                continue
            self._used.add(number)
            weight += weights.pop(signer)
            if weight >= threshold:
                return True
        return False

    @property
    def are_all_used(self) -> bool:
        """Whether no signature was superfluous."""
        return len(self._used) == len(self._signatures)

    def _signer(self, number: int, keys: Sequence[str]) -> str | None:
        hint = self._signatures[number].hint.signature_hint
        for key in keys:
            if _verifier(key).signature_hint() == hint and self._is_by(key, number):
                return key
        return None

    def _is_by(self, key: str, number: int) -> bool:
        """Verify a signature, once: the transaction asks for it and each of its operations again."""
        if (key, number) not in self._verified:
            self._verified[key, number] = self._verify(key, number)
        return self._verified[key, number]

    def _verify(self, key: str, number: int) -> bool:
        try:
            _verifier(key).verify(self._signed, self._signatures[number].signature.signature)
        except BadSignatureError:
            return False
        return True
