"""Wallets of the sandbox that pay in every way a wallet can, and never lose count of what they have sent."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import httpx
from stellar_sdk import (
    Account,
    Asset,
    FeeBumpTransactionEnvelope,
    Keypair,
    MuxedAccount,
    TransactionBuilder,
    TransactionEnvelope,
)

from billpay.domain.money import Stroops, ledger_amount
from billpay.sandbox import identities

CNGN = Asset(identities.ASSET_CODE, identities.issuer().public_key)
_FEE = 100
_BUMP_FEE = 1_000
_VALID_SECONDS = 3_600
_ASK_EVERY_SECONDS = 0.2
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """One payment operation to the treasury, or wherever it goes."""

    amount: Stroops
    destination: str
    asset: Asset = CNGN
    is_path: bool = False
    """Whether it is sent as a path payment, as wallets do that hold another coin."""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One transaction of a wallet."""

    transfers: Sequence[Transfer]
    text: bytes | None = None
    number: int | None = None
    hash: bytes | None = None
    sender_id: int | None = None
    """The id of a multiplexed sender."""

    is_bumped: bool = False
    """Whether somebody else pays the fee."""


class Wallet:
    """One customer's wallet: a transaction after the other, each until it is in a ledger."""

    def __init__(self, sandbox: httpx.AsyncClient, keypair: Keypair) -> None:
        self._sandbox = sandbox
        self._keypair = keypair
        self._sequence: int | None = None
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        """Who pays."""
        return self._keypair.public_key

    async def pay(self, payment: Payment) -> str:
        """Pay, and answer the transaction's hash once it is in a ledger.

        What becomes of a submission is found out by its hash, so that no fault of the server makes a second payment.
        """
        async with self._turn:
            if self._sequence is None:
                self._sequence = await self._read_sequence()
            envelope = self._signed(payment, self._sequence)
            transaction_hash = envelope.hash_hex()
            await self._until_applied(envelope.to_xdr(), transaction_hash)
            self._sequence += 1
            return transaction_hash

    async def _read_sequence(self) -> int:
        while True:
            try:
                reply = await self._sandbox.get(f"/horizon/accounts/{self.address}")
                return int(reply.raise_for_status().json()["sequence"])
            except (httpx.HTTPError, ValueError, KeyError):
                await asyncio.sleep(_ASK_EVERY_SECONDS)

    def _signed(
        self, payment: Payment, sequence: int
    ) -> TransactionEnvelope | FeeBumpTransactionEnvelope:
        sender = MuxedAccount(self.address, payment.sender_id)
        builder = TransactionBuilder(
            Account(sender, sequence), identities.NETWORK_PASSPHRASE, base_fee=_FEE
        )
        for transfer in payment.transfers:
            _append(builder, transfer)
        if payment.text is not None:
            builder.add_text_memo(payment.text)
        elif payment.number is not None:
            builder.add_id_memo(payment.number)
        elif payment.hash is not None:
            builder.add_hash_memo(payment.hash)
        envelope = builder.set_timeout(_VALID_SECONDS).build()
        envelope.sign(self._keypair)
        if not payment.is_bumped:
            return envelope
        bumped = TransactionBuilder.build_fee_bump_transaction(
            identities.root(), _BUMP_FEE, envelope, identities.NETWORK_PASSPHRASE
        )
        bumped.sign(identities.root())
        return bumped

    async def _until_applied(self, envelope_xdr: str, transaction_hash: str) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not await self._is_applied(transaction_hash):
                with suppress(httpx.HTTPError):
                    await self._sandbox.post("/horizon/transactions", data={"tx": envelope_xdr})
                await asyncio.sleep(_ASK_EVERY_SECONDS)

    async def _is_applied(self, transaction_hash: str) -> bool:
        """Whether a ledger has it, by the transaction itself: a failing server answers 200 with a page of HTML."""
        try:
            reply = await self._sandbox.get(f"/horizon/transactions/{transaction_hash}")
            return bool(reply.json()["hash"] == transaction_hash and reply.json()["successful"])
        except (httpx.HTTPError, ValueError, KeyError):
            return False


def _append(builder: TransactionBuilder, transfer: Transfer) -> None:
    destination = MuxedAccount.from_account(transfer.destination)
    amount = ledger_amount(transfer.amount)
    if transfer.is_path:
        builder.append_path_payment_strict_receive_op(
            destination, transfer.asset, amount, transfer.asset, amount, []
        )
    else:
        builder.append_payment_op(destination, transfer.asset, amount)
